"""`hatch-os402 lock`, and builds from what it writes, with an index of this machine."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys

import pytest
from support.buildproject import build, environment, write_project
from support.commandline import call
from support.datedindex import Upload, serving_uploads
from support.localindex import PASSWORD, QUOTED, serving
from support.wheelcraft import make_wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.once

LOCK = "pylock.os402.toml"
X86 = "cp312-cp312-manylinux_2_17_x86_64"
ARM = "cp312-cp312-manylinux_2_17_aarch64"
ALLOW_DIRECT = "[tool.hatch.metadata]\nallow-direct-references = true\n"


@pytest.fixture
def shelf(tmp_path):
    """Wheels of an index: a, which requires b, in two releases; b in two as well, one of them compiled too."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return {
        "a1": make_wheel(folder, "a", "1.0", {"a.py": "x = 1"}, requires=["b"]),
        "a2": make_wheel(folder, "a", "2.0", {"a.py": "x = 2"}, requires=["b>=1"]),
        "b1": make_wheel(folder, "b", "1.0", {"b.py": "x = 1"}),
        "b1x": make_wheel(folder, "b", "1.0", {"b.py": "x = 1"}, tag=X86),
        "b1a": make_wheel(folder, "b", "1.0", {"b.py": "x = 1"}, tag=ARM),
        "b1w": make_wheel(folder, "b", "1.0", {"b.py": "x = 1"}, tag="cp312-cp312-win_amd64"),
        "b2": make_wheel(folder, "b", "2.0", {"b.py": "x = 2"}),
    }


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project that requires a; pip's own settings are away, and the cache is its own."""
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("HATCH_OS402_CACHE_DIR", str(tmp_path / "cache"))
    return write_project(tmp_path / "project", dependencies=["a"])


def uploads(shelf, *names, **more):
    return [Upload(shelf[name], **more) for name in names]


def use(monkeypatch, index):
    for name, value in index.settings.items():
        monkeypatch.setenv(name, value)


def lock(capsys, project, *arguments):
    code, out, err = call(capsys, "lock", "--project", project, *arguments)
    assert code == 0, err
    return out + err


def versions(project):
    table = tomllib.loads((project / LOCK).read_text("utf-8"))
    return {package["name"]: package["version"] for package in table["packages"]}


def offline(tmp_path):
    """Return the environment of a build that has the cache, and no index."""
    return environment(PIP_NO_INDEX="1", HATCH_OS402_CACHE_DIR=str(tmp_path / "cache"))


def test_what_a_lock_holds(shelf, project, monkeypatch, capsys):
    with serving_uploads(uploads(shelf, "a1", "b1w", "b1x", "b1", "b1a")) as index:
        use(monkeypatch, index)
        lock(capsys, project)
    text = (project / LOCK).read_text("utf-8")
    table = tomllib.loads(text)
    a, b = table["packages"]
    assert [wheel["name"] for wheel in b["wheels"]] == sorted(shelf[name].name for name in ("b1", "b1x", "b1a"))
    assert (a["dependencies"], a["wheels"][0]["size"]) == ([{"name": "b"}], shelf["a1"].stat().st_size)
    assert a["wheels"][0]["upload-time"].isoformat() == "2025-01-01T00:00:00+00:00"
    assert table["tool"]["hatch-os402"]["requirements"] == ["a"]
    assert not any(word in text for word in ("http", "127.0.0.1", "s3cret", str(project), "2026"))


def test_another_order_and_another_address_change_no_byte(shelf, project, monkeypatch, capsys):
    names = ["a1", "b1w", "b1x", "b1", "b1a"]
    written = []
    for order in (names, names[::-1]):
        with serving_uploads(uploads(shelf, *order)) as index:
            use(monkeypatch, index)
            lock(capsys, project)
        written.append((project / LOCK).read_bytes())
        (project / LOCK).unlink()
        shutil.rmtree(project.parent / "cache")
    assert written[0] == written[1]


def test_addresses_where_they_are_wanted_and_no_password(shelf, project, monkeypatch, capsys):
    with serving_uploads(uploads(shelf, "a1", "b1")) as index:
        use(monkeypatch, index)
        lock(capsys, project, "--urls")
        text = (project / LOCK).read_text("utf-8")
        assert f"http://127.0.0.1:{index.server_port}/files/{shelf['a1'].name}" in text
    assert "s3cret" not in text
    assert "user" not in text


