"""Whether a bill of materials and a statement of provenance say the same as the record beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import PROVENANCE
from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def bill_faults(content: bytes, record: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield in which parts the CycloneDX bill `content` says something else than the record, if there is one."""
    try:
        bill = parse_json(content.decode())
        if bill["bomFormat"] != "CycloneDX":
            yield "it is no bill of CycloneDX"
            return
        found = {
            str(item["name"]): (item["version"], {one["content"] for one in item.get("hashes", ())})
            for item in bill.get("components", ())
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OfferError) as error:
        yield f"it cannot be understood: {type(error).__name__} {error}"
        return
    stated = {item["name"]: item for item in (record or {"distributions": ()})["distributions"]}
    for name in sorted(stated.keys() ^ found.keys()) if record is not None else ():
        yield f"{name} is in the {'bill' if name in found else 'record'} alone"
    for name in sorted(stated.keys() & found.keys()):
        version, hashes = found[name]
        if version != stated[name].get("version"):
            yield f"{name} has version {version} in it, and {stated[name].get('version')} in the record"
        elif hashes and stated[name].get("sha256") not in hashes:
            yield f"{name} has another hash in it than in the record"


def statement_faults(content: bytes, record: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield which files the in-toto statement `content` names otherwise than the record, if there is one."""
    try:
        statement = parse_json(content.decode())
        subjects = {str(item["name"]): item["digest"]["sha256"] for item in statement["subject"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OfferError) as error:
        yield f"it cannot be understood: {type(error).__name__} {error}"
        return
    if record is None:
        return
    stated = {
        name: item.get("sha256") if isinstance(item, dict) else None
        for name, item in record["artifacts"].items()
        if not name.endswith(PROVENANCE)
    }
    for name in sorted(stated.keys() | subjects.keys()):
        if stated.get(name) != subjects.get(name):
            yield f"it says sha256 {subjects.get(name)} of {name}, and the record {stated.get(name)}"
