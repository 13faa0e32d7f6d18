"""What a build record says, against what the archive and the offer prove."""

from __future__ import annotations

import re
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from hatch_os402.archive.assemble import MAIN
from hatch_os402.archive.patterns import NAME as PATTERNS
from hatch_os402.archive.patterns import count_entries
from hatch_os402.foreign.addresses import MAX_FILENAME
from hatch_os402.formatting import cut_lines
from hatch_os402.launcher import settings_of
from hatch_os402.resolution.target import ARCHITECTURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hatch_os402.offer.reading import ReadOffer

NOT_DERIVED = (
    "the files of wheels and sdists with their sha256, what was left out of them, architectures, target, the patch "
    "release of the compiler, where the end of the offer comes from, the version of hatch-os402"
)
"""What a record states, and nothing beside it proves."""

_KEYS: dict[str, Any] = {
    "format": int,
    "generator": {"name": str, "version": str},
    "project": {"name": str, "version": str, "entry_point": str},
    "target": {"runtime": str, "python": str, "architectures": list, "executables": dict},
    "distributions": list,
    "bytecode": dict,
    "valid_until": {"seconds": int, "from": str},
    "offer": {"sha256": str},
    "artifacts": dict,
    "sha256": str,
}
"""The keys of a record in their order, and the kinds of their values. `Facts.record` writes them."""
_TOOL = {"function": str, "offer": str}
_WITH_TOOLS = {"tools" if key == "offer" else key: dict if key == "offer" else kind for key, kind in _KEYS.items()}
"""Those of one whose tools have an offer each."""
_SOURCE: dict[str, Callable[[str], tuple[Any, ...]]] = {"wheel": parse_wheel_filename, "sdist": parse_sdist_filename}
_DISTRIBUTION = ("name", "version", None, "sha256", "required_by", "treatment", "left_out")
"""None: one of `_SOURCE`."""
_COMPILED = ("compiled", "python", "modules", "left_as_source", "patterns")
_SHAPES = {True: (_COMPILED, _COMPILED[:-1]), False: (_COMPILED[:1],)}
"""Of `bytecode`, by `compiled`. Records of earlier versions have no `patterns`."""
_ORIGINS = {"valid-until", "SOURCE_DATE_EPOCH", "commit", "clock"}
_TREATMENTS = {"pure", "stripped", "substituted", "dropped"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PYTHON = re.compile(r"3\.12\.\d+")


def key_faults(stated: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is not as every record has it: keys, their order, and the kinds of their values."""
    tools = "tools" in stated
    yield from _shape("", _WITH_TOOLS if tools else _KEYS, stated)
    for name, item in stated["tools"].items() if tools else ():
        yield from _shape(f" in `tools.{name}`", _TOOL, item)
    if stated["generator"]["name"] != "hatch-os402":
        yield f"it was written by {stated['generator']['name']!r}"
    if stated["valid_until"]["from"] not in _ORIGINS:
        yield f"the end of the offer comes from {stated['valid_until']['from']!r}"
    architectures, executables = stated["target"]["architectures"], stated["target"]["executables"]
    if not architectures or [one for one in ARCHITECTURES if one in architectures] != architectures:
        yield f"its architectures are {architectures!r}"
    if [one for one in architectures if one in executables] != sorted(executables, key=ARCHITECTURES.index):
        yield "it has executables for other architectures than its own"
    for item in stated["distributions"]:
        yield from _key_faults_of(item)
    compiled = stated["bytecode"].get("compiled")
    keys = tuple(stated["bytecode"])
    if compiled and stated["bytecode"].get("docstrings") is False:
        keys = keys[: -1 if keys[-1] == "docstrings" else None]
    if not isinstance(compiled, bool) or keys not in _SHAPES[compiled]:
        yield f"its bytecode has the keys {', '.join(stated['bytecode'])}"
    elif compiled and not _PYTHON.fullmatch(stated["bytecode"]["python"]):
        yield f"its bytecode is that of Python {stated['bytecode']['python']}"


def _key_faults_of(item: Mapping[str, Any]) -> Iterator[str]:
    source = next((key for key in _SOURCE if key in item), "wheel")
    if tuple(key for key in item if key != "accepted") != tuple(key or source for key in _DISTRIBUTION):
        yield f"a distribution in it has the keys {', '.join(item)}"
    elif not _SHA256.fullmatch(item["sha256"]):
        yield f"the sha256 of {item['name']} is none"
    elif item["treatment"] not in _TREATMENTS or (
        item["treatment"] in {"stripped", "substituted"} and not item["left_out"]
    ):
        yield f"`treatment` of {item['name']} is {item['treatment']!r}"
    elif sorted(item["required_by"]) != item["required_by"] or sorted(item["left_out"]) != item["left_out"]:
        yield f"what it says of {item['name']} is not sorted"


def _shape(where: str, keys: Mapping[str, Any], stated: Mapping[str, Any]) -> Iterator[str]:
    if tuple(stated) != tuple(keys):
        yield f"it has the keys {', '.join(map(str, stated))}{where}, and a record has {', '.join(keys)}"
        return
    for key, kind in keys.items():
        if isinstance(kind, dict):
            if isinstance(stated[key], dict):
                yield from _shape(f" in `{key}`", kind, stated[key])
            else:
                yield f"`{key}` in it is no object"
        elif type(stated[key]) is not kind:
            yield f"`{key}`{where} in it is {stated[key]!r}"


def offer_faults(stated: Mapping[str, Any], read: ReadOffer, tool: str = "") -> Iterator[str]:
    """Yield in which parts a record says something else than the unsigned offer, which may be that of a `tool`."""
    recorded = stated["tools"][tool]["offer"] if tool else stated["offer"]["sha256"]
    if recorded != read.sha256:
        yield f"it names the offer {recorded}"
    if stated["valid_until"]["seconds"] != read.payload["valid_until"]:
        yield "it names another end of the offer"
    runs = {
        arch: {"sha256": item.sha256, **({"url": item.url} if item.url else {})}
        for arch, item in read.offer.exec.executables.items()
    }
    if stated["target"]["executables"] != runs:
        yield "it names other executables"


def recorded_faults(stated: Mapping[str, Any], paths: frozenset[str], read: Callable[[str], bytes]) -> Iterator[str]:
    """Yield in which parts a record says something else than the archive, which has the files `paths`."""
    functions = {name: item["function"] for name, item in stated.get("tools", {}).items()}
    if (started := tools_of(read(MAIN))) != functions and (started or functions):
        yield f"it names other tools than the archive has: {', '.join(started) or 'none'}"
    if (entry := entry_point(read(MAIN))) and entry != stated["project"]["entry_point"]:
        yield f"it names the entry point {stated['project']['entry_point']!r}, and the archive starts {entry!r}"
    yield from _distribution_faults(stated, dict(metadata(paths, read)), paths)
    sources = {path for path in paths if path.endswith(".py") and path != MAIN}
    compiled = {path for path in paths if path.endswith(".pyc")}
    bytecode = stated["bytecode"]
    if bool(compiled) != bytecode["compiled"] and sources:
        yield f"it says that there is {'' if bytecode['compiled'] else 'no '}bytecode"
    elif bytecode["compiled"]:
        if bytecode["modules"] != len(compiled):
            yield f"it counts {bytecode['modules']} compiled modules, and there are {len(compiled)}"
        if set(bytecode["left_as_source"]) != {path for path in sources if f"{path}c" not in compiled}:
            yield "it names other modules that stay source"
    table = read(PATTERNS) if PATTERNS in paths else b""
    if "patterns" in bytecode and bytecode["patterns"] != (found := count_entries(table)):
        yield f"it counts {bytecode['patterns']} prepared regular expressions, and there are {found}"


def tools_of(main: bytes) -> dict[str, str]:
    """Return the tools that a `__main__.py` of ours serves, name → function; none for another one."""
    found = settings_of(main)
    return dict(found.tools) if found is not None else {}


def entry_point(main: bytes) -> str:
    """Return the entry point that a `__main__.py` of ours starts; empty for another one."""
    found = settings_of(main)
    return found.entry_point if found is not None else ""


def metadata(paths: frozenset[str], read: Callable[[str], bytes]) -> Iterator[tuple[str, tuple[str, frozenset[str]]]]:
    """Yield canonical name, version, and the canonical names of what may be required, of every METADATA."""
    for path in sorted(paths):
        folder, _, file = path.partition("/")
        if file == "METADATA" and folder.endswith(".dist-info"):
            headers = BytesHeaderParser().parsebytes(read(path))
            required = set()
            for line in headers.get_all("Requires-Dist") or ():
                try:
                    required.add(canonicalize_name(Requirement(str(line)).name))
                except InvalidRequirement:
                    continue
            name = canonicalize_name(str(headers.get("Name", "")))
            yield name, (str(headers.get("Version", "")), frozenset(required))


def _distribution_faults(
    stated: Mapping[str, Any], found: Mapping[str, tuple[str, frozenset[str]]], paths: frozenset[str]
) -> Iterator[str]:
    project = stated["project"]["name"]
    vendored = [item for item in stated["distributions"] if item["treatment"] != "dropped"]
    named = {item["name"]: item["version"] for item in vendored}
    if len(named) < len(vendored) or project in named:
        yield "it names a distribution twice"
    named[project] = stated["project"]["version"]
    for name in sorted(named.keys() ^ found.keys()):
        yield f"{name} is in the {'archive' if name in found else 'record'} alone"
    for name in sorted(named.keys() & found.keys()):
        if not _same_version(named[name], found[name][0]):
            yield f"{name} has version {found[name][0]} in the archive, and {named[name]} in the record"
    for item in stated["distributions"]:
        source = next(key for key in _SOURCE if key in item)
        if not _is_called(item, source):
            yield f"{cut_lines(str(item[source]))} is no {source} of {item['name']} {item['version']}"
        for requirer in item["required_by"]:
            # What the project requires may also be in its dependency groups, which the archive does not have.
            if requirer not in found or (requirer != project and item["name"] not in found[requirer][1]):
                yield f"{requirer} does not require {item['name']}"
        for path in paths.intersection(item["left_out"]):
            yield f"{path} is in the archive, and was left out of {item['name']}"


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _is_called(item: Mapping[str, Any], source: str) -> bool:
    if source == "sdist" and item[source] is None:  # of a folder
        return True
    if len(str(item[source])) > MAX_FILENAME:
        return False
    try:
        name, version, *_ = _SOURCE[source](item[source])
        return name == item["name"] and _same_version(str(version), item["version"])
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return False
