"""From what a tool returns to JSON: of dataclasses, enums, dates and their like, what their schema says."""

import json
import sys

from .common import member_written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def dumps(value: "Any") -> bytes:
    """Return the JSON text (UTF-8) of a result. Raises `TypeError` and `ValueError` for what JSON does not have."""
    plain = to_json(value)
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can say
        return json.dumps(plain, allow_nan=False, separators=(",", ":")).encode()


def to_json(value: "Any") -> "Any":  # noqa: C901, PLR0911, PLR0912 - a table of what there is
    """Return `value` in JSON's own types. Raises `TypeError` for what has no counterpart there."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is list:
        return [item if type(item) in _AS_THEY_ARE else to_json(item) for item in value]
    if kind is dict:
        return {_name(name): to_json(item) for name, item in value.items()}
    modules = sys.modules
    if "enum" in modules and isinstance(value, modules["enum"].Enum):
        return member_written(value)
    if hasattr(kind, "__dataclass_fields__"):
        # getattr, and not asdict, which copies whatever it does not know.
        fields = modules["dataclasses"].fields(value)
        return {field.name: to_json(getattr(value, field.name)) for field in fields}
    if hasattr(kind, "__attrs_attrs__"):
        return {field.name: to_json(getattr(value, field.name)) for field in kind.__attrs_attrs__}
    if hasattr(kind, "__fields__") and hasattr(value, "dict") and hasattr(value, "json"):  # pydantic 1
        return json.loads(value.json(by_alias=True))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: to_json(item) for name, item in zip(value._fields, value)}  # noqa: B905 - public
    if isinstance(value, (bytes, bytearray, memoryview)):
        from binascii import b2a_base64  # noqa: PLC0415 - where there are such results

        return b2a_base64(value, newline=False).decode()
    if "decimal" in modules and isinstance(value, modules["decimal"].Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} has no counterpart in JSON")
        return str(value)
    if "uuid" in modules and isinstance(value, modules["uuid"].UUID):
        return str(value)
    if "datetime" in modules and isinstance(value, (modules["datetime"].date, modules["datetime"].time)):
        return value.isoformat()  # a datetime is a date
    for python in (bool, int, float, str):
        if isinstance(value, python):
            return python(value)
    if isinstance(value, (set, frozenset)):
        return [to_json(item) for item in _in_order(value)]
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        return {_name(name): to_json(value[name]) for name in value.keys()}  # noqa: SIM118 - all that it promises
    if hasattr(kind, "__iter__"):
        return [to_json(item) for item in value]
    raise TypeError(f"a {kind.__name__} has no counterpart in JSON")


def _in_order(value: "Any") -> "Any":
    """Return the items of a set in an order that does not change from call to call, if they have one."""
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=repr)


def _name(key: "Any") -> str:
    """Return the name in an object for a key of a dictionary."""
    if type(key) is str:
        return key
    plain = to_json(key)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, (str, int, float)):
        return str(plain)
    raise TypeError(f"{key!r} cannot be a name in a JSON object")
