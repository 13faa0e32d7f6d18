"""`ctypes` where the runtime has no `_ctypes`: its data types against those of this interpreter, and in an archive."""

from __future__ import annotations

import ctypes
import ctypes.wintypes
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import launching
from support.buildproject import build, write_project
from support.diskless import run_diskless
from support.once import once_but

from hatch_os402 import launcher
from hatch_os402.launcher.inside.stdlib import foreign
from hatch_os402.launcher.inside.stdlib.foreign import util, wintypes

INTEGERS = [name for name in dir(ctypes) if getattr(getattr(ctypes, name), "_type_", "") in tuple("bBhHiIlLqQ")]
NUMBERS = [*INTEGERS, "c_bool", "c_float", "c_double"]
SIMPLE = [*NUMBERS, "c_char", "c_wchar"]


UNSIGNED_SINCE = ("BYTE", "BOOLEAN")
"""Types of wintypes that became unsigned in a later release of CPython than the runtime's."""


def test_every_type_has_the_size_and_the_name_of_the_real_one():
    compared = 0
    for real, ours in ((ctypes, foreign), (ctypes.wintypes, wintypes)):
        for name, kind in vars(real).items():
            if isinstance(kind, type(ctypes.c_int)) or (isinstance(kind, type) and issubclass(kind, ctypes.Structure)):
                if not hasattr(kind, "_type_") and not hasattr(kind, "_fields_"):
                    continue
                own = getattr(ours, name)
                assert (foreign.sizeof(own), foreign.alignment(own)) == (ctypes.sizeof(kind), ctypes.alignment(kind))
                assert own.__name__ == kind.__name__ or name in UNSIGNED_SINCE, name
                compared += 1
            elif isinstance(kind, type) and issubclass(kind, ctypes._Pointer) and real is ctypes.wintypes:
                assert issubclass(getattr(ours, name), foreign._Pointer), name
    assert compared > 80


def test_what_ctypes_documents_is_there():
    names = {name for name in vars(ctypes) if name[0] != "_" or name in {"_Pointer", "_SimpleCData", "_CFuncPtr"}}
    assert names - {"SIZEOF_TIME_T", "CField", "pythonapi"} <= vars(foreign).keys()


@pytest.mark.parametrize("name", INTEGERS)
@given(st.integers(-(1 << 70), 1 << 70))
def test_integers_lose_their_upper_bits(name, value):
    real, ours = getattr(ctypes, name)(value), getattr(foreign, name)(value)
    assert (ours.value, bytes(ours), bool(ours)) == (real.value, bytes(real), bool(real))
    assert repr(ours) == repr(real)


KINDS = st.sampled_from(SIMPLE)
FIELD = st.one_of(
    KINDS,
    st.tuples(KINDS, st.integers(1, 4)),
    st.lists(KINDS, min_size=1, max_size=3),
    st.builds(lambda name: f"*{name}", KINDS),
)


def type_of(module, field):
    if isinstance(field, str):
        return module.POINTER(getattr(module, field[1:])) if field[0] == "*" else getattr(module, field)
    if isinstance(field, tuple):
        return getattr(module, field[0]) * field[1]
    return type(
        "Inner", (module.Structure,), {"_fields_": [(f"i{n}", type_of(module, f)) for n, f in enumerate(field)]}
    )


@given(
    st.lists(FIELD, max_size=8),
    st.sampled_from(["Structure", "Union"]),
    st.sampled_from([None, 1, 2, 4]),
    st.binary(min_size=600, max_size=600),
)
def test_structures_are_laid_out_as_in_c(fields, base, pack, content):
    seen = []
    for module in (ctypes, foreign):
        names = [(f"f{number}", type_of(module, field)) for number, field in enumerate(fields)]
        space = {"_fields_": names} if pack is None else {"_pack_": pack, "_layout_": "ms", "_fields_": names}
        kind = type("S", (getattr(module, base),), space)
        places = [(getattr(kind, name).offset, getattr(kind, name).size) for name, _ in names]
        value = kind.from_buffer_copy(content)
        numbers = [
            repr(getattr(value, name)) for (name, _), field in zip(names, fields, strict=True) if field in NUMBERS
        ]
        listed = [
            repr(list(getattr(value, name)))
            for (name, _), field in zip(names, fields, strict=True)
            if isinstance(field, tuple) and field[0] in NUMBERS
        ]
        seen.append((module.sizeof(kind), module.alignment(kind), places, numbers, listed, bytes(memoryview(content))))
    assert seen[0] == seen[1]