def test_a_year_later_the_same_bytes(shelf, project, monkeypatch, capsys, tmp_path):
    """Newer releases, more wheels of the locked one, yanked files and another order: nothing of it matters."""
    before = uploads(shelf, "a1", "b1x")
    newer = uploads(shelf, "b2", "a2", time="2026-06-01T00:00:00Z")
    with serving_uploads([*newer, *before]) as index:
        use(monkeypatch, index)
        lock(capsys, project, "--exclude-newer", "2026-01-01")
        first = build(
            project, env=environment(**index.settings, HATCH_OS402_CACHE_DIR=str(tmp_path / "one"))
        ).succeeded()
    assert first.vendored == {"a": "1.0", "b": "1.0"}
    assert "nothing was resolved" in first.err
    late = [
        Upload(shelf["b1"], "2026-07-01T00:00:00Z"),
        *newer,
        *[Upload(one.path, yanked=True) for one in before[::-1]],
    ]
    with serving_uploads(late) as index:
        env = environment(**index.settings, HATCH_OS402_CACHE_DIR=str(tmp_path / "other"))
        second = build(project, env=env, dist=tmp_path / "later").succeeded()
        files = [path for path in index.requests if path.startswith("/files/")]
    assert second.ours == first.ours
    assert sorted(files) == [f"/files/{shelf[name].name}" for name in ("a1", "b1x")]


def test_versions_stay_until_they_are_upgraded(shelf, project, monkeypatch, capsys):
    with serving_uploads(uploads(shelf, "a1", "b1")) as index:
        use(monkeypatch, index)
        lock(capsys, project)
    with serving_uploads(uploads(shelf, "a1", "b1", "a2", "b2")) as index:
        use(monkeypatch, index)
        assert "as it was" in lock(capsys, project)
        assert "b: 1.0 -> 2.0" in lock(capsys, project, "--upgrade", "B")
        assert versions(project) == {"a": "1.0", "b": "2.0"}
        assert "a: 1.0 -> 2.0" in lock(capsys, project, "--upgrade")
        assert versions(project) == {"a": "2.0", "b": "2.0"}
        write_project(project, dependencies=["a<2"])
        lock(capsys, project)
        assert versions(project) == {"a": "1.0", "b": "2.0"}
        code, _, err = call(capsys, "lock", "--project", project, "--upgrade", "zzz")
    assert code == 1
    assert "--upgrade names zzz, which pylock.os402.toml does not have; it has a, b" in err


def test_a_lock_that_is_not_of_the_project(shelf, project, monkeypatch, capsys, tmp_path):
    with serving_uploads(uploads(shelf, "a1", "b1")) as index:
        use(monkeypatch, index)
        lock(capsys, project)
        assert call(capsys, "lock", "--project", project, "--check")[0] == 0
    write_project(project, dependencies=["a>=2", "c"])
    code, _, err = call(capsys, "lock", "--project", project, "--check")
    assert code == 1
    said = [
        "pylock.os402.toml is not of the project as it is:",
        "pyproject.toml, line 8: 'a>=2' is required, and the lock was made for 'a'",
        "pyproject.toml, line 8: 'c' is required, and the lock was made without c",
        "Run `hatch-os402 lock`",
    ]
    assert all(sentence in err for sentence in said), err
    refused = build(project, env=offline(tmp_path)).refused()
    assert all(sentence in refused for sentence in said)
    write_project(project, dependencies=["a"], options="bytecode = false\nlock = false\n")
    assert "no wheel found for 'a (from sample)'" in build(project, env=offline(tmp_path)).refused()


def build_command(project, *arguments):
    """Run `hatch-os402 build`, whose hatchling writes past what pytest catches."""
    command = [sys.executable, "-m", "hatch_os402", "build", str(project), *arguments]
    return subprocess.run(command, env=environment(PIP_NO_INDEX="1"), capture_output=True, text=True, check=False)


