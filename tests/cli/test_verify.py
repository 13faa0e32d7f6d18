from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.artifactcraft import KEY, STEM, write_artifacts
from support.documented import check_described
from support.taskcraft import OWNER, SIGNER, answers, handle

from hatch_os402.artifacts.choosing import choose
from hatch_os402.cli import main
from hatch_os402.cli import verify as module
from hatch_os402.offer.reading import read_envelope


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["verify", *map(str, arguments)])
        out, err = capsys.readouterr()
        code = end.value.code
        if isinstance(code, str):
            code, err = 1, err + code
        return code or 0, out, err

    return call


@pytest.fixture
def files(tmp_path):
    return write_artifacts(tmp_path)


@contextmanager
def server(task, given):
    """Serve the answers about a task; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = handle(task, given, self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}/tasks/{task}"
        finally:
            running.shutdown()
            thread.join()


class TestArtifacts:
    def test_each_link_has_a_line(self, run, files, tmp_path):
        code, out, err = run(tmp_path / STEM)
        assert (code, err) == (0, "")
        assert [line[0] for line in out.splitlines()] == [*["✓"] * 11, "–", "–"]
        assert read_envelope(files[".offer.signed.json"].read_bytes()).sha256 in out
        assert KEY.address in out

    def test_the_broken_one_is_named(self, run, files):
        files[".build.json"].write_text("{}")
        code, out, err = run(files[".pyz"])
        assert code == 1
        assert [line.split()[1] for line in out.splitlines() if line[0] == "✗"] == ["record"]
        assert err == "hatch-os402: the chain is broken at: record."

    def test_what_is_not_there_is_no_fault(self, run, files):
        files[".offer.signed.json"].unlink()
        code, out, _ = run(files[".stdin"])
        assert code == 0
        assert len([line for line in out.splitlines() if line[0] == "–"]) == 5

    def test_json(self, run, files):
        code, out, _ = run(files[".pyz"], "--json")
        stated = json.loads(out)
        check_described("verify", stated)
        assert (code, stated["format"], stated["holds"]) == (0, 1, True)
        files[".build.json"].write_text("{}")
        code, out, _ = run(files[".pyz"], "--json")
        stated = json.loads(out)
        assert (code, stated["holds"]) == (1, False)
        assert [link["name"] for link in stated["links"] if link["holds"] is False] == ["record"]
        assert all(link.keys() == {"name", "holds", "detail"} for link in stated["links"])

    def test_a_terminal_without_these_marks(self, files, monkeypatch):
        class Terminal:
            encoding = "cp1252"

        monkeypatch.setattr(module.sys, "stdout", Terminal())
        marks = [module._mark(link) for link in module.verify_artifacts(choose(files[".pyz"]).one())]
        assert marks == [*["ok"] * 11, "–", "–"]

    def test_nothing_there(self, run, tmp_path):
        code, out, err = run(tmp_path / "nothing.pyz")
        assert (code, out) == (1, "")
        assert "nothing.pyz" in err


class TestTask:
    def test_holds(self, run):
        with server(*answers()) as url:
            code, out, err = run("--task", url, "--owner", OWNER, "--signer", SIGNER.address)
        assert (code, err) == (0, "")
        assert [line[0] for line in out.splitlines()] == ["✓"] * 7

    def test_together_with_the_artifacts(self, run, files, tmp_path):
        (tmp_path / "body").write_bytes(b"hello")
        offer = read_envelope(files[".offer.signed.json"].read_bytes())
        with server(*answers(offer_hash=offer.sha256, stdin=b"hello")) as url:
            code, out, _ = run(files[".pyz"], "--task", url, "--body", tmp_path / "body")
        assert code == 0
        assert len(out.splitlines()) == 13 + 9

    def test_a_lie(self, run):
        task, given = answers()
        given["/stdout"]["content"] = "else"
        with server(task, given) as url:
            code, _, err = run("--task", url)
        assert code == 1
        assert err == "hatch-os402: the chain is broken at: stdout."

    def test_no_such_task(self, run):
        with server("0" * 64, {}) as url:
            code, out, err = run("--task", url)
        assert (code, out) == (1, "")
        assert "404" in err
        assert "Task not found" in err


class TestUsage:
    @pytest.mark.parametrize("arguments", [["x", "--owner", OWNER], ["x", "--body", "y"], ["x", "--signer", OWNER]])
    def test_wrong(self, run, arguments):
        code, _, err = run(*arguments)
        assert code == 2
        assert "--task" in err
