from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hatch_os402.config.offer_options import KNOWN, PREFIX, OfferOptions
from hatch_os402.errors import OptionTypeError, OptionValueError

ZERO = dt.timezone.utc
NOON = 1801396800  # 2027-01-31T12:00:00Z
ADDRESS = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
STRING, BOOLEAN, INTEGER, ARRAY = "must be a string", "must be a boolean", "must be an integer", "must be an array"

# option: default, {given: result}, wrong types and what is said, wrong values and what is said
Row = tuple[Any, list[tuple[Any, Any]], tuple[list[Any], str], list[tuple[Any, str]]]


def boolean(default: bool) -> Row:
    return default, [(True, True), (False, False)], ([1, 0, "true", []], BOOLEAN), []


def seconds(default: int | None, low: int, high: int) -> Row:
    return (
        default,
        [(90, 90), ("90s", 90), ("30m", 1800), ("12h", 43200), ("2d", 172800), (high, high)],
        ([True, 1.5, ["90d"], dt.date(2027, 1, 1)], r"must be an integer \(seconds\) or a string like `90d`"),
        [
            *(
                (value, "one of the units s, m, h, d")
                for value in ("90", "d", "", "1h30m", "1.5h", "90D", "-1s", "+1s")
            ),
            *((value, f"must be from {low} to {high} seconds") for value in (low - 1, high + 1, "9" * 20 + "d")),
        ],
    )


