from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from support.wheelcraft import make_wheel

from hatch_os402.errors import ResolutionError, WheelError
from hatch_os402.resolution import fetch as fetching
from hatch_os402.resolution.fetch import fetch
from hatch_os402.resolution.graph import Pin


@pytest.fixture
def pin(tmp_path, monkeypatch):
    folder = tmp_path / "index"
    folder.mkdir()
    path = make_wheel(folder, "a", "1.0", {"a.py": "x = 1"}, requires=["b >1"])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return Pin(
        name="a",
        version="1.0",
        filename=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        url=path.as_uri(),
        direct=False,
        requires_dist=("b>1",),
        requires_python="",
    )


def fetched(pin, tmp_path, work="work"):
    workdir = tmp_path / work
    workdir.mkdir()
    return fetch([pin], cache=tmp_path / "cache", workdir=workdir, machine="x86_64")[0]


@pytest.mark.parametrize("direct", [False, pytest.param(True, marks=pytest.mark.once)])
def test_fetched_into_the_cache(pin, tmp_path, direct):
    wheel = fetched(replace(pin, direct=direct), tmp_path)
    assert (wheel.name, str(wheel.version)) == ("a", "1.0")
    assert wheel.path == tmp_path / "cache" / pin.sha256[:2] / pin.sha256 / pin.filename


@pytest.mark.once
def test_the_second_time_without_pip(pin, tmp_path, monkeypatch):
    first = fetched(pin, tmp_path)
    monkeypatch.setattr(fetching, "run_pip", None)
    assert fetched(pin, tmp_path, "again") == first


@pytest.mark.once
def test_a_damaged_one_in_the_cache_is_fetched_again(pin, tmp_path):
    wheel = fetched(pin, tmp_path)
    wheel.path.write_bytes(wheel.path.read_bytes()[:-1])
    assert fetched(pin, tmp_path, "again") == wheel


@pytest.mark.once
def test_a_file_that_is_not_the_promised_one(pin, tmp_path):
    with pytest.raises(ResolutionError, match=r"is not the one that was promised[\s\S]*Expected sha256 0{64}"):
        fetched(replace(pin, sha256="0" * 64), tmp_path)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "requires", [("b>2",), *(pytest.param(requires, marks=pytest.mark.once) for requires in ((), ("b>1", "c")))]
)
def test_metadata_that_the_index_told_differently(pin, tmp_path, requires):
    with pytest.raises(WheelError, match=r"a-1\.0-py3-none-any\.whl: its own metadata differs from what the index had"):
        fetched(replace(pin, requires_dist=requires), tmp_path)


@pytest.mark.once
def test_what_only_the_other_architecture_requires_is_fetched_for_that(pin, tmp_path, monkeypatch):
    """Its release has a wheel for each: for the first architecture pip would fetch the one that was not pinned."""
    folder = tmp_path / "index"
    asked = []
    paths = {
        machine: make_wheel(folder, "c", "1.0", {"c.py": machine}, tag=f"cp312-cp312-manylinux_2_28_{machine}")
        for machine in ("x86_64", "aarch64")
    }
    content = paths["aarch64"].read_bytes()
    name, sha256 = paths["aarch64"].name, hashlib.sha256(content).hexdigest()
    other = replace(pin, name="c", filename=name, sha256=sha256, url=paths["aarch64"].as_uri(), requires_dist=())
    run = fetching.run_pip

    def noting(arguments, target, *more, requirements, **keywords):
        asked.append((target.machine, [text for text, _ in requirements]))
        return run(arguments, target, *more, requirements=requirements, **keywords)

    monkeypatch.setattr(fetching, "run_pip", noting)
    (tmp_path / "work").mkdir()
    wheels = fetch([other, pin], cache=tmp_path / "cache", workdir=tmp_path / "work", machine="x86_64")
    assert [wheel.path.read_bytes() == content for wheel in wheels] == [True, False]
    assert asked == [("aarch64", ["c==1.0"]), ("x86_64", ["a==1.0"])]
