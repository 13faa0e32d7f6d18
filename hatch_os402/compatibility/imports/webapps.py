"""Which interface an entry point has, as far as its source says it plainly. Nothing is run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.archive.rewriting.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

WSGI, ASGI = "wsgi", "asgi"

APPLICATIONS = {
    "apiflask.APIFlask": WSGI,
    "bottle.Bottle": WSGI,
    "bottle.app": WSGI,
    "bottle.default_app": WSGI,
    "cherrypy.Application": WSGI,
    "django.core.wsgi.get_wsgi_application": WSGI,
    "falcon.API": WSGI,
    "falcon.App": WSGI,
    "flask.Flask": WSGI,
    "flask.app.Flask": WSGI,
    "werkzeug.middleware.dispatcher.DispatcherMiddleware": WSGI,
    "werkzeug.middleware.proxy_fix.ProxyFix": WSGI,
    "whitenoise.WhiteNoise": WSGI,
    "a2wsgi.WSGIMiddleware": ASGI,
    "asgiref.wsgi.WsgiToAsgi": ASGI,
    "blacksheep.Application": ASGI,
    "blacksheep.server.Application": ASGI,
    "channels.routing.ProtocolTypeRouter": ASGI,
    "django.core.asgi.get_asgi_application": ASGI,
    "falcon.asgi.App": ASGI,
    "fastapi.FastAPI": ASGI,
    "fastapi.applications.FastAPI": ASGI,
    "litestar.Litestar": ASGI,
    "litestar.app.Litestar": ASGI,
    "quart.Quart": ASGI,
    "quart.app.Quart": ASGI,
    "sanic.Sanic": ASGI,
    "starlette.applications.Starlette": ASGI,
}
"""What is called to make a web application, and the interface of what comes out, as each project documents it."""

_METHODS = {"make_wsgi_app": WSGI}  # pyramid.config.Configurator
_PARAMETERS = {("environ", "start_response"): WSGI, ("env", "start_response"): WSGI, ("scope", "receive", "send"): ASGI}
_HOPS = 5
"""Modules through which a name is followed that one imports from the other."""


@dataclass(frozen=True)
class WebApplication:
    """A web application that an entry point names."""

    interface: str
    """`WSGI` or `ASGI`."""
    what: str
    """How the source says so: `Flask(…)`."""
    path: str
    """The archive path of the module."""
    line: int
    factory: bool = False
    """Whether the entry point is a function that returns the application."""


def find_application(entry: str, read: Callable[[str], bytes | None]) -> WebApplication | None:
    """Return the web application that `entry` (`"module:name"`) plainly is, or None.

    `read` returns the content of an archive path, None when there is no such file.
    """
    module, _, attribute = entry.partition(":")
    for _ in range(_HOPS):
        parsed = _parse(module, read)
        if parsed is None or not attribute.isidentifier():
            return None
        path, tree = parsed
        imported = _imports(tree.body, module, package=path.endswith("/__init__.py"))
        if (found := _in_module(tree, attribute, imported, path)) is not None:
            return found
        module, _, attribute = imported.get(attribute, "").rpartition(".")
    return None


def _parse(module: str, read: Callable[[str], bytes | None]) -> tuple[str, ast.Module] | None:
    folder = module.replace(".", "/")
    for path in (f"{folder}/__init__.py", f"{folder}.py"):
        if (source := read(path)) is not None:
            try:
                return path, parse(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None
    return None


def _imports(body: Sequence[ast.stmt], module: str, *, package: bool) -> dict[str, str]:
    """Return local name → dotted name of what the statements import, however they are nested at the top."""
    found: dict[str, str] = {}
    for node in _statements(body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    found[alias.asname] = alias.name
                else:
                    top = alias.name.partition(".")[0]
                    found[top] = top
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                parts = parts[: len(parts) - node.level + package]
                base = ".".join([*parts, base] if base else parts)
            for alias in node.names:
                found[alias.asname or alias.name] = f"{base}.{alias.name}"
    return found


def _statements(body: Iterable[ast.stmt]) -> Iterable[ast.stmt]:
    """Yield statements and those in their blocks, without what is in functions and classes."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for field in ("body", "orelse", "finalbody", "handlers"):
                for child in getattr(node, field, ()):
                    yield from _statements(child.body if isinstance(child, ast.ExceptHandler) else [child])


def _in_module(tree: ast.Module, name: str, imported: dict[str, str], path: str) -> WebApplication | None:
    for node in reversed(list(_statements(tree.body))):  # the last one counts
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            return _function(node, imported, path)
        if (value := _assigned(node, name)) is not None:
            return _application(value, imported, path)
    return None


def _function(
    node: ast.FunctionDef | ast.AsyncFunctionDef, imported: dict[str, str], path: str
) -> WebApplication | None:
    """Return what a function is: an application by its parameters, or one that returns an application."""
    parameters = tuple(argument.arg for argument in (*node.args.posonlyargs, *node.args.args))
    interface = _PARAMETERS.get(parameters)
    if interface == (ASGI if isinstance(node, ast.AsyncFunctionDef) else WSGI):
        return WebApplication(interface, f"def {node.name}({', '.join(parameters)})", path, node.lineno)
    if isinstance(node, ast.AsyncFunctionDef) or interface:
        return None
    known = imported | _imports(node.body, "", package=False)
    inside = list(_statements(node.body))
    for statement in inside:
        if not isinstance(statement, ast.Return) or statement.value is None:
            continue
        values = [statement.value]
        if isinstance(statement.value, ast.Name):
            values = [value for one in inside if (value := _assigned(one, statement.value.id)) is not None]
        for value in values:
            if (found := _application(value, known, path)) is not None:
                return WebApplication(found.interface, found.what, path, found.line, factory=True)
    return None


def _assigned(node: ast.stmt, name: str) -> ast.expr | None:
    """Return what a statement assigns to a name."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    if any(isinstance(target, ast.Name) and target.id == name for target in targets):
        return node.value  # type: ignore[attr-defined,no-any-return]  # both kinds have one
    return None


def _application(value: ast.expr, imported: dict[str, str], path: str) -> WebApplication | None:
    if not isinstance(value, ast.Call):
        return None
    dotted = _dotted(value.func)
    first, _, rest = dotted.partition(".")
    full = ".".join(filter(None, (imported.get(first, first), rest)))
    last = full.rpartition(".")[2]
    interface = APPLICATIONS.get(full) or _METHODS.get(last)
    return WebApplication(interface, f"{last}(…)", path, value.lineno) if interface else None


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"
