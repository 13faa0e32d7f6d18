from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from support.documented import check_described
from support.wheelcraft import ELF, make_wheel

from hatch_os402.compatibility import render
from hatch_os402.compatibility.assess import assess
from hatch_os402.compatibility.findings import Assessment, Finding, Remedy, SourceLocation, merged
from hatch_os402.compatibility.vet import vet
from hatch_os402.resolution.graph import Graph, Pin
from hatch_os402.resolution.resolve import Resolution
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

LINUX = "cp312-cp312-manylinux_2_17_x86_64"


def assessed(folder: Path, wheels, graph=None, *, sdists=(), own=None, variables=()) -> Assessment:
    """Judge the project greeter and `wheels` (name, version, files, tag), required as `graph` says."""
    project = vet(read_wheel(make_wheel(folder, "greeter", "0.1.0", {"greeter/__init__.py": "", **(own or {})})))
    vetted_wheels = [
        vet(read_wheel(make_wheel(folder, *item[:3], tag=item[3] if item[3:] else LINUX))) for item in wheels
    ]
    pins = [
        Pin(v.wheel.name, str(v.wheel.version), v.wheel.filename, "0" * 64, "", False, (), "") for v in vetted_wheels
    ]
    pins += [Pin(name, version, f"{name}-{version}.tar.gz", "0" * 64, "", False, (), "") for name, version in sdists]
    required_by = {pin.name: frozenset((graph or {}).get(pin.name, {"greeter"})) for pin in pins}
    return assess(project, vetted_wheels, Resolution(tuple(pins), Graph("greeter", required_by)), dict(variables))


def test_every_error_is_reported_with_its_chains_and_what_is_known(tmp_path):
    found = assessed(
        tmp_path,
        [
            ("api", "1.0", {"api.py": ""}, "py3-none-any"),
            ("pydantic", "2.14.4", {"pydantic.py": ""}, "py3-none-any"),
            ("pydantic-core", "2.50.4", {"pydantic_core/_pydantic_core.so": ELF}),
            ("strange", "1.0", {f"strange/_{letter}.so": ELF for letter in "abcde"}),
            ("ruffle", "1.0", {"ruffle-1.0.data/scripts/ruffle": ELF}),
            ("markupsafe", "4.0", {"markupsafe/_speedups.so": ELF}),
            ("samples", "1.0", {"samples/lib.so": ELF}, "py3-none-any"),
        ],
        {"pydantic": {"api", "greeter"}, "pydantic-core": {"pydantic"}},
        sdists=[("docopt", "0.6.2")],
    )
    assert render.errors(found) == (
        """\
6 distributions cannot run on os402 (static CPython 3.12.3, no dynamic loading, no compilers):

  distribution   version  why          required by          suggested fix
  docopt         0.6.2    source-only  greeter              -
  markupsafe     4.0      native-code  greeter              -
  ruffle         1.0      native-code  greeter              -
  samples        1.0      native-code  greeter              -
  strange        1.0      native-code  greeter              -
  pydantic-core  2.50.4   native-code  greeter -> pydantic  -

  docopt 0.6.2
    no release that fits has a wheel for the target; docopt-0.6.2.tar.gz is source
    required by greeter -> docopt
    If it is pure Python: build-from-source = ["docopt"] builds it here, which runs its code.

  markupsafe 4.0
    markupsafe/_speedups.so (ELF x86_64 extension module)
    required by greeter -> markupsafe
    Its pure-Python fallback was checked for <4,>=2.1.3 only: require one of these.

  ruffle 1.0
    ruffle-1.0.data/scripts/ruffle (ELF x86_64 executable)
    required by greeter -> ruffle
    It is a program, not a module: do without it, or keep this part off os402.

  samples 1.0
    samples/lib.so (ELF x86_64 shared library)
    required by greeter -> samples
    If these are only data on Linux, say so: allow-native-files = ["samples"].

  strange 1.0
    strange/_a.so (ELF x86_64 extension module)
    strange/_b.so (ELF x86_64 extension module)
    strange/_c.so (ELF x86_64 extension module)
    and 2 more
    required by greeter -> strange
    Look for an older release or another distribution that is pure Python (a wheel named *-none-any.whl).

  pydantic-core 2.50.4
    pydantic_core/_pydantic_core.so (ELF x86_64 extension module)
    required by greeter -> pydantic -> pydantic-core
    required by greeter -> api -> pydantic -> pydantic-core
    Require "pydantic<2", which does not need it. Or use dataclasses of the standard library, or "attrs".

In [tool.hatch.build.targets.os402]:
  `strip-extensions` names distributions that work without their extensions,
  `allow-native-files` those whose native files are only data.
  `build-from-source` names distributions whose sdist may be built here, without compilers,
  which runs the sdist's code on this machine."""
    )
    assert len(render.details(found).splitlines()) == 9
    assert f"strange-1.0-{LINUX}.whl: strange/_e.so (ELF x86_64 extension module)" in render.details(found)


