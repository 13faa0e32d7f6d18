"""What the source says without being run is what running it says, or a reason why not."""

from __future__ import annotations

import sys
import types

import jsonschema
import pytest

from hatch_os402.tools.describe import describe
from hatch_os402.tools.static import describe_source, docstring

COMMON = """
from __future__ import annotations
import collections.abc
import dataclasses
import datetime
import datetime as when
import enum
import typing as t
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, List, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar, Union
from uuid import UUID
"""
SOURCES = {
    "builtins": "def tool(a: int, b: str = 'x', *, c: float = 1.5, d: 'list[int]' = [], e=None) -> bool:\n    '''Do.'''",
    "typing": "def tool(a: Optional[int], b: Union[str, t.List[int]], c: Literal['a', 1], d: Any, e: dict[str, t.Any]): ...",
    "pep604": "def tool(a: int | None, b: 'str | list[int]', c: collections.abc.Sequence[int] | None = None): ...",
    "dates": "def tool(a: datetime.date, b: when.datetime, c: Decimal = Decimal('1.50'), d: UUID = None): ...",
    "annotated": (
        "class Ge: pass\n"  # never taken for the one of annotated-types, which is imported
        "from annotated_types import Ge, Len, Interval\nfrom pydantic import Field\n"
        "def tool(a: Annotated[int, Ge(1)], b: Annotated[str, 'Words', Len(1, 2)],\n"
        " c: Annotated[int, Field(gt=2, description='More')] = 3, d: Annotated[float, Interval(ge=0, lt=1)] = 0): ..."
    ),
    "enums": (
        "class Color(enum.Enum):\n    RED = 'red'\n    BLUE = 'blue'\n    def hex(self): return 1\n"
        "class Level(enum.IntEnum):\n    LOW = enum.auto()\n    HIGH = enum.auto()\n"
        "def tool(a: Color = Color.RED, b: Level = Level.HIGH, c: Literal[Color.BLUE] = Color.BLUE): ..."
    ),
    "dataclasses": (
        "@dataclass(frozen=True)\nclass Place:\n    '''Where.\n\n    Attributes:\n        lat: North.\n    '''\n"
        "    lat: Annotated[float, 'Degrees'] = 0\n    lon: float = field(default=0, metadata={'description': 'East.'})\n"
        "    tags: list[str] = field(default_factory=list)\n    kept: t.ClassVar[int] = 1\n"
        "    children: List['Place'] = dataclasses.field(default_factory=list)\n"
        "@dataclasses.dataclass(frozen=True)\nclass Visit(Place):\n    people: int = 1\n"
        "def tool(place: Place, visit: Visit, home: Place = Place(1, 2)) -> Visit: ..."
    ),
    "typed": (
        "class Total(TypedDict):\n    a: int\nclass Partial(Total, total=False):\n    b: str\n"
        "class Point(NamedTuple):\n    x: int\n    y: int = 0\n"
        "Other = TypedDict('Other', {'c': int})\n"
        "def tool(a: Total, b: Partial, c: Point = Point(1), d: Other = None) -> Point: ..."
    ),
    "aliases": (
        "Words = list[str]\nId = NewType('Id', int)\nDAYS = 3\nName: t.TypeAlias = 'Annotated[str, \"A name.\"]'\n"
        "N = TypeVar('N', int, float)\n"
        "def tool(a: Words, b: Id, c: N, d: Name = 'x', days: int = DAYS): ..."
    ),
    "conditions": (
        "if t.TYPE_CHECKING:\n    from nowhere import Thing as Word\nelse:\n    Word = str\n"
        "try:\n    import nothing\nexcept ImportError:\n    Number = int\ndef tool(a: Number): ..."
    ),
    "async": "async def tool(a: int) -> Optional[str]:\n    '''Wait.\n\n    :param a: How long.\n    '''",
    "other module": "from package import shapes\nfrom package.shapes import Shape\ndef tool(a: Shape, b: shapes.Kind): ...",
}
FILES = {
    "package/__init__.py": "",
    "package/shapes.py": COMMON
    + "from .kinds import Kind\n@dataclass\nclass Shape:\n    kind: Kind\n    sides: int = 3\n",
    "package/kinds.py": "import enum\nclass Kind(enum.Enum):\n    ROUND = 1\n    FLAT = 2\n",
}


