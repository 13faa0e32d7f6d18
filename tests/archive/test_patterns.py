"""Regular expressions that are prepared at build time: which are found, and whether they are what `re` makes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import patterncraft
from support.wheelcraft import make_wheel

from hatch_os402.archive import patterns as patterns_module
from hatch_os402.archive.patterns import NOTHING, _Patterns, build_table, count_entries
from hatch_os402.archive.staging import stage
from hatch_os402.archive.stdlib_patterns import reached_by
from hatch_os402.archive.target_process import TargetProcess
from hatch_os402.compatibility.vet import vet
from hatch_os402.errors import Os402Error, PatternsError
from hatch_os402.runtime.interpreters import Interpreter
from hatch_os402.wheels.reading import read_wheel

pytestmark = pytest.mark.once


@pytest.fixture
def found(python312):
    """Return what is prepared for modules, without what `re` itself and the standard library compile."""

    def find(source: str, modules: dict[str, str] | None = None):
        table = patterncraft.prepared(python312, {"m.py": source, **(modules or {})}).table
        return [one for one in patterncraft.contents(table) if one != ("", 0)] if table else []

    return find


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import re\nre.compile('a')", [("a", 0)]),
        ("import re\nre.compile(b'a', re.I)", [(b"a", 2)]),
        ("import re as _re\nx = _re.search('a' 'b' + 'c', s, _re.I | _re.X)", [("abc", 66)]),
        ("from re import compile as rc, M, DOTALL\nrc('a', flags=M | DOTALL)", [("a", 24)]),
        ("import re\nre.sub('a', 'b', s, 0, re.ASCII)\nre.split('c', s, 1, re.S)", [("a", 256), ("c", 16)]),
        ("import re\nre.findall(pattern='a', string=s, flags=re.RegexFlag.VERBOSE)", [("a", 64)]),
        ("import re\nA = r'\\d'\nB = A + '+' * 2\ndef f():\n    return re.match(f'^{A}{B!s}$', s)", [(r"^\d\d++$", 0)]),
        ("import re\nP = '%s|%d%%' % ('a', 3)\nQ = '%(x)s' % {'x': P}\nre.compile(Q)", [("a|3%", 0)]),
        ("import re\nF = re.I\nre.compile('{}{b}{{}}'.format('a', b='c'), F)", [("ac{}", 2)]),
        ("import re\na = 'x'\nb = '[{a}]'.format(**globals())\nre.compile(b.encode('ascii'))", [(b"[x]", 0)]),
        ("import re\nW = ['a.b', 'c']\nre.compile('|'.join(re.escape(w) for w in W))", [(r"a\.b|c", 0)]),
        ("import re\nfor name, p in [('a', 'x+'), ('b', 'y+')]:\n    re.compile(p)", [("x+", 0), ("y+", 0)]),
        ("import re\nR = {k: re.compile(p, re.I) for k, p in {'a': 'x'}.items()}", [("x", 2)]),
        ("import re\nclass A:\n    p = 'q'\n    def f(self):\n        return re.match(self.p, s)", [("q", 0)]),
        ("import re\nif x:\n    P = 'a'\nelse:\n    P = 'b'\nre.compile(P)", [("a", 0), ("b", 0)]),
        ("import re\ncompiled = re.compile\ncompiled('a')", [("a", 0)]),
        ("import re\nre.compile('^' + '(?:ab)'[3:-1] + '$')", [("^ab$", 0)]),
        ("def f():\n    import re\n    return re.compile('inner')", [("inner", 0)]),
        ("try:\n    import regex as re\nexcept ImportError:\n    import re\nre.compile('a')", [("a", 0)]),
    ],
)
def test_constants_are_found(found, source, expected):
    assert found(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "import re\nre.compile(x)",
        "import re\nre.compile('a', re.LOCALE)\nre.compile(b'(?L)a')\nre.compile('a', re.DEBUG)",
        "import re\nre.compile('(')\nre.compile('a', unknown)\nre.compile('a', -1)\nre.compile('a', 1 << 40)",
        "import re\nre.compile('[[a]')",  # it warns
        "import re\nre.compile(*args)",
        "import re\nre.compile('a' + b'b')\nre.compile('%10d' % 1)\nre.compile(f'{1:>10}')",
        "import re\nre.compile('{0.__class__}'.format('a'))\nre.compile('%s' % (1,) * 2 % 3)",
        "import other\nother.compile('a')",
        "compile('a', 'b', 'exec')",
        "import re\nre.compile('a'",
        "'import re; re.compile(1)'",
        # What has no value, or one that is too large: a line of a dependency does not end the worker.
        f"import re\nre.compile(f'{{{'0x' + 'f' * 5000}}}')\nre.compile('%d' % 0x{'f' * 5000})",
        f"import re\nre.compile('a'.replace(0x{'f' * 5000}, 'a'))",
        "import re\nre.compile('{²}'.format('a'))\nre.compile('' * 0xffffffffffffffffffff + x)",
    ],
)
def test_nothing_else_is(found, source):
    assert found(source) == []


def test_constants_of_the_same_distribution_are_followed(found):
    names = {
        "pkg/__init__.py": "from ._abnf import token",
        "pkg/_abnf.py": "token = '[a-z]+'\nline = '{token}:'.format(**globals())",
        "pkg/reader.py": "import re\nfrom . import _abnf, token\nfrom pkg._abnf import line as l\n"
        "re.compile(l)\nre.compile(token)\nre.compile(_abnf.token + '!')",
    }
    assert found("", names) == [("[a-z]+!", 0), ("[a-z]+", 0), ("[a-z]+:", 0)]


def test_modules_that_import_each_other_end(found):
    one = "import re\nfrom other import x\ny = x\nre.compile(y)"
    assert found(one, {"other.py": "import re\nfrom m import y\nx = y"}) == []


@pytest.mark.parametrize(
    "source",
    [
        "import re\na = 'x' * 10**9\nre.compile(a)",
        "import re\n"
        "a0 = ['x']\n" + "".join(f"a{n + 1} = a{n} + a{n}\n" for n in range(50)) + "re.compile(','.join(a50))",
        "import re\n"
        "a0 = 'xy'\n" + "".join(f"a{n + 1} = '%s%s' % (a{n}, a{n})\n" for n in range(50)) + "re.compile(a50)",
        "import re\na0 = 'xy'\n" + "".join(f"a{n + 1} = f'{{a{n}}}{{a{n}}}'\n" for n in range(50)) + "re.compile(a50)",
        "import re\nre.compile('x'.replace('', 'y' * 9999).replace('y', 'z' * 9999))",
        "import re\nre.compile(" + "+".join(["'a'"] * 5000) + ")",
        "import re\nre.compile('" + "(?i:" + "[\\\\0-\\\\U0010ffff]" * 300 + ")')",
        "import re\nre.compile('" + "(" * 3000 + ")" * 3000 + "')",
        "import re\nre.compile('a' * 9000)",
    ],
    ids=["times", "lists", "percent", "format", "replace", "plus", "cases", "nested", "long"],
)
def test_what_is_much_work_is_left_to_re(found, source):
    assert found(source) == []


@pytest.mark.parametrize("line", ["import sys;" * 60_000, "from re import x;" * 30_000 + "#"], ids=["sys", "re"])
def test_a_line_of_many_imports_is_read_once(found, monkeypatch, line):
    monkeypatch.setattr(patterns_module, "_TIMEOUT", 120)  # trying each of them anew takes more than the usual 300 s
    assert found(f"{line}\nimport re\nre.compile('a')") == [("a", 0)]


def test_a_module_without_re_prepares_nothing(python312):
    assert patterncraft.prepared(python312, {"app.py": "print('hello')"}) == NOTHING


def test_the_standard_library_comes_with_who_imports_it(python312):
    table = patterncraft.prepared(python312, {"app.py": "def f():\n    from email import message"}).table
    found = patterncraft.contents(table)
    assert ("", 0) in found
    listed = [
        (text.encode("latin-1") if kind == "bytes" else text, flags)
        for kind, text, flags in reached_by(["email.message"])
    ]
    assert listed
    assert set(listed) <= set(found)


def test_the_list_of_the_standard_library_is_that_of_its_sources(python312, tmp_path):
    script = Path(patterncraft.__file__).with_name("stdlibpatterns.py")
    content = json.loads(script.parents[2].joinpath("hatch_os402/archive/stdlib_patterns.json").read_bytes())
    if content["python"] != python312.version:
        pytest.skip(f"the list is that of CPython {content['python']}")
    subprocess.run([python312.path, script, tmp_path / "list.json"], check=True, stdin=subprocess.DEVNULL)
    assert json.loads((tmp_path / "list.json").read_bytes()) == content


def test_the_order_of_modules_and_owners_does_not_matter(python312):
    sources = {f"m{n}.py": f"import re\nre.compile('p{n}')\nre.compile('same')" for n in range(20)}
    one = patterncraft.prepared(python312, sources)
    other = patterncraft.prepared(python312, dict(reversed(sources.items())))
    assert one == other
    assert one.count == count_entries(one.table) == 22


def test_the_cache_spares_the_process_and_damage_to_it_is_seen(python312, tmp_path):
    sources = {"m.py": "import re\nre.compile('a+')"}
    first = patterncraft.prepared(python312, sources, tmp_path)
    gone = Interpreter(str(tmp_path / "gone"), python312.version, python312.build)
    assert patterncraft.prepared(gone, sources, tmp_path) == first
    for path in tmp_path.rglob("*.json"):
        path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    assert patterncraft.prepared(python312, sources, tmp_path) == first


def test_a_compiler_that_ends_is_an_error_that_says_what_to_do(python312, tmp_path, monkeypatch):
    worker = tmp_path / "_pattern_worker.py"
    monkeypatch.setattr(patterns_module, "_WORKER", worker)
    monkeypatch.setattr(patterns_module, "_TEXTS", (worker,))
    worker.write_text("import sys; sys.exit(3)")
    with pytest.raises(
        PatternsError, match=r"ends with status 3 while it prepared .* modules of app\.\n.*prepared-patterns"
    ):
        patterncraft.prepared(python312, {"m.py": "import re\nre.compile('a')"})
    worker.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(patterns_module, "_TIMEOUT", 1)
    with pytest.raises(PatternsError, match=r"was ended after 1 s while"):
        patterncraft.prepared(python312, {"m.py": "import re\nre.compile('a')"})


def test_recorded_patterns_and_modules_are_prepared(python312):
    made = patterncraft.prepared(
        python312, {"m.py": ""}, recorded=[("bytes", "\xff", 0), ("str", "(", 0)], imported=["json.decoder"]
    )
    assert (b"\xff", 0) in patterncraft.contents(made.table)
    assert made.count > 5


@pytest.mark.parametrize(
    "path", ["_os402/patterns", "_os402/prepared.py", "dep-1.0.data/purelib/_os402/patterns", "_os402/sub/patterns"]
)
def test_no_distribution_can_bring_a_table(tmp_path, path):
    wheel = make_wheel(tmp_path, "dep", "1.0", {"dep.py": "", path: b"402r"})
    with pytest.raises(Os402Error, match="the launcher of the archive owns"):
        stage([vet(read_wheel(wheel))])


characters = st.one_of(st.sampled_from("abzAZ09_ -\n\t.é²ſKß\u0130\U0001d504\\^$#"), st.characters(codec="utf-8"))
classes = st.sampled_from(
    [r"\d", r"\W", r"\s", r"\b", r"\Z", r"\x41", ".", "^", "$", "[a-f]", "[^\\wä-ü]", "[K-ſ]", "[-a]"]
)
atoms = st.one_of(
    characters, classes, st.sampled_from(["(?P<n>a)", "(?P=n)", r"\1", "(?(1)a|b)", "(?i:x)", "(?-i:x)", "(?#c)"])
)
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
        st.tuples(
            st.sampled_from(["(%s)", "(?:%s)", "(?>%s)", "(?=%s)", "(?<!%s)", "(?ims:%s)", "[%s]", "(?P<m>%s)"]), inner
        ).map(lambda pair: pair[0].replace("%s", pair[1])),
        st.tuples(inner, st.sampled_from(["*", "+?", "{2,3}", "++", "{1000}", "?"])).map("".join),
    ),
    max_leaves=12,
)
flags = st.lists(st.sampled_from([1, 2, 4, 8, 16, 32, 64, 128, 256]), max_size=3, unique=True).map(sum)
asked = st.one_of(
    st.tuples(st.just("str"), expressions, flags),
    st.tuples(st.just("bytes"), expressions.map(lambda text: text.encode().decode("latin-1")), flags),
)


@pytest.fixture(scope="module")
def oracle(python312):
    with TargetProcess(python312, str(Path(patterncraft.__file__).with_name("sre_oracle.py"))) as process:
        yield process


@pytest.fixture(scope="module")
def compiler(python312, tmp_path_factory):
    with _Patterns(python312, tmp_path_factory.mktemp("cache")) as compiler:
        yield compiler


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(asked, min_size=1, max_size=40))
def test_what_is_prepared_is_what_re_compiles(compiler, oracle, listed):
    found = compiler.of_list(listed)
    table = build_table((key, bytes.fromhex(content)) for key, content in filter(None, found))
    answers = json.loads(oracle.ask(table, json.dumps(listed).encode()))
    assert answers == [None if one is None else True for one in found]


def test_random_patterns_are_not_all_refused(compiler, oracle):
    listed = [("str", text, flag) for text in ("a|b", "(?P<n>[a-f]+)(?i:K)", "^x*?$", "ſ") for flag in (0, 2, 64, 258)]
    found = compiler.of_list(listed)
    assert None not in found
    table = build_table((key, bytes.fromhex(content)) for key, content in found)
    assert json.loads(oracle.ask(table, json.dumps(listed).encode())) == [True] * len(listed)
    others = [(kind, text + "x", flag) for kind, text, flag in listed] + [("bytes", "a|b", 0), ("str", "a|b", 1)]
    assert json.loads(oracle.ask(table, json.dumps(others).encode())) == [None] * len(others)


def test_patterns_whose_keys_are_the_same_are_told_apart(compiler, oracle):
    # CRC-32 is linear: these two have the same one.
    listed = [("str", "plumless", 0), ("str", "buckeroo", 0)]
    (first, _), (second, _) = compiler.of_list(listed)
    assert first == second
    table = build_table((key, bytes.fromhex(content)) for key, content in compiler.of_list(listed[1:]))
    assert json.loads(oracle.ask(table, json.dumps(listed).encode())) == [None, True]
