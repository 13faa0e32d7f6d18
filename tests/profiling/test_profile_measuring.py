from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import zipfile
from dataclasses import replace

import pytest
from support.artifactcraft import unsigned_offer, write_record
from support.documented import check_described
from support.launching import archive

from hatch_os402 import launcher
from hatch_os402.artifacts.choosing import choose
from hatch_os402.calls.request import Request
from hatch_os402.errors import ProfileError, SandboxError
from hatch_os402.files import file_sha256
from hatch_os402.inspection.reading import read_artifacts
from hatch_os402.offer.payload import Exec, envelope_text
from hatch_os402.profiling import measuring
from hatch_os402.profiling import tree as trees
from hatch_os402.profiling.measuring import measure
from hatch_os402.profiling.report import advice, to_json
from hatch_os402.profiling.running import ProfiledProgram, instrumented, run, run_once
from hatch_os402.runtime.discovery import Runtime, discover
from hatch_os402.sandbox.execute import Outcome
from hatch_os402.sandbox.runtime_files import Needs

ADA = Request("POST", "/", body=b"Ada")


def python_here():
    return discover(None, cache=None, environ=os.environ)


def profile(path, request=ADA, *, python=None, runs=1, private=None):
    artifacts = choose(path).one()
    return measure(
        artifacts,
        request,
        python or python_here(),
        runs=runs,
        private=private,
        progress=lambda _: None,
    )


def created(folder, files, entry_point="app:main", **options):
    """Write an archive of `files`, without bytecode, and return its path."""
    path = folder / "app.pyz"
    path.write_bytes(archive(files, entry_point, **options))
    return path


def framed(folder):
    """Write the frame of the archive that `made` wrote, and return its SHA256."""
    content = (folder / "app.pyz").read_bytes()
    (folder / "app.stdin").write_bytes(b"%d\n%b" % (len(content), content))
    return file_sha256(folder / "app.stdin")


def uses(measured):
    return {module.name: module.used for module in measured.modules}


def phases(measured):
    return [node.name for node in measured.tree.children]


def children(measured, name):
    (node,) = [node for node, _ in measured.tree.walk() if node.name == name]
    return {child.name for child in node.children}


@pytest.fixture(scope="module")
def sample(sample_build):
    return profile(sample_build.dist / "sample-0.1.0.offer.json", runs=3)


@pytest.mark.once
class TestSample:
    def test_the_answer_is_the_programs(self, sample):
        assert (sample.status, sample.err) == (0, b"")
        assert sample.answer == b"Content-Type: text/plain\r\n\r\nHello, Ada!"

    def test_phases(self, sample):
        expected = [trees.INTERPRETER, trees.FRAME, trees.LAUNCHER, trees.ENTRY, trees.REQUEST]
        assert phases(sample) == [*expected, *([trees.ENDING] if sample.cpu else [])]
        assert "launcher.index" in children(sample, trees.LAUNCHER)
        assert all(node.own >= 0 for node, _ in sample.tree.walk())
        assert all(trees.phase(sample.tree, name).total > 0 for name in expected)

    def test_the_tree(self, sample):
        assert children(sample, trees.ENTRY) == {"sample.main"}
        assert {"sample", "idle", "used", "eager"} <= children(sample, "sample.main")
        assert children(sample, "idle") == {"idle.heavy", "colorsys"}
        assert children(sample, "idle.heavy") == {"helping"}
        assert "late" in children(sample, trees.REQUEST)

    def test_what_is_used(self, sample):
        found = uses(sample)
        assert {name: found[name] for name in ("sample.main", "used", "late")} == {
            "sample.main": "request",
            "used": "request",
            "late": "request",
        }
        assert {name: found[name] for name in ("idle", "idle.heavy", "helping", "colorsys", "eager", "sample")} == {
            "idle": "never",
            "idle.heavy": "never",
            "helping": "never",
            "colorsys": "never",
            "eager": "never",
            "sample": "unseen",  # it has nothing to call
        }
        assert {package.name for package in sample.unused} == {"idle", "helping", "eager", "colorsys"}

    def test_bytes_read(self, sample, sample_build):
        read = {module.name: module.read for module in sample.modules if module.in_archive}
        files = {"idle": "idle/__init__", "idle.heavy": "idle/heavy", "sample.main": "sample/main", "late": "late"}
        assert {name: read[name] for name in files} == {
            name: len(sample_build.members[f"{file}.pyc"]) for name, file in files.items()
        }

    def test_what_lazy_imports_save(self, sample):
        lazy_imports = sample.lazy_imports
        assert [saving.name for saving in lazy_imports.savings] == ["idle"]
        assert [package.name for package in lazy_imports.loaded_anyway] == ["eager"]
        assert (lazy_imports.recommended, lazy_imports.same_answer) == (("idle",), True)
        (idle,) = [node for node, _ in sample.tree.walk() if node.name == "idle"]
        inside = [node for node, _ in idle.walk()]
        assert {"idle", "idle.heavy", "helping", "colorsys"} <= {node.name for node in inside}
        # Whatever of the launcher is first needed there may be needed later by somebody else.
        assert 4 <= lazy_imports.savings[0].modules <= len(inside)
        assert (
            sum(node.own for node in inside if node.name in ("idle", "idle.heavy", "helping"))
            <= lazy_imports.savings[0].own
        )

    def test_the_advice_can_be_pasted(self, sample):
        lines = list(advice(sample))
        at = lines.index("    [tool.hatch.build.targets.os402]")
        assert lines[at + 1] == '    lazy-imports = ["idle"]'
        assert any("eager" in line and "imported by sample.main" in line for line in lines)

    def test_the_overhead_is_told(self, sample):
        reported = to_json(sample)
        assert reported["instrument_ms"] > 0
        if sys.platform == "linux":
            assert reported["instrumented_cpu"]["median_ms"] > reported["instrument_ms"]
            assert reported["cpu"]["least_ms"] <= reported["cpu"]["median_ms"] <= reported["cpu"]["most_ms"]

    def test_json_can_be_read_back(self, sample):
        reported = json.loads(json.dumps(to_json(sample)))
        check_described("profile", reported)
        assert (reported["format"], reported["runs"], reported["status"]) == (1, 3, 0)
        assert reported["lazy_imports"]["advised"] == ["idle"]
        assert {module["name"] for module in reported["modules"]} == set(uses(sample))
        assert reported["offer"]["price_per_call"] == 0.0005