def static(source, name="tool", files=FILES):
    everything = {"app.py": COMMON + source, **files}
    return describe_source(f"app:{name}", lambda path: everything[path].encode() if path in everything else None)


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a source, as an import would, and return what its tool says of itself."""
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("app", "package", "package.shapes", "package.kinds"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def described(source):
        module = types.ModuleType("app")
        monkeypatch.setitem(sys.modules, "app", module)
        exec(compile(COMMON + source, "app.py", "exec", dont_inherit=True), vars(module))  # noqa: S102 - what importing is
        return describe(module.tool)

    return described


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_the_same_as_by_running_it(source, run):
    if "TypeAlias" in source and not hasattr(__import__("typing"), "TypeAlias"):
        pytest.skip("of a later Python")
    assert static(source) == run(source)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "app.py does not define the function tool at its top level"),
        ("tool = lambda: 1", "app.py does not define the function tool"),
        ("def tool(a: numpy.ndarray): ...", "numpy is bound nowhere at the top level"),
        ("from numpy import ndarray\ndef tool(a: ndarray): ...", "numpy.ndarray is not known without running it"),
        ("def tool(a: Unknown): ...", "Unknown is bound nowhere at the top level"),
        ("def make(): ...\nKind = make()\ndef tool(a: Kind): ...", "make is bound in a way that only running tells"),
        ("def tool(a: list[1:2]): ...", "is not a literal"),
        ("import os\ndef tool(a: int = os.getpid()): ...", "os.getpid is not known without running it"),
        ("class Plain: pass\ndef tool(a: Plain): ...", "Plain is no dataclass, TypedDict, NamedTuple or Enum"),
        ("def tool(a: int = compute()): ...", "compute is bound nowhere"),
        ("def tool(a: Annotated[int, Check(1)]): ...", "Check is bound nowhere"),
        ("def tool(a: 'list['): ...", "is no annotation"),
        ("for x in 1, 2:\n    Kind = int\ndef tool(a: Kind): ...", "Kind is bound nowhere"),
        ("def tool(:", "app.py cannot be read by this Python"),
    ],
)
def test_what_only_running_tells(source, why):
    error = static(source)["error"]
    assert why in error["why"]
    assert 'schema = "import"' in error["why"]


def test_an_alias_that_holds_itself(run):
    source = "Json = Union[dict[str, 'Json'], list['Json'], str, None]\ndef tool(a: Json) -> Json: ..."
    for found in static(source), run(source):
        validator = jsonschema.Draft202012Validator(found["input_schema"])
        assert validator.is_valid({"a": {"b": [[{"c": None}], "d"]}})
        assert not validator.is_valid({"a": {"b": [[{"c": 1}], "d"]}})


def test_the_source_is_not_run():
    source = "raise SystemExit('it ran')\ndef tool(a: int): ..."
    assert "input_schema" in static(source)


def test_a_signature_that_is_refused():
    assert static("def tool(*words: str): ...")["error"]["path"] == "*words"
    assert static("import pathlib\ndef tool(a: pathlib.Path): ...")["error"]["why"].startswith("app.py, line")


def test_a_function_of_another_module():
    files = {**FILES, "package/tools.py": "def tool(a: int): ...\n"}
    assert static("from package.tools import tool", files=files)["input_schema"]["required"] == ["a"]


@pytest.mark.parametrize(
    ("source", "text"), [("def tool():\n    '''Do it.'''", "Do it."), ("def tool(): ...", ""), ("def tool(:", "")]
)
def test_a_docstring(source, text):
    assert docstring("app:tool", {"app.py": source.encode()}.get) == text
