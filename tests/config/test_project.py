from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hatch_os402.config.options import Options
from hatch_os402.config.project import (
    Project,
    check_entry_point,
    check_features,
    check_lazy_imports,
    entry_point,
    requirements_of_groups,
)
from hatch_os402.errors import OptionValueError, Os402Error

PROJECT = Project(
    root=Path(),
    id="my_app-1.0",
    name="my-app",
    version="1.0",
    description=None,
    scripts={},
    extras=["pretty", "a-b"],
    groups={"base": ["idna"], "all": [{"include-group": "base"}, "six; python_version < '3'"]},
    wheel=Path("x.whl"),
)


class TestEntryPoint:
    def chosen(self, scripts=None, paths=(), **table):
        project = replace(PROJECT, scripts=scripts or {})
        return entry_point(
            project, Options({key.replace("_", "-"): value for key, value in table.items()}, Path()), paths
        )

    def test_the_option_comes_first(self):
        assert self.chosen({"a": "a:main"}, entry_point="b:run") == "b:run"

    def test_the_only_script(self):
        assert self.chosen({"a": "a.cli:main"}) == "a.cli:main"

    def test_two_names_of_one_function_are_one_script(self):
        assert self.chosen({"a": "a:main", "b": "a : main [extra]"}) == "a:main"

    def test_several_scripts_are_all_named(self):
        with pytest.raises(
            OptionValueError, match=r'one of:\n  entry-point = "a:main"  # a\n  entry-point = "b:main"  # b'
        ):
            self.chosen({"b": "b:main", "a": "a:main"})

    def test_the_only_package_with_main(self):
        assert self.chosen(paths=["a/__main__.py", "a/b/__main__.py", "c/__init__.py"]) == "a"

    def test_the_only_main_may_lie_deeper(self):
        assert self.chosen(paths=["a/b/__main__.py", "a/b/__init__.py"]) == "a.b"

    def test_several_packages_with_main(self):
        with pytest.raises(OptionValueError, match="one of: a, b"):
            self.chosen(paths=["b/__main__.py", "a/__main__.py"])

    def test_nothing_to_run(self):
        with pytest.raises(OptionValueError, match=r'such as "my_app\.cgi:main"'):
            self.chosen(paths=["a/__init__.py"])


class TestCheckEntryPoint:
    FILES = {  # noqa: RUF012
        "a/__init__.py": b"from b import run as renamed",
        "a/cli.py": b"def main(): pass\nclass App: pass\nvalue = 1",
        "a/__main__.py": b"",
        "b.py": b"from c import *",
        "d.py": b"print 'two'",
    }

    def warned(self, entry):
        return check_entry_point(entry, self.FILES, self.FILES.__getitem__)

    @pytest.mark.parametrize(
        "entry", ["a.cli:main", "a.cli:App.run", "a.cli:value", "a:renamed", "b:any", "d:x", "a", "a.cli"]
    )
    def test_good(self, entry):
        assert self.warned(entry) is None

    @pytest.mark.parametrize("entry", ["a.cli:man", "a:run"])
    def test_a_callable_that_is_not_there_is_a_warning(self, entry):
        assert f"does not define {entry.partition(':')[2]!r}" in self.warned(entry)

    @pytest.mark.parametrize(
        ("entry", "message"),
        [
            ("cli:main", r"neither cli.py nor cli/__init__.py is. There is a/cli.py"),
            ("x.y", r"neither x/y/__main__.py nor x/y.py is"),
        ],
    )
    def test_a_module_that_is_not_there(self, entry, message):
        with pytest.raises(Os402Error, match=message):
            self.warned(entry)


def test_groups_with_includes():
    assert [str(item) for item in requirements_of_groups(PROJECT, ["All"])] == ["idna", 'six; python_version < "3"']


@pytest.mark.parametrize(
    ("groups", "name"),
    [
        ({}, "gone"),
        ({"a": ["not a requirement!"]}, "a"),
        ({"a": [{"include-group": "b"}], "b": [{"include-group": "a"}]}, "a"),
        ({"a": "x"}, "a"),
        ({"a": [1]}, "a"),
        ({"a": [], "A": []}, "a"),
    ],
)
def test_groups_that_cannot_be_used(groups, name):
    with pytest.raises(
        OptionValueError, match=rf"^Field `.*groups` names '{name}', which cannot be used: .*Groups of this"
    ):
        requirements_of_groups(replace(PROJECT, groups=groups), [name])


def test_features():
    check_features(PROJECT, Options({"features": ["A_B", "pretty"]}, Path()))
    with pytest.raises(OptionValueError, match=r"names 'prety'; extras of this project: a-b, pretty"):
        check_features(PROJECT, Options({"features": ["prety"]}, Path()))


class TestLazyImports:
    PATHS = ("app/__init__.py", "single.py", "space/x/y.py", "data/x.txt", "x-1.dist-info/METADATA")

    def test_modules_of_the_archive_and_of_the_standard_library(self):
        check_lazy_imports(["app", "single", "space", "ssl"], self.PATHS)

    @pytest.mark.parametrize(("name", "hint"), [("ap", "; did you mean 'app'?"), ("data", ""), ("x", "")])
    def test_what_there_is_not(self, name, hint):
        message = (
            rf"lazy-imports` names '{name}', but neither the archive nor the standard library has .* of that name{hint}"
        )
        with pytest.raises(OptionValueError, match=message.replace("?", r"\?") + "$"):
            check_lazy_imports(["app", name], self.PATHS)


@pytest.mark.parametrize(
    ("entry", "paths", "meant"),
    [
        ("greeter.cgi.main", {"greeter/cgi.py": b"def main(): pass"}, "greeter.cgi:main"),
        ("greeter.main", {"greeter/__init__.py": b"from greeter.cgi import main"}, "greeter:main"),
        ("greeter.cgi.main", {"greeter/cgi.py": b"def run(): pass"}, None),
        ("greeter.cgi.main", {"greeter/__init__.py": b"def main(): pass"}, None),
        ("main", {"greeter.py": b"def main(): pass"}, None),
    ],
)
def test_a_dot_in_place_of_the_colon(entry, paths, meant):
    with pytest.raises(Os402Error) as caught:
        check_entry_point(entry, paths.keys(), paths.__getitem__)
    assert (f'entry-point = "{meant}"' in caught.value.message) is (meant is not None)
    assert ("is not in the archive" in caught.value.message) is True
