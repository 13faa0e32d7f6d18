from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.archive.rewriting.parsing import parse
from hatch_os402.compatibility.imports.facts import Guard, ModuleFacts
from hatch_os402.compatibility.imports.memory import facts_of
from hatch_os402.compatibility.imports.source import behaviour_table, read_source

IMPORTS = {
    "plain": ("import x", Guard.NONE, False),
    "class body": ("class A:\n    import x", Guard.NONE, False),
    "try and finally": ("try:\n    import x\nfinally:\n    pass", Guard.NONE, False),
    "finally": ("try:\n    pass\nexcept OSError:\n    pass\nfinally:\n    import x", Guard.NONE, False),
    "not type checking": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import x",
        Guard.NONE,
        False,
    ),
    "if": ("if a:\n    import x", Guard.CONDITION, False),
    "else": ("if a:\n    pass\nelse:\n    import x", Guard.CONDITION, False),
    "with": ("with a:\n    import x", Guard.CONDITION, False),
    "for": ("for a in b:\n    import x", Guard.CONDITION, False),
    "while": ("while a:\n    import x", Guard.CONDITION, False),
    "async for": ("async def f():\n    async for a in b:\n        import x", Guard.CONDITION, True),
    "async with": ("async def f():\n    async with a:\n        import x", Guard.CONDITION, True),
    "match": ("match a:\n    case 1:\n        import x", Guard.CONDITION, False),
    "try": ("try:\n    import x\nexcept ImportError:\n    pass", Guard.FAILURE, False),
    "handler": ("try:\n    pass\nexcept ImportError:\n    import x", Guard.FAILURE, False),
    "suppress": ("with contextlib.suppress(ImportError):\n    import x", Guard.FAILURE, False),
    "platform": ("if sys.platform == 'win32':\n    import x", Guard.FAILURE, False),
    "os.name": ("if os.name == 'nt':\n    import x", Guard.FAILURE, False),
    "version": ("if sys.version_info < (3, 12):\n    import x", Guard.FAILURE, False),
    "function": ("def f():\n    import x", Guard.NONE, True),
    "async function": ("async def f():\n    if a:\n        import x", Guard.CONDITION, True),
}


@pytest.mark.parametrize(("source", "guard", "in_function"), IMPORTS.values(), ids=IMPORTS)
@pytest.mark.parametrize("mention", ["", "\n# subprocess"], ids=["statements", "expressions"])
def test_what_guards_an_import(source, guard, in_function, mention):
    (found,) = [item for item in read_source((source + mention).encode()).imports if item.module == "x"]
    assert (found.guard, found.in_function) == (guard, in_function)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="its syntax")
def test_a_group_of_exceptions_guards_as_one_does():
    (found,) = read_source(b"try:\n    import x\nexcept* ImportError:\n    pass").imports
    assert found.guard == Guard.FAILURE


@pytest.mark.parametrize(
    ("expression", "guard", "in_function"),
    [
        ("os.fork()", Guard.NONE, False),
        ("a and os.fork()", Guard.CONDITION, False),
        ("os.fork() if a else 0", Guard.CONDITION, False),
        ("lambda: os.fork()", Guard.NONE, True),
        ("b[-os.fork():]", Guard.NONE, False),
        ("not f'{os.fork()}' < (1 + a)", Guard.NONE, False),
        ("{**{0: [a for a in os.fork()]}}", Guard.NONE, False),
    ],
)
def test_what_guards_a_call(expression, guard, in_function):
    (found,) = read_source(f"import os\n{expression}".encode()).calls
    assert (found.what, found.guard, found.in_function) == ("os.fork", guard, in_function)


@pytest.mark.parametrize(
    "source",
    [
        "if TYPE_CHECKING:\n    import x",
        "if typing.TYPE_CHECKING:\n    import x",
        '"""\nimport x\n"""',
        "# import x",
        "'import x'",
    ],
)
def test_what_never_runs_is_no_import(source):
    assert read_source(source.encode()).imports == ()


def test_imports_are_read_as_they_are_written():
    source = b"import a.b as c, d\nfrom ..e import f, g\nfrom . import h\nif __name__ == '__main__':\n    import i\n"
    found = [(item.line, item.module, item.level, item.names, item.main) for item in read_source(source).imports]
    assert found == [
        (1, "a.b", 0, (), False),
        (1, "d", 0, (), False),
        (2, "e", 2, ("f", "g"), False),
        (3, "", 1, ("h",), False),
        (5, "i", 0, (), True),
    ]


