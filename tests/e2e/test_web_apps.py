"""Flask, Bottle, Falcon, Django and its REST framework; Starlette, FastAPI, Quart and a bare application: as on a disk."""

from __future__ import annotations

import re

import pytest
from support.webapps import Ask, Frame, as_json, build_suite, comparable, disk, form, multipart

pytestmark = [pytest.mark.network, pytest.mark.once]

UPLOAD = bytes(range(256)) * 40
CSRF = r'name="csrfmiddlewaretoken" value="[^"]+"'
CLOSED = "closed\n"
COMMON = [Ask("/environ", exact=False)]

WSGI = {
    "flask_app": [
        Ask("/"),
        Ask("/?name=%C3%BC%26"),
        Ask("/", "HEAD"),
        Ask("/login", **form(user="änn")),
        Ask("/"),
        Ask("/"),
        Ask("/seen"),
        Ask("/logout"),
        Ask("/seen"),
        Ask("/shop/1"),
        Ask("/shop/x"),
        Ask("/nothing/%C3%A9"),
        Ask("/shop/1", "DELETE"),
        Ask("/upload", **multipart("nöte", "file.bin", UPLOAD)),
        Ask("/upload", **form(note="x")),
        Ask("/json", **as_json("PUT", {"a": [1, "é"]})),
        Ask("/json", "PUT", b"{", {"Content-Type": "application/json"}),
        Ask("/stream?q=%C3%A9"),
        Ask("/download"),
        Ask("/headers"),
        Ask("/abort/403"),
        Ask("/abort/503"),
        Ask("/error", stderr="LookupError: on purpose"),
        Ask("/static/style.css"),
        Ask("/static/style.css", headers={"Range": "bytes=2-5"}),
        Ask("/static/../suite/__init__.py"),
        Ask("/static/nothing.css"),
        *COMMON,
    ],
    "bottle_app": [
        Ask("/"),
        Ask("/?name=%3Cb%3E"),
        Ask("/json/12"),
        Ask("/json/x"),
        Ask("/set"),
        Ask("/seen"),
        Ask("/form", **multipart("nöte", "file.bin", UPLOAD)),
        Ask("/go"),
        Ask("/stream"),
        Ask("/static/style.css"),
        Ask("/static/style.css", "HEAD"),
        Ask("/static/nothing"),
        Ask("/teapot"),
        Ask("/error", stderr="LookupError: on purpose"),
        *COMMON,
    ],
    "falcon_app": [
        Ask("/"),
        Ask("/?name=a%20b"),
        Ask("/", **as_json("POST", {"a": "é"})),
        Ask("/", "POST", b"{", {"Content-Type": "application/json"}),
        Ask("/", "PATCH"),
        Ask("/form", **multipart("nöte", "file.bin", UPLOAD)),
        Ask("/cookies"),
        Ask("/seen"),
        Ask("/cookies", "DELETE"),
        Ask("/seen"),
        Ask("/stream"),
        Ask("/static/style.css"),
        Ask("/static/nothing"),
        Ask("/bad"),
        Ask("/error", stderr="LookupError: on purpose"),
        Ask("/nothing"),
        *COMMON,
    ],
    "django_app": [
        Ask("/"),
        Ask("/address/%C3%A9?a=b"),
        Ask("/upload", **multipart("nöte", "file.bin", UPLOAD)),
        Ask("/stream"),
        Ask("/download"),
        Ask("/static/own.css"),
        Ask("/static/admin/css/base.css"),
        Ask("/nothing"),
        Ask("/address"),
        Ask("/error"),
        Ask("/debug", exact=False),
        Ask("/form", **form(note="x")),
        Ask("/admin/", "GET"),
        Ask("/api/"),
        Ask("/api/users/", headers={"Accept": "application/json"}),
        Ask("/api/users/1/", headers={"Accept": "text/html"}),
        Ask("/api/users/", **as_json("POST", {"username": "ben", "email": "no"})),
        Ask("/api/users/", **as_json("POST", {"username": "ben", "email": "b@c.d"})),
        *COMMON,
    ],
}
ASGI = {
    "bare_app": [
        Ask("/"),
        Ask("/%C3%A9%20x?a=%C3%A9"),
        Ask("/", "PUT", UPLOAD * 20),
        Ask("/", "HEAD"),
        Ask("/missing"),
        Ask("/late", stderr="late"),
        Ask("/error", stderr="LookupError: on purpose"),
        *COMMON,
    ],
    "starlette_app": [
        Ask("/", stderr=CLOSED),
        Ask("/?name=%C3%BC%26", stderr=CLOSED),
        Ask("/sync", stderr=CLOSED),
        Ask("/items/3", stderr=CLOSED),
        Ask("/items/3", "HEAD", stderr=CLOSED),
        Ask("/items/x", stderr=CLOSED),
        Ask("/items/3", "DELETE", stderr=CLOSED),
        Ask("/items/3/", stderr=CLOSED),
        Ask("/login", **form(user="änn"), stderr=CLOSED),
        Ask("/seen", stderr=CLOSED),
        Ask("/upload", **multipart("nöte", "file.bin", UPLOAD), stderr=CLOSED),
        Ask("/upload", **multipart("nöte", "file.bin", UPLOAD * 200), stderr=CLOSED),
        Ask("/stream", stderr=CLOSED),
        Ask("/sync-stream", stderr=CLOSED),
        Ask("/background", stderr="later async\nclosed\n"),
        Ask("/sync-background", stderr="later sync\nclosed\n"),
        Ask("/download", stderr=CLOSED),
        Ask("/download", headers={"Range": "bytes=3-10"}, stderr=CLOSED),
        Ask("/large", headers={"Accept-Encoding": "gzip"}, stderr=CLOSED),
        Ask("/teapot", stderr=CLOSED),
        Ask("/error", stderr="LookupError: on purpose"),
        Ask("/static/style.css", stderr=CLOSED),
        Ask("/static/nothing", stderr=CLOSED),
        Ask("/inner/", stderr=CLOSED),
        Ask("/inner/items/4", stderr=CLOSED),
        Ask("/inner", stderr=CLOSED),
        Ask("/environ", exact=False, stderr=CLOSED),
    ],
    "fastapi_app": [
        Ask("/"),
        Ask("/?name=a%20b", headers={"Origin": "https://shop.example"}),
        Ask("/sync/4?token=t"),
        Ask("/sync/x"),
        Ask("/items/4"),
        Ask("/items/12?token=t"),
        Ask("/items", **as_json("POST", {"name": "ham", "price": 1.5, "size": "large", "until": "2026-01-02"})),
        Ask("/items", **as_json("POST", {"name": "h", "price": -1, "size": "no", "until": "x"})),
        Ask("/items", "POST", b"{", {"Content-Type": "application/json"}),
        Ask("/upload", **multipart("nöte", "file.bin", UPLOAD)),
        Ask("/background"),
        Ask("/openapi.json"),
        Ask("/docs"),
        Ask("/nothing"),
        Ask("/error", stderr="LookupError: on purpose"),
        *COMMON,
    ],
    "quart_app": [
        Ask("/"),
        Ask("/sync"),
        Ask("/shop/1"),
        Ask("/login", **form(user="änn")),
        Ask("/seen"),
        Ask("/upload", **multipart("nöte", "file.bin", UPLOAD)),
        Ask("/stream"),
        Ask("/abort/403"),
        Ask("/nothing/%C3%A9"),
        Ask("/shop/1", "DELETE"),
        Ask("/static/style.css"),
        Ask("/error", stderr="LookupError: on purpose"),
        *COMMON,
    ],
}
MASKS = [CSRF, r'"csrfToken": "[^"]*"', r'"X-CSRFToken": "[^"]*"']


