from __future__ import annotations

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hatch_os402.errors import ScaffoldError
from hatch_os402.scaffold.table import TomlFile, diff, read_file, with_table, with_values

TABLE = {
    "dependencies": ["hatch-os402"],
    "entry-point": "shop.web:app",
    "interface": "wsgi",
    "offer": {"min-duration": 5},
}
LINES = '[tool.hatch.build.targets.os402]\ndependencies = ["hatch-os402"]\nentry-point = "shop.web:app"\ninterface = "wsgi"\n'
LINES += "\n[tool.hatch.build.targets.os402.offer]\nmin-duration = 5\n"
COMMENTED = """\
# first
[project]   # of the shop
name = 'shop'
version="1"     # by hand

[tool.hatch.build.targets.wheel]
packages = [
  "shop", # it is here
]
# the end
"""


@pytest.fixture
def added(tmp_path):
    def add(text):
        (tmp_path / "pyproject.toml").write_bytes(text.encode())
        file = read_file(tmp_path)
        return file, with_table(file, TABLE)

    return add


@pytest.mark.parametrize("text", [COMMENTED, "", "[project]\nname = 'x'", "a = 1\n\n\n", "[tool.ruff]\n[tool.hatch]\n"])
def test_the_file_stays_and_the_table_follows(added, text):
    file, changed = added(text)
    assert changed.startswith(text)
    assert changed.endswith(LINES)
    assert changed[len(text) : -len(LINES)] in {"\n", "\n\n"}
    expected = tomlkit.parse(text).unwrap()
    got = tomlkit.parse(changed).unwrap()
    assert got["tool"]["hatch"]["build"]["targets"].pop("os402") == TABLE
    del got["tool"]
    expected.pop("tool", None)
    assert got == expected
    assert not file.has_table


def test_line_endings_stay(added):
    _, changed = added(COMMENTED.replace("\n", "\r\n"))
    assert changed.count("\n") == changed.count("\r\n")
    assert changed.startswith(COMMENTED.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    "text",
    [
        '[tool]\nhatch.build.targets.wheel.packages = ["shop"]  # dotted\n',
        '[tool.hatch.build]\ntargets.wheel.packages = ["shop"]\n[tool.ruff]\nline-length = 1\n',
        'tool.hatch.version = "1"\n',
        '[tool]\nhatch = { build = { targets = { wheel = { packages = ["shop"] } } } }\n',
    ],
)
def test_dotted_keys_and_inline_tables(added, text):
    _, changed = added(text)
    got = tomlkit.parse(changed).unwrap()
    assert got["tool"]["hatch"]["build"]["targets"].pop("os402") == TABLE
    for line in text.splitlines():
        if "{" not in line:
            assert line in changed.splitlines()


def test_the_diff_only_adds(added):
    file, changed = added(COMMENTED)
    lines = diff(file, changed).splitlines()
    assert lines[:2] == ["--- a/pyproject.toml", "+++ b/pyproject.toml"]
    assert [line for line in lines[2:] if line.startswith("-")] == []
    assert "".join(f"{line[1:]}\n" for line in lines[3:] if line.startswith("+")) == f"\n{LINES}"


def test_hatch_toml_where_it_counts(tmp_path):
    (tmp_path / "pyproject.toml").write_text(COMMENTED)
    (tmp_path / "hatch.toml").write_text("[envs.default]\n")
    assert read_file(tmp_path).path.name == "pyproject.toml"
    (tmp_path / "hatch.toml").write_text("[build.targets.wheel]\npackages = ['shop']\n")
    file = read_file(tmp_path)
    assert (file.path.name, file.table_name) == ("hatch.toml", "[build.targets.os402]")
    assert tomlkit.parse(with_table(file, TABLE)).unwrap()["build"]["targets"]["os402"] == TABLE


def test_a_table_that_is_there(added, tmp_path):
    (tmp_path / "pyproject.toml").write_text(LINES)
    assert read_file(tmp_path).has_table


@pytest.mark.parametrize("content", [b"[project\n", b"\xff", b"a = 1\na = 2\n"])
def test_what_cannot_be_read(tmp_path, content):
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(ScaffoldError, match=r"pyproject\.toml cannot be read"):
        read_file(tmp_path)


KEYS = st.sampled_from(["tool", "hatch", "build", "targets", "wheel", "project", "a b", "ü"])
VALUES = st.recursive(
    st.integers() | st.text(max_size=5) | st.booleans(), lambda inner: st.lists(inner, max_size=2), max_leaves=3
)
CONFIGS = st.recursive(
    st.dictionaries(KEYS, VALUES, max_size=2),
    lambda inner: st.dictionaries(KEYS, inner | VALUES, max_size=3),
    max_leaves=6,
)


def remove_if_new(got, config, last):
    """Remove the table `last` of the target's path where it was made for it."""
    path = ["tool", "hatch", "build", "targets"]
    for key in path[: path.index(last)]:
        got, config = got.get(key, {}), config.get(key, {})
    if last not in config and got.get(last) == {}:
        del got[last]


@settings(suppress_health_check=[HealthCheck.too_slow])  # how long it takes is a matter of the machine
@given(CONFIGS)
def test_whatever_else_the_file_says_stays(config):
    text = tomlkit.dumps(config)
    file = TomlFile(
        "pyproject.toml", text, tomlkit.parse(text).unwrap(), ("tool", "hatch", "build", "targets", "os402")
    )
    try:
        changed = with_table(file, TABLE)
    except ScaffoldError:
        return
    got = tomlkit.parse(changed).unwrap()
    assert got["tool"]["hatch"]["build"]["targets"]["os402"] == TABLE
    del got["tool"]["hatch"]["build"]["targets"]["os402"]
    for key in ("targets", "build", "hatch", "tool"):
        remove_if_new(got, config, key)
    assert got == config


TUNED = """\
[project]
name = "shop"

[tool.hatch.build.targets.os402]
dependencies = ["hatch-os402"]  # by hand
lazy-imports = [
  "json",  # it is large
]

[tool.hatch.build.targets.os402.offer]
price = 0
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_values_are_set_and_all_else_stays(tmp_path, newline):
    (tmp_path / "pyproject.toml").write_bytes(TUNED.replace("\n", newline).encode())
    file = read_file(tmp_path)
    changed = with_values(file, {"lazy-imports": ["json", "email"], "sources": False})
    assert changed.count(newline) == changed.count("\n")
    table = tomlkit.parse(changed).unwrap()["tool"]["hatch"]["build"]["targets"]["os402"]
    assert table == {
        "dependencies": ["hatch-os402"],
        "lazy-imports": ["json", "email"],
        "sources": False,
        "offer": {"price": 0},
    }
    removed = [line for line in diff(file, changed).splitlines()[2:] if line.startswith("-")]
    assert not removed, removed
    assert "# it is large" in changed


def test_values_replace_others(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.hatch.build.targets.os402]\nexclude = ["a", "b"]\nsources = true\n')
    changed = with_values(read_file(tmp_path), {"exclude": ["b"], "sources": False})
    assert changed == '[tool.hatch.build.targets.os402]\nexclude = ["b"]\nsources = false\n'


def test_values_make_the_table_where_there_is_none(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    changed = with_values(read_file(tmp_path), {"sources": False})
    assert changed == "[project]\n\n[tool.hatch.build.targets.os402]\nsources = false\n"


def test_one_other_line_ending_does_not_change_all(tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(TUNED.replace("# by hand\n", "# by hand\r\n").encode())
    changed = with_values(read_file(tmp_path), {"sources": False})
    assert changed.count("\r\n") <= 1