def test_one_error_needs_no_table(tmp_path):
    told = render.errors(assessed(tmp_path, [("orjson", "3.13.0", {"orjson/orjson.so": ELF})]))
    assert told.startswith("1 distribution cannot run on os402")
    assert "why" not in told
    assert "build-from-source" not in told


def shown_with(found: Assessment, **remedy) -> str:
    """Render the only finding of `found` with one suggested fix."""
    (finding,) = found.findings
    return render.errors(replace(found, findings=(replace(finding, remedies=(Remedy(**remedy),)),)))


def test_a_fix_is_suggested_once(tmp_path):
    found = assessed(tmp_path, [("orjson", "3.13.0", {"orjson/orjson.so": ELF})])
    assert 'Use json of the standard library, or require "simplejson".' in render.errors(found)
    text = shown_with(found, kind="replacement", lines=("simplejson>=3",))
    assert text.count("simplejson") == 1
    assert "Suggested fix, with changes to the code that uses it: " in text
    assert text.endswith("Or use json of the standard library.")
    assert 'or require "simplejson"' in shown_with(found, kind="parent", lines=("app<2",))


def test_a_fix_that_was_found_needs_no_advice_to_look_for_one(tmp_path):
    found = assessed(tmp_path, [("strange", "1.0", {"strange/_a.so": ELF})])
    assert "Look for an older release" in render.errors(found)
    assert "Look for an older release" not in shown_with(found, kind="release", lines=("strange<1",))


def test_a_distribution_that_needs_its_extension_is_not_offered_to_be_stripped(tmp_path):
    orjson, strange = ("orjson", "3.13.0", {"orjson/orjson.so": ELF}), ("strange", "1.0", {"strange/_a.so": ELF})
    assert "In [tool.hatch" not in render.errors(assessed(tmp_path, [orjson]))
    assert "`strip-extensions` names" in render.errors(assessed(tmp_path, [orjson, strange]))


def test_the_project_itself_may_be_incompatible(tmp_path):
    found = assessed(tmp_path, [], own={"greeter/_fast.so": ELF})
    assert [(finding.subject, finding.code) for finding in found.errors] == [("greeter", "native-code")]
    told = render.errors(found)
    assert "greeter/_fast.so (ELF x86_64 extension module)" in told
    assert "which is the project itself" in told


def test_verdicts_are_data(tmp_path):
    found = assessed(
        tmp_path,
        [
            ("markupsafe", "3.0.4", {"markupsafe/_speedups.so": ELF}),
            ("orjson", "3.13.0", {"orjson/orjson.so": ELF}),
        ],
        sdists=[("docopt", "0.6.2")],
    )
    written = json.loads(json.dumps(found.to_json()))
    check_described("check", written)
    assert written["ok"] is False
    assert {item["name"]: item["verdict"] for item in written["distributions"]} == {
        "greeter": "pure",
        "markupsafe": "stripped",
        "orjson": "native",
        "docopt": "unavailable",
    }
    orjson = next(item for item in written["distributions"] if item["name"] == "orjson")
    assert orjson["native_files"] == [
        {"path": "orjson/orjson.so", "format": "ELF", "role": "extension module", "architecture": "x86_64"}
    ]
    assert orjson["required_by"] == [["greeter", "orjson"]]
    assert [(item["level"], item["code"], item["distribution"]) for item in written["findings"]] == [
        ("error", "native-code", "orjson"),
        ("error", "source-only", "docopt"),
    ]
    assert assessed(tmp_path, []).to_json()["ok"] is True


