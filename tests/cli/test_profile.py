from __future__ import annotations

import io
import json
import re
import sys

import pytest
from support.commandline import call


@pytest.fixture
def run(capsys, sample_build):
    def run(*arguments, artifact=sample_build.dist / "sample-0.1.0.stdin"):
        return call(capsys, "profile", artifact, "-n", "1", *arguments)

    return run


@pytest.mark.once
def test_a_terminal(run):
    code, out, err = run("/greet?x=1", "-d", "Ada", "-H", "X-Lang: de", "--all")
    assert (code, err.count("measuring")) == (0, 1)
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert any(line.startswith("request POST /greet?x=1, 3 bytes: ended well") for line in lines)
    assert any(re.match(r"└ sample.main [\d.]+ [\d.]+ [\d.]+ .* used by the request$", line) for line in lines)
    assert any(line.startswith("price 0.0005 USD a call, for 5 seconds, of which this one took ") for line in lines)
    assert 'lazy-imports = ["idle"]' in lines


@pytest.mark.once
@pytest.mark.parametrize("how", ["@", "-"])
def test_json_of_a_body_from_elsewhere(run, tmp_path, monkeypatch, how):
    (tmp_path / "body").write_bytes(b"fail")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"fail")))
    code, out, _ = run("-d", how if how == "-" else f"@{tmp_path / 'body'}", "--json")
    reported = json.loads(out)
    assert (code, reported["status"], reported["request"]["body_bytes"]) == (0, 1, 4)


@pytest.mark.once
def test_a_page(run, tmp_path):
    code, out, _ = run("-d", "<b>", "--html", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert (code, out) == (0, "")
    assert re.findall(r"(?:src|href|action)\s*=\s*\"?([^\s\">]+)", page) == ["data:,", "#tables"]
    assert "lazy-imports = [&quot;idle&quot;]" in page


WRONG = {
    "header": (("-H", "nothing"), 2, "a header is NAME:VALUE, and 'nothing' is none"),
    "body": (("-d", "@none/there"), 2, "the body none/there cannot be read"),
    "runtime": (("--runtime", "none/there"), 1, "the runtime none/there is not an executable file"),
    "variable": (("--env", "X"), 2, "'X' is not NAME=VALUE"),
    "runs": (("-n", "0"), 2, "0 is not in the range"),
}


@pytest.mark.parametrize(("arguments", "code", "reported"), WRONG.values(), ids=WRONG)
def test_wrong_usage(run, arguments, code, reported):
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert reported in err


def test_nothing_there(run, tmp_path):
    code, out, err = run(artifact=tmp_path / "x.pyz")
    assert (code, out) == (1, "")
    assert "there is no artifact" in err
