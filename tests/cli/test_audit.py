"""`check --audit`, against a server that speaks OSV's API and two indexes of this machine."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.buildproject import write_project
from support.commandline import call
from support.documented import check_described
from support.localindex import closed_port, serving
from support.lockcraft import entry, write_pylock
from support.wheelcraft import make_wheel

from hatch_os402.errors import AuditError
from hatch_os402.provenance.advisories import advisories
from hatch_os402.resolution.graph import Pin
from hatch_os402.resolution.origins import shared_names

VULNERABLE = {
    "id": "GHSA-aaaa",
    "aliases": ["CVE-2026-1", "PYSEC-2026-1"],
    "schema_version": "1.6.0",
    "summary": "it\x1b[31m runs\nwild",
    "affected": [
        {
            "package": {"name": "ours", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.10"}, {"fixed": "1.9"}]}],
        }
    ],
}


class Osv(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = answers, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1/query"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(query)
        answer = self.server.answers
        status, body = (answer, b"") if isinstance(answer, int) else (200, answer(query))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def osv(answers):
    with Osv(answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ours_is_vulnerable(query):
    return json.dumps({"vulns": [VULNERABLE]} if query["package"]["name"] == "ours" else {}).encode()


@pytest.fixture
def shelves(tmp_path):
    """The wheels of a private index, and of a public one on which somebody took a name of the private one."""
    private, public = tmp_path / "private", tmp_path / "public"
    for folder in (private, public):
        folder.mkdir()
    make_wheel(private, "ours", "1.0", {"ours.py": ""})
    make_wheel(public, "ours", "9.0", {"ours.py": "import os\n"})
    for folder in (private, public):  # a mirror has the same file
        make_wheel(folder, "theirs", "2.0", {"theirs.py": ""})
    return private, public


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "project", dependencies=["ours<2", "theirs"])


@pytest.fixture
def indexes(shelves, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    with serving(shelves[0], private=True) as private, serving(shelves[1]) as public:
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", public.url)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", private.url_with_credentials)
        yield private, public


def test_what_is_vulnerable_is_named_with_what_fixes_it(project, indexes, capsys):
    with osv(ours_is_vulnerable) as server:
        code, out, err = call(capsys, "check", project, "--audit", "--audit-url", server.url)
        assert code == 1, err
        assert "vulnerable: ours 1.0: PYSEC-2026-1 (CVE-2026-1, GHSA-aaaa): it" in out
        assert "runs wild; fixed in 1.9 and 1.10" in out
        assert "\x1b" not in out
        assert [query["package"]["name"] for query in server.asked] == ["ours", "theirs"]
        assert all(query.keys() == {"package", "version"} for query in server.asked)
        code, out, _ = call(capsys, "check", project, "--audit", "--audit-url", server.url, "--json")
        check_described("check", json.loads(out))
        answer = json.loads(out)["audit"]
        assert (code, answer["passed"], answer["advisories"][0]["fixed_in"]) == (1, False, ["1.9", "1.10"])


@pytest.mark.once
def test_a_name_that_two_indexes_serve_is_reported_and_a_mirror_is_not(project, indexes, capsys):
    private, public = indexes
    with osv(lambda _query: b"{}") as server:
        code, out, err = call(capsys, "check", project, "--audit-url", server.url)
    assert code == 0, out + err
    assert f"ours is served by {private.url}ours/ and {public.url}ours/" in out
    assert "theirs is served" not in out
    assert "hatch-os402 lock" in out
    assert "no known vulnerability in 2 distributions" in out
    assert "password" not in out + err
    assert "@" not in out


@pytest.mark.once
def test_indexes_that_cannot_be_reached_are_said_in_whole_sentences(project, shelves, tmp_path, capsys, monkeypatch):
    """The build itself has all it needs in its lock."""
    wheels = {path.name[:4]: path for path in shelves[0].iterdir()}
    entries = [entry(wheels["ours"], name="ours", version="1.0"), entry(wheels["thei"], name="theirs", version="2.0")]
    write_pylock(project / "pylock.os402.toml", *entries)
    monkeypatch.setenv("HATCH_OS402_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with closed_port() as port:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple/")
        code, out, _ = call(capsys, "check", project, "--audit-url", f"http://127.0.0.1:{port}/v1/query")
    assert code == 1
    assert "the audit could not be made" in out
    (said,) = (line for line in out.splitlines() if line.startswith("the indexes could not be asked"))
    assert "could not be reached" in said
    assert said.endswith(".")
    assert not said.endswith(":.")


NO_ANSWERS = [
    b"<html>", b"", b"null", b"[]", b"0", b'""', b"false", b"{", b"\xff", b'{"x": 1}', b'{"vulns": [{}]}', b'{"vulns": {}}',
    b'{"vulns": ""}', b'{"vulns": null}', b'{"vulns": [null]}', b'{"vulns": [], "next_page_token": "x"}',
    b'{"vulns": [{"id": "A"}]}', b'{"vulns": [{"id": "A", "affected": [], "schema_version": "2.0"}]}',
    b'{"vulns": ' + b"[" * 100_000,
]  # fmt: skip
WITHDRAWN = b'{"vulns": [{"id": "A", "withdrawn": "2026-01-01T00:00:00Z"}]}'
PIN = Pin("a", "1", "a-1-py3-none-any.whl", "0" * 64, "", direct=False, requires_dist=(), requires_python="")


@pytest.mark.once
@pytest.mark.parametrize("answer", NO_ANSWERS, ids=range(len(NO_ANSWERS)))
def test_what_is_no_answer_of_osv_is_no_pass(tmp_path, answer):
    with osv(lambda _query: answer) as server, pytest.raises(AuditError, match="is no answer of OSV's"):
        advisories([PIN], server.url, tmp_path)


@pytest.mark.parametrize("answer", [b"{}", b'{"vulns": []}', WITHDRAWN])
def test_what_osv_says_where_nothing_is_known(tmp_path, answer):
    with osv(lambda _query: answer) as server:
        assert advisories([PIN], server.url, tmp_path) == ()


@pytest.mark.once
@pytest.mark.parametrize("answer", [None, 500, lambda _query: b"<html>"])
def test_where_nobody_answers_that_is_said_and_no_pass(project, indexes, capsys, answer):
    if answer is None:
        with closed_port() as port:
            code, out, err = call(
                capsys, "check", project, "--audit-url", f"http://user:hunter2@127.0.0.1:{port}/v1/query"
            )
    else:
        with osv(answer) as server:
            code, out, err = call(capsys, "check", project, "--audit-url", server.url)
    assert code == 1
    assert "the audit could not be made" in out
    assert "no known vulnerability" not in out
    assert "hunter2" not in out + err


def test_without_the_extra_the_command_that_installs_it_is_shown(project, indexes, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pip_audit._service.interface", None)
    code, _, err = call(capsys, "check", project, "--audit")
    assert code == 1
    assert '"audit"' in err


def test_only_pages_of_indexes_count(tmp_path):
    wheel, sha256 = "a-1-py3-none-any.whl", "0" * 64
    pages = {"/srv/wheels": [[wheel, None]], "https://u:p@one/simple/a": [[wheel, sha256]], "https://two/simple/a/": []}
    (tmp_path / "x86_64.origins").write_text(json.dumps({"a": pages}))
    pin = Pin("a", "1", wheel, sha256, "", direct=False, requires_dist=(), requires_python="")
    (found,) = shared_names(tmp_path, [pin])
    assert (found.serving, found.others) == (("https://one/simple/a/",), ("https://two/simple/a/",))
    del pages["https://two/simple/a/"]
    (tmp_path / "x86_64.origins").write_text(json.dumps({"a": pages}))
    assert list(shared_names(tmp_path, [pin])) == []
