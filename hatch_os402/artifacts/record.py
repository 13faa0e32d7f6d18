"""The build record, `{id}.build.json`: its layout, and whether it describes the files beside it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import FRAME, OFFER, TOOL_NAME, ZIPAPP
from hatch_os402.errors import ArtifactError, OfferError
from hatch_os402.files import measure_file, read_file
from hatch_os402.offer.canonical import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 1
"""Raised when a reader of the old format would misunderstand the new one."""

CHECKSUM = "sha256"
"""The last key of a record (see `record_text`)."""

DESCRIBED = (ZIPAPP, FRAME, OFFER)
"""The suffixes of the artifacts whose sizes and digests a record has."""

_PARTS = (("project", dict), ("artifacts", dict), ("distributions", list), ("bytecode", dict))


def record_text(content: Mapping[str, Any]) -> bytes:
    """Return the only layout of a record: JSON with an indent of two in UTF-8, and a newline at its end.

    Its last key, `sha256`, is the SHA256 of the text that the rest has by itself, so that a record which was cut off or
    changed shows it. It is replaced if `content` has it.
    """
    rest = {key: value for key, value in content.items() if key != CHECKSUM}
    return _text({**rest, CHECKSUM: hashlib.sha256(_text(rest)).hexdigest()})


def _text(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def read_record(path: Path) -> dict[str, Any]:
    """Return the record at `path`, whose parts that are read anywhere are known to be there.

    Raises `ArtifactError` for one that cannot be read, is damaged or of another format, and `FileNotFoundError`.
    """
    try:
        content = read_file(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ArtifactError(f"the record {path} cannot be read: {error.strerror or error}.") from error
    try:
        found = parse_json(content.decode())  # with a limit to its nesting, which the C stack does not have
        stated = found["format"]
    except (ValueError, KeyError, TypeError, OfferError) as error:
        lacks = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise ArtifactError(f"the record {path} is damaged: {lacks}.\nBuild again.") from error
    if stated != FORMAT:
        raise ArtifactError(
            f"the record {path} has format {stated!r}, and this version of hatch-os402 reads {FORMAT}.\n"
            "Use the version that built it, or build again."
        )
    fault = _fault(found)
    if not fault and CHECKSUM in found and not is_whole(content):  # those of 0.1.0 have none
        fault = "its checksum is not the one that it states"
    if fault:
        raise ArtifactError(f"the record {path} is damaged: {fault}.\nBuild again.")
    return dict(found)


def is_whole(content: bytes) -> bool:
    """Return whether the text of a record is what `record_text` writes: its layout, and its checksum."""
    try:
        found = json.loads(content)
        return isinstance(found, dict) and record_text(found) == content
    except (ValueError, RecursionError, UnicodeError):
        return False


def _fault(found: Mapping[str, Any]) -> str:
    """Say which of the parts that are read is not as a build writes it, or nothing."""
    for name, kind in _PARTS:
        if not isinstance(found.get(name), kind):
            return f"it has no `{name}`"
    for item in found["distributions"]:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            return "a distribution in it has no name"
        if not all(isinstance(item.get(name, []), list) for name in ("required_by", "left_out")):
            return f"it does not list what requires {item['name']}, or what was left out"
    if fault := _fault_of_tools(found.get("tools", {})):
        return fault
    if not isinstance(found["bytecode"].get("left_as_source", {}), dict):
        return "it does not name the modules without bytecode"
    return ""


def _fault_of_tools(tools: Any) -> str:
    if not isinstance(tools, dict) or not all(isinstance(item, dict) for item in tools.values()):
        return "it does not list the tools"
    if not all(TOOL_NAME.fullmatch(name) for name in tools):  # they become parts of the names of files
        return "a tool in it has a name that no tool can have"
    return ""


def described(record: Mapping[str, Any], stem: Path) -> list[str]:
    """Return the names of the files that `record` describes, those of tools included, as far as they are of `stem`."""
    return [name for name in record["artifacts"] if name.startswith(f"{stem.name}.") and not {"/", "\\"} & set(name)]


def tools_of(record: Mapping[str, Any]) -> list[str]:
    """Return the names of the tools that have an offer each; none where there is one offer."""
    return list(record.get("tools", {}))


def misfit(record: Mapping[str, Any], stem: Path) -> str:
    """Say which of the artifacts of `stem` (a path without a suffix) is not what `record` describes, or nothing.

    What is not there is not asked for. Raises `ArtifactError` for a file that cannot be read.
    """
    for name in dict.fromkeys([*(stem.name + suffix for suffix in DESCRIBED), *described(record, stem)]):
        path = stem.with_name(name)
        try:
            size, sha256 = measure_file(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ArtifactError(f"{path} cannot be read: {error.strerror or error}.") from error
        if record["artifacts"].get(path.name) != {"size": size, "sha256": sha256}:
            return f"{path.name} is not what {stem.name}.build.json describes"
    return ""
