"""The second half of a build: from the staged tree to the artifacts.

Each function is a step of `pipeline.build`: it gives its room what the options say, and the user what is worth a
message.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hatch_os402 import launcher
from hatch_os402.archive import frame as framing
from hatch_os402.archive.assemble import (
    importable,
    is_launcher,
    launcher_entries,
    may_be_deflated,
    reads_patterns,
    without_unused,
)
from hatch_os402.archive.modules import Compiled, compile_modules
from hatch_os402.archive.pack import Member, pack
from hatch_os402.archive.patterns import prepare
from hatch_os402.artifacts.facts import BuildFacts
from hatch_os402.artifacts.names import FRAME, OFFER, RECORD, SIGNED_SUFFIX, ZIPAPP, suffix_of
from hatch_os402.artifacts.signed import of_one_build
from hatch_os402.build.context import step
from hatch_os402.build.imported import compiler
from hatch_os402.build.reports import report_offer
from hatch_os402.compatibility.imports.reach import module_names
from hatch_os402.config.project import check_entry_point, check_interface, check_lazy_imports, entry_paths
from hatch_os402.config.run_profile import FILE, RunProfile, read_run_profile
from hatch_os402.errors import BytecodeError, Os402Error
from hatch_os402.formatting import counted
from hatch_os402.offer.build import build_offer
from hatch_os402.offer.payload import Executable as OfferExecutable
from hatch_os402.offer.payload import envelope_text
from hatch_os402.offer.payload import sha256 as offer_sha256
from hatch_os402.offer.reading import read_offer
from hatch_os402.runtime.modules import facts
from hatch_os402.tools.model import Tool
from hatch_os402.wheels.members import parents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from hatch_os402.archive.entries import Entry
    from hatch_os402.archive.patterns import Prepared
    from hatch_os402.archive.staging import Tree
    from hatch_os402.artifacts.writing import Artifact, Files
    from hatch_os402.build.analysis import Analysis, BuildRequest
    from hatch_os402.build.context import Context
    from hatch_os402.config.expiry import Expiry
    from hatch_os402.offer.payload import Offer
    from hatch_os402.reporting import Reporter
    from hatch_os402.runtime.interpreters import Interpreter

_MAX_REPORTED = 5
"""Modules that did not compile, named before the rest is only counted."""


def check_tree(tree: Tree, request: BuildRequest, build: Context, *, reported: Collection[str] = ()) -> None:
    """Check that the archive has what it is to start, and what is to be imported later. Raises `Os402Error`.

    Of the entry points `reported` a later step reports what is missing, so that there is one message about it.
    """
    entries = {item.path: item for item in tree.entries}
    check_lazy_imports(build.options.lazy_imports, entries)

    def read(path: str) -> bytes | None:
        return build.reader.read(entries[path]) if path in entries else None

    for entry in request.starts:
        warning = check_entry_point(entry, entries.keys(), lambda path: build.reader.read(entries[path]))
        if warning and entry not in reported:
            build.reporter.warning(warning)
        check_interface(entry, build.options.interface, read)
    for warning in tree.warnings:
        build.reporter.warning(warning)


def launcher_files(request: BuildRequest, tree: Tree, build: Context) -> tuple[Entry, ...]:
    """Return the files of the launcher that starts the entry point, or the option's tools, as the options say."""
    options = build.options
    files = launcher_entries(
        request.entry_point.removesuffix("()"),
        lazy_imports=options.lazy_imports,
        interface=options.interface or launcher.SCRIPT,
        caller_key=options.caller_key,
        finalize=options.finalize,
        cookies=options.cookies,
        factory=request.entry_point.endswith("()"),
        tools=tuple((str(tool.name), tool.function) for tool in options.tools),
    )
    modules = (entry for entry in tree.entries if entry.path.endswith(".py"))
    return without_unused(files, map(build.reader.read, modules))


def saved_profile(build: Context) -> RunProfile | None:
    """Return what the project's `os402-profile.json` says; None when there is none, or nothing reads it.

    Raises `PatternsError`.
    """
    options = build.options
    read = options.prepared_patterns or options.compression == "auto"
    return read_run_profile(build.project.root) if read else None


@step("compiling")
def compile_all(entries: Sequence[Entry], profile: RunProfile | None, build: Context) -> Compiled:
    """Compile every module as the option `bytecode` says, and regular expressions as `prepared-patterns` does.

    Raises `BytecodeError` and `PatternsError` when that is not possible.
    """
    options, reporter = build.options, build.reporter
    if options.bytecode == "none":
        return Compiled(None)
    interpreter = compiler(build)
    if interpreter is None:
        missing = "no CPython 3.12 was found (the running Python, `runtime`, PATH, and those of pyenv, Hatch and uv)"
        if options.bytecode == "required" or not options.sources:
            from hatch_os402.installation.command import python_command  # noqa: PLC0415 - for this error alone

            raise BytecodeError(
                f"{missing}, but bytecode is required.\nInstall one, for example with `{python_command('3.12')}`."
            )
        reporter.warning(f"{missing}: the archive has no bytecode and starts more slowly")
        return Compiled(None)
    compiled = compile_modules(
        importable(entries),
        build.reader.read,
        root=launcher.ROOT,
        interpreter=interpreter,
        cache=build.cache / "bytecode",
        docstrings=options.docstrings,
        smallest=lambda entry: is_launcher(entry.path),
        lazy=options.lazy_imports,
        update=build.update,
    )
    reporter.info(f"compiled {len(compiled.pycs)} modules with CPython {interpreter.version}")
    reporter.debug(f"compiled with {interpreter.path}")
    if options.prepared_patterns:
        compiled = replace(compiled, patterns=_prepare(entries, compiled, profile or RunProfile(), interpreter, build))
    if not compiled.patterns.table:  # what is not packed is not counted
        compiled = replace(compiled, pycs=tuple(pyc for pyc in compiled.pycs if not reads_patterns(pyc.entry.path)))
    return compiled