LOADED = """
import sys

def main():
    print("\\r\\n\\r\\n" + " ".join(sorted(sys.modules)))
"""


def test_the_instrument_brings_nothing_along(tmp_path, monkeypatch):
    answers = []
    real = measuring.run_once

    async def run_once(*arguments):
        done = await real(*arguments)
        answers.append((done.seen is not None, set(done.out.decode().split())))
        return done

    monkeypatch.setattr(measuring, "run_once", run_once)
    profile(created(tmp_path, {"app.py": LOADED}))
    plain = next(modules for watched, modules in answers if not watched)
    for watched, modules in answers:
        if watched:
            assert modules - plain <= {"atexit", "gc"}  # both are compiled into the interpreter


def test_times_are_fine_where_cpu_is_limited_as_on_os402(sample):
    """With RLIMIT_CPU, Linux reads the process's clock from a counter that moves with the ticks."""
    imports = [node.own for node, _ in sample.tree.imports()]
    assert sum(own > 0 for own in imports) > len(imports) * 0.9


PYTHONS = {"a 3.12": None, "the running Python": Runtime(sys.executable, "this one", named=True)}


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_use_at_import_and_for_the_request(tmp_path, python):
    files = {
        "app.py": "import tool, shape, idle\nVALUE = tool.make()\n\ndef main():\n    print('\\r\\n\\r\\n', shape.Box(1))\n",
        "tool.py": "def make():\n    return 1\n",
        "shape.py": "from dataclasses import dataclass\n\n@dataclass\nclass Box:\n    size: int\n",
        "idle.py": "def own():\n    return 1\n\nVALUE = own()\n",
    }
    measured = profile(created(tmp_path, files), python=python)
    found = uses(measured)
    # A dataclass has code that was never in a file. What a module does while it is imported is no use of it.
    assert {name: found[name] for name in ("app", "tool", "shape", "idle")} == {
        "app": "request",
        "tool": "import",
        "shape": "request",
        "idle": "never",
    }


@pytest.mark.once
def test_a_module_as_entry_point(tmp_path):
    files = {
        "app/__init__.py": "",
        "app/__main__.py": "import tool\nprint('\\r\\n\\r\\n', tool.make())\n",
        "tool.py": "def make():\n    return 1\n",
    }
    measured = profile(created(tmp_path, files, "app"))
    assert phases(measured)[:5] == ["interpreter", "frame", "launcher", "entry", "request"]
    assert children(measured, "entry") == {"app"}
    assert "tool" in children(measured, "request")
    assert uses(measured)["tool"] == "request"