@pytest.fixture(scope="session")
def wsgi(tmp_path_factory, python312):
    folder = tmp_path_factory.mktemp("wsgi")
    return build_suite("wsgi", folder / "project"), folder / "files"


@pytest.fixture(scope="session")
def asgi(tmp_path_factory, python312):
    folder = tmp_path_factory.mktemp("asgi")
    return build_suite("asgi", folder / "project"), folder / "files"


def difference(there, here):
    """Say where two answers differ."""
    if there[:2] != here[:2]:
        return f"\n  there {there[:2]}\n  here  {here[:2]}"
    at = next((at for at, (one, other) in enumerate(zip(there[2], here[2], strict=False)) if one != other), -1)
    start = max(at - 60, 0)
    return f"\n  there {there[2][start : at + 60]}\n  here  {here[2][start : at + 60]}"


def compare(asks, there, here, masks=MASKS):
    differences = []
    for ask in asks:
        expected, found = there.ask(ask), here.ask(ask)
        if ask.stderr not in here.stderr or (not ask.stderr and here.stderr):
            differences.append(f"{ask.label}: stderr is {here.stderr!r}")
        if ask.exact and comparable(expected, masks) != comparable(found, masks):
            differences.append(f"{ask.label}: {difference(comparable(expected, masks), comparable(found, masks))}")
    assert not differences, "\n".join(differences)


