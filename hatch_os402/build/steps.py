"""The steps of a build that join rooms, each a function; the rooms know nothing of options or of the user."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hatch_os402 import launcher
from hatch_os402.archive import frame as framing
from hatch_os402.archive.assemble import importable, is_launcher, launcher_entries
from hatch_os402.archive.modules import Compiled, compile_modules
from hatch_os402.archive.pack import Member, check_deflate, pack
from hatch_os402.artifacts.names import FRAME, OFFER, SIGNED_SUFFIX, suffix_of
from hatch_os402.errors import BytecodeError
from hatch_os402.offer.build import build_offer
from hatch_os402.offer.payload import UPLOAD_LIMIT, envelope_text
from hatch_os402.offer.payload import Executable as OfferExecutable
from hatch_os402.offer.payload import sha256 as offer_sha256
from hatch_os402.project import check_entry_point, check_interface, check_lazy_imports
from hatch_os402.runtime.interpreters import find_compiler
from hatch_os402.tools.model import Tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from hatch_os402.archive.entries import Entry, EntryReader
    from hatch_os402.archive.staging import Tree
    from hatch_os402.artifacts.writing import Artifact, Files
    from hatch_os402.options import Options
    from hatch_os402.project import Project
    from hatch_os402.reporting import Reporter
    from hatch_os402.runtime.configured import Executable
    from hatch_os402.validity import Validity

_MOST_REPORTED = 5
"""Modules that did not compile, named before the rest is only counted."""


def check_tree(tree: Tree, starts: Sequence[str], options: Options, reader: EntryReader, reporter: Reporter) -> None:
    """Check that the archive has what it is to start, and what is to be imported later."""
    entries = {item.path: item for item in tree.entries}
    check_lazy_imports(options.lazy_imports, entries)
    for entry in starts:
        if warning := check_entry_point(entry, entries.keys(), lambda path: reader.read(entries[path])):
            reporter.warning(warning)
        check_interface(entry, options.interface, lambda path: reader.read(entries[path]) if path in entries else None)
    for warning in tree.warnings:
        reporter.warning(warning)


def launch(entry: str, options: Options) -> tuple[Entry, ...]:
    """Return the files of the launcher that starts `entry`, or the option's tools, as the options say."""
    return launcher_entries(
        entry.removesuffix("()"),
        lazy_imports=options.lazy_imports,
        interface=options.interface or launcher.SCRIPT,
        caller_key=options.caller_key,
        cookies=options.cookies,
        factory=entry.endswith("()"),
        tools=tuple((str(tool.name), tool.function) for tool in options.tools),
    )


def compile_all(
    entries: Iterable[Entry],
    options: Options,
    runs_on: Sequence[Executable],
    cache: Path,
    reader: EntryReader,
    reporter: Reporter,
) -> Compiled:
    """Compile every module as the option `bytecode` says."""
    if options.bytecode == "none":
        return Compiled(None)
    local = next((item.path for item in runs_on if item.path is not None), None)
    interpreter = find_compiler(local, os.environ)
    if interpreter is None:
        missing = "no CPython 3.12 was found (the running Python, `runtime`, PATH, and those of pyenv, Hatch and uv)"
        if options.bytecode == "required" or not options.sources:
            raise BytecodeError(
                f"{missing}, but bytecode is required.\nInstall one, for example with `hatch python install 3.12`."
            )
        reporter.warning(f"{missing}: the archive has no bytecode and starts more slowly")
        return Compiled(None)
    compiled = compile_modules(
        importable(entries),
        reader.read,
        root=launcher.ROOT,
        interpreter=interpreter,
        cache=cache,
        documented=lambda entry: not is_launcher(entry.path),
    )
    reporter.info(f"compiled {len(compiled.pycs)} modules with CPython {interpreter.version}")
    reporter.debug(f"compiled with {interpreter.path}")
    for path, reason in compiled.failures[:_MOST_REPORTED]:
        reporter.warning(f"{path} is not valid Python 3.12 and stays source only: {reason}")
    if more := compiled.failures[_MOST_REPORTED:]:
        reporter.warning(
            f"{len(more)} more modules are not valid Python 3.12 and stay source only; the record names them"
        )
    return compiled


