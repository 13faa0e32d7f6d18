"""What is not needed is not vendored, and what is known to be hopeless is not even fetched."""

from __future__ import annotations

import json
import os

import pytest
from support.buildproject import build, environment, offline, write_project
from support.commandline import call
from support.wheelcraft import ELF, make_wheel

from hatch_os402.compatibility.assess import assess, drop_summary
from hatch_os402.compatibility.dropping import examined, hopeless, without_droppable
from hatch_os402.compatibility.vet import vet
from hatch_os402.resolution.graph import Graph, Pin
from hatch_os402.resolution.resolve import Resolution
from hatch_os402.wheels.reading import read_wheel

pytestmark = pytest.mark.once

LINUX = "cp312-cp312-manylinux_2_17_x86_64"


def resolved(required_by, versions=(), tags=()):
    """Return a resolution with an edge from each name to those that require it."""
    pins = []
    for name in sorted(required_by):
        version, tag = dict(versions).get(name, "1.0"), dict(tags).get(name, "py3-none-any")
        filename = f"{name.replace('-', '_')}-{version}-{tag}.whl"
        pins.append(Pin(name, version, filename, "0" * 64, "", False, (), ""))
    return Resolution(tuple(pins), Graph("app", {name: frozenset(above) for name, above in required_by.items()}))


def names(pins):
    return [pin.name for pin in pins]


KEYRING = {
    "keyring": {"app"},
    "secretstorage": {"keyring"},
    "cryptography": {"secretstorage"},
    "jeepney": {"keyring", "secretstorage"},
}


def test_what_is_dropped_goes_with_what_only_it_requires():
    found = without_droppable(resolved(KEYRING, {"keyring": "25.7.0"}))
    assert (names(found.pins), names(found.dropped)) == (["jeepney", "keyring"], ["secretstorage"])
    assert found.graph.required_by == {
        "jeepney": {"keyring"},
        "keyring": {"app"},
        "secretstorage": {"keyring"},
    }
    assert names(found.all_pins) == ["jeepney", "keyring", "secretstorage"]
    assert drop_summary(found.dropped[0]).startswith("secretstorage 1.0: not vendored, for keyring does without")


@pytest.mark.parametrize(
    ("change", "versions"),
    [
        ({"secretstorage": {"keyring", "app"}}, {"keyring": "25.7.0"}),
        ({"secretstorage": {"keyring", "other"}, "other": {"app"}}, {"keyring": "25.7.0"}),
        ({}, {"keyring": "99.0"}),
        ({}, {"keyring": "1.0"}),
    ],
    ids=["required by the project", "required by another", "too new", "too old"],
)
def test_what_somebody_needs_stays(change, versions):
    resolution = resolved(KEYRING | change, versions)
    assert without_droppable(resolution) is resolution


MSAL = {"msal": {"app"}, "pyjwt": {"msal"}, "cryptography": {"msal", "pyjwt"}, "cffi": {"cryptography"}}
RELEASES = {"msal": "1.39.0", "pyjwt": "2.15.1", "keyring": "25.7.0"}


def test_what_requires_it_for_another_s_sake_does_without_it_for_that_one_alone():
    found = without_droppable(resolved(MSAL, RELEASES))
    assert (names(found.pins), names(found.dropped)) == (["msal", "pyjwt"], ["cryptography"])
    for more in ({"pyjwt": {"msal", "app"}}, {"pyjwt": {"msal", "other"}, "other": {"app"}}, {"pyjwt": {"app"}}):
        resolution = resolved(MSAL | more, RELEASES)
        assert without_droppable(resolution) is resolution


GOOGLE = {
    "google-api-core": {"app"},
    "google-auth": {"google-api-core"},
    "cryptography": {"google-auth"},
    "cffi": {"cryptography"},
}


def test_google_auth_needs_cryptography_unless_google_api_core_alone_requires_it():
    """google.oauth2 cannot be imported without it: who asks for google-auth has to learn that."""
    releases = {"google-auth": "2.63.0", "google-api-core": "2.44.0"}
    found = without_droppable(resolved(GOOGLE, releases))
    assert (names(found.pins), names(found.dropped)) == (["google-api-core", "google-auth"], ["cryptography"])
    client = {"google-auth": {"google-api-core", "google-cloud-core"}, "google-cloud-core": {"app"}}
    for more in ({"google-auth": {"google-api-core", "app"}}, client):
        resolution = resolved(GOOGLE | more, releases)
        assert without_droppable(resolution) is resolution


def test_who_is_dropped_needs_nothing():
    graph = KEYRING | MSAL | {"cryptography": {"msal", "pyjwt", "secretstorage"}}
    found = without_droppable(resolved(graph, RELEASES))
    assert names(found.pins) == ["jeepney", "keyring", "msal", "pyjwt"]
    assert names(found.dropped) == ["cryptography", "secretstorage"]
    assert found.graph.required_by["cryptography"] == {"msal", "pyjwt"}


def test_what_is_dropped_and_required_by_what_is_dropped_is_gone():
    graph = {"pandas-stubs": {"app"}, "numpy": {"pandas-stubs"}, "more": {"numpy"}, "most": {"more"}}
    found = without_droppable(resolved(graph, {"pandas-stubs": "3.1.0"}))
    assert (names(found.pins), names(found.dropped)) == (["pandas-stubs"], ["numpy"])