CALLS = {
    "import threading\nthreading.Thread()": "threads threading.Thread",
    "import threading as t\nt.Timer(1, f)": "threads threading.Timer",
    "from threading import Thread as T\nclass A:\n    x = T(target=f)": "threads threading.Thread",
    "from concurrent import futures\nwith futures.ThreadPoolExecutor() as pool: pass": "threads concurrent.futures.ThreadPoolExecutor",
    "import os\ndef f(): return os.system('x')": "processes os.system",
    "from os import fork\nfork()": "processes os.fork",
    "import urllib.request\nurllib.request.urlopen('x')": "network urllib.request.urlopen",
    "import requests\n@d\ndef f():\n    requests.get('x')": "network requests.get",
    "open(__file__ + '.log', 'w')": "writing open",
    "BASE = Path(__file__).parent\nDATA = BASE / 'x'\nopen(DATA, mode='ab')": "writing open",
    "(Path(__file__).parent / 'x').write_text('')": "writing .write_text",
    "BASE = Path(__file__)\n(BASE / 'x').open('w')": "writing .open",
    "import os\nos.makedirs(os.path.join(os.path.dirname(__file__), 'x'))": "writing os.makedirs",
    "open(__file__)": "",
    "open(os.path.join(os.path.dirname(__file__), 'x'), 'rb')": "",
    "Path(__file__).read_text()": "",
    "open('/tmp/x', 'w')": "",
    "subprocess.run()": "",
    "class T:\n    pass\nT.Thread()": "",
    "from .threading import Thread\nThread()": "",
    "import tempfile\ntempfile.NamedTemporaryFile()": "",
    "import os\nos.path.join('system')": "",
}


@pytest.mark.parametrize(("source", "reported"), CALLS.items())
def test_calls_of_what_does_not_work(source, reported):
    assert " ".join(f"{call.kind} {call.what}" for call in read_source(source.encode()).calls) == reported


def test_a_call_has_what_is_around_it():
    source = b"import os\ntry:\n    os.fork()\nexcept OSError:\n    pass\ndef f():\n    os.fork()\nif __name__ == '__main__':\n    os.fork()\n"
    found = [(call.line, call.guard, call.in_function, call.main) for call in read_source(source).calls]
    assert found == [(3, Guard.FAILURE, False, False), (7, Guard.NONE, True, False), (9, Guard.NONE, False, True)]


@pytest.mark.parametrize(
    "source",
    [b"import (", b"\0", b"\xff\xfe", b"# coding: nonsense\nimport x", b"(" * 100_000, b"x = " + b"-" * 200_000 + b"1"],
)
def test_what_cannot_be_parsed_is_not_known(source):
    assert read_source(source) is None


def test_a_deep_tree_is_walked():
    assert [
        item.module for item in read_source(b"import a\nx = " + b"y + " * 100 + b"y\nimport subprocess").imports
    ] == ["a", "subprocess"]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_are_too_strange(source):
    read_source(source)


def test_every_kind_has_a_message():
    for kind, entry in behaviour_table().items():
        assert entry["message"]
        assert entry["calls"] == sorted(set(entry["calls"])), kind


class TestMemory:
    SOURCE = b"import a\nfrom .b import c\nimport os\nos.fork()\n"

    def test_a_module_is_read_once(self, tmp_path):
        first = facts_of("ab" * 32, lambda: self.SOURCE, tmp_path)
        assert first == read_source(self.SOURCE)
        assert facts_of("ab" * 32, lambda: pytest.fail("read again"), tmp_path) == first

    @pytest.mark.parametrize("damage", [b"", b"[]", b"[[[1]], []]", b"[[], []]", b"[[], [], [], []]", b"7", b"\xff"])
    def test_a_damaged_memory_is_none(self, tmp_path, damage):
        facts_of("ab" * 32, lambda: self.SOURCE, tmp_path)
        (path,) = tmp_path.rglob("*.json")
        path.write_bytes(damage)
        assert facts_of("ab" * 32, lambda: self.SOURCE, tmp_path) == read_source(self.SOURCE)

    def test_a_folder_that_cannot_be_written_costs_time_only(self, tmp_path):
        (tmp_path / "file").write_text("")
        assert facts_of("ab" * 32, lambda: self.SOURCE, tmp_path / "file") == read_source(self.SOURCE)

    def test_what_this_python_cannot_read_is_not_remembered(self, tmp_path):
        assert facts_of("ab" * 32, lambda: b"(", tmp_path) is None
        assert not list(tmp_path.rglob("*.json"))

    def test_facts_survive(self):
        found = read_source(self.SOURCE)
        assert ModuleFacts.from_json(json.loads(json.dumps(found.to_json()))) == found


DEEP = "a." * 5000 + "a"


@pytest.mark.parametrize(
    "source",
    [
        f"import {DEEP}",
        f"x = 1; import y, {DEEP}",
        f"from {DEEP} import x",
        f"import {DEEP.replace('.', ' . ')}",
        f"import {DEEP.replace('.', '.' + chr(92) + chr(10))}",
        f"import {DEEP.replace('a', 'ä')}",
        f"import {DEEP}..b",
    ],
    ids=["import", "second", "from", "spaces", "lines", "letters", "error"],
)
def test_a_name_of_thousands_of_parts_is_not_given_to_the_parser(source):
    with pytest.raises(ValueError, match="more than 100 parts"):
        parse(source.encode())
    assert read_source(source.encode()) is None


@pytest.mark.parametrize(
    "source",
    [
        "import " + ".".join(["a"] * 100),
        f"x = '{'1.5 ' * 500}'",
        f"x = '{'com.br ' * 500}'",
        f"x = '{'A sentence. ' * 50}'",
        f"x = '{'.' * 500} {'a..b.' * 200}'",
        "from " + "." * 500 + " import x",
        "x = [" + "a.b, " * 500 + "]",
    ],
    ids=["deep", "numbers", "domains", "prose", "dots", "relative", "attributes"],
)
def test_what_has_many_dots_otherwise_is(source):
    assert read_source(source.encode()) is not None