def test_a_lock_is_required_where_it_is_asked_for(project, tmp_path, capsys):
    required = environment(PIP_NO_INDEX="1", HATCH_OS402_LOCKED="1")
    assert "and a lock is required.\nWrite it with `hatch-os402 lock`" in build(project, env=required).refused()
    code, _, err = call(capsys, "check", project, "--locked", "--remedies", "0")
    assert (code, "a lock is required" in err) == (1, True)
    assert build_command(project, "--locked").returncode == 1
    assert "and a lock is required" in build_command(project, "--locked").stderr
    assert "no wheel found for 'a (from sample)'" in build_command(project).stderr
    call(capsys, "build", project, "--locked")
    assert "HATCH_OS402_LOCKED" not in os.environ
    write_project(project, options="lock = true\n")
    assert "and a lock is required" in build(project, env=offline(tmp_path)).refused()
    write_project(project, options='lock = "requirements.txt"\n')
    assert "Write it with the tool that makes such a file" in build(project, env=offline(tmp_path)).refused()
    write_project(project, options='lock = "pylock.other.toml"\n')
    assert "pylock.other.toml, and `lock` names it" in build(project, env=offline(tmp_path)).refused()
    write_project(project, options="lock = false\n")
    assert "the option `lock` is false" in build(project, env=required).refused()


def test_a_wheelhouse_is_enough(shelf, project, monkeypatch, capsys, tmp_path):
    with serving_uploads(uploads(shelf, "a1", "b1w", "b1x", "b1", "b1a")) as index:
        use(monkeypatch, index)
        said = lock(capsys, project, "--fetch", project / "wheels")
    assert f"{project / 'wheels'}: 4 wheels" in said
    held = {path.name for path in (project / "wheels").iterdir()}
    assert held == {shelf[name].name for name in ("a1", "b1", "b1x", "b1a")}
    shutil.rmtree(tmp_path / "cache")
    with serving_uploads(uploads(shelf, "a2", "b2")) as index:
        use(monkeypatch, index)
        text = (project / LOCK).read_bytes()
        assert "4 wheels" in lock(
            capsys, project, "--fetch", project / "wheels"
        )  # what is locked, and not what is newer
        assert ((project / LOCK).read_bytes(), index.requests) == (text, [])
    shutil.rmtree(tmp_path / "cache")
    built = build(project, env=offline(tmp_path)).succeeded()
    assert [item["wheel"] for item in built.record["distributions"]] == [shelf["a1"].name, shelf["b1"].name]
    shutil.rmtree(tmp_path / "cache")
    broken = project / "wheels" / shelf["a1"].name
    broken.write_bytes(broken.read_bytes() + b"x")
    refused = build(project, env=offline(tmp_path)).refused()
    assert "is not the file that pylock.os402.toml has for a: its SHA256 is" in refused


def test_another_file_of_the_same_name_is_refused(shelf, project, monkeypatch, capsys, tmp_path):
    """Neither another release, nor the address of the lock, nor another wheel of the release is taken in its place."""
    with serving_uploads(uploads(shelf, "a1", "b1", "b1x")) as index:
        use(monkeypatch, index)
        lock(capsys, project, "--urls")
        shutil.rmtree(tmp_path / "cache")
        make_wheel(shelf["b1"].parent, "b", "1.0", {"b.py": "import os"})
        env = environment(**index.settings, HATCH_OS402_CACHE_DIR=str(tmp_path / "cache"))
        refused = build(project, env=env).refused()
    assert "a file from the index is not the one that was promised" in refused
    assert "s3cret" not in refused
    assert not list(project.glob("dist/*"))


def test_a_file_that_the_index_lost_comes_from_the_address_of_the_lock(shelf, project, monkeypatch, capsys, tmp_path):
    with serving_uploads(uploads(shelf, "a1", "b1")) as index, serving_uploads(uploads(shelf, "a2", "b2")) as other:
        use(monkeypatch, index)
        lock(capsys, project, "--urls")
        env = environment(**other.settings, HATCH_OS402_CACHE_DIR=str(tmp_path / "new"))
        assert build(project, env=env).succeeded().vendored == {"a": "1.0", "b": "1.0"}


