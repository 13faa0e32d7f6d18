"""Reading typed fields of one table in pyproject.toml, with errors in hatchling's grammar."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from hatch_os402.errors import OfferError, OptionTypeError, OptionValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_T = TypeVar("_T")


def is_integer(value: Any) -> bool:
    """Whether a TOML value is an integer; TOML's booleans are not."""
    return isinstance(value, int) and not isinstance(value, bool)


class Fields:
    """One table: `config` as parsed TOML, `prefix` its dotted name in error messages.

    The readers return None for a field that is not set. They raise `OptionTypeError` and `OptionValueError`.
    """

    def __init__(self, config: Mapping[str, Any], prefix: str) -> None:
        if not isinstance(config, dict):
            raise OptionTypeError(f"Field `{prefix}` must be a table")
        self.config = config
        self.prefix = prefix

    def wrong_type(self, name: str, problem: str) -> OptionTypeError:
        """Build the error for a field of a wrong type; `problem` begins with "must"."""
        return OptionTypeError(f"Field `{self.prefix}.{name}` {problem}")

    def wrong_value(self, name: str, problem: str) -> OptionValueError:
        """Build the error for a field with an impossible value; `problem` begins with a verb."""
        return OptionValueError(f"Field `{self.prefix}.{name}` {problem}")

    def refuse_unknown(
        self, known: tuple[str, ...], elsewhere: Mapping[str, Collection[str]] = MappingProxyType({})
    ) -> None:
        """Raise if there is a field that is not `known`, naming the one that is near, or the table that has it.

        `elsewhere` holds the fields of other tables, by the table's name.
        """
        for name in self.config:
            if name not in known:
                raise self.wrong_value(name, f"is not known; {_instead(name, known, elsewhere)}")

    def boolean(self, name: str) -> bool | None:
        """Return the boolean `name`, or None when it is missing. Raises `OptionTypeError`."""
        return self._typed(name, bool, "a boolean")

    def string(self, name: str) -> str | None:
        """Return the string `name`, or None when it is missing. Raises `OptionTypeError`."""
        return self._typed(name, str, "a string")

    def text(self, name: str) -> str | None:
        """Read a string that must not be empty."""
        value = self.string(name)
        if value == "":
            raise self.wrong_value(name, "must not be empty")
        return value

    def strings(self, name: str) -> tuple[str, ...]:
        """Read an array of strings; not set is empty."""
        return tuple(self._items(name, lambda item: isinstance(item, str), "a string"))

    def integer(self, name: str, *, low: int, high: int) -> int | None:
        """Read an integer from `low` to `high`."""
        if (value := self.config.get(name)) is None:
            return None
        if not is_integer(value):
            raise self.wrong_type(name, "must be an integer")
        return self.within(name, value, low=low, high=high)

    def integers(self, name: str, *, low: int, high: int) -> tuple[int, ...]:
        """Read an array of integers from `low` to `high`; not set is empty."""
        items = self._items(name, is_integer, "an integer")
        return tuple(self.within(name, item, low=low, high=high) for item in items)

    def number(self, name: str) -> float | None:
        """Read a finite number that is not negative."""
        if (value := self.config.get(name)) is None:
            return None
        if not isinstance(value, float) and not is_integer(value):
            raise self.wrong_type(name, "must be a number")
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if not 0 <= number < float("inf"):
            raise self.wrong_value(name, f"must be a finite number that is not negative, not {value}")
        return abs(number)  # -0.0 is 0.0

    def parsed(
        self, name: str, parse: Callable[[Any], int], *, low: int, high: int, unit: str, scale: int = 1
    ) -> int | None:
        """Read what `parse` (see `values`) makes of a field, divided by `scale` and rounded down."""
        if (value := self.config.get(name)) is None:
            return None
        try:
            result = parse(value) // scale
        except TypeError as error:
            raise self.wrong_type(name, str(error)) from error
        except ValueError as error:
            raise self.wrong_value(name, str(error)) from error
        return self.within(name, result, low=low, high=high, unit=unit)

    def within(self, name: str, value: int, *, low: int, high: int, unit: str = "") -> int:
        """Return `value` if it is from `low` to `high`."""
        if not low <= value <= high:
            unit = unit and f" {unit}"
            raise self.wrong_value(name, f"must be from {low} to {high}{unit}, not {value}")
        return value

    def checked(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what `make` makes, with its `OfferError` turned into an error about this field."""
        try:
            return make()
        except OfferError as error:
            raise self.wrong_value(name, f"is not possible: {error.message}") from error

    def _typed(self, name: str, kind: type[_T], described: str) -> _T | None:
        value = self.config.get(name)
        if value is not None and not isinstance(value, kind):
            raise self.wrong_type(name, f"must be {described}")
        return value

    def _items(self, name: str, accepted: Callable[[Any], bool], described: str) -> list[Any]:
        items = self._typed(name, list, "an array") or []
        for number, item in enumerate(items, 1):
            if not accepted(item):
                raise OptionTypeError(f"Item #{number} of field `{self.prefix}.{name}` must be {described}")
        return list(items)


def _instead(name: str, known: Collection[str], elsewhere: Mapping[str, Collection[str]]) -> str:
    """Return what to write in place of the unknown field `name`."""
    import difflib  # noqa: PLC0415 - for an error alone

    spelled = name.replace("_", "-")
    if spelled in known:
        return f"it is written `{spelled}`"
    for table, names in elsewhere.items():
        if spelled in names:
            return f"`{spelled}` belongs under [{table}]"
    if near := difflib.get_close_matches(spelled, known, n=1):
        return f"the nearest known field is `{near[0]}`"
    for table, names in elsewhere.items():
        if near := difflib.get_close_matches(spelled, names, n=1):
            return f"`{near[0]}` belongs under [{table}]"
    return f"the fields are {', '.join(f'`{item}`' for item in sorted(known))}"
