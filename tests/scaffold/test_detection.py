from __future__ import annotations

import pytest
from support.buildproject import write

from hatch_os402.scaffold.detection import application_at, find_applications, has_main

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
STARLETTE = "from starlette.applications import Starlette\nsite = Starlette()\n"
DJANGO = {
    "shop/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
    "shop/asgi.py": "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n",
    "manage.py": "def main(): ...\n",
}
FACTORY = "from flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    return app\n"


@pytest.fixture
def found(tmp_path):
    def find(files):
        write(tmp_path, files)
        return [(one.entry, one.interface) for one in find_applications(tmp_path)]

    return find


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"src/shop/web.py": FLASK}, [("shop.web:app", "wsgi")]),
        ({"src/shop/__init__.py": FLASK}, [("shop:app", "wsgi")]),
        ({"shop.py": STARLETTE}, [("shop:site", "asgi")]),
        ({"shop/api.py": "import fastapi\napi = fastapi.FastAPI()\n"}, [("shop.api:api", "asgi")]),
        (DJANGO, [("shop.wsgi:application", "wsgi")]),
        ({"shop/web.py": FACTORY}, [("shop.web:create_app()", "wsgi")]),
        (
            {
                "shop/web.py": FACTORY,
                "shop/wsgi.py": "from .web import create_app\napp = create_app()\n",
                "b.py": FLASK,
            },
            [("b:app", "wsgi")],
        ),
        ({"shop/web.py": FLASK, "shop/more.py": STARLETTE}, [("shop.web:app", "wsgi")]),
        ({"a/web.py": FLASK, "b/web.py": FLASK}, [("a.web:app", "wsgi"), ("b.web:app", "wsgi")]),
        ({"shop/app.py": "def app(environ, start_response):\n    return []\n"}, [("shop.app:app", "wsgi")]),
        ({"shop/app.py": "async def app(scope, receive, send):\n    ...\n"}, [("shop.app:app", "asgi")]),
        ({"tests/web.py": FLASK, "docs/conf.py": FLASK, "test_web.py": FLASK, ".hidden/web.py": FLASK}, []),
        ({"env/pyvenv.cfg": "", "env/web.py": FLASK}, []),
        ({"shop/web.py": "app = (\n", "shop/cli.py": "def main(): ...\n", "shop/x.py": "app = object()\n"}, []),
        ({}, []),
    ],
)
def test_applications(found, files, expected):
    assert found(files) == expected


def test_what_is_found_says_where(tmp_path):
    write(tmp_path, {"src/shop/web.py": FLASK})
    (one,) = find_applications(tmp_path)
    assert one.what == "Flask(…), src/shop/web.py, line 2"


def test_an_entry_point_that_was_named(tmp_path):
    write(tmp_path, {"src/shop/web.py": FACTORY, "src/shop/cli.py": "def main(): ...\n"})
    assert application_at(tmp_path, "shop.web:create_app()").interface == "wsgi"
    assert application_at(tmp_path, "shop.cli:main") is None
    assert application_at(tmp_path, "gone:app") is None


def test_a_package_that_python_runs(tmp_path):
    write(tmp_path, {"src/shop/cli.py": ""})
    assert not has_main(tmp_path)
    write(tmp_path, {"src/shop/__main__.py": ""})
    assert has_main(tmp_path)
