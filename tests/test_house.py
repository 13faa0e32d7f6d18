"""The package's own imports: no cycle, no arrow up, no folder with too much in it (docs: the architecture page)."""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hatch_os402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = pytest.mark.once

PACKAGE = Path(hatch_os402.__file__).parent
ROOT = PACKAGE.parent
MAY_IMPORT = {
    "plugin": {"plugin"},
    "cli": {"cli", "__main__"},
    "build": {"build", "plugin", "cli"},
}
"""Which top-level names may import each of the upper rooms."""


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = (PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that are executed when a module is imported: no function's body, nothing for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from at_import(node)


def imported(module: str, nodes: Iterable[ast.AST]) -> set[str]:
    path, found = MODULES[module], set()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *filter(None, [node.module])])
            found |= {name if (name := f"{base}.{alias.name}") in MODULES else base for alias in node.names}
    return {name for name in found if name in MODULES and name != module}


def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def room(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def test_the_walk_sees_imports_of_every_kind():
    assert "hatch_os402.errors" in imported("hatch_os402.cache", at_import(tree("hatch_os402.cache")))
    assert "hatch_os402.build.making" in imported(
        "hatch_os402.plugin.bridge", ast.walk(tree("hatch_os402.plugin.bridge"))
    )
    start = "hatch_os402.launcher.inside.start"
    assert "hatch_os402.launcher.inside.index" in imported(start, ast.walk(tree(start)))


def test_there_is_no_cycle_of_imports():
    graph = {module: imported(module, at_import(tree(module))) for module in MODULES}
    graphlib.TopologicalSorter(graph).prepare()


def test_there_is_no_arrow_up():
    up = {
        f"{module} imports {target}"
        for module in MODULES
        for target in imported(module, ast.walk(tree(module)))
        if room(module) not in MAY_IMPORT.get(room(target), {room(module)})
    }
    assert not up


def test_the_launchers_inside_stands_alone():
    inside = "hatch_os402.launcher.inside"
    for module in MODULES:
        if module.startswith(inside):
            assert all(name.startswith(inside) for name in imported(module, ast.walk(tree(module))))


def test_a_class_name_stands_for_one_thing():
    found: dict[str, list[str]] = {}
    for module in MODULES:
        if room(module) != "launcher":  # what runs inside does not mix with what builds it
            for node in ast.walk(tree(module)):
                if isinstance(node, ast.ClassDef):
                    found.setdefault(node.name, []).append(module)
    assert not {name: where for name, where in found.items() if len(where) > 1}


def test_exceptions_that_others_catch_are_in_one_module():
    """A private one, an answer of the gateway and a signal (no `Exception`) stay where they are raised."""
    stay = {"RefusalError", "Interrupted"}
    elsewhere = {
        node.name
        for module in MODULES
        if room(module) != "launcher" and module != "hatch_os402.errors"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith(("Error", "Exception")) for base in node.bases)
        and not node.name.startswith("_")
    }
    assert elsewhere - stay == set()


OLD_NAMES = re.compile(
    r"""
    \b(?: face | tell | way_out | validity | orders | examination | main_seldom | teaching )\.py
    | class\ _?Tell\b
    | \b_?(?: HatchTell | ClickTell | Judged | Fate | Spread | Volume | Places | Scratch | PlainSpawner )\b
    | \b_?(?: woken | hear | taught | lazies | loosened | roundest | nothing_left | way_out )\b (?= \s* [=(] )
    | MOST_OF_A_ | \b_PATIENCE\b | \bSELDOM\b | \bLESSONS\b
    | [Ww]ay\ out: | \boffenders?\b | \bspeed-ups?\b | tells\ the\ story | by\ your\ word | taken\ for\ a\ zip\ bomb
    | only\ an\ installation\ has | without\ a\ part\ of\ os402 | only\ as\ source\ is\ an\ error | \"""Return\ true\b
    """,
    re.VERBOSE,
)
"""Names and words that have another one now, in the field's own language."""


def test_old_names_are_gone():
    """Of code, messages and documents."""
    folders = ("hatch_os402", "docs", "benchmarks", "fixtures")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".md"}]
    files += [path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md" and not path.name.startswith("CHANGES")]
    assert len(files) > 400
    found = {
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in OLD_NAMES.finditer(line)
    }
    assert found == set()


def test_old_names_are_known():
    for line in (
        "class _Tell:",
        "class HatchTell(Tell):",
        '    """Return true.',
        "    _lazies = {}",
        "the Way out: x",
        "see face.py",
    ):
        assert OLD_NAMES.search(line), line
    for line in ("a Storyteller", "nobody is taught by it", "SettingsTeller", "surface.py"):
        assert not OLD_NAMES.search(line), line


def test_tests_mirror_the_package():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - rooms <= {"conformance", "data", "e2e", "support"}
    assert rooms - folders - {"__pycache__"} <= {"plugin"}, "that one is Hatch's own way in: `tests/e2e`"


def test_the_architecture_page_names_every_room_and_every_module_of_the_walks():
    text = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    rows = set(re.findall(r"`([a-z]+)`", " ".join(re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE))))
    assert rooms <= rows
    named = {name for name in re.findall(r"[\w/]+/\w+\.py\b", text) if name[0] != "/" and "NAME" not in name}
    assert {
        name for name in named if not any(path.as_posix().endswith(f"/{name}") for path in MODULES.values())
    } == set()


def test_folders_stay_small():
    assert len(list(PACKAGE.glob("*.py"))) < 12
    assert {str(path.parent): 0 for path in MODULES.values() if len(list(path.parent.glob("*.py"))) >= 20} == {}
