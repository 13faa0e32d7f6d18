from __future__ import annotations

import hashlib
import marshal
import subprocess
import sys
from pathlib import Path

import pytest

from hatch_os402.archive import _references
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


def test_a_name_of_thousands_of_parts_is_left_as_source(compiler):
    outcome = compiled(compiler, b"import " + b"a." * 5000 + b"a\n")
    assert "a dotted name of more than 100 parts" in outcome.reason


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
        assert compiler._process.runs
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


def test_without_docstrings_there_are_no_assertions_either(compiler, interpreter):
    source = b'"""doc"""\nassert 0\nprint(__doc__)\n'
    both = [compiler.compile("/app/m.py", sha256(source), lambda: source, assertions=value) for value in (True, False)]
    script = "import sys, marshal; exec(marshal.loads(sys.stdin.buffer.read()[16:]))"
    runs = [
        subprocess.run([interpreter.path, "-c", script], input=item.path.read_bytes(), capture_output=True, check=False)
        for item in both
    ]
    assert [(run.returncode, run.stdout.strip()) for run in runs] == [(1, b""), (0, b"None")]


DOCUMENTED = b'''"""Module."""
from __future__ import annotations
class A:
    """Class."""
class B:
    """Class."""
    text = """kept"""
def function():
    """Function."""
async def other():
    "first"
    "second"
    return "kept"
def both(): "one"; return "line"
try:
    assert not A
except AssertionError:
    print(A.__doc__, B.__doc__, B.text, function.__doc__, other.__doc__, both.__doc__, both(), __doc__, __debug__)
    print(function.__code__.co_firstlineno, other.__code__.co_firstlineno, both.__code__.co_firstlineno, function())
'''


def test_docstrings_can_be_left_out_alone(compiler, interpreter):
    kept, gone = (
        compiler.compile("/app/m.py", sha256(DOCUMENTED), lambda: DOCUMENTED, docstrings=value)
        for value in (True, False)
    )
    script = "import sys, marshal; exec(marshal.loads(sys.stdin.buffer.read()[16:]))"
    run = subprocess.run(
        [interpreter.path, "-c", script], input=gone.path.read_bytes(), capture_output=True, check=True, text=False
    )
    assert run.stdout.decode().splitlines() == ["None None kept None None None line None True", "8 10 14 None"]
    assert b"Function." in kept.path.read_bytes()
    assert b"second" not in gone.path.read_bytes()


def test_a_module_of_a_docstring_alone(compiler):
    source = b'"""Nothing else."""\n'
    assert compiler.compile("/app/m.py", sha256(source), lambda: source, docstrings=False).size > 0


# Loads what was written, and compares it with what CPython makes of the same source: by value, type and sharing.
COMPARE = """
import marshal, sys
sys.path.append(sys.argv[1])
from _references import with_references

def facts(value):
    if hasattr(value, "co_code"):
        return [type(value), value.co_code, value.co_linetable, value.co_exceptiontable,
                *(facts(getattr(value, name)) for name in ("co_consts", "co_names", "co_varnames", "co_freevars",
                "co_cellvars", "co_filename", "co_name", "co_qualname")), value.co_firstlineno, value.co_flags]
    if isinstance(value, (tuple, frozenset)):
        return [type(value), *(facts(item) for item in (value if type(value) is tuple else sorted(value, key=repr)))]
    return [type(value), repr(value)]

for path in sys.stdin.read().splitlines():
    source = open(path, "rb").read()
    code = compile(source, path, "exec", dont_inherit=True)
    plain = marshal.dumps(code, 2)
    written = with_references(plain)
    assert written == with_references(marshal.dumps(marshal.loads(plain), 2)), path
    loaded = marshal.loads(written)
    assert facts(loaded) == facts(code), path
    assert marshal.dumps(loaded, 2) == plain, path
    assert len(written) <= len(marshal.dumps(marshal.loads(plain))), path
print("all the same")
"""


def test_references_are_what_cpython_itself_would_load(interpreter, tmp_path):
    tricky = tmp_path / "tricky.py"
    tricky.write_text(
        "X = (1.5, -0.0, 0.0, 1.5, 2j, 10**30, -(10**30), b'bytes', b'bytes', 'text', 'ü', 'ü', 'a b', 'a b', ..., None)\n"
        "def f(a, b=('a b', 'ü', 1.5)):\n"
        "    def g(): return a, b, {'x', 'y'} - {1, 2}, a in {'x', 'y'}, a in {'x', 'y'}\n"
        "    return g, 'text' * 300, '" + "long " * 60 + "', '" + "long " * 60 + "', (), ((), ()), ('a b', 'ü', 1.5)\n"
        "class größe:\n    größe = 'größe'\n    def f(self): return self.größe\n"
        "MANY = (" + ", ".join(map(str, range(300))) + ")\n",
        encoding="utf-8",
    )
    library = subprocess.run(
        [interpreter.path, "-c", "import os; print(os.path.dirname(os.__file__))"],
        capture_output=True,
        text=True,
        check=True,
    )
    folder = Path(library.stdout.strip())
    paths = [
        tricky,
        *(folder / f"{name}.py" for name in ("enum", "typing", "argparse", "dataclasses", "_strptime", "re/_parser")),
    ]
    done = subprocess.run(
        [interpreter.path, "-c", COMPARE, str(Path(_references.__file__).parent)],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("all the same\n", "")


def test_the_compiler_is_told_no_secret(interpreter, tmp_path, monkeypatch):
    monkeypatch.setenv("X402_KEY", "a secret")
    spy = tmp_path / "python"
    spy.write_text(f'#!/bin/sh\nenv > {tmp_path}/seen\nexec "{interpreter.path}" "$@"\n')
    spy.chmod(0o755)
    with Compiler(Interpreter(str(spy), interpreter.version, interpreter.build), tmp_path / "cache") as compiler:
        assert isinstance(compiled(compiler, SOURCE), Bytecode)
    assert "a secret" not in (tmp_path / "seen").read_text()


def nested(depth):
    text = "a"
    for _ in range(depth):
        text = f"[{text} for x in y]"
    return text.encode()


def test_a_module_that_kills_the_compiler_stays_source_and_others_are_compiled(interpreter, tmp_path):
    """As 60 nested comprehensions do with CPython 3.12.1, and not with every release: here by a word in the source."""
    dying = tmp_path / "python"
    dying.write_text(
        f"#!{sys.executable}\n"
        "import os, signal, subprocess, sys, threading\n"
        f"process = subprocess.Popen([{interpreter.path!r}, *sys.argv[1:]], stdin=subprocess.PIPE)\n"
        "while chunk := os.read(0, 1 << 20):\n"
        "    if b'deadly' in chunk:\n"
        "        process.kill(); os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    process.stdin.write(chunk); process.stdin.flush()\n"
        "process.stdin.close(); sys.exit(process.wait())\n"
    )
    dying.chmod(0o755)
    with Compiler(Interpreter(str(dying), "3.12.99", "x"), tmp_path / "cache") as compiler:
        outcome = compiled(compiler, b"'deadly'")
        assert outcome == Uncompilable("CPython 3.12.99 is ended by signal 11 when it compiles it")
        assert isinstance(compiled(compiler, SOURCE), Bytecode)
        assert isinstance(compiled(compiler, b"'deadly', 2"), Uncompilable)


def test_deep_nesting_ends_no_build(compiler):
    assert isinstance(compiled(compiler, nested(60)), (Bytecode, Uncompilable))
    assert isinstance(compiled(compiler, SOURCE), Bytecode)
