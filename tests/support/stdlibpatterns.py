"""Writes hatch_os402/archive/stdlib_patterns.json: which patterns the standard library gives to `re`, module by module.

`python3.12 tests/support/stdlibpatterns.py` reads the sources of the Python that runs it, as the build reads those of
an archive, and imports each module to see what it compiles then: some patterns are put together while a module runs.
"""

from __future__ import annotations

import ast
import json
import pathlib
import subprocess
import sys
import sysconfig
import warnings

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.append(str(ROOT / "hatch_os402/archive"))
FILE = ROOT / "hatch_os402/archive/stdlib_patterns.json"
LEFT_OUT = {
    "__phello__", "_pyrepl", "antigravity", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "test", "tests",
    "this", "tkinter", "turtle", "turtledemo",
}  # fmt: skip
"""What the runtime does not have, or what does something when it is imported."""


def modules(library: pathlib.Path) -> dict[str, pathlib.Path]:
    found = {}
    for path in sorted(library.rglob("*.py")):
        parts = path.relative_to(library).with_suffix("").parts
        if LEFT_OUT.isdisjoint(parts) and all(part.isidentifier() for part in parts) and parts[-1] != "__main__":
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: pathlib.Path, known: dict[str, pathlib.Path]) -> set[str]:
    """Return what a module imports when it is imported: not in its functions."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    waiting: list[ast.AST] = [ast.parse(path.read_bytes())]
    wanted = {".".join(name.split(".")[:-1])}
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *filter(None, [node.module])])
            wanted |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        waiting.extend(ast.iter_child_nodes(node))
    return {one for one in wanted if one in known and one != name}


WATCH = """
import re, sys
real, found, imported, names = re._compile, [], __import__, sys.argv[1:]

def watching(pattern, flags, frame=sys._getframe):
    at = frame(1)
    while at.f_globals.get("__name__") == "re":
        at = at.f_back
    if isinstance(pattern, (str, bytes)):
        found.append((at.f_globals["__name__"], pattern, int(flags)))
    return real(pattern, flags)

re._compile = watching
for name in names:
    try:
        imported(name)
    except (Exception, SystemExit):
        pass
re._compile = real
sys.__stdout__.write(ascii(found))
"""


def observed(known: dict[str, pathlib.Path]) -> dict[str, list[tuple[str | bytes, int]]]:
    """Import every module in a fresh Python; return what each gave to `re` meanwhile."""
    command = [sys.executable, "-s", "-S", "-B", "-W", "ignore", "-c", WATCH, *known]
    seen = []
    for seed in "123":  # what differs is put together from sets
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, env={"PYTHONHASHSEED": seed}
        )
        seen.append(set(ast.literal_eval(answer.stdout.decode())))
    found: dict[str, list[tuple[str | bytes, int]]] = {}
    for name, pattern, flags in set.intersection(*seen):
        found.setdefault(name, []).append((pattern, flags))
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    from _pattern_finder import Finder
    from _pattern_worker import prepared

    known = modules(pathlib.Path(sysconfig.get_path("stdlib")))
    at_import = observed(known)
    patterns, direct, imports = {}, {}, {}
    for name, path in known.items():
        found = [
            *Finder(
                ast.parse(path.read_bytes()), name, package=path.name == "__init__.py", others=lambda _: None
            ).patterns(),
            *at_import.get(name, ()),
        ]
        one = {
            (type(text).__name__, text if isinstance(text, str) else text.decode("latin-1"), flags)
            for text, flags in found
            if prepared(text, flags) is not None
        }
        if one:
            patterns[name] = sorted(one)
        direct[name] = imported(name, path, known)
    for name in direct:
        reached, waiting = {name}, [name]
        while waiting:
            new = direct.get(waiting.pop(), set()) - reached
            waiting += new
            reached |= new
        imports[name] = reached
    content = {
        "python": sys.version.split()[0],
        "patterns": patterns,
        "imports": {
            name: leads
            for name in sorted(imports)
            if (leads := sorted(one for one in imports[name] if one in patterns))
        },
    }
    target = pathlib.Path(sys.argv[1]) if sys.argv[1:] else FILE
    target.write_text(layout(content), encoding="utf-8")


def layout(content: dict) -> str:
    """Return JSON with a line a pattern."""
    lines = ["{", f' "python": {json.dumps(content["python"])},', ' "patterns": {']
    for name, listed in content["patterns"].items():
        lines += [f"  {json.dumps(name)}: ["]
        lines += [f"   {json.dumps(one)}," for one in listed]
        lines[-1] = lines[-1][:-1]
        lines += ["  ],"]
    lines[-1] = lines[-1][:-1]
    lines += [" },", ' "imports": {']
    lines += [f"  {json.dumps(name)}: {json.dumps(leads)}," for name, leads in content["imports"].items()]
    lines[-1] = lines[-1][:-1]
    return "\n".join([*lines, " }", "}", ""])


if __name__ == "__main__":
    main()
