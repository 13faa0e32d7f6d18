from __future__ import annotations

import os

import pytest

from hatch_os402.incremental import interpreters
from hatch_os402.incremental.interpreters import InterpreterMemory
from hatch_os402.runtime.interpreters import Interpreter, ask


@pytest.fixture
def asked(monkeypatch):
    """What was asked, and what it answers: set `answers` before."""

    class Asked(list):
        answers = True
        fits = True

        def answer(self, path):
            self.append(path)
            found = Interpreter(str(path), "3.12.9", "3.12.9 (main)") if self.answers and self.fits else None
            return found, self.answers

    made = Asked()
    monkeypatch.setattr(interpreters, "answer", made.answer)
    return made


@pytest.fixture
def python(tmp_path):
    """What could be an interpreter, and is no script."""
    path = tmp_path / "python3.12"
    path.write_bytes(b"\x7fELF")
    return path


def test_one_answer_is_enough(tmp_path, python, asked):
    first = InterpreterMemory(tmp_path / "cache").ask(python)
    assert first == Interpreter(str(python), "3.12.9", "3.12.9 (main)")
    assert InterpreterMemory(tmp_path / "cache").ask(python) == first
    assert asked == [python]


def test_a_no_is_an_answer(tmp_path, python, asked):
    asked.fits = False
    memory = InterpreterMemory(tmp_path / "cache")
    assert (memory.ask(python), memory.ask(python)) == (None, None)
    assert asked == [python]


def test_silence_is_none(tmp_path, python, asked):
    asked.answers = False
    memory = InterpreterMemory(tmp_path / "cache")
    assert memory.ask(python) is None
    asked.answers = True
    assert memory.ask(python) is not None


@pytest.mark.parametrize("change", ["time", "content", "file"])
def test_another_file_is_asked_again(tmp_path, python, asked, change):
    memory = InterpreterMemory(tmp_path / "cache")
    memory.ask(python)
    if change == "time":
        os.utime(python, ns=(1, 1))
    elif change == "content":
        python.write_bytes(b"\x7fELF, and more")
    else:
        stated = python.stat()
        (tmp_path / "other").write_bytes(python.read_bytes())
        os.utime(tmp_path / "other", ns=(stated.st_atime_ns, stated.st_mtime_ns))
        (tmp_path / "other").replace(python)
    memory.ask(python)
    assert len(asked) == 2


def test_a_script_is_asked_each_time(tmp_path, python, asked):
    python.write_bytes(b"#!/bin/sh\n")
    memory = InterpreterMemory(tmp_path / "cache")
    memory.ask(python)
    memory.ask(python)
    assert len(asked) == 2


def test_what_is_not_there_is_no_interpreter(tmp_path):
    assert InterpreterMemory(tmp_path / "cache").ask(tmp_path / "absent") is None


def test_a_real_one(tmp_path, python312):
    memory = InterpreterMemory(tmp_path / "cache")
    assert memory.ask(python312.path) == memory.ask(python312.path) == ask(python312.path)