def pack_zipapp(contents: Sequence[Entry], options: Options, reader: EntryReader, files: Files) -> Artifact:
    """Write the zipapp."""
    deflate = options.compression == "deflated"
    if deflate:
        check_deflate()
    members = (
        Member(entry.path, lambda entry=entry: reader.read(entry), deflate and not is_launcher(entry.path))  # type: ignore[misc]
        for entry in contents
    )
    with files.path(".pyz").open("wb") as file:
        size, sha256 = pack(members, file)
    return files.artifact(".pyz", size, sha256)


def frame_zipapp(zipapp: Artifact, files: Files) -> Artifact:
    """Write the framed stdin."""
    with files.path(".pyz").open("rb") as source, files.path(".stdin").open("wb") as file:
        size, sha256 = framing.write_frame(source, zipapp.size, file)
    return files.artifact(".stdin", size, sha256)


def write_offers(
    project: Project,
    options: Options,
    tools: Sequence[Tool],
    runs_on: Sequence[Executable],
    validity: Validity,
    frame: Artifact,
    files: Files,
    reporter: Reporter,
) -> tuple[Artifact, ...]:
    """Write the unsigned offer; where the option `tools` is set, that of each of `tools`."""
    if frame.size > UPLOAD_LIMIT:
        reporter.warning(
            f"the framed archive has {frame.size:,} bytes, and servers take {UPLOAD_LIMIT:,} unless their owner allows "
            'more. Leave files out with `exclude`, or set `sources = false` or `compression = "deflated"`'
        )
    if not options.offer.owner:
        reporter.info("the offer has no `owner` yet: publishing it needs a key, whose address completes it")
    if not validity.reproducible:
        reporter.warning(
            f"the offer is valid until {validity}, counted from the clock: this hash cannot be reproduced. Build from "
            "a commit, or set SOURCE_DATE_EPOCH or `valid-until`"
        )
    if validity.expired:
        reporter.warning(
            f"the offer expired on {validity} ({validity.origin}): os402 refuses it. Set a later `valid-until` or a "
            "longer `valid-for`"
        )
    said = tools or (Tool(project.name, "", project.description),)
    written = []
    for one in said:
        own = str(one.name) if options.tools else ""
        offer = build_offer(
            options.offer,
            executables={item.arch: OfferExecutable(sha256=item.sha256, url=item.url) for item in runs_on},
            args=(*launcher.ARGS, *((own,) if own else ())),
            frame_sha256=frame.sha256,
            frame=files.path(FRAME).read_bytes,
            valid_until=validity.until,
            default_name=one.name,
            default_description=one.description or (None if own else project.description),
            default_schemas=(one.input_schema, one.output_schema),
        )
        signed = files.directory / (files.stem + suffix_of(own, SIGNED_SUFFIX))
        if _signed_another(signed, offer.to_json()):
            reporter.warning(f"{signed.name} is of an earlier build: sign again")
        content = envelope_text(offer).encode()
        written.append(replace(files.measured(suffix_of(own, OFFER), content), offer=offer_sha256(offer)))
    return tuple(written)


def _signed_another(path: Path, payload: dict[str, Any]) -> bool:
    """Whether the signed offer at `path`, if there is one, is of another `payload`, whoever signed it."""
    try:
        signed = json.loads(path.read_bytes())["payload"]
        return bool(_unowned(signed) != _unowned(payload))
    except FileNotFoundError:
        return False
    except (ValueError, LookupError, TypeError, AttributeError):
        return True


def _unowned(payload: dict[str, Any]) -> dict[str, Any]:
    """Return `payload` without what signing completes."""
    prices = [{**price, "payment_address": None} for price in payload["price"]]
    return {**payload, "owner": None, "price": prices}
