from jaxtyping import Float


class Array:
    dtype = "float32"

    def __init__(self, *shape):
        self.shape = shape


def product(left: Float[Array, "a b"], right: Float[Array, "b c"]) -> Float[Array, "a c"]:  # noqa: F722 - shapes
    return Array(left.shape[0], right.shape[1])
