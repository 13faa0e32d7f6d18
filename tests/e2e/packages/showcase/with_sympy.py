"""Algebra: an equation, a derivative, an integral, a matrix, exact numbers."""

import sympy


def facts():
    x = sympy.Symbol("x")
    return {
        "roots": [str(root) for root in sympy.solve(x**2 - 5 * x + 6, x)],
        "derivative": str(sympy.diff(sympy.sin(x) * x**2, x)),
        "integral": str(sympy.integrate(sympy.exp(-(x**2)), (x, -sympy.oo, sympy.oo))),
        "matrix": str(sympy.Matrix([[1, 2], [3, 4]]).inv()),
        "digits": str(sympy.pi.evalf(30)),
        "factors": {str(prime): power for prime, power in sympy.factorint(2**31 - 2).items()},
    }