def check_compiled(compiled: Compiled, request: BuildRequest, build: Context) -> None:
    """Report what did not compile. Raises `Os402Error` for a module that is started: no call of it could succeed."""
    reasons = dict(compiled.failures)
    for entry in request.starts:
        for path in entry_paths(entry):
            if path in reasons:
                raise Os402Error(
                    f"the entry point {entry!r} cannot be imported: {path} does not compile ({reasons[path]}).\n"
                    "Correct it there."
                )
    for path, reason in compiled.failures[:_MAX_REPORTED]:
        build.reporter.warning(f"{path} does not compile and stays source only: {reason}")
    if more := compiled.failures[_MAX_REPORTED:]:
        build.reporter.warning(f"{len(more)} more modules do not compile and stay source only; the record names them")


def _report_gone(profile: RunProfile, paths: set[str], reporter: Reporter) -> None:
    """Warn of a profile that is of an earlier state: it names modules that are nowhere any more."""
    library = {name for key in ("modules", "missing", "undecided") for name in facts()[key]}
    known = {parent for name in module_names(paths) for parent in (name, *parents(name.replace(".", "/")))}
    known = {name.replace("/", ".") for name in known}
    gone = [name for name in profile.modules if name not in known and name.partition(".")[0] not in library]
    if gone:
        reporter.warning(
            f"{FILE} names {counted(len(gone), 'module')} that neither the archive nor the runtime has, such as "
            f"{gone[0]}: it is of an earlier state of the project. Delete it, and save it again with "
            "`hatch-os402 profile --save`"
        )


def _prepare(
    entries: Sequence[Entry], compiled: Compiled, profile: RunProfile, interpreter: Interpreter, build: Context
) -> Prepared:
    """Prepare the regular expressions of the program's modules that compile, and of those that `profile` names."""
    _report_gone(profile, {entry.path for entry in entries}, build.reporter)
    paths = {path for path, _ in compiled.failures}
    modules = [entry for entry in importable(entries) if entry.path not in paths and not is_launcher(entry.path)]
    prepared = prepare(
        modules,
        build.reader.read,
        interpreter=interpreter,
        cache=build.cache / "patterns",
        recorded=profile.patterns,
        imported=profile.modules,
    )
    if prepared.count:
        build.reporter.debug(f"prepared {prepared.count} regular expressions")
    return prepared


def write_zipapp(contents: Sequence[Entry], imported: Collection[str], files: Files, build: Context) -> Artifact:
    """Write `contents`, in their order, as the zipapp; return its path, size and SHA256. `imported`: see `members`."""
    with files.path(ZIPAPP).open("wb") as file:
        size, sha256 = pack(members(contents, imported, build), file)
    return files.artifact(ZIPAPP, size, sha256)


def members(contents: Sequence[Entry], imported: Collection[str], build: Context) -> Iterator[Member]:
    """Yield `contents`, in their order, as members of the zipapp; `imported`: what `imported_modules` returns."""
    compression, read = build.options.compression, build.reader.read
    for entry in contents:
        yield Member(entry.path, partial(read, entry), may_be_deflated(entry.path, compression, imported))


def write_frame(zipapp: Artifact, files: Files) -> Artifact:
    """Write the framed stdin."""
    with files.path(ZIPAPP).open("rb") as source, files.path(FRAME).open("wb") as file:
        size, sha256 = framing.write_frame(source, zipapp.size, file)
    return files.artifact(FRAME, size, sha256)


def write_offers(
    frame: Artifact, tools: Sequence[Tool], expiry: Expiry, files: Files, build: Context
) -> tuple[Artifact, ...]:
    """Write the unsigned offer; where the option `tools` is set, that of each of `tools`."""
    options, reporter = build.options, build.reporter
    report_offer(frame.size, expiry, reporter, owned=bool(options.offer.owner))
    described = tools or (Tool(build.project.name, "", build.project.description),)
    written = []
    for one in described:
        own = str(one.name) if options.tools else ""
        offer = build_offer(
            options.offer,
            executables={item.arch: OfferExecutable(sha256=item.sha256, url=item.url) for item in build.executables},
            args=(*launcher.ARGS, *((own,) if own else ())),
            frame_sha256=frame.sha256,
            frame=files.path(FRAME).read_bytes,
            valid_until=expiry.until,
            default_name=one.name,
            default_description=one.description or (None if own else build.project.description),
            default_schemas=(one.input_schema, one.output_schema),
        )
        signed = files.directory / (files.stem + suffix_of(own, SIGNED_SUFFIX))
        if signed.exists() and not _signs(signed, offer):
            reporter.warning(f"{signed.name} is of an earlier build: sign again")
        content = envelope_text(offer).encode()
        written.append(replace(files.measured(suffix_of(own, OFFER), content), offer=offer_sha256(offer)))
    return tuple(written)


def write_record(
    artifacts: Sequence[Artifact],
    analyzed: Analysis,
    compiled: Compiled,
    expiry: Expiry,
    files: Files,
    build: Context,
) -> Artifact:
    """Write the build record of the other `artifacts`."""
    facts = BuildFacts(
        build.project,
        analyzed.request.entry_point,
        build.options.tools,
        build.architectures,
        build.executables,
        analyzed.resolution,
        analyzed.vetted,
        compiled,
        expiry,
    )
    return files.measured(RECORD, facts.record(artifacts))


def _signs(path: Path, offer: Offer) -> bool:
    """Whether the signed offer at `path` is of this build, whoever signed it."""
    try:
        return of_one_build(offer, read_offer(path))
    except Os402Error:
        return False
