"""`re` in an archive with prepared patterns: the same objects, errors and warnings as without them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support import launching, patterncraft

PATTERNS = "_os402/patterns"
APP = r"""
import json, sys
import re

PATTERNS = [
    re.compile("(?P<year>[0-9]{4})-(?P<month>[0-9]{2})", re.I),
    re.compile(b"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})", re.I),
    re.compile("a.b|[x-z]+", re.S | re.X),
    re.compile(r"\w+é"),
]

def state():
    return [type(sys.modules[name]).__name__ for name in ("re._compiler", "re._parser")]

def say(**facts):
    json.dump(facts, sys.stdout)

def main():
"""


@pytest.fixture(scope="module")
def table(python312):
    return patterncraft.prepared(python312, {"app.py": APP + "    pass"}).table


@pytest.fixture
def facts(table, tmp_path, python312):
    """Return what a program says, with the table; `how` it is started, what runs it, what else is in the archive."""

    def run(body: str, *, python: str = "", table: bytes = table, how: str = "ours", **files: str):
        main = APP + "".join(f"    {line}\n" for line in body.strip().splitlines())
        content = {"app.py": main, **{f"{name}.py": text for name, text in files.items()}}
        if table:
            content[PATTERNS] = table
        data = launching.archive(content, "app:main")
        return launching.run(data, tmp_path, how=how, python=python or python312.path).facts

    return run


def both(facts, body: str, **more: str):
    """Return what a program says, which it says without a table as well."""
    plain = facts(body, table=b"", **more)
    assert facts(body, **more) == plain
    return plain


def test_prepared_patterns_need_no_compiler(facts):
    code = """
found = [p.search(s).groupdict() for p, s in zip(PATTERNS[:2], ("on 2024-05", b"on 2024-05"))]
say(state=state(), found=str(found), cache=type(re._cache2).__mro__[1].__name__,
    own=[re.compile(p.pattern, p.flags & ~32) is p for p in PATTERNS],
    flags=[p.flags for p in PATTERNS], groups=[p.groups for p in PATTERNS])
"""
    assert facts(code) == {
        "state": ["_Waiting", "_Waiting"],
        "found": "[{'year': '2024', 'month': '05'}, {'year': b'2024', 'month': b'05'}]",
        "cache": "dict",
        "own": [True] * 4,
        "flags": [34, 2, 112, 32],
        "groups": [2, 2, 0, 0],
    }
    assert facts("say(state=state())", table=b"") == {"state": ["module", "module"]}


@pytest.mark.parametrize("how", ["readme", "pyz", "apploader"])
def test_under_every_launcher(facts, how):
    # Two of them import `re` before they start the archive.
    assert facts("say(cache=type(re._cache2).__name__)", how=how) == {"cache": "_Cache"}


def test_what_is_not_prepared_is_compiled_as_ever(facts):
    code = """
p = re.compile("other(x)", re.M)
say(state=state(), same=re.compile("other(x)", re.M) is p, groups=p.groups,
    kinds=[type(re.compile(k("2(x)"))).__name__ for k in (str, str.encode)],
    plain=type(re._compiler.compile).__name__, module=re._compiler.compile.__code__.co_filename.endswith("_compiler.py"))
"""
    said = facts(code)
    assert said == {
        "state": ["module", "module"], "same": True, "groups": 1, "kinds": ["Pattern", "Pattern"], "plain": "function",
        "module": True,
    }  # fmt: skip


USES = {
    "errors": """
said = []
for pattern, flags in (("(", 0), ("a" * 3 + "[", re.X), (b"(?P<n", 0), ("x{3,1}", 0), (1, 0), (["a"], 0), ("é", re.L)):
    try:
        re.compile(pattern, flags)
    except Exception as error:
        said.append([type(error).__name__, type(error).__module__, str(error), getattr(error, "pos", None)])
        trace = error.__traceback__
        while trace:
            said.append([trace.tb_frame.f_code.co_name, trace.tb_frame.f_code.co_filename.rpartition("/")[2]])
            trace = trace.tb_next
try:
    re.compile(PATTERNS[0], re.I)
except ValueError as error:
    said.append(str(error))
say(said=said, error=re.error.__name__, raised=issubclass(re.error, Exception))
""",
    "warnings": """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    re.compile("[[a]")
    re.match("[a||b]x", "")
    re.template("a")
say(said=[[str(w.message), w.category.__name__, w.filename, w.lineno] for w in caught])
""",
    "caches": """
first = PATTERNS[0]
again = re.compile(first.pattern, re.I)
re.purge()
sizes = [len(re._cache), len(re._cache2)]
new = re.compile(first.pattern, re.I)
for number in range(600):
    re.compile(f"x{number}")
    kept = re.compile(first.pattern, re.I) is new
say(same=again is first, sizes=sizes, new=new is first, equal=new == first, kept=kept,
    full=[len(re._cache), len(re._cache2)], keys=[str(key) for key in list(re._cache2)[-2:]])
""",
    "copies": """
import copy, pickle
p = PATTERNS[0]
say(deep=copy.deepcopy(p) is p, copied=copy.copy(p) is p, loaded=pickle.loads(pickle.dumps(p)) is p, text=repr(p),
    hashed=hash(p) == hash(re.compile(p.pattern, re.I)))
