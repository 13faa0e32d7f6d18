"""Locks of other tools: what is taken of them for the target, and what is said of what is missing."""

from __future__ import annotations

import hashlib

import pytest
from support.buildproject import build, environment, write_project
from support.lockcraft import entry, write_pylock
from support.wheelcraft import make_wheel

from hatch_os402.errors import LockError
from hatch_os402.resolution.lock.reading import read_lock
from hatch_os402.resolution.target import Target

pytestmark = pytest.mark.once

X86 = "cp312-cp312-manylinux_2_17_x86_64"
ARM = "cp312-cp312-manylinux_2_17_aarch64"
WINDOWS = "cp312-cp312-win_amd64"


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "shelf"
    folder.mkdir()
    return {
        "a": make_wheel(folder, "a", "1.0", {"a.py": "x = 1"}, requires=["b; sys_platform == 'linux'"]),
        "b": make_wheel(folder, "b", "1.0", {"b.py": "x = 1"}),
        "b-x86": make_wheel(folder, "b", "1.0", {"b.py": "x = 1"}, tag=X86),
        "b-windows": make_wheel(folder, "b", "1.0", {"b.py": "x = 1"}, tag=WINDOWS),
        "b2": make_wheel(folder, "b", "2.0", {"b.py": "x = 2"}),
        "dev-windows": make_wheel(folder, "dev", "1.0", {"dev.py": "x = 1"}, tag=WINDOWS),
    }


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "project", dependencies=["a"], options='bytecode = false\nlock = "pylock.toml"\n')


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def built(project, tmp_path, **variables):
    """Build without an index, and without what another build has kept."""
    variables = {"PIP_NO_INDEX": "1", "HATCH_OS402_CACHE_DIR": str(tmp_path / "cache"), **variables}
    return build(project, env=environment(**variables))


def write_requirements(project, text):
    (project / "requirements.txt").write_text(text)
    return write_project(project, dependencies=["a"], options='bytecode = false\nlock = "requirements.txt"\n')


def selected(path, machine="x86_64", extras=(), groups=()):
    return read_lock(path, path.parent, "sample").select(Target(machine), extras, groups)


def test_markers_are_decided_for_the_target(shelf, project, tmp_path):
    """What is for other systems, the project itself, and what nobody needs there are not looked at."""
    write_pylock(
        project / "pylock.toml",
        {"name": "sample", "directory": {"path": ".", "editable": True}},
        entry(shelf["a"], name="a", version="1.0"),
        entry(shelf["b2"], name="b", version="2.0", marker="sys_platform == 'win32'"),
        entry(
            shelf["b-windows"], shelf["b-x86"], shelf["b"], name="b", version="1.0", marker="sys_platform == 'linux'"
        ),
        entry(shelf["dev-windows"], name="dev", version="1.0"),
    )
    made = built(project, tmp_path).succeeded()
    assert made.vendored == {"a": "1.0", "b": "1.0"}
    assert made.record["distributions"][1]["wheel"] == shelf["b"].name
    assert "pylock.toml has 2 distributions for cosmo-python 3.12.3 (x86_64, aarch64): nothing was resolved" in made.err


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (["b-windows"], "b 1.0 has no wheel for the target, only for cp312-cp312-win_amd64"),
        ([], 'a requires b; sys_platform == "linux", which was not locked'),
    ],
)
def test_what_is_missing_for_the_target_is_named(shelf, project, tmp_path, entries, said):
    more = [entry(*[shelf[one] for one in entries], name="b", version="1.0")] if entries else []
    write_pylock(project / "pylock.toml", entry(shelf["a"], name="a", version="1.0"), *more)
    refused = built(project, tmp_path).refused()
    assert "pylock.toml does not have what sample needs on CPython 3.12.3, linux x86_64" in refused
    assert said in refused
    assert "uv export --format pylock.toml -o pylock.toml" in refused