@pytest.mark.parametrize("app", WSGI)
def test_wsgi(app, wsgi, python312):
    built, folder = wsgi
    with disk(built, python312.path, app, "wsgi", folder) as there, Frame(built, python312.path, app) as here:
        compare(WSGI[app], there, here)


@pytest.mark.parametrize("app", ASGI)
def test_asgi(app, asgi, python312):
    built, folder = asgi
    with disk(built, python312.path, app, "asgi", folder) as there, Frame(built, python312.path, app) as here:
        compare(ASGI[app], there, here)


def token(answer):
    found = re.search(CSRF, answer.body.decode())
    assert found, answer
    return found[0].split('"')[3]


def test_djangos_admin(wsgi, python312):
    """Two cookies are set at once, by the login, and os402 keeps one `Set-Cookie` of an answer."""
    built, folder = wsgi
    with (
        disk(built, python312.path, "django_app", "wsgi", folder) as there,
        Frame(built, python312.path, "django_app") as here,
    ):
        ended = []
        for client in (there, here):
            page = client.ask(Ask("/admin/login/"))
            fields = {"username": "ann", "password": "secret", "csrfmiddlewaretoken": token(page)}
            entered = client.ask(Ask("/admin/login/?next=/wsgi-suite.cgi/admin/", **form(**fields)))
            assert (entered.status, entered.headers["location"]) == (302, "/wsgi-suite.cgi/admin/")
            assert len(entered.cookies) == (2 if client is there else 1)
            steps = [
                Ask("/admin/"),
                Ask("/seen"),
                Ask("/admin/auth/user/"),
                Ask("/admin/auth/group/add/"),
                Ask("/form"),
            ]
            answers = [client.ask(step) for step in steps]
            csrf = token(answers[-1])
            leaving = [
                Ask("/form", **form(note="<this>", csrfmiddlewaretoken=csrf)),
                Ask("/"),
                Ask("/admin/logout/", **form(csrfmiddlewaretoken=csrf)),
                Ask("/seen"),
            ]
            answers += [client.ask(ask) for ask in leaving]
            ended.append([comparable(one, MASKS) for one in (page, entered, *answers)])
        for expected, found in zip(*ended, strict=True):
            assert expected == found, difference(expected, found)
        answers = ended[1]
        assert b"ann" in answers[2][2]
        assert b'"user": "ann"' in answers[3][2]
        assert b"kept &lt;this&gt;" in answers[8][2]
        assert b'"user": ""' in answers[10][2]