@pytest.mark.once
def test_a_single_module_as_entry_point(tmp_path):
    files = {"app.py": "import tool\nprint('\\r\\n\\r\\n', tool.make())\n", "tool.py": "def make():\n    return 1\n"}
    measured = profile(created(tmp_path, files, "app"))
    assert phases(measured)[:4] == ["interpreter", "frame", "launcher", "request"]
    assert "tool" in children(measured, "request")


@pytest.mark.once
def test_an_archive_without_our_launcher(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pyz", "w") as packed:
        packed.writestr("__main__.py", "import colorsys\nprint('\\r\\n\\r\\n', colorsys.rgb_to_hsv(1, 1, 1))\n")
    measured = profile(tmp_path / "x.pyz")
    assert phases(measured)[:3] == ["interpreter", "frame", "request"]
    assert uses(measured)["colorsys"] == "request"


def test_a_failed_import_is_shown_as_that(tmp_path):
    source = "try:\n    import nowhere\nexcept ImportError:\n    pass\n\ndef main():\n    print('\\r\\n\\r\\n')\n"
    measured = profile(created(tmp_path, {"app.py": source}))
    assert uses(measured)["nowhere"] == "absent"


@pytest.mark.once
def test_lazily_it_answers_something_else(tmp_path):
    files = {
        "app.py": "import plugin, names\n\ndef main():\n    print('\\r\\n\\r\\n', names.get())\n",
        "plugin.py": "import names\nnames.ALL.append('plugin')\n\ndef f():\n    pass\n",
        "names.py": "ALL = []\n\ndef get():\n    return ALL\n",
    }
    measured = profile(created(tmp_path, files))
    assert b"['plugin']" in measured.answer
    assert (measured.lazy_imports.recommended, measured.lazy_imports.same_answer) == ((), False)
    reported = "\n".join(advice(measured))
    assert "plugin would not be loaded, and the program then answers something else" in reported
    assert "lazy-imports" not in reported


@pytest.mark.once
def test_lazily_it_vanishes(tmp_path):
    files = {
        "app.py": "import os, plugin, names\n\ndef main():\n    names.get() or os._exit(3)\n    print('\\r\\n\\r\\n')\n",
        "plugin.py": "import names\nnames.ALL.append('plugin')\n\ndef f():\n    pass\n",
        "names.py": "ALL = []\n\ndef get():\n    return ALL\n",
    }
    measured = profile(created(tmp_path, files))
    assert (measured.status, measured.lazy_imports.known) == (0, False)
    assert "would save is not known" in "\n".join(advice(measured))


IDLE = "TABLE = [sum(range(n)) for n in range(3000)]\n\ndef f():\n    pass\n"


@pytest.mark.once
def test_modules_of_python_itself_are_tried_as_well(tmp_path):
    source = "import colorsys, idle\n\ndef main():\n    print('\\r\\n\\r\\n')\n"
    lazy_imports = profile(created(tmp_path, {"app.py": source, "idle.py": IDLE})).lazy_imports
    assert {saving.name for saving in lazy_imports.savings} == {"idle", "colorsys"}


@pytest.mark.once
def test_without_those_of_python_where_they_matter(tmp_path):
    source = "import sys, colorsys, idle\n\ndef main():\n    print('\\r\\n\\r\\n', type(sys.modules['colorsys']))\n"
    lazy_imports = profile(created(tmp_path, {"app.py": source, "idle.py": IDLE})).lazy_imports
    assert (lazy_imports.recommended, lazy_imports.same_answer) == (("idle",), True)


@pytest.mark.once
def test_what_is_put_off_already(tmp_path):
    source = "import idle, tool\n\ndef main():\n    print('\\r\\n\\r\\n', tool.f())\n"
    files = {"app.py": source, "idle.py": IDLE, "tool.py": IDLE}
    measured = profile(created(tmp_path, files, lazy_imports=("idle", "tool")))
    found = uses(measured)
    assert (found["idle"], found["tool"]) == ("deferred", "request")
    assert measured.unused == ()
    assert measured.lazy_imports is None
    assert "tool" in children(measured, "request")  # that is when it was loaded
    assert measured.lazy == ("idle", "tool")


@pytest.mark.once
def test_the_advice_keeps_what_is_put_off_already(tmp_path):
    source = "import idle, other\n\ndef main():\n    print('\\r\\n\\r\\n')\n"
    files = {"app.py": source, "idle.py": IDLE, "other.py": IDLE}
    measured = profile(created(tmp_path, files, lazy_imports=("idle",)))
    assert '    lazy-imports = ["idle", "other"]' in list(advice(measured))


@pytest.mark.once
def test_answers_that_vary(tmp_path):
    files = {
        "app.py": "import time, idle\n\ndef main():\n    print('\\r\\n\\r\\n', time.time_ns())\n",
        "idle.py": IDLE,
    }
    measured = profile(created(tmp_path, files), runs=2)
    assert (measured.lazy_imports.recommended, measured.lazy_imports.same_answer) == (("idle",), None)
    assert "did not all answer the same" in "".join(measured.notes)


@pytest.mark.once
def test_a_failing_program_is_measured_and_said_to_fail(sample_build):
    measured = profile(sample_build.dist / "sample-0.1.0.pyz", Request("POST", body=b"fail"))
    assert measured.status == 1
    assert "failing as told" in "".join(measured.notes)


@pytest.mark.once
def test_a_program_that_vanishes(sample_build):
    with pytest.raises(ProfileError, match=r"ended with status 7 before the instrument could report.*os\._exit"):
        profile(sample_build.dist / "sample-0.1.0.pyz", Request("POST", body=b"vanish"))


@pytest.mark.once
def test_no_separator_is_said(tmp_path):
    measured = profile(created(tmp_path, {"app.py": "def main():\n    print('hello')\n"}))
    assert "os402 would answer 500" in "".join(measured.notes)


def test_the_programs_own_stderr_stays_its_own(tmp_path):
    """With the instrument, too, which writes its report there."""
    source = "import sys\n\ndef main():\n    print('\\r\\n\\r\\n')\n    print('one', file=sys.stderr)\n"
    path = created(tmp_path, {"app.py": source})
    assert profile(path).err == b"one\n"
    found = choose(path).one()
    program = measuring.program_of(found, read_artifacts(found), ADA, None)
    for arguments, mark in (instrumented(program), instrumented(program, use=True)):
        done = run(python_here(), program, arguments, mark)
        assert done.err == b"one\n"
        assert done.seen


def test_a_program_that_closes_stderr(tmp_path):
    measured = profile(
        created(tmp_path, {"app.py": "import os\n\ndef main():\n    print('\\r\\n\\r\\n')\n    os.close(2)\n"})
    )
    assert (measured.status, "app" in uses(measured)) == (0, True)


INTRUDER = """
import posix  # which the launcher's own /tmp does not stand in front of

def main():
    print("\\r\\n\\r\\n")
    append = lambda: posix.write(posix.open({file!r}, posix.O_WRONLY | posix.O_APPEND), b"x")
    for attempt in (append, lambda: posix.chmod({file!r}, 0o777)):
        try:
            attempt()
            print("done")
        except OSError as error:
            print(type(error).__name__)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
def test_the_program_reaches_no_file_of_the_user(tmp_path):
    file = tmp_path / "file"
    file.write_text("precious")
    file.chmod(0o600)
    path = created(tmp_path, {"app.py": INTRUDER.format(file=str(file))})
    warnings = []
    options = {"runs": 1, "progress": lambda _: None, "warn": warnings.append}
    measured = measure(choose(path).one(), ADA, python_here(), **options)
    assert (measured.answer.split(), warnings) == ([b"FileNotFoundError"] * 2, [])
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("precious", 0o600)
    measured = measure(choose(path).one(), ADA, python_here(), **options, sandbox=False)
    assert (measured.answer.split(), warnings) == ([b"done"] * 2, [])
    assert file.read_text() == "precious" + "xxx"  # watched, plain and measured


@pytest.mark.once
@pytest.mark.skipif(sys.platform != "linux", reason="os402's limits are Linux's")
def test_memory_is_limited_as_on_os402(tmp_path):
    source = "def main():\n    print('\\r\\n\\r\\n')\n    bytearray(600 << 20)\n"
    measured = profile(created(tmp_path, {"app.py": source}))
    assert measured.status == 1
    assert "MemoryError" in "".join(measured.notes)


@pytest.mark.once
def test_much_output_is_measured(tmp_path):
    source = "def main():\n    print('\\r\\n\\r\\n' + 'x' * (3 << 20))\n"
    measured = profile(created(tmp_path, {"app.py": source}))
    assert (measured.status, len(measured.answer) > 3 << 20) == (0, True)


def test_the_start_of_the_sandbox_is_in_no_figure():
    """The thread's clock counts what the process did before it became the program."""
    report = {
        "started": 5_000_000,
        "ready": 6_000_000,
        "phases": [["frame", 6_000_000, 7_000_000], ["request", 7_000_000, 9_000_000]],
        "nodes": [["a", 6_500_000, 6_600_000, -1], ["never left", 8_000_000, 0, -2]],
        "used": {"a": 1},
    }
    text = ascii(report).encode()
    err = b"own\nmark %d 9500000\n%b" % (len(text), text)

    class Started:
        needs = Needs("/python", static=True, readable=(), listable=())

        async def run(self, command):
            return Outcome(0, b"", b"\n".join((b"", err)), 6000, 500, 1, 1.0, counters={"minflt": 1}, before=4000)

    program = ProfiledProgram(("-c", "x"), {}, b"", "")
    done = asyncio.run(run_once(Started(), program, (), b"mark"))
    assert (done.err, done.cpu) == (b"\nown", 0.0065)
    assert (done.seen["started"], done.seen["ready"], done.seen["reported"]) == (1_000_000, 2_000_000, 5_500_000)
    assert done.seen["phases"] == [["frame", 2_000_000, 3_000_000], ["request", 3_000_000, 5_000_000]]
    assert done.seen["nodes"] == [["a", 2_500_000, 2_600_000, -1], ["never left", 4_000_000, 0, -2]]
    assert sum(node.own for node, _ in trees.merge([done]).walk()) == pytest.approx(0.0065 - 0.001 - 0.0005)


@pytest.mark.once
@pytest.mark.parametrize("report", [b"3 5\n{1", b"7 5\n{1: 2}x", b"x y\n", b"%d 5\n%b" % (90_000, b"(" * 90_000)])
def test_a_program_that_forges_the_report(tmp_path, report):
    source = (
        "import os, sys\n\ndef main():\n    for part in sys.orig_argv:\n        if \"'mark': '\" in part:\n"
        "            mark = part.partition(\"'mark': '\")[2][:32]\n"
        f"            os.write(2, b'\\n' + mark.encode() + b' ' + {report!r})\n    print('\\r\\n\\r\\n')\n"
    )
    with pytest.raises(ProfileError, match="changed what the instrument reports"):
        profile(created(tmp_path, {"app.py": source}))


ENVIRONMENT = "import json, os\n\ndef main():\n    print('\\r\\n\\r\\n' + json.dumps(dict(os.environ)))\n"


@pytest.mark.once
def test_the_environment_is_a_calls(tmp_path):
    request = Request("PUT", "/a%20b", "q=1", (("X-One", "1"), ("Content-Type", "text/x"), ("X-One", "2")), b"12345")
    measured = profile(created(tmp_path, {"app.py": ENVIRONMENT}), request, private={"SECRET": "s"})
    found = json.loads(measured.answer)
    expected = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "PUT",
        "PATH_INFO": "/a%20b",
        "QUERY_STRING": "q=1",
        "REQUEST_URI": "/app.cgi/a%20b",
        "SCRIPT_NAME": "/app.cgi",
        "CONTENT_LENGTH": "5",
        "CONTENT_TYPE": "text/x",
        "HTTP_X_ONE": "2",
        "SECRET": "s",
    }
    assert expected.items() <= found.items()
    assert not {"PATH", "REMOTE_ADDR", "HTTPS"} & found.keys()
    assert found["HOME"] == "/tmp"  # the launcher's