def test_a_direct_requirement_that_is_missing_is_named_with_its_line(shelf, project, tmp_path):
    write_pylock(project / "pylock.toml", entry(shelf["b"], name="b", version="1.0"))
    assert "pyproject.toml, line 8: 'a' is required, and not in the lock" in built(project, tmp_path).refused()
    write_pylock(project / "pylock.toml", entry(shelf["a"], name="a", version="1.0"))
    write_project(project, dependencies=["a >=2"], options='bytecode = false\nlock = "pylock.toml"\n')
    refused = built(project, tmp_path).refused()
    assert "pyproject.toml, line 8: 'a>=2' is required, and the lock has 1.0" in refused


def test_environments_of_another_system(shelf, project, tmp_path):
    write_pylock(
        project / "pylock.toml", entry(shelf["a"], name="a", version="1.0"), environments=["sys_platform == 'win32'"]
    )
    assert "pylock.toml was not made for CPython 3.12.3 on linux x86_64" in built(project, tmp_path).refused()


def test_extras_and_groups_of_the_lock(shelf, tmp_path):
    path = write_pylock(
        tmp_path / "pylock.toml",
        entry(shelf["a"], name="a", version="1.0", marker="'more' in extras"),
        entry(shelf["b"], name="b", version="1.0", marker="'default' in dependency_groups"),
        entry(shelf["dev-windows"], name="dev", version="1.0", marker="'dev' in dependency_groups"),
        **{"extras": ["more"], "dependency-groups": ["default", "dev"], "default-groups": ["default"]},
    )
    assert set(selected(path).locked) == {"b"}
    assert set(selected(path, extras=["more", "unknown"]).locked) == {"a", "b"}
    assert set(selected(path, groups=["dev", "other"]).problems) == {"dev"}


def test_the_one_with_the_highest_build_number(shelf, tmp_path):
    paths = []
    for build_tag in ("2", "10"):
        path = shelf["b"].with_name(f"b-1.0-{build_tag}-py3-none-any.whl")
        path.write_bytes(shelf["b"].read_bytes())
        paths.append(path)
    for order in (paths, paths[::-1]):
        lock = write_pylock(tmp_path / "pylock.toml", entry(*order, shelf["b"], name="b", version="1.0"))
        assert selected(lock).locked["b"].filename == "b-1.0-10-py3-none-any.whl"


def test_two_versions_on_two_architectures(shelf, project, tmp_path):
    write_pylock(
        project / "pylock.toml",
        entry(shelf["a"], name="a", version="1.0"),
        entry(shelf["b"], name="b", version="1.0", marker="platform_machine == 'x86_64'"),
        entry(shelf["b2"], name="b", version="2.0", marker="platform_machine != 'x86_64'"),
    )
    assert "b: 1.0 on x86_64, 2.0 on aarch64" in built(project, tmp_path).refused()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"vcs": {"type": "git", "url": "https://x.invalid/a", "commit-id": "1"}}, "is a reference to a repository"),
        ({"sdist": {"name": "a-1.0.tar.gz", "path": "a-1.0.tar.gz", "hashes": {"sha256": "0" * 64}}}, "as only source"),
        ({"directory": {"path": "a"}}, "as a folder"),
        ({"archive": {"path": "a-1.0.whl", "hashes": {"sha256": f"../../{'0' * 58}"}}}, "has no SHA256, but sha256"),
        ({"archive": {"url": "https://x.invalid/a-1.0.zip", "hashes": {"md5": "0"}}}, "has no SHA256, but md5"),
    ],
)
def test_what_is_no_wheel(project, tmp_path, table, said):
    write_pylock(project / "pylock.toml", {"name": "a", **({} if "vcs" in table else {"version": "1.0"}), **table})
    assert said in built(project, tmp_path).refused()


def test_an_entry_that_is_there_twice(shelf, tmp_path):
    twice = [entry(shelf[name], name="b", version=version) for name, version in (("b", "1.0"), ("b2", "2.0"))]
    found = selected(write_pylock(tmp_path / "pylock.toml", *twice, *twice[:1]))
    assert (found.locked, set(found.problems)) == ({}, {"b"})