""",
    "substitution": """
say(sub=PATTERNS[0].sub(r"\\g<month>/\\1", "2024-05"), plain=PATTERNS[0].sub("x", "2024-05"),
    expand=PATTERNS[0].match("2024-05").expand(r"\\2"), split=re.split("a.b|[x-z]+", "1xy2", flags=re.S | re.X),
    escape=re.escape("a.b"))
try:
    PATTERNS[0].sub(r"\\g<", "2024-05")
except re.error as error:
    print(end="")
""",
    "scanner": """
scanner = re.Scanner([(r"[a-z]+", lambda s, t: ["name", t]), (r"\\d+", lambda s, t: int(t)), (r"\\s+", None)])
say(said=scanner.scan("ab 12 c!"))
""",
    "modules": """
import warnings
warnings.simplefilter("ignore")
import sre_compile, sre_constants, sre_parse
say(compile=sre_compile.compile("a(b)").groups, code=len(sre_compile._code(sre_parse.parse("ab"), 0)),
    names=sorted(name for name in vars(re._compiler) if name != "__builtins__"),
    parser=sorted(name for name in dir(re._parser)), doc=[re._compiler.__doc__, re._parser.__doc__],
    magic=sre_constants.MAGIC, own=re._compiler.error is re.error, name=repr(re._compiler.compile)[:17],
    missing=[hasattr(re._compiler, "missing"), hasattr(re._parser, "__path__")],
    parsed=str(re._parser.parse("a|b")), spec=[re._parser.__spec__.name, re._parser.__name__, re._parser.__package__])
""",
    "replaced": """
calls = []
real = re._compiler.compile
re._compiler.compile = lambda *a: calls.append(a) or real(*a)
re.compile("new")
del re._compiler.compile
try:
    re.compile("newer")
except AttributeError as error:
    calls.append(str(error))
say(calls=calls)
""",
    "reloaded": """
import importlib
p = re.compile("a.b|[x-z]+", re.S | re.X)
importlib.reload(re._parser), importlib.reload(re._compiler), importlib.reload(re)
say(equal=re.compile("a.b|[x-z]+", re.S | re.X) == p, new=re.compile("ne+w").pattern)
""",
    "debug": """
import contextlib, io
out = io.StringIO()
with contextlib.redirect_stdout(out):
    one = re.compile("a.b", re.DEBUG)
    two = re.compile("a.b", re.DEBUG)
say(printed=out.getvalue(), same=one is two, locale=re.compile(b"a", re.L).flags)
""",
    "subclass": """
class Text(str):
    pass
p = re.compile(Text("a.b|[x-z]+"), re.S | re.X)
say(kind=type(p.pattern).__name__, same=p is PATTERNS[2], flags=re.compile("a.b|[x-z]+", 80) is PATTERNS[2])
""",
}


@pytest.mark.once
@pytest.mark.parametrize("use", USES)
def test_re_is_the_same_with_and_without(facts, use):
    assert both(facts, USES[use])


@pytest.mark.once
def test_an_re_that_the_start_has_imported_uses_the_table(table, python312, tmp_path):
    main = APP + "    say(cache=type(re._cache2).__name__, state=state())\n"
    data = launching.archive({"app.py": main, PATTERNS: table}, "app:main")
    start = f"import re;{launching.launcher.BOOTSTRAP}"
    answer = subprocess.run(
        [python312.path, "-I", "-X", "utf8", "-c", start], input=launching.frame(data), capture_output=True, check=True
    )
    assert json.loads(answer.stdout) == {"cache": "_Cache", "state": ["module", "module"]}


def test_re_can_be_imported_on_first_use(table, python312, tmp_path):
    main = (
        "import sys\nimport re\n\ndef main():\n    kinds = [type(re).__name__]\n    re.compile('a.b|[x-z]+', re.S | re.X)\n"
        "    kinds += [type(re).__name__, type(re._cache2).__name__, type(sys.modules['re._compiler']).__name__]\n"
        "    print('[' + ', '.join(f'\"{kind}\"' for kind in kinds) + ']')\n"
    )
    data = launching.archive({"app.py": main, PATTERNS: table}, "app:main", lazy_imports=("re",))
    said = launching.run(data, tmp_path, python=python312.path).facts
    assert said == ["_Deferred", "module", "_Cache", "_Waiting"]


@pytest.mark.once
@pytest.mark.parametrize(
    "damage",
    [
        lambda table: b"402s" + table[4:],
        lambda table: table[:4] + b"\xcb\r\r\r" + table[8:],
        lambda table: table[:8] + (20220615).to_bytes(4, "little") + table[12:],
    ],
    ids=["mark", "bytecode", "sre"],
)
def test_a_table_for_another_python_is_not_used(facts, table, damage):
    code = "say(state=state(), cache=type(re._cache2).__name__)"
    assert facts(code, table=damage(table)) == {"state": ["module", "module"], "cache": "dict"}


def test_other_versions_of_python_do_not_use_it(facts):
    code = "say(cache=type(getattr(re, '_cache2', {})).__name__, found=bool(PATTERNS[0].search('2024-05')))"
    used = "_Cache" if sys.version_info[:2] == (3, 12) else "dict"
    assert facts(code, python=sys.executable) == {"cache": used, "found": True}
