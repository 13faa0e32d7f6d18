from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from support.artifactcraft import KEY, STEM, write_artifacts
from support.offercraft import GOLDEN, GOLDEN_TEXT

from hatch_os402.cli import main
from hatch_os402.offer.build import BASE_ENV
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.payload import envelope_text
from hatch_os402.offer.reading import read_envelope

ONE = f"0x{1:064x}"
TWO = f"0x{2:064x}"
TWO_ADDRESS = "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `hatch-os402 sign`: exit status, what it says on stdout and on stderr."""
    monkeypatch.delenv("X402_KEY", raising=False)

    def call(*arguments, key=None):
        if key is not None:
            monkeypatch.setenv("X402_KEY", key)
        with pytest.raises(SystemExit) as end:
            main(["sign", *map(str, arguments)])
        out, err = capsys.readouterr()
        code = end.value.code
        if isinstance(code, str):  # what the interpreter prints before it exits with 1
            code, err = 1, err + code
        return code or 0, out, err

    return call


@pytest.fixture
def offer(tmp_path):
    files = write_artifacts(tmp_path)
    files[".offer.signed.json"].unlink()
    return files[".offer.json"]


@pytest.fixture
def golden(tmp_path):
    path = tmp_path / "golden.json"
    path.write_text(GOLDEN_TEXT, encoding="utf-8")
    return path


class TestSign:
    def test_completes_the_owner_and_shows_both_hashes(self, run, offer, tmp_path):
        code, out, err = run(offer, key=ONE)
        signed = read_envelope((tmp_path / f"{STEM}.offer.signed.json").read_bytes())
        assert (code, err) == (0, "")
        assert signed.problems() == ()
        assert signed.owner == KEY.address
        before = read_envelope(offer.read_bytes()).sha256
        assert before != signed.sha256
        for stated in (before, signed.sha256, KEY.address, "/python-hello.cgi", f"{STEM}.offer.signed.json"):
            assert stated in out
        assert read_envelope(offer.read_bytes()).k256 is None

    def test_as_os402_signs(self, run, golden, tmp_path):
        code, out, _ = run(golden, key=ONE)
        signed = json.loads((tmp_path / "golden.offer.signed.json").read_bytes())
        assert code == 0
        assert signed == {name: GOLDEN[name] for name in ("k256", "sha256", "payload")}
        assert "before" not in out

    def test_again_gives_the_same_bytes(self, run, offer, tmp_path):
        written = []
        for _ in range(2):
            assert run(offer, key=ONE)[0] == 0
            written.append((tmp_path / f"{STEM}.offer.signed.json").read_bytes())
        assert written[0] == written[1]

    def test_where_one_wishes(self, run, offer, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        assert run(offer, "-o", tmp_path / "elsewhere" / "mine.json", key=ONE)[0] == 0
        assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["mine.json"]
        assert not (tmp_path / f"{STEM}.offer.signed.json").exists()

    def test_a_key_from_a_file_goes_before_the_variable(self, run, golden, tmp_path):
        (tmp_path / "key").write_text(ONE)
        (tmp_path / "key").chmod(0o600)
        assert run(golden, "--key", f"@{tmp_path / 'key'}", key=TWO)[0] == 0


class TestWarnings:
    def test_what_os402_drops_is_named_and_not_signed(self, run, golden, tmp_path):
        golden.write_text(GOLDEN_TEXT.replace('"limits": {', '"limits": {"note": 1, '), encoding="utf-8")
        code, _, err = run(golden, key=ONE)
        assert code == 0
        assert "payload.limits.note" in err
        assert json.loads((tmp_path / "golden.offer.signed.json").read_bytes())["sha256"] == GOLDEN["sha256"]

    def test_a_file_that_was_changed_after_it_was_written(self, run, golden):
        golden.write_text(GOLDEN_TEXT.replace('"ram_kb": 262144', '"ram_kb": 262145'), encoding="utf-8")
        code, _, err = run(golden, key=ONE)
        assert code == 0
        assert GOLDEN["sha256"] in err

    def test_an_expired_offer(self, run, golden):
        golden.write_text(GOLDEN_TEXT.replace("1800000000", "1000000000"), encoding="utf-8")
        assert "expired" in run(golden, key=ONE)[2]


class TestErrors:
    def test_another_owner_and_nothing_is_written(self, run, golden, tmp_path):
        code, out, err = run(golden, key=TWO)
        assert (code, out) == (1, "")
        assert KEY.address in err
        assert TWO_ADDRESS in err
        assert list(tmp_path.iterdir()) == [golden]

    @pytest.mark.parametrize("key", [ONE, ONE[2:], f"@{ONE}"])
    def test_a_key_on_the_command_line(self, run, golden, tmp_path, key):
        code, out, err = run(golden, "--key", key)
        assert (code, out) == (1, "")
        assert ONE[2:] not in err
        assert list(tmp_path.iterdir()) == [golden]

    def test_an_offer_that_is_not_there(self, run, tmp_path):
        code, _, err = run(tmp_path / "missing.offer.json", key=ONE)
        assert code == 1
        assert "missing.offer.json" in err

    def test_an_offer_that_cannot_work_before_a_key_is_asked_for(self, run, golden):
        golden.write_text(GOLDEN_TEXT.replace('"ram_kb": 262144', '"ram_kb": -1'), encoding="utf-8")
        code, _, err = run(golden, "--key", "@/nowhere")
        assert code == 1
        assert "ram_kb" in err

    def test_a_place_that_cannot_be_written(self, run, golden, tmp_path):
        code, _, err = run(golden, "-o", tmp_path / "nowhere" / "x.json", key=ONE)
        assert code == 1
        assert "nowhere" in err

    def test_wrong_usage(self, run):
        assert run("x", "--no-such-option")[0] == 2

    def test_nobody_to_ask_for_a_key(self, golden):
        environ = {name: value for name, value in os.environ.items() if name != "X402_KEY"}
        done = subprocess.run(
            [sys.executable, "-m", "hatch_os402.cli", "sign", str(golden)],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("hatch-os402: a private key is needed")
        assert len(done.stderr.splitlines()) == 2  # what is wrong, and what to do


class TestShowCommand:
    def test_needs_no_key_and_writes_nothing(self, run, offer, tmp_path):
        before = sorted(tmp_path.iterdir())
        code, out, err = run(offer, "--show-command")
        assert (code, err) == (0, "")
        assert "--ram 256mb" in out
        assert f"@{tmp_path / STEM}.stdin" in out
        assert sorted(tmp_path.iterdir()) == before

    def test_names_the_variables_of_the_projects_private_environment(self, run, tmp_path):
        table = '[project]\nname = "x"\nversion = "1"\n[tool.hatch.build.targets.os402.offer]\nenv-private = true\n'
        (tmp_path / "pyproject.toml").write_text(table + 'env = { TOKEN = "s3cret", OTHER = "s3cret" }\n')
        env = {**BASE_ENV, "TOKEN": "s3cret", "OTHER": "s3cret"}
        private = {"env": None, "env_private": True, "env_sha256": hashlib.sha256(canonical(env)).hexdigest()}
        (tmp_path / "dist").mkdir()
        path = tmp_path / "dist" / f"{STEM}.offer.json"
        golden = read_envelope(GOLDEN_TEXT).offer
        path.write_text(envelope_text(replace(golden, exec=replace(golden.exec, **private))), encoding="utf-8")
        code, out, err = run(path, "--show-command")
        assert (code, err) == (0, "")
        assert '--env OTHER="$OTHER"' in out
        assert '--env TOKEN="$TOKEN"' in out
        assert "s3cret" not in out