def test_a_file_that_is_not_the_locked_one(shelf, project, tmp_path):
    wrong = entry(shelf["a"], name="a", version="1.0")
    wrong["wheels"][0]["hashes"]["sha256"] = "0" * 64
    write_pylock(project / "pylock.toml", wrong, entry(shelf["b"], name="b", version="1.0"))
    refused = built(project, tmp_path, PIP_FIND_LINKS=str(shelf["a"].parent)).refused()
    assert f"is not the file that pylock.toml has for a: its SHA256 is {sha256(shelf['a'])}" in refused


def test_hashed_requirements(shelf, project, tmp_path):
    """The pure wheel is chosen among the hashes; the second time nothing is looked up, and nobody may be asked."""
    hashes = " \\\n".join(f"    --hash=sha256:{sha256(shelf[name])}" for name in ("b-windows", "b-x86", "b"))
    write_requirements(
        project,
        f"# by pip-compile\n--index-url https://x.invalid/simple\n-e .\na==1.0 \\\n    --hash=sha256:{sha256(shelf['a'])}\n"
        f"    # via sample\nb==1.0 ; sys_platform == 'linux' \\\n{hashes}\nb==2.0 ; sys_platform == 'win32' \\\n"
        f"    --hash=sha256:{sha256(shelf['b2'])}\n",
    )
    first = built(project, tmp_path, PIP_FIND_LINKS=str(shelf["a"].parent)).succeeded()
    assert [item["wheel"] for item in first.record["distributions"]] == [shelf["a"].name, shelf["b"].name]
    anew = {"HATCH_OS402_FRESH": "1"}  # else it is answered from the last build, which needs no wheel
    again = built(project, tmp_path, **anew).succeeded()
    assert again.ours == first.ours
    (kept,) = (tmp_path / "cache").glob(f"wheels/*/*/{shelf['b'].name}")
    kept.write_bytes(b"damaged")
    assert "no wheel found for 'b==1.0'" in built(project, tmp_path, **anew).refused()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a==1.0", "a has no --hash=sha256:… (line 1)"),
        ("a==1.0 --hash=md5:00", "a has no --hash=sha256:… (line 1)"),
        (f"a>=1.0 --hash=sha256:{'0' * 64}", "a is not pinned with ==, but >=1.0 (line 1)"),
        (f"a==1.* --hash=sha256:{'0' * 64}", "a is not pinned with ==, but ==1.* (line 1)"),
        (
            f"a==1.0 --hash=sha256:{'0' * 64}\na==2.0 --hash=sha256:{'0' * 64}",
            "a is there twice, and the markers of both hold (line 2)",
        ),
    ],
)
def test_requirements_that_lock_nothing(project, line, said):
    write_requirements(project, f"{line}\n")
    found = selected(project / "requirements.txt")
    assert said in f"a {found.problems['a']}"
    assert not found.locked


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-r other.txt", "requirements.txt, line 1: the option '-r' is not read in a lock"),
        ("-e ../other", "requirements.txt, line 1: the option '-e' is not read in a lock"),
        ("\n\na b c", "requirements.txt, line 3: 'a b c' is no requirement"),
    ],
)
def test_lines_that_are_not_read(tmp_path, line, said):
    (tmp_path / "requirements.txt").write_text(f"{line}\n")
    with pytest.raises(LockError) as refused:
        selected(tmp_path / "requirements.txt")
    assert said in refused.value.message


@pytest.mark.parametrize("name", ["uv.lock", "pdm.lock", "poetry.lock"])
def test_a_format_of_one_tool(project, name):
    (project / name).write_text("version = 1\n")
    with pytest.raises(LockError, match=rf"{name} is in a format that only the tool that made it reads"):
        read_lock(project / name, project, "sample")


ENDLESS = f"a-1.0-{'-'.join(['.'.join(['x'] * 5000)] * 3)}.whl"
"""The name of a wheel that stands for 125 billion tags."""


