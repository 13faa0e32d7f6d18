from __future__ import annotations

import hashlib
import marshal
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_os402.archive.bytecode import Bytecode, Compiler, Uncompilable
from hatch_os402.errors import BytecodeError
from hatch_os402.runtime.interpreters import MAGIC, Interpreter

SOURCE = b'"""doc"""\nNAMES = {"a", "b", "c"}\n\ndef f(x):\n    return x in {"d", "e", "f"} or x == 1.5\n'


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def interpreter(python312):
    return python312


@pytest.fixture
def compiler(interpreter, tmp_path):
    with Compiler(interpreter, tmp_path / "cache") as compiler:
        yield compiler


def compiled(compiler, source, name="/app/m.py"):
    return compiler.compile(name, sha256(source), lambda: source)


def test_header_is_unchecked_hash_and_the_code_has_the_virtual_name(compiler, interpreter):
    outcome = compiled(compiler, SOURCE)
    pyc = outcome.path.read_bytes()
    assert pyc[:4] == MAGIC
    assert int.from_bytes(pyc[4:8], "little") == 0b01
    assert (outcome.size, outcome.sha256) == (len(pyc), sha256(pyc))
    script = "import sys, marshal, _imp; d = sys.stdin.buffer.read(); print(marshal.loads(d[16:]).co_filename)"
    answer = subprocess.run([interpreter.path, "-c", script], input=pyc, stdout=subprocess.PIPE, check=True).stdout
    assert answer.decode().strip() == "/app/m.py"


def test_bytes_do_not_depend_on_what_was_compiled_before(interpreter, tmp_path):
    others = [f"def g{i}(x, d, e): return NAMES, {i}.5, 'a', 'd'".encode() for i in range(50)]
    found = set()
    for number, before in enumerate([[], others, others[::-1]]):
        with Compiler(interpreter, tmp_path / str(number)) as compiler:
            for source in before:
                compiled(compiler, source)
            found.add(compiled(compiler, SOURCE).path.read_bytes())
    assert len(found) == 1


def test_a_second_compiler_takes_it_from_the_cache_without_a_process(interpreter, tmp_path):
    with Compiler(interpreter, tmp_path) as compiler:
        first = compiled(compiler, SOURCE).path.read_bytes()
    gone = Interpreter(str(tmp_path / "gone"), interpreter.version, interpreter.build)
    with Compiler(gone, tmp_path) as compiler:
        assert compiled(compiler, SOURCE).path.read_bytes() == first


@pytest.mark.parametrize("change", ["name", "source", "build"])
def test_the_cache_tells_apart(interpreter, tmp_path, change):
    with Compiler(interpreter, tmp_path) as compiler:
        first = compiled(compiler, SOURCE).path.read_bytes()
    other = Interpreter(interpreter.path, interpreter.version, "another build") if change == "build" else interpreter
    with Compiler(other, tmp_path) as compiler:
        name = "/app/n.py" if change == "name" else "/app/m.py"
        source = SOURCE + b"\n1\n" if change == "source" else SOURCE
        second = compiled(compiler, source, name).path.read_bytes()
        assert compiler._process is not None
    assert (first == second) == (change == "build")


def test_a_damaged_cache_entry_is_made_anew(interpreter, tmp_path):
    with Compiler(interpreter, tmp_path) as compiler:
        first = compiled(compiler, SOURCE).path.read_bytes()
    (entry,) = (path for path in tmp_path.rglob("*") if path.is_file())
    entry.write_bytes(entry.read_bytes()[:-3] + b"xyz")
    with Compiler(interpreter, tmp_path) as compiler:
        assert compiled(compiler, SOURCE).path.read_bytes() == first


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"x = (\n", "line 1: '(' was never closed"),
        (b"print 'two'\n", "line 1: Missing parentheses"),
        (b"# coding: no-such\n", "unknown encoding"),
        (b"a\0b", "null bytes"),
        (b"-" * 100_000 + b"1", ""),
    ],
    ids=["syntax", "python2", "encoding", "nul", "deep"],
)
def test_what_is_no_python_is_told_and_the_next_one_compiles(compiler, source, reason):
    outcome = compiled(compiler, source)
    assert isinstance(outcome, Uncompilable)
    assert reason in outcome.reason
    assert isinstance(compiled(compiler, SOURCE), Bytecode)


def test_source_in_its_own_encoding(compiler):
    outcome = compiled(compiler, '# coding: latin-1\nx = "é"\n'.encode("latin-1"))
    if sys.version_info[:2] == (3, 12):
        namespace = {}
        exec(marshal.loads(outcome.path.read_bytes()[16:]), namespace)  # noqa: S102, S302
        assert namespace["x"] == "é"
    assert isinstance(outcome, Bytecode)


def test_a_compiler_that_dies_is_named(tmp_path):
    broken = tmp_path / "broken"
    broken.write_text(f"#!{sys.executable}\nimport sys; sys.exit(9)\n")
    broken.chmod(0o755)
    message = r"3\.12\.99\) ended with status 9 while it compiled /app/m\.py"
    with (
        Compiler(Interpreter(str(broken), "3.12.99", "x"), tmp_path) as compiler,
        pytest.raises(BytecodeError, match=message),
    ):
        compiled(compiler, SOURCE)


def test_nothing_is_left_half_written(compiler, tmp_path):
    compiled(compiler, SOURCE)
    assert not list(Path(tmp_path).rglob("*.tmp"))
