from __future__ import annotations

import json
import os
import stat
import sys
from functools import partial

import pexpect
import pytest
from eth_keyfile import keyfile
from support.commandline import call

from hatch_os402.offer.key_loading import load_key
from hatch_os402.offer.keys import PASSWORD_VARIABLE, VARIABLE

PASSWORD = "correct horse battery staple"  # noqa: S105


@pytest.fixture(autouse=True)
def no_key(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def password(tmp_path):
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\nmore lines do not count\n")
    path.chmod(0o600)
    return path


@pytest.mark.once
def test_a_new_key_is_encrypted_private_and_never_written_over(capsys, tmp_path, password):
    code, out, err = call(capsys, "key", "new", "my key.json", "--password-file", password)
    assert code == 0, err
    path = tmp_path / "my key.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keystore = json.loads(path.read_bytes())
    assert (keystore["version"], keystore["crypto"]["kdf"]) == (3, "scrypt")
    key = load_key(f"@{path}", {PASSWORD_VARIABLE: PASSWORD}, None)
    assert out == f"{key.address}\n"
    assert f'owner = "{key.address}"' in err
    assert "--key '@my key.json'" in err
    assert PASSWORD not in out + err

    before = path.read_bytes()
    code, out, err = call(capsys, "key", "new", path, "--password-file", password)
    assert (code, out) == (1, "")
    assert "exists, and no key is ever written over a file" in err
    assert path.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my key.json", "password"]

    code, out, _ = call(capsys, "key", "address", path, "--password-file", password)
    assert (code, out) == (0, f"{key.address}\n")


@pytest.mark.once
def test_the_default_place_and_the_variable(capsys, monkeypatch, tmp_path):
    quick = partial(keyfile.create_keyfile_json, iterations=2)  # how slow it is made is seen above
    monkeypatch.setattr(keyfile, "create_keyfile_json", quick)
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    code, made, err = call(capsys, "key", "new")
    assert code == 0, err
    path = tmp_path / "config" / "hatch-os402" / "key.json"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert call(capsys, "key", "address")[:2] == (0, made)
    monkeypatch.setenv(PASSWORD_VARIABLE, "another")
    code, out, err = call(capsys, "key", "address")
    assert (code, out) == (1, "")
    assert "the password is wrong" in err
    monkeypatch.setenv(VARIABLE, "01" * 32)
    assert call(capsys, "key", "address")[1] != made


def test_the_address_of_a_hex_file(capsys, tmp_path):
    (tmp_path / "key").write_text("00" * 31 + "01")
    (tmp_path / "key").chmod(0o600)
    expected = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf\n"  # of the generator of secp256k1
    assert call(capsys, "key", "address", "key") == (0, expected, "")
    assert call(capsys, "key", "address", "@key") == (0, expected, "")


def test_a_key_on_the_command_line_is_not_repeated(capsys):
    code, out, err = call(capsys, "key", "address", "ab" * 32)
    assert (code, out) == (1, "")
    assert "do not use this key any more" in err
    assert "abab" not in err


@pytest.mark.parametrize("variable", ["", None])
def test_without_a_password_nothing_is_made(capsys, monkeypatch, tmp_path, variable):
    if variable is None:
        (tmp_path / "empty").touch(mode=0o600)
    else:
        monkeypatch.setenv(PASSWORD_VARIABLE, variable)
    more = ["--password-file", "empty"] if variable is None else []
    code, _, err = call(capsys, "key", "new", "key.json", *more)
    assert code == 1
    assert ("must not be empty" if more else "nobody can be asked for it") in err
    assert not (tmp_path / "key.json").exists()


def test_a_folder_that_is_not_there(capsys, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    code, out, err = call(capsys, "key", "new", "gone/key.json")
    assert (code, out) == (1, "")
    assert "gone/key.json cannot be written: there is no folder gone. No key was made." in err


def terminal(tmp_path, *arguments):
    return pexpect.spawn(
        sys.executable,
        ["-m", "hatch_os402", "key", *arguments],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 200),
    )


@pytest.mark.once
def test_a_terminal_is_asked_twice_without_echo(tmp_path):
    shell = terminal(tmp_path, "new", "key.json")
    shell.expect("New password of key.json")
    shell.sendline(PASSWORD)
    shell.expect("The same again")
    shell.sendline("another")
    shell.expect("the two passwords differ, and no key was made")
    shell.expect(pexpect.EOF)
    assert not (tmp_path / "key.json").exists()

    shell = terminal(tmp_path, "new", "key.json")
    for question in ("New password of key.json", "The same again"):
        shell.expect(question)
        shell.sendline(PASSWORD)
    shell.expect("0x[0-9a-f]{40}")
    address, said = shell.after, shell.before
    shell.expect(pexpect.EOF)
    assert PASSWORD not in said + shell.before
    assert load_key(f"@{tmp_path / 'key.json'}", {PASSWORD_VARIABLE: PASSWORD}, None).address == address
