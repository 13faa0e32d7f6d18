"""The one request of `run` and `profile`."""

from __future__ import annotations

import hashlib
import io
import json
import sys

import pytest
from support.artifactcraft import write_artifacts
from support.commandline import call

from hatch_os402.calls import request
from hatch_os402.calls.cgi import environment
from hatch_os402.calls.request import Request, read_request
from hatch_os402.errors import RequestError


def test_nothing_is_a_get():
    assert read_request("/") == Request()


@pytest.mark.parametrize(
    ("options", "method", "body", "kind"),
    [
        ({"data": ["a=1"]}, "POST", b"a=1", "application/x-www-form-urlencoded"),
        ({"data": ["a=1", "b=2"]}, "POST", b"a=1&b=2", "application/x-www-form-urlencoded"),
        ({"data": [""]}, "POST", b"", "application/x-www-form-urlencoded"),
        ({"json": "{}"}, "POST", b"{}", "application/json"),
        ({"json": "{}", "method": "PATCH"}, "PATCH", b"{}", "application/json"),
        ({"data": ["x"], "headers": ["content-type: a/b"]}, "POST", b"x", "a/b"),
        ({"data": ["x"], "headers": ["Content-Type:"]}, "POST", b"x", None),
    ],
)
def test_bodies(options, method, body, kind):
    request = read_request("/a%20b?x=1&y=2#part", **options)
    variables = environment(request.of("app"), "x86_64")
    assert (request.method, request.body, variables.get("CONTENT_TYPE")) == (method, body, kind)
    assert variables["CONTENT_LENGTH"] == str(len(body))
    assert (variables["PATH_INFO"], variables["QUERY_STRING"]) == ("/a%20b", "x=1&y=2")


def test_headers():
    request = read_request("/", headers=["Host: here", "X: 1", "X: 2", "User-Agent:"])
    variables = environment(request.of("app"), "x86_64")
    assert (variables["SERVER_NAME"], variables["HTTP_X"], variables["HTTP_ACCEPT"]) == ("here", "2", "*/*")
    assert "HTTP_USER_AGENT" not in variables


def test_a_device_is_no_body():
    with pytest.raises(RequestError, match="the body /dev/zero cannot be read: neither a file nor a pipe"):
        read_request("/", data=["@/dev/zero"])


def test_what_never_ends_on_stdin_is_not_read_for_ever(monkeypatch):
    monkeypatch.setattr(request, "_LARGEST_BODY", 1000)
    with open("/dev/zero", "rb") as zeros:  # noqa: PTH123 - as stdin is
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(zeros))
        with pytest.raises(RequestError, match="more than 1,000 bytes"):
            read_request("/", data=["-"])


def test_a_file_and_standard_input(tmp_path, monkeypatch):
    (tmp_path / "body").write_bytes(b"\xff")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"in")))
    assert read_request("/", data=[f"@{tmp_path / 'body'}", "-"]).body == b"\xff&in"


@pytest.mark.parametrize(
    ("url", "options", "reported"),
    [
        ("x", {}, "must begin with a slash"),
        ("/ä", {}, "must be percent-encoded"),
        ("/a b", {}, "must be percent-encoded"),
        ("/", {"headers": ["x"]}, "NAME:VALUE"),
        ("/", {"headers": [": x"]}, "NAME:VALUE"),
        ("/", {"headers": ["ä: x"]}, "NAME:VALUE"),
        ("/", {"headers": ["x: a\nb: c"]}, "NAME:VALUE"),
        ("/", {"data": ["x"], "json": "y"}, "two bodies"),
        ("/", {"data": ["@absent/file"]}, "absent/file cannot be read"),
    ],
)
def test_what_is_none(url, options, reported):
    with pytest.raises(RequestError, match=reported):
        read_request(url, **options)


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "size"),
    [(("-d", "a=1", "-d", "b=2"), 7), (("-X", "PUT"), 0), (("-H", "X: 1"), 0)],
)
def test_profile_and_run_understand_the_same(sample_build, capsys, options, size):
    artifact = sample_build.dist / "sample-0.1.0.stdin"
    code, out, err = call(capsys, "profile", artifact, "/x?y", "-n", "1", "--json", *options)
    assert code == 0, err
    reported = json.loads(out)["request"]
    assert reported == {
        "method": "PUT" if "-X" in options else "POST" if size else "GET",
        "path": "/x",
        "query": "y",
        "body_bytes": size,
    }


@pytest.mark.once
def test_profile_takes_the_private_environment_of_the_project_as_run_does(tmp_path, capsys):
    """The hash of the offer says which it is; what was given by hand goes before."""
    from hatch_os402.artifacts.choosing import choose
    from hatch_os402.offer.canonical import canonical
    from hatch_os402.sandbox.program import load

    secret = {"COSMOPOLITAN_INIT_ZIPOS": "/proc/self/exe", "TOKEN": "wörd"}
    table = "[tool.hatch.build.targets.os402.offer]\nenv = { TOKEN = 'wörd' }\nenv-private = true\n"
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "greeter"\nversion = "0.1.0"\n' + table, encoding="utf-8"
    )
    (tmp_path / "dist").mkdir()
    write_artifacts(
        tmp_path / "dist",
        exec={"env": None, "env_sha256": hashlib.sha256(canonical(secret)).hexdigest(), "env_private": True},
    )
    found = choose(tmp_path).one()
    assert load(found).private_env == secret
    assert load(found, {"TOKEN": "other"}).private_env == {"TOKEN": "other"}
