"""Several cookies in one: a client that keeps one cookie sees what one with all of them sees."""

from __future__ import annotations

import time
from http.cookiejar import CookieJar
from urllib.request import Request

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.interfacing import Output, response, variables

from hatch_os402.launcher.inside.interfaces import _cgi, _cookies
from hatch_os402.launcher.inside.interfaces._cookies import Jar

LATER = "Wed, 21-Oct-2099 07:28:00 GMT"


class Client:
    """A client with the standard library's cookie jar, behind which every answer is packed."""

    def __init__(self, *, packed=True, scheme="https"):
        self.jar = CookieJar()
        self.base = f"{scheme}://os402.example/shop.cgi"
        self.packed = packed
        self.sent: list[str] = []

    def cookies(self, path="/") -> str:
        """Return what the application sees at a path."""
        request, _ = self._request(path)
        return request.get("HTTP_COOKIE", "")

    def seen(self, path="/") -> dict[str, str]:
        return dict(pair.split("=", 1) for pair in self.cookies(path).split("; ") if pair)

    def answer(self, *values: str, path="/") -> None:
        """Let the application set cookies at a path."""
        asked, pack = self._request(path)
        out = Output()
        answer = response(asked, out, pack)
        answer.start("200 OK", [("Set-Cookie", value) for value in values])
        answer.finish()
        lines = out.getvalue().decode().split("\r\n")
        self.sent = [line.partition(": ")[2] for line in lines if line.startswith("Set-Cookie")]
        if self.packed:
            assert len(self.sent) <= 1
        self.jar.extract_cookies(_Headers(self.sent), Request(self.base + path))  # noqa: S310 - as below

    def _request(self, path):
        outgoing = Request(self.base + path)  # noqa: S310 - it goes nowhere
        self.jar.add_cookie_header(outgoing)
        header = outgoing.get_header("Cookie")
        request = _cgi.variables(variables(address=path, **({"cookie": header} if header else {})))
        return request, _cgi._packing(request) if self.packed else list


class _Headers:
    """What http.cookiejar wants of a response."""

    def __init__(self, values):
        self.values = values

    def info(self):
        return self

    def get_all(self, name, default=None):
        return self.values if name.lower() == "set-cookie" else default


def test_one_cookie_is_left_alone():
    client = Client()
    client.answer("a=1; Path=/; HttpOnly")
    assert client.sent == ["a=1; Path=/; HttpOnly"]
    assert client.seen() == {"a": "1"}


def test_two_cookies_come_back():
    client = Client()
    client.answer("sessionid=s; Path=/; HttpOnly; SameSite=Lax", "csrftoken=t; Path=/; SameSite=Lax")
    assert len(client.sent) == 1
    assert client.sent[0].startswith("_os402=")
    assert client.seen() == {"sessionid": "s", "csrftoken": "t"}


def test_what_is_set_later_goes_where_the_others_are():
    client = Client()
    client.answer("a=1; Path=/", "b=1; Path=/")
    client.answer("b=2; Path=/")
    client.answer("c=3; Path=/")
    assert client.seen() == {"a": "1", "b": "2", "c": "3"}


def test_an_answer_without_cookies_changes_nothing():
    client = Client()
    client.answer("a=1", "b=1")
    client.answer()
    assert client.sent == []
    assert client.seen() == {"a": "1", "b": "1"}


