from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import pytest
from support.buildproject import build, write_project
from support.commandline import call
from support.patterncraft import contents


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


RESTRICTED = ("unshare", "-rU", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"', "sh")


@pytest.mark.once
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
def test_what_the_kernel_does_not_allow_is_said(sample_build):
    """As `run` does; see there."""
    artifact = sample_build.dist / "sample-0.1.0.stdin"

    def run(*arguments):
        command = [
            *RESTRICTED,
            sys.executable,
            "-m",
            "hatch_os402.cli",
            "profile",
            str(artifact),
            "-n",
            "1",
            *arguments,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    code, err = run()
    assert (code, err.count("warning: sandbox incomplete: namespaces are restricted (")) == (0, 1)
    code, err = run("--sandbox")
    assert (code, "os402's sandbox cannot be reproduced on this machine: namespaces are restricted" in err) == (1, True)
    code, err = run("--no-sandbox")
    assert (code, "sandbox" in err) == (0, False)


def test_nothing_there(run, tmp_path):
    code, out, err = run(artifact=tmp_path / "x.pyz")
    assert (code, out) == (1, "")
    assert "there is no artifact" in err


@pytest.mark.once
def test_save_adds_to_the_file_of_the_project_that_builds_read(capsys, tmp_path):
    main = (
        "import re, sys\n\ndef main():\n    made = ''.join(sys.stdin.read())\n    print('\\n' + str(re.sub(made + '+', 'x', 'aab')))\n"
        "    if made == 'f':\n        sys.exit(3)\n"
    )
    root = write_project(
        tmp_path / "project",
        files={"sample/__init__.py": main},
        project='scripts.sample = "sample:main"\n',
        options="bytecode = true\n",
    )

    def built():
        done = build(root).succeeded()
        table = done.members.get("_os402/patterns")
        return contents(table) if table else [], done

    def profile(body):
        code, _, err = call(capsys, "profile", root / "dist/sample-0.1.0.stdin", "-n", "1", "-d", body, "--save")
        return code, err

    assert built()[0] == []
    file = root / "os402-profile.json"
    code, err = profile("a")
    assert (code, f"wrote {file}" in err) == (0, True)
    first = file.read_bytes()
    saved = json.loads(first)
    assert {"str": "a+", "flags": []} in saved["patterns"]
    assert {"sample", "re"} <= set(saved["modules"])
    assert not any(name.startswith("_os402") for name in saved["modules"])
    table, done = built()
    assert ("a+", 0) in table
    assert done.record["bytecode"]["patterns"] == len(table)
    assert profile("a")[0] == 0
    assert file.read_bytes() == first  # what is prepared is seen as well
    assert profile("b")[0] == 0
    assert json.loads(file.read_bytes())["patterns"] != saved["patterns"]
    both = file.read_bytes()
    code, err = profile("f")
    assert (code, "ended with status 3, so os402-profile.json was left as it is" in err) == (1, True)
    assert file.read_bytes() == both
