from __future__ import annotations

import copy
import json
import os
import pickle
import sys
import traceback
from pathlib import Path

import pytest
from eth_keyfile import create_keyfile_json
from support.offercraft import ORDER

from hatch_os402.errors import PrivateKeyError
from hatch_os402.installation.command import install_command
from hatch_os402.offer import keys
from hatch_os402.offer.key_loading import load_key
from hatch_os402.offer.keys import Key

MARKER = "a1b2c3d4" * 8
RAW = bytes.fromhex(MARKER)
ADDRESS = Key(RAW).address
ONE = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"

# A test vector of the Web3 Secret Storage definition.
VECTOR = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf": "pbkdf2",
        "kdfparams": {
            "c": 262144,
            "dklen": 32,
            "prf": "hmac-sha256",
            "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
        },
        "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}
VECTOR_KEY = bytes.fromhex("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d")


def spellings(raw):
    """Every way in which the key could be shown, in lower case."""
    return {
        raw.hex(),
        raw[::-1].hex(),
        str(int.from_bytes(raw, "big")),
        str(list(raw))[1:-1],
        repr(raw)[2:-1].lower(),
    }


def refuse(question):
    raise AssertionError(f"asked {question!r}")


def load(spec=None, environ=(), prompt=refuse, **options):
    """Load a key, or return the error with its traceback, in which nothing may show a key."""
    try:
        return load_key(spec, dict(environ), prompt, warn=options.pop("warn", refuse), **options)
    except PrivateKeyError as error:
        shown = error
    text = shown.message + shown.details
    while shown is not None:
        told = traceback.TracebackException.from_exception(shown, capture_locals=True)
        text += "".join(told.format_exception_only())
        text += "".join(str(frame.locals) for frame in told.stack if Path(frame.filename) != Path(__file__))
        shown = shown.__cause__ or shown.__context__
    assert not [spelled for spelled in spellings(RAW) if spelled in text.lower()]
    return text


@pytest.fixture
def key_file(tmp_path):
    def write(content):
        path = tmp_path / "key"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
        return f"@{path}"

    return write


def keystore(password=b"secret"):
    return create_keyfile_json(RAW, password, kdf="pbkdf2", iterations=1)


class TestSources:
    @pytest.mark.parametrize("spelled", [MARKER, f"0x{MARKER}", f"0X{MARKER.upper()}", f"  {MARKER}\r\n"])
    def test_a_file_in_hex(self, key_file, spelled):
        assert load(key_file(spelled)).address == ADDRESS

    @pytest.mark.parametrize("spelled", [MARKER, f"0x{MARKER}", f" {MARKER}\n"])
    def test_the_variable(self, spelled):
        assert load(environ={"X402_KEY": spelled}).address == ADDRESS

    def test_the_variable_names_a_file(self, key_file):
        assert load(environ={"X402_KEY": key_file(MARKER)}).address == ADDRESS

    @pytest.mark.parametrize("environ", [{}, {"X402_KEY": ""}, {"X402_KEY": " "}])
    def test_the_prompt(self, environ):
        assert load(environ=environ, prompt=lambda _question: f" 0x{MARKER} ").address == ADDRESS

    def test_what_is_said_first_counts(self, key_file):
        assert load(key_file(MARKER), {"X402_KEY": f"{1:064x}"}).address == ADDRESS
        assert load(None, {"X402_KEY": f"{1:064x}"}).address == ONE

    def test_the_home_folder(self, key_file, monkeypatch, tmp_path):
        key_file(MARKER)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        assert load("@~/key").address == ADDRESS


class TestKeystores:
    def test_a_published_test_vector(self, key_file):
        key = load(key_file(json.dumps(VECTOR)), prompt=lambda _question: "testpassword")
        assert key.address == Key(VECTOR_KEY).address

    def test_a_file_is_named_at_the_prompt(self, key_file):
        assert load(prompt=lambda _question: f" {key_file(MARKER)} ").address == ADDRESS

    def test_the_prompt_names_the_file(self, key_file, tmp_path):
        asked = []
        load(key_file(json.dumps(keystore())), prompt=lambda question: asked.append(question) or "secret")
        assert asked == [f"Password of {tmp_path / 'key'} (not shown): "]

    @pytest.mark.parametrize("content", [b"secret", b"secret\n", b"secret\r\nanother line\n"])
    def test_a_file_has_the_password(self, key_file, tmp_path, content):
        (tmp_path / "password").write_bytes(content)
        (tmp_path / "password").chmod(0o600)
        spec = key_file(json.dumps(keystore()))
        assert load(spec, password_file=tmp_path / "password").address == ADDRESS

    def test_a_password_that_is_not_ascii(self, key_file):
        spec = key_file(json.dumps(keystore("пароль".encode())))
        assert load(spec, prompt=lambda _question: "пароль").address == ADDRESS

    def test_a_wrong_password(self, key_file):
        error = load(key_file(json.dumps(keystore())), prompt=lambda _question: "Secret")
        assert "the password is wrong" in error

    def test_nobody_to_ask(self, key_file):
        assert "--password-file" in load(key_file(json.dumps(keystore())), prompt=None)

    @pytest.mark.parametrize("content", ["{", "{}", '{"version": 4}', '{"a":' * 10_000])
    def test_other_json(self, key_file, content):
        assert "not a keystore" in load(key_file(content))

    def test_a_damaged_one(self, key_file):
        assert "damaged" in load(key_file('{"version": 3, "crypto": {}}'), prompt=lambda _question: "secret")


