"""What an entry point's source says of its interface, without running it."""

from __future__ import annotations

import pytest

from hatch_os402.compatibility.imports.webapps import APPLICATIONS, find_application
from hatch_os402.config.project import check_interface
from hatch_os402.errors import OptionValueError


def find(source, name="app", **more):
    files = {"shop/web.py": source, **{path.replace("__", "/") + ".py": text for path, text in more.items()}}
    return find_application(f"shop.web:{name}", lambda path: files[path].encode() if path in files else None)


@pytest.mark.parametrize(("dotted", "interface"), APPLICATIONS.items())
def test_every_known_application(dotted, interface):
    module, _, name = dotted.rpartition(".")
    for source in (
        f"from {module} import {name}\napp = {name}(__name__)",
        f"from {module} import {name} as Own\n\napp: object = Own()",
        f"import {module}\napp = {module}.{name}()",
        f"import {module} as m\ntry:\n    app = m.{name}()\nexcept ImportError:\n    raise",
    ):
        found = find(source)
        assert (found.interface, found.path, found.factory) == (interface, "shop/web.py", False)
        assert found.what == f"{name}(…)"
        assert "app" in source.splitlines()[found.line - 1]


@pytest.mark.parametrize(
    ("source", "interface"),
    [
        ("def app(environ, start_response): pass", "wsgi"),
        ("async def app(scope, receive, send): pass", "asgi"),
        ("from pyramid.config import Configurator\nc = Configurator()\napp = c.make_wsgi_app()", "wsgi"),
        ("from flask import Flask\napp = object()\nif True:\n    app = Flask('x')", "wsgi"),
        (
            "from flask import Flask\nfrom werkzeug.middleware.proxy_fix import ProxyFix\napp = ProxyFix(Flask('x'))",
            "wsgi",
        ),
    ],
)
def test_other_plain_ones(source, interface):
    assert find(source).interface == interface


@pytest.mark.parametrize(
    "source",
    [
        "def app(): return 0",
        "async def app(a, b): pass",
        "def app(scope, receive, send): pass",
        "async def app(environ, start_response): pass",
        "from own import Flask\napp = Flask()",
        "app = Flask()",
        "from flask import Flask\napp = wrap(Flask())",
        "from flask import Flask\napp = Flask()\napp = 5",
        "class app: pass",
        "from flask import Flask\ndef f():\n    app = Flask()",
        "from flask import Flask\nclass A:\n    app = Flask()",
        "import flask\napp = flask",
        "from .nosuch import app",
        "from .web import app",
        "this is no Python",
        "",
    ],
)
def test_what_is_not_plain_is_nothing(source):
    assert find(source) is None


def test_it_is_followed_through_modules():
    source = "from .apps import main as app"
    found = find(
        source,
        shop__apps="from shop.inner.one import app as main",
        shop__inner__one="import flask\napp = flask.Flask('x')",
    )
    assert (found.path, found.line) == ("shop/inner/one.py", 2)
    package = {"shop/__init__.py": b"from .web import app", "shop/web.py": b"from flask import Flask\napp = Flask('x')"}
    assert find_application("shop:app", package.get).path == "shop/web.py"


@pytest.mark.parametrize(
    "body",
    [
        "    return Flask('x')",
        "    made = Flask('x')\n    made.debug = True\n    return made",
        "    if a:\n        return None\n    made = Flask('x')\n    with made:\n        return made",
    ],
)
def test_a_factory(body):
    found = find(f"from flask import Flask\ndef app(a=0):\n{body}")
    assert (found.interface, found.factory) == ("wsgi", True)
    inner = find("def app():\n    from fastapi import FastAPI\n    return FastAPI()")
    assert (inner.interface, inner.factory) == ("asgi", True)


FLASK = b"from flask import Flask\napp = Flask('x')\ndef create():\n    return Flask('x')\ndef main(): pass\n"


@pytest.mark.parametrize(
    ("entry", "interface", "lines"),
    [
        ("web:app", None, ['interface = "wsgi"']),
        ("web:app", "asgi", ['interface = "wsgi"']),
        ("web:app()", "wsgi", ['entry-point = "web:app"']),
        ("web:create", None, ['interface = "wsgi"', 'entry-point = "web:create()"']),
        ("web:create()", None, ['interface = "wsgi"']),
        ("web:create()", "asgi", ['interface = "wsgi"']),
        ("web:create", "wsgi", ['entry-point = "web:create()"']),
        ("web:main()", None, ['interface = "wsgi"   # or "asgi"']),
    ],
)
def test_the_lines_to_add_are_named(entry, interface, lines):
    with pytest.raises(OptionValueError) as raised:
        check_interface(entry, interface, {"web.py": FLASK}.get)
    stated = raised.value.message
    assert f"{entry!r} is " in stated
    head, _, tail = stated.partition("\nSet in [tool.hatch.build.targets.os402]:\n")
    assert [line.strip() for line in tail.splitlines()] == lines
    if "main" not in entry:
        assert "a WSGI application (Flask(…), web.py, line " in head


@pytest.mark.parametrize(
    ("entry", "interface"),
    [
        ("web:app", "wsgi"),
        ("web:create()", "wsgi"),
        ("web:main", None),
        ("web:main()", "asgi"),
        ("web", None),
        ("web:app", "script"),
        ("web:create", "script"),
        ("web:app", "mcp"),
    ],
)
def test_what_fits_is_left_alone(entry, interface):
    check_interface(entry, interface, {"web.py": FLASK}.get)