def test_a_remedy_survives_being_remembered():
    remedy = Remedy("parent", ("pydantic<2",), instead_of=("pydantic>=2",), gives="pydantic 1.10")
    assert Remedy.from_json(json.loads(json.dumps(remedy.to_json()))) == remedy


def test_what_is_pure_and_cannot_do_its_work_is_warned_of(tmp_path):
    found = assessed(tmp_path, [("sh", "2.4.0", {"sh/__init__.py": ""}, "py3-none-any")])
    (finding,) = found.of("warning")
    assert finding.code == "needs-processes"
    assert render.note(finding).startswith("sh 2.4.0: it starts other programs, and os402 runs none. ")
    assert found.errors == ()


def test_a_variable_that_helps_is_hinted_at_until_it_is_set(tmp_path):
    wheels = [("joblib", "1.5.2", {"joblib/__init__.py": ""}, "py3-none-any")]
    (finding,) = assessed(tmp_path, wheels).of("hint")
    assert render.note(finding).endswith(
        'Set env = { JOBLIB_MULTIPROCESSING = "0" } in [tool.hatch.build.targets.os402.offer].'
    )
    assert assessed(tmp_path, wheels, variables={"JOBLIB_MULTIPROCESSING": "0"}).findings == ()


def test_what_is_known_and_what_was_seen_are_one_warning():
    known = [Finding("warning", "needs-ctypes", "magic", "it calls libmagic", advice="Require another.")]
    place = SourceLocation("magic/loader.py", 1)
    seen = [Finding("hint", "needs-ctypes", name, "imports ctypes", places=(place,)) for name in ("magic", "other")]
    seen.append(Finding("warning", "missing-module", "magic", "imports lzma"))
    assert [(item.level, item.subject, item.message, item.advice, item.places) for item in merged(known, seen)] == [
        ("warning", "magic", "it calls libmagic", "Require another.", (place,)),
        ("hint", "other", "imports ctypes", "", (place,)),
        ("warning", "magic", "imports lzma", "", ()),
    ]


def test_pydantic_1_is_offered_to_those_who_require_pydantic_themselves(tmp_path):
    wheels = [
        ("api", "1.0", {"api.py": ""}, "py3-none-any"),
        ("pydantic", "2.14.4", {"pydantic.py": ""}, "py3-none-any"),
        ("pydantic-core", "2.50.4", {"pydantic_core/_pydantic_core.so": ELF}),
    ]
    for parents, own in (({"api"}, False), ({"greeter"}, True), ({"api", "greeter"}, True)):
        graph = {"pydantic": parents, "pydantic-core": {"pydantic"}}
        folder = tmp_path / "-".join(sorted(parents))
        folder.mkdir()
        (error,) = assessed(folder, wheels, graph).errors
        assert ('Require "pydantic<2"' in error.advice) is own
        if not own:
            assert error.advice == (
                '"pydantic<2" does not need it, but here api requires pydantic: it takes a release of api that allows '
                "that, or another distribution than api."
            )


def test_what_the_project_requires_comes_first_and_then_what_that_brings():
    """numpy is nothing that the reader has written: pandas is, and scipy, whatever the alphabet says."""
    ways = {
        "app": [["app"]],
        "blis": [["app", "spacy", "blis"]],
        "cffi": [["app", "argon2", "cffi"], ["app", "zoo", "cffi"]],
        "numpy": [["app", "alt", "numpy"], ["app", "pandas", "numpy"], ["app", "scipy", "numpy"]],
        "pandas": [["app", "pandas"], ["app", "scipy", "pandas"]],
        "pillow": [["app", "pandas", "plot", "pillow"]],
        "scipy": [["app", "scipy"]],
        "unheard": [],
    }
    findings = tuple(
        Finding("error", "native-code", name, "m", "1.0", tuple(map(tuple, chains))) for name, chains in ways.items()
    )
    found = Assessment((), findings)
    order = ["app", "unheard", "pandas", "numpy", "pillow", "scipy", "cffi", "blis"]
    lines = render.errors(found).splitlines()
    assert [line.strip().removesuffix(" 1.0") for line in lines if line.endswith(" 1.0")] == order
    assert [line.split()[0] for line in lines if "native-code" in line] == order
    assert [finding.subject for finding in found.errors] == list(ways)  # as JSON has them