class TestRefused:
    @pytest.mark.parametrize(
        "spec", [MARKER, f"0x{MARKER}", f"@{MARKER}", f"@0x{MARKER}", f" {MARKER.upper()} ", MARKER[:-1], MARKER * 2]
    )
    def test_a_key_on_the_command_line(self, spec):
        error = load(spec)
        assert "process list" in error
        assert spec.strip("@ ").lower() not in error.lower()

    @pytest.mark.parametrize("spec", ["@", "@ ", "key.txt", f"{MARKER}x", f"key={MARKER}"])
    def test_what_is_no_file(self, spec):
        assert "`@FILE`" in load(spec)

    def test_a_key_behind_an_at_sign_in_the_variable(self):
        assert "do not use this key" in load(environ={"X402_KEY": f"@{MARKER}"})

    @pytest.mark.parametrize(
        "content",
        ["", MARKER[:-1], f"{MARKER}0", f"0x0x{MARKER}", f"{MARKER} {MARKER}", f"{0:064x}", f"{ORDER:064x}", "f" * 64],
    )
    def test_what_is_no_key(self, key_file, content):
        for error in (load(key_file(content)), load(environ={"X402_KEY": content}, prompt=lambda _question: content)):
            assert "is not a private key" in error
            assert not content or content not in error

    @pytest.mark.parametrize("content", [RAW, b"\xff\xfe" + MARKER.encode("utf-16-le")])
    def test_a_file_that_is_not_text(self, key_file, content):
        assert "is not a private key" in load(key_file(content))

    def test_a_file_that_cannot_be_read(self, tmp_path):
        assert str(tmp_path / "missing") in load(f"@{tmp_path / 'missing'}")
        assert str(tmp_path) in load(f"@{tmp_path}")
        assert "cannot be read" in load("@a\0b")

    def test_nobody_to_ask(self):
        assert "X402_KEY" in load(prompt=None)

    def test_no_answer(self):
        def leave(_question):
            raise EOFError

        assert "not answered" in load(prompt=leave)

    def test_without_the_extra(self, monkeypatch, key_file):
        monkeypatch.setitem(sys.modules, "eth_keyfile", None)
        assert install_command("publish") in load(key_file(json.dumps(keystore())))
        monkeypatch.setitem(sys.modules, "eth_keys", None)
        assert install_command("publish") in load(environ={"X402_KEY": MARKER})


class TestPermissions:
    @pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o604, 0o666])
    def test_others_who_can_read_it_are_told_of(self, key_file, tmp_path, mode):
        spec = key_file(MARKER)
        (tmp_path / "key").chmod(mode)
        told = []
        assert load(spec, warn=told.append).address == ADDRESS
        assert bool(told) == (os.name == "posix" and bool(mode & 0o077))
        assert all(str(tmp_path / "key") in message for message in told)

    def test_and_of_a_password_that_others_can_read(self, key_file, tmp_path):
        (tmp_path / "password").write_bytes(b"secret")
        (tmp_path / "password").chmod(0o644)
        told = []
        load(key_file(json.dumps(keystore())), password_file=tmp_path / "password", warn=told.append)
        assert len(told) == (1 if os.name == "posix" else 0)

    def test_on_stderr_unless_somebody_else_listens(self, key_file, tmp_path, capsys):
        spec = key_file(MARKER)
        (tmp_path / "key").chmod(0o644)
        load_key(spec, {}, None)
        assert ("chmod 600" in capsys.readouterr().err) == (os.name == "posix")


class TestKey:
    def test_addresses_of_known_keys(self):
        assert Key((1).to_bytes(32, "big")).address == ONE
        assert Key(VECTOR_KEY).address == "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b"

    def test_shows_its_address_and_nothing_else(self):
        key = Key(RAW)
        for shown in (repr(key), str(key), f"{key}", repr([key]), repr({"key": key})):
            assert ADDRESS in shown
            assert not [spelled for spelled in spellings(RAW) if spelled in shown.lower()]
        assert not hasattr(key, "__dict__")

    @pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
    def test_is_neither_copied_nor_pickled(self, take):
        with pytest.raises(TypeError, match="neither copied nor pickled"):
            take(Key(RAW))

    @pytest.mark.parametrize("raw", [b"", RAW[:-1], RAW + b"\0", bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32])
    def test_what_is_no_key(self, raw):
        with pytest.raises(PrivateKeyError) as failure:
            Key(raw)
        assert failure.value.__cause__ is None
        assert failure.value.__context__ is None

    def test_a_signature_that_came_out_wrong_is_thrown_away(self, monkeypatch):
        key, other = Key(RAW), Key(VECTOR_KEY)
        wrong = other._key.sign_msg_hash(bytes(32))
        monkeypatch.setattr(type(key._key), "sign_msg_hash", lambda _self, _digest: wrong)
        with pytest.raises(PrivateKeyError, match="thrown away"):
            key.sign_digest(bytes(32))

    def test_a_failure_of_the_library_shows_nothing(self, monkeypatch):
        key = Key(RAW)

        def fail(self, _digest):
            raise RuntimeError(f"cannot sign with {self}")

        monkeypatch.setattr(type(key._key), "sign_msg_hash", fail)
        with pytest.raises(PrivateKeyError) as failure:
            key.sign_digest(bytes(32))
        assert failure.value.__context__ is None

    def test_the_half_of_the_order(self):
        assert keys.HALF_ORDER == ORDER // 2