def test_no_times_no_exclusion(shelf, project, monkeypatch, capsys):
    with serving_uploads(uploads(shelf, "a1", "b1", time=None)) as index:
        use(monkeypatch, index)
        code, _, err = call(capsys, "lock", "--project", project, "--exclude-newer", "2026-01-01")
    assert code == 1
    assert "the index does not say when its files were uploaded (PEP 700), and --exclude-newer asks for that" in err
    assert not (project / LOCK).exists()


def test_the_lock_of_another_tool_is_not_overwritten(project, capsys):
    write_project(project, options='lock = "pylock.toml"\n')
    (project / "pylock.toml").write_text('lock-version = "1.0"\ncreated-by = "uv"\npackages = []\n')
    code, _, err = call(capsys, "lock", "--project", project)
    assert (code, "pylock.toml is the lock of another tool, and would be overwritten" in err) == (1, True)
    write_project(project, options='lock = "requirements.txt"\n')
    code, _, err = call(capsys, "lock", "--project", project)
    assert (code, "names requirements.txt, which no other tool would take for a lock" in err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [["--check", "--upgrade"], ["--check", "--urls"], ["a"], ["--exclude-newer", "soon"], ["--exclude-newer", "P1D"]],
)
def test_wrong_usage(project, capsys, arguments):
    assert call(capsys, "lock", "--project", project, *arguments)[0] == 2


def test_marks_of_a_merge(shelf, project, monkeypatch, capsys, tmp_path):
    (project / LOCK).write_text("<<<<<<< HEAD\n")
    assert "pylock.os402.toml is no lock that can be read" in build(project, env=offline(tmp_path)).refused()
    with serving_uploads(uploads(shelf, "a1", "b1")) as index:
        use(monkeypatch, index)
        assert "It is written anew" in lock(capsys, project)
    assert versions(project) == {"a": "1.0", "b": "1.0"}


def test_no_secret_of_an_index_is_written_or_said(shelf, project, monkeypatch, capsys, tmp_path):
    """Not of the index, and not of a requirement's address: in no lock, record, cache or log, nor in any error."""
    with serving(shelf["a1"].parent, private=True) as index:
        address = f"{index.url_with_credentials.removesuffix('simple/')}files/{shelf['b2'].name}"
        monkeypatch.setenv("PIP_INDEX_URL", index.url_with_credentials)
        said = []

        def tried(*arguments):
            said.append("".join(call(capsys, *arguments)[1:]))
            return said[-1]

        assert "2 distributions" in tried("-v", "lock", "--project", project, "--urls")
        assert f'url = "http://127.0.0.1:{index.server_port}/files/{shelf["a2"].name}"' in (project / LOCK).read_text()
        env = environment(PIP_INDEX_URL=index.url_with_credentials, HATCH_OS402_CACHE_DIR=str(tmp_path / "cache"))
        said.append(build(project, env=env).succeeded().err)
        written = files_below(project, tmp_path / "cache")
        shutil.rmtree(tmp_path / "cache")
        make_wheel(shelf["a2"].parent, "a", "2.0", {"a.py": "another"}, requires=["b>=1"])
        assert "is not the one that was promised" in tried("-v", "check", project, "--remedies", "0")
        write_project(project, dependencies=["a", f"b @ {address}"], extra=ALLOW_DIRECT)
        assert "is not of the project as it is" in tried("-v", "lock", "--project", project, "--check")
        assert "2 distributions" in tried("-v", "lock", "--project", project)
        assert f'/files/{shelf["b2"].name}"' in (project / LOCK).read_text()
        written |= {"lock": (project / LOCK).read_bytes()}
        assert "everything can run" in tried("-v", "check", project, "--remedies", "0")
        shutil.rmtree(tmp_path / "cache")
        shelf["b2"].unlink()
        assert "404" in tried("-v", "check", project, "--remedies", "0")
        write_project(project, dependencies=["a<1", f"b @ {address}"], extra=ALLOW_DIRECT, options="lock = false\n")
        assert "no wheel found" in tried("-v", "check", project, "--remedies", "0")
    for secret in (PASSWORD, QUOTED, base64.b64encode(f"user:{PASSWORD}".encode()).decode()):
        assert [text for text in said if secret in text] == []
        assert [name for name, content in written.items() if secret.encode() in content] == []


def files_below(*folders):
    return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