def sizes(default: int | None, high: int, unit: str, scale: int) -> Row:
    return (
        default,
        [
            *(
                (value, 2**28 // scale)
                for value in (2**28, "256mb", "256M", "262144kb", "0.25 GB", " .25g ", "268435456b")
            ),
            (scale, 1),
            (f"{scale}", 1),
        ],
        ([True, 1.5, ["1mb"]], r"must be an integer \(bytes\) or a string like `256mb`"),
        [
            *(
                (value, "one of the suffixes b, kb, mb, gb")
                for value in ("mb", "", "1tb", "-1mb", "1,5mb", "1kib", ".")
            ),
            *((value, f"must be from 1 to {high} {unit}") for value in (0, scale - 1, -1, (high + 1) * scale)),
            ("9" * 400, "must be a size below 2\\^64 bytes"),
        ],
    )


def integer(default: int, high: int) -> Row:
    wrong = [(value, f"must be from 0 to {high}") for value in (-1, high + 1)]
    return default, [(0, 0), (high, high)], ([True, 1.0, "1"], INTEGER), wrong


def number(low_end: float) -> Row:
    wrong = [(value, "must be a finite number") for value in (-0.1, -1, float("inf"), float("nan"), 10**400)]
    return None, [(0, 0.0), (1, 1.0), (low_end, low_end), (-0.0, 0.0)], (["1", True, [1]], "must be a number"), wrong


PORTS: Row = (
    (),
    [([], ()), ([80, 65535, 0], (80, 65535, 0))],
    ([80, "80"], ARRAY),
    [([65536], "must be from 0 to 65535")],
)
SCHEMA: Row = (
    None,
    [({}, {}), ({"b": 1, "a": 2.0}, {"a": 2.0, "b": 1}), (' {"type": 1e2}', {"type": 100.0}), ("[1]", [1])],
    ([1, True, [], [{}]], "must be a table, or a string with a file's path or JSON"),
    [
        ('{"a": }', "is not possible: not valid JSON"),
        ("[NaN]", "is not possible: not valid JSON"),
        ({"x": 0.0001 / 60}, "is not possible: `x` in the schema is 1.6666666666666667e-6"),
        ({"x": dt.date(2027, 1, 1)}, "is a date, which JSON does not have"),
        ("missing.json", "relative to the project; `missing.json` is not"),
        ("a\0b", "relative to the project"),
    ],
)
U32, U64 = 2**32 - 1, 2**64 - 1
OPTIONS: dict[str, Row] = {
    "name": (
        None,
        [("greeter", "greeter")],
        ([1, True], STRING),
        [
            ("", "must not be empty"),
            ("a/b", "not contain `/`"),
            (".", "must not be `.`"),
            ("..", r"must not be `\.\.`: clients take that out"),
        ],
    ),
    "description": (None, [("Greets.", "Greets."), ("", "")], ([1, ["a"]], STRING), []),
    "owner": (
        None,
        [(ADDRESS, ADDRESS.lower()), (ADDRESS.lower(), ADDRESS.lower()), (ADDRESS.upper(), ADDRESS.lower())],
        ([0x7E, True], STRING),
        [
            (value, "must be an Ethereum address")
            for value in ("", ADDRESS[2:], ADDRESS[:-1], ADDRESS + "0", ADDRESS + "\n")
        ],
    ),
    "price": number(0.25),
    "price-per-second": number(0.0001),
    "pay": (
        "USDC",
        [("usdc", "usdc"), ({"USDC": "base"}, {"USDC": "base"})],
        ([1, ["USDC"]], "must be a string or a table"),
        [],
    ),
    "testnet": boolean(default=False),
    "min-duration": seconds(60, 1, U32),
    "max-duration": seconds(None, 1, U32),
    "valid-until": (
        None,
        [
            (NOON, NOON),
            (dt.datetime(2027, 1, 31, 12, tzinfo=ZERO), NOON),
            (dt.datetime(2027, 1, 31, 12, 0, 0, 999999, tzinfo=ZERO), NOON),
            (dt.datetime(2027, 1, 31, 14, tzinfo=dt.timezone(dt.timedelta(hours=2))), NOON),
            (dt.date(2027, 1, 31), NOON - 43200),
            ("2027-01-31T12:00:00Z", NOON),
            ("2027-01-31 12:00:00.75z", NOON),
            ("2027-01-31t07:30:00-04:30", NOON),
        ],
        ([True, 1.5, [], dt.time(12)], "must be a date-time with an offset"),
        [
            (dt.datetime(2027, 1, 31, 12), "must say its offset from UTC .* another moment on every machine"),  # noqa: DTZ001
            *(
                (value, "as in RFC 3339")
                for value in ("2027-01-31", "2027-01-31T12:00:00", "soon", "2027-01-31T12:00Z")
            ),
            ("2027-02-31T12:00:00Z", "must be a date-time that exists"),
            *((value, f"must be from 0 to {U64} unix seconds") for value in (-1, U64 + 1, dt.date(1969, 12, 31))),
        ],
    ),
    "valid-for": seconds(90 * 86400, 1, U32),
    "cgi": boolean(default=True),
    "args": (
        (),
        [([], ()), (["-v", "", "ä"], ("-v", "", "ä")), (["x" * 131071], ("x" * 131071,))],
        (["-v", {}], ARRAY),
        [(["a", "b\0"], "impossible item #2: it must not contain NUL"), (["ä" * 65536], "not be longer than 131071")],
    ),
    "args-extendable": boolean(default=False),
    "env": (
        {},
        [({}, {}), ({"A": "1", "B": ""}, {"A": "1", "B": ""})],
        (["A=1", ["A=1"]], "must be a table"),
        [
            ({"": "1"}, "impossible name ''"),
            ({"A=B": "1"}, "impossible name 'A=B'"),
            ({"A\0": "1"}, "must not contain NUL"),
            ({"A": "\0"}, "must not contain NUL"),
            ({"A": "x" * 131070}, "not be longer than 131071"),
        ],
    ),
    "env-private": (False, [(False, False)], ([1, "true"], BOOLEAN), [(True, "must not be true without `env`")]),
    "env-extendable": boolean(default=True),
    "stdin-private": boolean(default=True),
    "stdin-appendable": boolean(default=True),
    "cpu-units": integer(1, U32),
    "ram": sizes(512 * 1024, U32, "KiB", 1024),
    "buffer": sizes(2**20, U64, "bytes", 1),
    "stack": sizes(None, U32, "KiB", 1024),
    "cpu-time": seconds(60, 1, U64),
    "wall-time": seconds(120, 1, U64),
    "net": boolean(default=False),
    "tcp-bind": PORTS,
    "tcp-connect": PORTS,
    "retain": seconds(3600, 0, U64),
    "pool": (None, [("free", "free")], ([1, True], STRING), [("", "must not be empty")]),
    "input-schema": SCHEMA,
    "output-schema": SCHEMA,
}

DEFAULTS = [(option, row[0]) for option, row in OPTIONS.items()]
GOOD = [(option, value, result) for option, row in OPTIONS.items() for value, result in row[1]]
WRONG_TYPES = [(option, value, row[2][1]) for option, row in OPTIONS.items() for value in row[2][0]]
WRONG_VALUES = [(option, value, match) for option, row in OPTIONS.items() for value, match in row[3]]


@pytest.fixture
def make(tmp_path):
    return lambda **config: OfferOptions({name.replace("_", "-"): value for name, value in config.items()}, tmp_path)


def short(value):
    return value if isinstance(value, str) and len(value) < 40 and "\0" not in value else None


class TestEveryOption:
    def test_the_table_is_complete(self):
        assert sorted(OPTIONS) == sorted(KNOWN)

    @pytest.mark.parametrize(("option", "default"), DEFAULTS, ids=OPTIONS)
    def test_unset(self, make, option, default):
        value = getattr(make(), option.replace("-", "_"))
        assert value == default
        assert type(value) is type(default)

    @pytest.mark.parametrize(("option", "value", "result"), GOOD, ids=short)
    def test_set(self, make, option, value, result):
        read = getattr(make(**{option: value}), option.replace("-", "_"))
        assert read == result
        assert type(read) is type(result)

    @pytest.mark.parametrize(("option", "value", "match"), WRONG_TYPES, ids=short)
    def test_wrong_type(self, make, option, value, match):
        with pytest.raises(OptionTypeError, match=f"^Field `{PREFIX}.{option}` {match}"):
            make(**{option: value}).validate()

    @pytest.mark.parametrize(("option", "value", "match"), WRONG_VALUES, ids=short)
    def test_wrong_value(self, make, option, value, match):
        with pytest.raises(OptionValueError, match=rf"^Field `{PREFIX}\.{option}[^`]*` .*{match}"):
            make(**{option: value}).validate()

    @pytest.mark.parametrize(
        ("option", "value", "match"),
        [
            ("args", ["-v", 1], f"^Item #2 of field `{PREFIX}.args` must be a string"),
            ("tcp-bind", [True], f"^Item #1 of field `{PREFIX}.tcp-bind` must be an integer"),
            ("env", {"A": 1}, f"^Field `{PREFIX}.env.A` must be a string"),
            ("pay", {"USDC": [1]}, f"^Field `{PREFIX}.pay` must give `USDC` the name of a network"),
        ],
    )
    def test_wrong_type_inside(self, make, option, value, match):
        with pytest.raises(OptionTypeError, match=match):
            make(**{option: value}).validate()


class TestTable:
    def test_an_empty_table_is_an_offer(self, make):
        make().validate()

    def test_must_be_a_table(self, tmp_path):
        with pytest.raises(OptionTypeError, match=r"^Field `x\.offer` must be a table$"):
            OfferOptions([], tmp_path, prefix="x.offer")

    def test_unknown_option(self, make):
        with pytest.raises(OptionValueError, match=f"^Field `{PREFIX}.prize` is not known; .* `price`$"):
            make(prize=1).validate()

    def test_the_prefix_is_what_was_given(self, tmp_path):
        with pytest.raises(OptionTypeError, match=r"^Field `x\.offer\.net` must be a boolean$"):
            OfferOptions({"net": 1}, tmp_path, prefix="x.offer").validate()


class TestPricing:
    @pytest.mark.parametrize(
        ("config", "per_second"),
        [
            ({}, 0.001),
            ({"price": 0.3}, 0.005),
            ({"price": 0.3, "min_duration": "5m"}, 0.001),
            ({"price_per_second": 0.5, "min_duration": 7}, 0.5),
            ({"price": 0}, 0.0),
        ],
    )
    def test_per_second(self, make, config, per_second):
        assert make(**config).per_second == per_second

    def test_a_flat_price_that_does_not_survive(self, make):
        with pytest.raises(OptionValueError) as caught:
            make(price=0.0001).validate()
        assert caught.value.message.startswith(f"Field `{PREFIX}.price` is not possible: 0.0001 / 60 seconds")
        assert "write `price-per-second = 1.6666666666666665e-6` instead, or `price = 0.0000999" in caught.value.message

    def test_a_price_per_second_that_does_not_survive(self, make):
        with pytest.raises(
            OptionValueError, match=r"\.price-per-second` .* `price-per-second = 1.6666666666666665e-6`"
        ):
            make(price_per_second=0.0001 / 60).validate()

    def test_assets_follow_pay_and_testnet(self, make):
        options = make(pay={"USDC": ["base", "base-sepolia"]}, testnet=True)
        assert [asset.network for asset in options.assets] == ["base-sepolia"] * 2

    @pytest.mark.parametrize("pay", ["DOGE", {"USDC": "nowhere"}, {}, {"USDC": "base-sepolia"}])
    def test_nothing_to_pay_with(self, make, pay):
        with pytest.raises(OptionValueError, match=f"^Field `{PREFIX}.pay` is not possible: "):
            make(pay=pay).validate()


class TestCombinations:
    @pytest.mark.parametrize(
        ("config", "match"),
        [
            ({"price": 1, "price_per_second": 1}, "price-per-second` must not be used together with `price`"),
            ({"valid_until": 1, "valid_for": "1d"}, "valid-until` must not be used together with `valid-for`"),
            ({"max_duration": 59}, "max-duration` must not be less than `min-duration`: 59 and 60 seconds"),
            ({"cgi": True, "env_extendable": False}, "env-extendable` must not be false together with `cgi = true`"),
            (
                {"cgi": True, "stdin_appendable": False},
                "stdin-appendable` must not be false together with `cgi = true`",
            ),
        ],
    )
    def test_contradictions(self, make, config, match):
        with pytest.raises(OptionValueError, match=match):
            make(**config).validate()

    def test_equal_durations(self, make):
        assert make(min_duration="1m", max_duration=60).max_duration == 60

    @pytest.mark.parametrize(
        ("config", "open_to_callers"),
        [
            ({}, True),
            ({"cgi": False}, False),
            ({"cgi": True}, True),
            ({"env_extendable": False, "stdin_appendable": False}, False),
            ({"cgi": False, "env_extendable": True, "stdin_appendable": True}, True),
        ],
    )
    def test_cgi(self, make, config, open_to_callers):
        options = make(**config)
        assert (options.env_extendable, options.stdin_appendable) == (open_to_callers, open_to_callers)

    def test_private_env(self, make):
        assert make(env={"A": "1"}, env_private=True).env_private


class TestWhatAServerCannotDo:
    def test_the_largest_buffer(self, make):
        assert make(buffer="4gb").buffer == 4 * 2**30

    @pytest.mark.parametrize("size", ["64gb", 4 * 2**30 + 1])
    def test_a_buffer_that_aborts_the_server(self, make, size):
        with pytest.raises(
            OptionValueError, match=r"\.buffer` must not be more than 4294967296 bytes: os402 allocates"
        ):
            make(buffer=size).validate()


class TestHints:
    def test_of_usual_options_there_is_none(self, make):
        assert list(make(name="a:b+c", tcp_bind=[80]).hints()) == []

    @pytest.mark.parametrize(
        ("config", "stated"),
        [
            ({"tcp_connect": [443]}, "`tcp-connect` is recorded in the offer, and os402 gives no program a network"),
            ({"price": 0}, "a price of 0 lets only the owner of the server call"),
            ({"price_per_second": 0.0}, "a price of 0 lets only the owner of the server call"),
            ({"pool": "free"}, "while the pool 'free' has room, only the owner of the server can call"),
            ({"name": "my tool"}, "the name 'my tool' cannot be written in an address"),
        ],
    )
    def test_what_os402_makes_of_it(self, make, config, stated):
        (hint,) = make(**config).hints("greeter")
        assert stated in hint

    def test_the_projects_name_is_one_too(self, make):
        (hint,) = make().hints("health")
        assert "the name 'health' is read as something else" in hint
        assert list(make(name="fine").hints("health")) == []


class TestSchemaFiles:
    @pytest.mark.parametrize("option", ["input-schema", "output-schema"])
    def test_relative_to_the_project(self, make, tmp_path, option):
        (tmp_path / "schemas").mkdir()
        (tmp_path / "schemas" / "a.json").write_text('{"title": "ä", "a": 1.10}', encoding="utf-8")
        assert getattr(make(**{option: "schemas/a.json"}), option.replace("-", "_")) == {"a": 1.1, "title": "ä"}

    @pytest.mark.parametrize("option", ["input-schema", "output-schema"])
    def test_a_device_is_no_file(self, make, option):
        with pytest.raises(OptionValueError, match="not a regular file"):
            make(**{option: "/dev/zero"}).validate()

    def test_a_file_has_a_bound(self, make, tmp_path):
        with (tmp_path / "large.json").open("wb") as file:
            file.truncate(1 << 40)
        with pytest.raises(OptionValueError, match="more than 16,777,216 bytes"):
            make(input_schema="large.json").validate()

    def test_null_is_no_schema(self, make, tmp_path):
        (tmp_path / "null.json").write_text("null", encoding="utf-8")
        assert make(input_schema="null.json").input_schema is None

    def test_not_utf_8(self, make, tmp_path):
        (tmp_path / "latin.json").write_bytes(b'{"title": "\xe4"}')
        with pytest.raises(OptionValueError, match=r"`latin\.json` is not"):
            make(input_schema="latin.json").validate()
