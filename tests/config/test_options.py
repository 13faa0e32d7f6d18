from __future__ import annotations

import pytest

from hatch_os402.config.options import Options
from hatch_os402.errors import OptionTypeError, OptionValueError
from hatch_os402.tools.model import Tool


def options(tmp_path, **table):
    return Options({name.replace("_", "-"): value for name, value in table.items()}, tmp_path)


def field(name, rest):
    return rf"^Field `tool\.hatch\.build\.targets\.os402\.{name}` {rest}"


def test_nothing_set_is_valid(tmp_path):
    options(tmp_path).validate()


def test_hatchlings_own_options_are_left_to_it(tmp_path):
    options(tmp_path, dependencies=["hatch-os402"], versions=["standard"], hooks={}, directory="out").validate()


class TestUnknown:
    @pytest.mark.parametrize(
        ("name", "nearest"), [("byte-code", "bytecode"), ("entrypoint", "entry-point"), ("feature", "features")]
    )
    def test_the_nearest_is_named(self, tmp_path, name, nearest):
        with pytest.raises(OptionValueError, match=field(name, f"is not known.*`{nearest}`")):
            options(tmp_path, **{name: "x"}).validate()

    def test_in_the_offer(self, tmp_path):
        with pytest.raises(OptionValueError, match=field(r"offer\.min_duration", "is not known.*`min-duration`")):
            Options({"offer": {"min_duration": 5}}, tmp_path).validate()

    def test_file_selection_belongs_to_the_wheel(self, tmp_path):
        message = field("packages", r"has no effect here.*tool\.hatch\.build\.targets\.wheel\.packages")
        with pytest.raises(OptionValueError, match=message):
            options(tmp_path, packages=["src/x"]).validate()

    @pytest.mark.parametrize(
        ("value", "error", "problem"),
        [(3, OptionTypeError, "must be a string or a boolean"), ("", OptionValueError, "must not be empty")],
    )
    def test_a_lock_that_is_none(self, tmp_path, value, error, problem):
        with pytest.raises(error, match=field("lock", problem)):
            options(tmp_path, lock=value).validate()

    @pytest.mark.parametrize("value", [True, False, "locks/pylock.toml"])
    def test_locks(self, tmp_path, value):
        found = options(tmp_path, lock=value).validate().lock
        assert found == (tmp_path / value if isinstance(value, str) else value)
        assert options(tmp_path).lock is None

    def test_not_a_table(self, tmp_path):
        with pytest.raises(OptionTypeError, match=r"^Field `tool\.hatch\.build\.targets\.os402` must be a table$"):
            Options("x", tmp_path)


@pytest.mark.parametrize(
    ("name", "unset", "value", "read"),
    [
        ("entry_point", None, "a.b:c.d", "a.b:c.d"),
        ("interface", None, "script", "script"),
        ("caller_key", False, True, True),
        ("features", frozenset(), ["A_b", "c"], {"a-b", "c"}),
        ("groups", (), ["dev"], ("dev",)),
        ("build_from_source", frozenset(), ["Doc_opt"], {"doc-opt"}),
        ("accept_broken_record", frozenset(), ["Doc_opt"], {"doc-opt"}),
        ("remedies", 25, False, 0),
        ("remedies", 25, True, 25),
        ("remedies", 25, "2m", 120),
        ("remedies", 25, 40, 40),
        ("exclude", (), ["*.txt"], ("*.txt",)),
        ("sources", True, False, False),
        ("docstrings", True, False, False),
        ("finalize", False, True, True),
        ("bytecode", "auto", True, "required"),
        ("bytecode", "auto", False, "none"),
        ("bytecode", "auto", "auto", "auto"),
        ("compression", "auto", "deflated", "deflated"),
        ("compression", "auto", "stored", "stored"),
        ("lazy_imports", (), ["ssl", "größe.a"], ("ssl", "größe.a")),
        ("strip_extensions", frozenset(), ["Foo.Bar"], {"foo-bar"}),
        ("allow_native_files", frozenset(), ["Foo"], {"foo"}),
        ("runtime", (), "python", ("python",)),
        ("runtime", (), ["x86_64:a", "aarch64:b"], ("x86_64:a", "aarch64:b")),
    ],
)
def test_default_and_value(tmp_path, name, unset, value, read):
    assert getattr(options(tmp_path), name) == unset
    assert getattr(options(tmp_path, **{name: value}).validate(), name) == read


