"""Compare an offer with that of a rebuild, field by field, and the records of both."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import Os402Error
from hatch_os402.formatting import utc_time
from hatch_os402.offer.signing import complete
from hatch_os402.provenance.difference import RebuildDifference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_os402.offer.reading import ReadOffer

_FRAME = ("exec.stdin_sha256", "exec.stdin")
_OPTIONS = {"ram_kb": "ram", "stack_kb": "stack", "buffer_capacity": "buffer", "cpu_time_secs": "cpu-time",
            "wall_time_secs": "wall-time", "env_sha256": "env-private"}  # fmt: skip
_NOT_COMPARED = ("artifacts", "sha256", "offer", "tools", "valid_until")
"""Keys of records that follow from what is compared itself."""


def offer_differences(theirs: ReadOffer, ours: ReadOffer, *, frame_differs: bool) -> Iterator[RebuildDifference]:
    """Yield how the offer `theirs`, signed or not, differs from the unsigned `ours` of the rebuild.

    With `frame_differs`, another frame is no difference of its own.
    """
    if theirs.sha256 == ours.sha256:
        return
    rebuilt: Mapping[str, Any] = ours.payload
    with suppress(Os402Error):  # another owner, which shows below
        rebuilt = complete(ours.offer, theirs.owner).to_json()
    stated, own = dict(_flat(theirs.payload)), dict(_flat(rebuilt))
    priced = False  # one option gives all of them, an asset and a network each
    for name in sorted(stated.keys() | own.keys()):
        if stated.get(name) == own.get(name):
            continue
        if name in _FRAME:
            if not frame_differs:
                detail = f"it is {_shown(stated.get(name))} in the artifact, {_shown(own.get(name))} in the rebuild"
                cause = "another archive: compare the archive itself to see which file differs"
                yield RebuildDifference("offer", name, detail, cause)
            continue
        if name.startswith("price."):
            if priced:
                continue
            priced = True
        yield _field(name, stated.get(name), own.get(name))


def _field(name: str, theirs: Any, ours: Any) -> RebuildDifference:
    detail = f"it is {_shown(theirs)} in the artifact, {_shown(ours)} in the rebuild"
    if name == "valid_until" and isinstance(theirs, int) and isinstance(ours, int):
        days = f"{abs(theirs - ours) / 86400:.4g} days {'earlier' if theirs > ours else 'later'}"
        detail = f"it ends {utc_time(theirs)} in the artifact, {utc_time(ours)} in the rebuild ({days})"
        cause = "another `valid-for` or `valid-until`, another commit to count from, or another SOURCE_DATE_EPOCH"
        return RebuildDifference("offer", name, detail, cause)
    parts = name.split(".")
    if parts[0] == "exec" and len(parts) > 2:  # noqa: PLR2004 - exec, architecture or env, field
        option = "offer.env" if parts[1] == "env" else "runtime"
    elif parts[0] == "price":
        option = "offer.price`, `offer.price-per-second` or `offer.pay"
    elif name.startswith("exec.args"):
        option = "offer.args" if not name.endswith("extendable") else "offer.args-extendable"
    else:
        option = "offer." + _OPTIONS.get(parts[0], _OPTIONS.get(parts[-1], parts[-1].replace("_", "-")))
    return RebuildDifference("offer", name, detail, f"another `{option}`")


def record_differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[RebuildDifference]:
    """Yield in which keys two build records differ, beside what is compared itself (archive, frame, offers)."""
    stated, own = (
        dict(_flat({key: value for key, value in one.items() if key not in _NOT_COMPARED})) for one in (theirs, ours)
    )
    for name in sorted(stated.keys() | own.keys()):
        if stated.get(name) != own.get(name):
            detail = f"it is {_shown(stated.get(name))} in the artifact, {_shown(own.get(name))} in the rebuild"
            yield RebuildDifference("record", name, detail, "another build, or a record that was changed after it")


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted name → value of everything in nested objects; lists of objects by the name of each, or place."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for place, item in enumerate(value):
            yield from _flat(item, f"{name}.{item.get('name', place)}")
    else:
        yield name, value


def _shown(value: Any) -> str:
    text = "not there" if value is None else repr(value)
    return text if len(text) < 100 else f"{text[:100]}…"  # noqa: PLR2004 - a line
