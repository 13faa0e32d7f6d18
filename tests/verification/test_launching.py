"""What a build packs of the launcher is what `verify` expects, whatever the program is."""

from __future__ import annotations

import pytest

from hatch_os402.archive.assemble import assemble, launcher_entries, without_unused
from hatch_os402.archive.entries import Entry
from hatch_os402.archive.modules import Compiled, Pyc
from hatch_os402.archive.patterns import Prepared, build_table
from hatch_os402.archive.staging import Tree
from hatch_os402.verification.launching import launcher_faults

PLAIN, CTYPES = b"x = 1\n", b"import ctypes\n"


def packed(source=PLAIN, *, sources=True, bytecode=True, patterns=True, **settings):
    """Return path → content of what a build of one module packs, in order."""
    tree = Tree((Entry.of("app.py", source, "app"),))
    launch = without_unused(launcher_entries("app:main", **settings), [source])
    modules = [entry for entry in (*launch, *tree.entries) if entry.path != "__main__.py"]
    pycs = tuple(Pyc(entry, Entry.of(f"{entry.path}c", b"compiled", entry.owner)) for entry in modules)
    table = build_table([(1, b"x")]) if bytecode and patterns else b""
    compiled = Compiled("3.12.3", pycs if bytecode else (), patterns=Prepared(bool(table), table))
    return {entry.path: entry.content for entry in assemble(launch, tree, compiled, sources=sources)}


def faults(contents, deflated=()):
    return list(launcher_faults(list(contents), deflated, contents.__getitem__))


@pytest.mark.parametrize("source", [PLAIN, CTYPES], ids=["plain", "ctypes"])
@pytest.mark.parametrize("sources", [True, False])
@pytest.mark.parametrize(("bytecode", "patterns"), [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize(
    "settings", [{}, {"interface": "asgi", "factory": True}, {"interface": "mcp", "tools": (("a", "app:f"),)}]
)
def test_what_a_build_packs_has_no_fault(source, sources, bytecode, patterns, settings):
    assert faults(packed(source, sources=sources, bytecode=bytecode, patterns=patterns, **settings)) == []


def test_the_stand_in_for_ctypes_is_there_where_it_is_named_and_only_there():
    foreign = [path for path in packed(CTYPES) if path not in packed(PLAIN)]
    assert foreign
    assert any("is no file" in fault for fault in faults({**packed(CTYPES), "app.py": PLAIN}))
    assert any("is missing" in fault for fault in faults({**packed(PLAIN), "app.py": CTYPES}))


def test_parts_of_a_launcher():
    whole = packed()
    for gone in ("_os402/prepared.py", "_os402/start.pyc", "_os402/patterns"):
        assert faults({path: content for path, content in whole.items() if path != gone}), gone
    assert faults({**packed(patterns=False), "_os402/prepared.py": whole["_os402/prepared.py"]})


def test_what_must_be_stored_and_in_order():
    whole = packed()
    assert faults(whole, ["_os402/start.py", "app.py"]) == []
    assert faults(whole, ["_os402/start.pyc"]) == ["_os402/start.pyc is deflated, and must be stored"]
    assert faults(dict(reversed(whole.items()))) == ["its files are not in the order of a build"]


@pytest.mark.parametrize("setting", ["interface': 'none'", "interface': 1", "tools': 5", "lazy_imports': 'x'"])
def test_settings_that_no_build_writes(setting):
    whole = packed(interface="asgi")
    old, new = b"'interface': 'asgi'", f"'{setting}".encode()
    assert old in whole["__main__.py"]
    assert len(faults({**whole, "__main__.py": whole["__main__.py"].replace(old, new)})) == 1