def test_what_is_hopeless_is_not_worth_fetching_and_neither_is_what_it_alone_requires():
    graph = {"torch": {"app"}, "nvidia-x": {"torch"}, "sympy": {"torch", "app"}, "numpy": {"app"}}
    resolution = resolved(graph, tags={"torch": LINUX, "nvidia-x": LINUX})
    assert hopeless(resolution) == {"torch"}  # that numpy is pure
    assert examined(resolution) == {"sympy", "numpy"}
    assert hopeless(resolution, {"torch"}) == frozenset()
    assert examined(resolution, {"torch"}) == graph.keys()


def test_what_was_not_fetched_is_still_reported(tmp_path):
    project = vet(read_wheel(make_wheel(tmp_path, "app", "1.0", {"app.py": ""})))
    resolution = resolved({"torch": {"app"}, "nvidia-x": {"torch"}}, tags={"torch": LINUX, "nvidia-x": LINUX})
    found = assess(project, [], resolution, {})
    assert {item.name: item.verdict for item in found.distributions} == {
        "app": "pure",
        "torch": "native",
        "nvidia-x": "unexamined",
    }
    (error,) = found.errors
    assert (error.subject, error.code, error.chains) == ("torch", "native-code", (("app", "torch"),))
    assert error.message == f"its wheel holds compiled code (torch-1.0-{LINUX}.whl)"
    assert "call it over HTTP" in error.advice


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf")
    hub = 'try:\n    import hf_xet\nexcept ImportError:\n    print("it does without")\n'
    make_wheel(folder, "huggingface-hub", "2.4.0", {"huggingface_hub.py": hub}, requires=["hf-xet", "small"])
    make_wheel(folder, "hf-xet", "1.8.0", {"hf_xet/hf_xet.abi3.so": ELF}, requires=["small", "inner"], tag=LINUX)
    make_wheel(folder, "small", "1.0", {"small.py": ""})
    make_wheel(folder, "inner", "1.0", {"inner.py": ""})
    make_wheel(folder, "pandas", "3.0", {"pandas/_x.abi3.so": ELF}, requires=["numpy", "small"], tag=LINUX)
    make_wheel(folder, "numpy", "2.0", {"numpy/_x.abi3.so": ELF}, tag=LINUX)
    return folder


def test_the_record_says_what_was_dropped_and_verify_understands(tmp_path, shelf, capsys):
    root = write_project(
        tmp_path / "project",
        dependencies=["huggingface-hub"],
        files={"sample/__init__.py": "", "sample/__main__.py": "import huggingface_hub\n"},
    )
    built = build(root, env=environment(**offline(shelf))).succeeded()
    assert "hf-xet 1.8.0: not vendored, for huggingface-hub transfers files over plain HTTPS" in built.err
    assert [(item["name"], item["treatment"]) for item in built.record["distributions"]] == [
        ("hf-xet", "dropped"),
        ("huggingface-hub", "pure"),
        ("small", "pure"),
    ]
    (dropped,) = [item for item in built.record["distributions"] if item["treatment"] == "dropped"]
    assert (dropped["required_by"], dropped["left_out"]) == (["huggingface-hub"], [])
    assert not [path for path in built.members if path.startswith(("hf_xet", "inner"))]
    code, out, err = call(capsys, "verify", root)
    assert code == 0, out + err


def test_a_lock_has_it_and_a_build_from_the_lock_drops_it(tmp_path, shelf, capsys, monkeypatch):
    root = write_project(tmp_path / "project", dependencies=["huggingface-hub"])
    for name, value in (offline(shelf) | {"PIP_CONFIG_FILE": os.devnull}).items():
        monkeypatch.setenv(name, value)
    code, out, err = call(capsys, "lock", "--project", root)
    assert code == 0, out + err
    text = (root / "pylock.os402.toml").read_text(encoding="utf-8")
    assert 'name = "hf-xet"' in text
    assert 'name = "inner"' in text
    built = build(root, env=environment(**offline(shelf))).succeeded()
    assert {item["name"]: item["treatment"] for item in built.record["distributions"]} == {
        "hf-xet": "dropped",
        "huggingface-hub": "pure",
        "small": "pure",
    }


def test_a_build_ends_without_the_wheels_that_are_hopeless(tmp_path, shelf, capsys, monkeypatch):
    root = write_project(tmp_path / "project", dependencies=["pandas"])
    settings = offline(shelf) | {"HATCH_OS402_CACHE_DIR": str(tmp_path / "cache")}
    told = build(root, env=environment(**settings)).refused()
    assert "csv and sqlite3 of the standard library" in told
    assert "None of its releases is pure Python: no fix was searched for." in told
    assert "It comes with pandas alone, and goes with it." in told
    assert told.index("  pandas 3.0\n") < told.index("  numpy 2.0\n")
    assert "searching for fixes" not in told
    fetched = [path.name for path in (tmp_path / "cache/wheels").rglob("*.whl")]
    assert fetched == []
    for name, value in (settings | {"PIP_CONFIG_FILE": os.devnull}).items():
        monkeypatch.setenv(name, value)
    code, out, _ = call(capsys, "check", root, "--json")
    verdicts = {item["name"]: item["verdict"] for item in json.loads(out)["distributions"]}
    assert (code, verdicts) == (1, {"sample": "pure", "numpy": "native", "pandas": "native", "small": "unexamined"})