@given(st.lists(st.tuples(st.sampled_from(["c_int", "c_uint"]), st.integers(1, 32)), min_size=1, max_size=6), st.data())
def test_bits_of_one_size_share_a_unit(fields, data):
    values = [data.draw(st.integers(-(1 << 31), 1 << 31)) for _ in fields]
    seen = []
    for module in (ctypes, foreign):
        listed = [(f"f{number}", getattr(module, kind), bits) for number, (kind, bits) in enumerate(fields)]
        value = type("S", (module.Structure,), {"_fields_": listed})()
        for (name, *_), one in zip(listed, values, strict=True):
            setattr(value, name, one)
        seen.append((bytes(value), [getattr(value, name) for name, *_ in listed]))
    assert seen[0] == seen[1]


def used(module):
    """Return what came of a use of everything that needs no library."""

    class Point(module.Structure):
        _fields_ = [("x", module.c_int), ("y", module.c_short), ("name", module.c_char * 6)]

    class Node(module.Structure):
        pass

    Node._fields_ = [("value", module.c_int), ("next", module.POINTER(Node)), ("text", module.c_char_p)]

    class Outer(module.BigEndianStructure):
        _fields_ = [("a", module.c_uint16), ("b", module.c_int32), ("c", module.c_double)]

    class Inner(module.Union):
        _fields_ = [("whole", module.c_uint32), ("parts", module.c_uint8 * 4)]

    class Anonymous(module.Structure):
        _anonymous_ = ["inner"]
        _fields_ = [("inner", Inner), ("after", module.c_uint8)]

    point = Point(1, y=70000, name=b"abc")
    last = Node(2, None, b"last")
    first = Node(1, module.pointer(last))
    last.value = 3
    buffer = module.create_string_buffer(b"hello\0more", 12)
    wide = module.create_unicode_buffer("größe", 8)
    anonymous = Anonymous(Inner(0x01020304), 5)
    anonymous.parts[0] = 9
    shared = bytearray(4)
    (module.c_int).from_buffer(shared).value = -2
    numbers = (module.c_int * 4)(1, 2, 3)
    numbers[1:3] = [7, 8]
    copied = Point()
    module.memmove(module.byref(copied), module.byref(point), module.sizeof(Point))
    module.memset(buffer, 65, 2)
    counted = module.CFUNCTYPE(module.c_int, module.c_int)(lambda one: one + 1)
    pointed = module.cast(numbers, module.POINTER(module.c_int))
    pointed[3] = 11
    null = module.POINTER(module.c_int)()
    raised = []
    for action in (
        lambda: module.c_int("1"),
        lambda: module.c_int(1.5),
        lambda: module.c_char(b"ab"),
        lambda: numbers[4],
        lambda: Point(1, 2, b"", 4),
        lambda: (module.c_char * 2)(b"a", b"b", b"c"),
        lambda: null.contents,
        lambda: module.sizeof(1),
        lambda: setattr(buffer, "value", b"x" * 13),
        lambda: Point.from_buffer(b"1"),
        lambda: module.POINTER(module.c_int)(b"1"),
        lambda: module.CDLL("/no/such/library"),
        lambda: module.cdll.LoadLibrary("/no/such/library"),
        lambda: module.py_object().value,
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which it is, is compared
            action()
            raise LookupError
        raised.append(type(caught.value).__name__)
    return {
        "point": [point.x, point.y, point.name, bytes(copied)[:6], Point.y.offset],
        "list": [first.next.contents.value, first.next[0].text, bool(last.next), first.next.contents.next == None],  # noqa: E711
        "order": [bytes(Outer(1, -2, 0.5)), Outer(1).a],
        "union": [anonymous.whole, list(anonymous.parts), bytes(anonymous)],
        "buffers": [buffer.raw, buffer.value, buffer[:3], len(buffer), module.string_at(buffer), wide.value, wide[2]],
        "shared": bytes(shared),
        "numbers": [list(numbers), numbers[-1], numbers[1:], len(numbers), pointed[1], pointed[:2]],
        "same types": [module.c_int * 4 is type(numbers), module.POINTER(module.c_int) is type(null)],
        "called": counted(41),
        "null": [bool(null), bool(module.c_void_p()), module.c_void_p(0).value, module.c_char_p(b"x").value],
        "texts": [module.cast(buffer, module.c_char_p).value, module.wstring_at(wide), module.string_at(b"abc", 2)],
        "errno": [module.set_errno(5), module.get_errno(), module.set_errno(0)],
        "raised": raised,
        "object": module.py_object([1]).value,
        "truth": [bool(module.c_int(0)), bool(module.c_char(b"\0")), bool(module.c_wchar("x"))],
    }


def test_data_is_used_as_with_the_real_one():
    assert used(foreign) == used(ctypes)


def test_what_needs_a_library_says_why_not():
    for action in (
        lambda: foreign.CDLL("libc.so.6"),
        lambda: foreign.PyDLL(None),
        lambda: foreign.cdll.msvcrt,
        lambda: foreign.CFUNCTYPE(foreign.c_int)(("puts", None)),
        lambda: foreign.CFUNCTYPE(foreign.c_int)(1234)(2),
        lambda: foreign.addressof(foreign.c_int()),
        lambda: foreign.string_at(1234),
        lambda: foreign.c_int.from_address(1234),
        lambda: foreign.c_int.in_dll(None, "errno"),
        lambda: foreign.memset(foreign.c_int(), 0, 5),
        lambda: foreign.pointer(foreign.c_int())[1],
    ):
        with pytest.raises(OSError, match="on os402 programs are static and load no libraries"):
            action()
    assert not hasattr(foreign, "pythonapi")  # as on PyPy
    assert util.find_library("c") is None
    with pytest.raises(AttributeError):
        foreign.windll  # noqa: B018 - as on any POSIX


APP = """
import json, sys
for finder in sys.meta_path:
    if type(finder).__module__.startswith("_os402"):
        continue
    def without(find):
        return lambda name, path=None, target=None: None if name in LACKING else find(name, path, target)
    finder.find_spec = without(finder.find_spec)
import ctypes, ctypes.util, ctypes.wintypes, inspect
from ctypes import Structure, c_int

class Point(Structure):
    _fields_ = [("x", c_int), ("y", c_int)]

def main():
    try:
        ctypes.CDLL("libc.so.6")
        said = ""
    except OSError as error:
        said = str(error)
    json.dump({
        "size": ctypes.sizeof(Point), "said": said, "file": ctypes.__file__, "name": ctypes.__name__, "y": Point(1, 2).y,
        "found": ctypes.util.find_library("c"), "dword": ctypes.sizeof(ctypes.wintypes.DWORD), "rect": str(ctypes.wintypes.RECT),
        "source": inspect.getsource(ctypes.util.find_library)[:16], "memory": bytes(memoryview(Point(1, 2))).hex() if sys.version_info >= (3, 12) else "",
    }, sys.stdout)
"""


@pytest.mark.parametrize("lacking", ["{'_ctypes', 'ctypes'}", "{'_ctypes'}"])
@pytest.mark.parametrize("how", once_but(launching.LAUNCHERS, "ours", "pyz"))
def test_an_archive_brings_it_where_the_runtime_has_none(tmp_path, lacking, how):
    data = launching.archive({"app.py": APP.replace("LACKING", lacking)}, "app:main")
    facts = launching.run(data, tmp_path, how=how).facts
    assert facts["file"] == f"{launcher.ROOT}/{launcher.FOREIGN}__init__.py"
    assert (facts["size"], facts["name"], facts["y"], facts["found"]) == (8, "ctypes", 2, None)
    assert facts["said"].startswith("loading libc.so.6: on os402 ")
    assert facts["source"] == "def find_library"
    assert facts["rect"] == "<class 'ctypes.wintypes.RECT'>"
    assert facts["memory"] in {"", "0100000002000000"}


def test_the_real_one_stays_where_it_is(tmp_path):
    app = "def main():\n    import ctypes, ctypes.util\n    print(ctypes.__file__, ctypes.CDLL(None)._handle != 0)\n"
    answer = launching.run(launching.archive({"app.py": app}, "app:main"), tmp_path)
    assert answer.out.decode().split() == [ctypes.__file__, "True"], answer.err


@pytest.mark.once
@pytest.mark.parametrize("source", ["import ctypes\nprint(ctypes.c_long)\n", "print(1)\n"])
def test_only_archives_that_name_ctypes_hold_it(tmp_path, source, python312):
    write_project(tmp_path, files={"sample/__init__.py": "", "sample/__main__.py": source})
    built = build(tmp_path).succeeded()
    names = zipfile.ZipFile(io.BytesIO(built[".pyz"])).namelist()
    assert any(name.startswith(launcher.FOREIGN) for name in names) == ("ctypes" in source)
    run = run_diskless(python312.path, launcher.ARGS[1:], built[".stdin"], {"CONTENT_LENGTH": "0"})
    assert run.stdout in {b"<class 'ctypes.c_long'>\n", b"1\n"}, run.stderr