@pytest.mark.parametrize("key", ["name", "path", "url"])
def test_a_wheel_of_which_no_file_can_be_named(project, key):
    place = {"url": f"https://example.com/{ENDLESS}?x#y", "path": f"wheels/{ENDLESS}", "name": ENDLESS}[key]
    more = 'url = "https://example.com/a-1.0-py3-none-any.whl"\n' if key == "name" else ""
    (project / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "1.0"\n[[packages.wheels]]\n'
        f'{key} = "{place}"\n{more}hashes = {{ sha256 = "{"0" * 64}" }}\n'
    )
    with pytest.raises(
        LockError, match=r"pylock\.toml is no lock .*: the name of a wheel has more than 255 characters"
    ):
        read_lock(project / "pylock.toml", project, "sample")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"packages = 3", b'lock-version = "2.0"\ncreated-by = "x"\npackages = []', b"a = " + b"[" * 5000],
)
def test_what_is_no_lock(project, content):
    (project / "pylock.toml").write_bytes(content)
    with pytest.raises(LockError, match=r"pylock\.toml is no lock that can be read"):
        read_lock(project / "pylock.toml", project, "sample")


def test_a_lock_whose_table_was_changed_by_hand(project):
    table = '[tool.hatch-os402]\npython = "3.12.3"\narchitectures = []\nrequirements = ["a"]\ndigest = "0"\n'
    (project / "pylock.toml").write_text(f'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n{table}')
    with pytest.raises(LockError, match="is not what its `digest` was made of"):
        read_lock(project / "pylock.toml", project, "sample")


BAD_ADDRESS = "https://user:hunter2@[x/b-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"marker": "os_name ~= 'x'"}, "b has a marker that cannot be decided: Undefined"),
        ({"archive": {"url": BAD_ADDRESS, "hashes": {"sha256": "0" * 64}}}, "b has an address that cannot be read, h"),
    ],
    ids=["a marker", "an address"],
)
def test_an_entry_that_cannot_be_read_is_named(shelf, project, tmp_path, table, said):
    wheels = [] if "archive" in table else [shelf["b"]]
    broken = entry(*wheels, name="b", version="1.0", **table)
    write_pylock(project / "pylock.toml", entry(shelf["a"], name="a", version="1.0"), broken)
    refused = built(project, tmp_path).refused()
    assert said in refused
    assert "hunter2" not in refused


def test_an_environment_that_cannot_be_decided(shelf, project, tmp_path):
    entries = [entry(shelf["a"], name="a", version="1.0"), entry(shelf["b"], name="b", version="1.0")]
    write_pylock(project / "pylock.toml", *entries, environments=["os_name ~= 'x'"])
    assert (
        "pylock.toml was not made for CPython 3.12.3 on linux x86_64: Undefined" in built(project, tmp_path).refused()
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("b==1.0; os_name ~= 'x' --hash=sha256:" + "0" * 64, "b cannot be used: the marker of "),
        (f"b @ {BAD_ADDRESS} --hash=sha256:" + "0" * 64, "b has an address that cannot be read, https:…"),
    ],
    ids=["a marker", "an address"],
)
def test_a_line_that_cannot_be_decided_is_named(shelf, project, tmp_path, line, said):
    write_requirements(project, f"a==1.0 --hash=sha256:{sha256(shelf['a'])}\n{line}\n")
    refused = built(project, tmp_path, PIP_FIND_LINKS=str(shelf["a"].parent)).refused()
    assert said in refused
    assert "(line 2)" in refused
    assert "hunter2" not in refused


def test_wheels_that_cannot_be_used_are_not_fetched(shelf, tmp_path):
    """Another one of the release has no SHA256: what is chosen is still there."""
    one = entry(shelf["b"], shelf["b-x86"], name="b", version="1.0")
    one["wheels"][1]["hashes"] = {"md5": "0" * 32}
    path = write_pylock(tmp_path / "pylock.toml", one)
    lock = read_lock(path, tmp_path, "sample")
    (chosen,) = lock.select(Target("x86_64"), (), ()).locked.values()
    assert lock.wheels(chosen, Target("x86_64")) == [chosen]