@pytest.mark.parametrize("gone", ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"])
def test_deleting(gone):
    client = Client()
    client.answer("a=1; Path=/", "b=1; Path=/")
    client.answer(f"a=; Path=/; {gone}")
    assert client.seen() == {"b": "1"}
    client.answer(f"b=; Path=/; {gone}")
    assert client.seen() == {}
    assert "Max-Age=0" in client.sent[0]
    assert not list(client.jar)


def test_a_newer_one_hides_what_was_set_alone():
    client = Client()
    client.answer("a=old; Path=/")
    client.answer("a=new; Path=/", "b=1; Path=/")
    assert client.seen() == {"a": "new", "b": "1"}


def test_what_was_set_alone_can_be_deleted():
    client = Client()
    client.answer("a=old; Path=/")
    client.answer("a=; Path=/; Max-Age=0", "b=1; Path=/")
    assert client.seen() == {"b": "1"}
    client.answer("c=1; Path=/")
    assert client.seen() == {"b": "1", "c": "1"}
    client.answer("a=again; Path=/")
    assert client.seen() == {"a": "again", "b": "1", "c": "1"}


def test_each_has_its_own_end(monkeypatch):
    client = Client()
    client.answer("a=1; Max-Age=100", "b=1; Max-Age=1000", "c=1; Max-Age=5000; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    assert "Max-Age=5000" in client.sent[0]
    assert client.seen() == {"a": "1", "b": "1", "c": "1"}
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 200)
    assert client.seen() == {"b": "1", "c": "1"}


def test_expires():
    client = Client()
    client.answer(f"a=1; Expires={LATER}", "b=1; Max-Age=5")
    (kept,) = client.jar
    assert abs(kept.expires - 4096250880) < 5
    assert client.seen() == {"a": "1", "b": "1"}


def test_a_session_cookie_makes_the_whole_one():
    client = Client()
    client.answer("a=1; Max-Age=100", "b=1")
    assert "Max-Age" not in client.sent[0]
    client.answer("b=; Max-Age=0")
    assert "Max-Age" in client.sent[0]


def test_each_has_its_own_path():
    client = Client()
    client.answer(
        "a=1; Path=/shop.cgi/admin", "b=1; Path=/", "c=1; Path=/shop.cgi", "d=1; Path=/shop.cgi/adm", path="/x"
    )
    assert client.seen("/") == {"b": "1", "c": "1"}
    assert client.seen("/admin") == client.seen("/admin/x") == {"a": "1", "b": "1", "c": "1"}
    assert client.seen("/adm/") == {"b": "1", "c": "1", "d": "1"}


def test_without_a_path_it_is_that_of_the_request():
    client = Client()
    client.answer("a=1", "b=1; Path=no", path="/admin/login")
    assert client.seen("/admin/") == {"a": "1", "b": "1"}
    assert client.seen("/") == {}


def test_the_more_specific_comes_first():
    client = Client()
    client.answer("a=all; Path=/", "a=admin; Path=/shop.cgi/admin")
    assert client.cookies("/admin") == "a=admin; a=all"


def test_no_other_application_gets_it():
    client = Client()
    client.answer("a=1; Path=/", "b=1; Path=/")
    assert "Path=/shop.cgi;" in client.sent[0] + ";"
    other = Request("https://os402.example/other.cgi/")
    client.jar.add_cookie_header(other)
    assert not other.has_header("Cookie")


@pytest.mark.parametrize(
    ("cookies", "expected"),
    [
        (("a=1", "b=1"), ""),
        (("a=1; Secure", "b=1"), "; Secure"),
        (("a=1; HttpOnly", "b=1"), "; HttpOnly"),
        (("a=1; SameSite=Lax", "b=1"), "; SameSite=Lax"),
        (("a=1; SameSite=lax", "b=1; samesite=STRICT"), "; SameSite=Strict"),
        (("a=1; SameSite=None; Secure", "b=1"), "; Secure"),
        (("a=1; SameSite=None; Secure", "b=1; SameSite=None; Secure"), "; Secure; SameSite=None"),
    ],
)
def test_the_strictest_attributes_count(cookies, expected):
    client = Client()
    client.answer(*cookies)
    assert client.sent[0].partition("; Path=/shop.cgi")[2] == expected
    client.answer(cookies[0])  # those of the others are remembered
    assert client.sent[0].partition("; Path=/shop.cgi")[2] == expected


def test_a_cookie_of_another_domain_is_refused(capsys):
    client = Client()
    client.answer("a=1; Domain=example.org", "b=1; Domain=.example", "c=1; Domain=os402.example", "d=1")
    assert client.seen() == {"b": "1", "c": "1", "d": "1"}
    assert "a client at os402.example refuses a cookie of example.org: a" in capsys.readouterr().err


def test_a_cookie_without_a_name_is_left_out(capsys):
    client = Client()
    client.answer("a=1", "b", "=c")
    assert client.seen() == {"a": "1"}
    assert capsys.readouterr().err.count("a cookie without a name is left out") == 2


def test_too_many_for_a_client_is_told(capsys):
    Client().answer("a=" + "x" * 2000, "b=" + "y" * 2100)
    assert "clients need to keep only 4096" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["", "&", "|", "a", "a|b", "a|b|c|d", "a|b||%zz|", "%", "||||", "a|b|c|x|y", "&&|&"])
def test_a_damaged_one_is_no_trouble(value):
    request = _cgi.variables(variables(cookie=f"plain=1; _os402={value}"))
    assert "plain=1" in Jar(request).header()


@pytest.mark.parametrize("entry", ["a%0d%0ab|1|||", "a|1%0a|||", "a|1%3B b=2|||", "a%00"])
def test_what_no_cookie_can_be_is_passed_over(entry):
    request = _cgi.variables(variables(cookie=f"_os402=good|1|||&{entry}"))
    assert Jar(request).header() == "good=1"


def test_plain_tells_what_is_lost(capsys):
    assert _cgi._lost(["a=1; Path=/", "b=2", "c=3"]) == ["a=1; Path=/", "b=2", "c=3"]
    stated = capsys.readouterr().err
    assert "sets 3 cookies" in stated
    assert "lost are a, b." in stated
    assert _cgi._lost(["a=1"]) == ["a=1"]
    assert capsys.readouterr().err == ""


names = st.text("abcXYZ_.-$", min_size=1, max_size=3)
values = st.text(st.sampled_from("aZ09!#%&'()*+-./:<=>?@[]^_`{|}~"), max_size=8)
setting = st.tuples(names, values, st.sampled_from(["", "; Max-Age=60", "; Max-Age=0"]))


@given(st.lists(st.lists(setting, max_size=4, unique_by=lambda item: item[0]), max_size=6))
def test_as_a_client_that_gets_them_one_by_one(answers):
    packed, plain = Client(), Client(packed=False)
    for answer in answers:
        cookies = [f"{name}={value}; Path=/{age}" for name, value, age in answer]
        packed.answer(*cookies)
        for cookie in cookies:
            plain.answer(cookie)
    assert packed.seen() == plain.seen()


@given(st.dictionaries(names, values, min_size=2, max_size=5))
def test_the_value_is_one_that_a_cookie_can_have(cookies):
    request = _cgi.variables(variables())
    (header,) = Jar(request).pack([f"{name}={value}" for name, value in cookies.items()])
    value = header.partition(";")[0].partition("=")[2]
    assert all("!" <= character <= "~" and character not in '",;\\' for character in value)
    assert header.startswith(_cookies.NAME + "=")