@pytest.mark.parametrize(
    ("name", "value", "rest"),
    [
        ("entry-point", 5, "must be a string"),
        ("interface", True, "must be a string"),
        ("features", "x", "must be an array"),
        ("sources", "yes", "must be a boolean"),
        ("bytecode", 1, 'must be a boolean or "auto"'),
        ("bytecode", "yes", 'must be a boolean or "auto"'),
        ("compression", 9, "must be a string"),
        ("lazy-imports", "ssl", "must be an array"),
        ("strip-extensions", {"x": 1}, "must be an array"),
        ("allow-native-files", 1, "must be an array"),
        ("runtime", 1, "must be"),
        ("offer", [], "must be a table"),
        ("tools", [], "must be a table"),
        ("schema", 1, "must be a string"),
    ],
)
def test_wrong_type(tmp_path, name, value, rest):
    with pytest.raises(OptionTypeError, match=field(name, rest)):
        options(tmp_path, **{name: value}).validate()


@pytest.mark.parametrize("name", ["features", "groups", "exclude", "lazy-imports", "strip-extensions", "runtime"])
@pytest.mark.parametrize("item", [1, ["x"], True])
def test_wrong_item(tmp_path, name, item):
    message = rf"^Item #2 of field `tool\.hatch\.build\.targets\.os402\.{name}` must be a string"
    with pytest.raises(OptionTypeError, match=message):
        options(tmp_path, **{name: ["x", item]}).validate()


TOOLS = {
    "tools": {"one": "a.b:c", "two": {"function": "a:d.e", "description": "Two.", "input-schema": {"type": "object"}}}
}


def test_tools(tmp_path):
    read = Options({**TOOLS, "schema": "static"}, tmp_path).validate()
    assert (read.interface, read.schema, read.entry_point) == ("mcp", "static", None)
    assert read.tools == (Tool("one", "a.b:c"), Tool("two", "a:d.e", "Two.", {"type": "object"}))
    one = Options({"interface": "mcp", "entry-point": "a:b"}, tmp_path).validate()
    assert (one.tools, one.schema) == ((), "import")


WSGI = {"interface": "wsgi", "entry-point": "a:b"}


def test_a_web_application(tmp_path):
    read = Options({"interface": "asgi", "entry-point": "a.b:create()", "cookies": "plain"}, tmp_path).validate()
    assert (read.interface, read.entry_point, read.cookies) == ("asgi", "a.b:create()", "plain")
    assert Options(WSGI, tmp_path).validate().cookies == "packed"