@pytest.mark.once
def test_an_offer_that_is_no_cgi_gets_nothing_of_the_call(tmp_path):
    source = "import os, sys\n\ndef main():\n    print('\\r\\n\\r\\n', os.environ.get('REQUEST_METHOD'), repr(sys.stdin.read()))\n"
    created(tmp_path, {"app.py": source})
    frame = framed(tmp_path)
    offer = unsigned_offer(frame)
    plain = Exec(offer.exec.executables, args=launcher.ARGS, stdin_sha256=frame, stdin_private=True)
    (tmp_path / "app.offer.json").write_text(envelope_text(replace(offer, exec=plain)))
    write_record(tmp_path, "app")
    measured = profile(tmp_path / "app.pyz")
    assert measured.answer.split() == [b"None", b"''"]
    assert "`cgi = false`" in "".join(measured.notes)


@pytest.mark.once
def test_an_offer_that_runs_something_else(tmp_path):
    created(tmp_path, {"app.py": "def main():\n    pass\n"})
    frame = framed(tmp_path)
    offer = unsigned_offer(frame)
    plain = Exec(offer.exec.executables, args=("python", "-m", "x"), stdin_sha256=frame, stdin_private=True)
    (tmp_path / "app.offer.json").write_text(envelope_text(replace(offer, exec=plain)))
    write_record(tmp_path, "app")
    with pytest.raises(ProfileError, match="does not start Python with `-c`"):
        profile(tmp_path / "app.pyz")


@pytest.mark.once
def test_a_runtime_that_does_not_run(tmp_path):
    with pytest.raises(SandboxError, match=re.escape(str(tmp_path / "none"))):
        discover(None, named=tmp_path / "none", cache=None, environ=os.environ)