@pytest.mark.parametrize(
    ("table", "name", "rest"),
    [
        ({"entry-point": "a b"}, "entry-point", 'must be "module:callable" or "module"'),
        ({"entry-point": "a:"}, "entry-point", "must be"),
        ({"entry-point": "a.py"}, "entry-point", None),
        ({"entry-point": ""}, "entry-point", "must be"),
        ({"interface": "wsgi"}, "entry-point", 'must name the WSGI application, as "module:app" or'),
        ({"interface": "asgi", "entry-point": "a"}, "entry-point", "must name the ASGI application, .*, not 'a'"),
        ({"interface": "script", "entry-point": "a:b()"}, "entry-point", r"is 'a:b\(\)', with \"\(\)\", which is for"),
        ({"interface": "wsgi", "entry-point": "a:b(1)"}, "entry-point", "must name the WSGI application"),
        ({"entry-point": "a()"}, "entry-point", "must be"),
        ({"cookies": "packed"}, "cookies", 'is for `interface = "wsgi"` and "asgi" alone'),
        (WSGI | {"cookies": "both"}, "cookies", 'must be "packed" or "plain", not .both.'),
        ({"interface": "cgi"}, "interface", 'must be "script"'),
        ({"interface": "mcp"}, "entry-point", 'must name the function, as "module:function"'),
        ({"interface": "mcp", "entry-point": "a"}, "entry-point", "must name the function, .*, not 'a'"),
        ({"interface": "mcp", "entry-point": "a:b()"}, "entry-point", "must name the function"),
        ({"schema": "static"}, "schema", 'is for `interface = "mcp"` and `tools` alone'),
        (TOOLS | {"schema": "run"}, "schema", 'must be "import" or "static", not .run.'),
        (TOOLS | {"interface": "wsgi"}, "interface", 'is "wsgi", and `tools` are for "mcp" alone'),
        (TOOLS | {"entry-point": "a:b"}, "entry-point", "must not be used together with `tools`"),
        (TOOLS | {"offer": {"name": "x"}}, "offer.name", "is for one offer, and `tools` make several"),
        ({"tools": {}}, "tools", "must name a tool"),
        ({"tools": {"a b": "a:b"}}, 'tools."a b"', "is no name of a tool"),
        ({"tools": {"a/b": "a:b"}}, 'tools."a/b"', "is no name of a tool"),
        ({"tools": {"a": "a:b", "A": "a:c"}}, "tools.A", "differs from `a` in case alone"),
        ({"tools": {"a": "b"}}, "tools.a", 'must be "module:function", not .b.'),
        ({"tools": {"a": {"function": "b"}}}, "tools.a.function", 'must be "module:function"'),
        ({"tools": {"a": {"funktion": "b:c"}}}, "tools.a.funktion", "is not known"),
        ({"tools": {"a": {"function": "b:c", "input-schema": "{"}}}, "tools.a.input-schema", "is not possible"),
        ({"compression": "zstd"}, "compression", 'must be "auto", "stored" or "deflated"'),
        ({"exclude": ["a", "\\"]}, "exclude", "holds .*, which is no pattern"),
        ({"lazy-imports": ["a.b-c"]}, "lazy-imports", "must name modules, as in `import json`, not 'a.b-c'"),
        ({"runtime": ""}, "runtime", "must not be empty"),
        ({"runtime": ["x86_64:a", ""]}, "runtime", "must not be empty"),
        ({"bytecode": False, "sources": False}, "bytecode", "must not be false while `sources` is false"),
    ],
)
def test_wrong_value(tmp_path, table, name, rest):
    if rest is None:
        Options(table, tmp_path).validate()  # a module may be called py
        return
    with pytest.raises(OptionValueError, match=field(name, rest)):
        Options(table, tmp_path).validate()


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"price": 1}, "`price` belongs under [tool.hatch.build.targets.os402.offer]"),
        ({"pirce": 1}, "`price` belongs under [tool.hatch.build.targets.os402.offer]"),
        ({"password-file": "x"}, "`password-file` belongs under [tool.hatch.publish.os402]"),
        ({"entry_point": "x"}, "it is written `entry-point`"),
        ({"entrypoint": "x"}, "the nearest known field is `entry-point`"),
        ({"offer": {"entry-point": "x"}}, "`entry-point` belongs under [tool.hatch.build.targets.os402]"),
        ({"offer": {"prize": 1}}, "the nearest known field is `price`"),
    ],
)
def test_an_unknown_option_is_answered_with_what_it_may_mean(table, told, tmp_path):
    with pytest.raises(OptionValueError) as caught:
        Options(table, tmp_path).validate()
    assert caught.value.message.endswith(f" is not known; {told}")


def test_what_is_near_to_nothing_gets_the_list(tmp_path):
    with pytest.raises(OptionValueError) as caught:
        Options({"qqqqq": 1}, tmp_path).validate()
    assert "; the fields are `accept-broken-record`, " in caught.value.message
    assert "nearest" not in caught.value.message
