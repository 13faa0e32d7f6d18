"""The step of a build that finds out what its tools say of themselves: by import, from the source, or by hand."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import OfferError, Os402Error
from hatch_os402.formatting import counted
from hatch_os402.offer.build import environment
from hatch_os402.offer.schemas import normalise
from hatch_os402.runtime.interpreters import find_compiler
from hatch_os402.tools.model import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hatch_os402.archive.entries import Entry, EntryReader
    from hatch_os402.config.options import Options
    from hatch_os402.reporting import Reporter
    from hatch_os402.runtime.configured import ConfiguredRuntime

_BY_HAND = "write the schema with `input-schema`"


def describe_tools(
    entry: str,
    options: Options,
    contents: Sequence[Entry],
    runs_on: Sequence[ConfiguredRuntime],
    reader: EntryReader,
    reporter: Reporter,
) -> tuple[Tool, ...]:
    """Return the tools with all that their offers say; none for another interface. What is written by hand wins.

    `contents` are the files of the archive. Raises `Os402Error`, naming every tool that has no schema and why.
    """
    if options.interface != "mcp":
        return ()
    tools = _tools(entry, options)
    pending = {function: function for function in functions_read(entry, options)}
    entries = {item.path: item for item in contents}

    def read(path: str) -> bytes | None:
        return reader.read(entries[path]) if path in entries else None

    if not pending:
        found: Mapping[str, dict[str, Any]] = {}
    elif options.schema == "static":
        from hatch_os402.tools.static import describe_source  # noqa: PLC0415 - few builds have tools

        found = {function: describe_source(function, read) for function in pending}
        reporter.info(f"read the signatures of {counted(len(pending), 'tool')} from the source, which was not run")
    else:
        found = _by_import(pending, options, contents, runs_on, reader, reporter)
    _raise_for_errors(tools, found)
    described = tuple(_described(tool, found.get(tool.function), read) for tool in tools)
    for tool in described:
        if not tool.description:
            reporter.warning(
                f"the tool {tool.name!r} has no description: give {tool.function} a docstring, which models read"
            )
    return described


def functions_read(entry: str, options: Options) -> tuple[str, ...]:
    """Return the functions (`"module:function"`) whose signatures `describe_tools` reads: it reports missing ones."""
    if options.interface != "mcp":
        return ()
    return tuple(tool.function for tool in _tools(entry, options) if tool.input_schema is None)


def _tools(entry: str, options: Options) -> tuple[Tool, ...]:
    offer = options.offer
    return options.tools or (Tool(offer.name, entry, offer.description, offer.input_schema, offer.output_schema),)


def _by_import(
    functions: Mapping[str, str],
    options: Options,
    contents: Sequence[Entry],
    runs_on: Sequence[ConfiguredRuntime],
    reader: EntryReader,
    reporter: Reporter,
) -> dict[str, dict[str, Any]]:
    from hatch_os402.tools.process import describe_by_import  # noqa: PLC0415 - for `interface = "mcp"` alone

    local = next((item.path for item in runs_on if item.path is not None), None)
    interpreter = find_compiler(local, os.environ)
    if interpreter is None:
        from hatch_os402.installation.command import python_command  # noqa: PLC0415 - for this error alone

        raise Os402Error(
            "the schemas of tools are read by importing them with a CPython 3.12, and none was found.\n"
            f'Install one (`{python_command("3.12")}`), set `schema = "static"`, or {_BY_HAND}.'
        )
    described = describe_by_import(
        functions,
        contents,
        reader,
        python=interpreter.path,
        env=environment(options.offer),
        lazy_imports=options.lazy_imports,
        ram=options.offer.ram * 1024,
    )
    modules = ", ".join(sorted({function.partition(":")[0] for function in functions}))
    how = "without files and network" if not described.missing else "outside a complete sandbox"
    reporter.info(
        f"read {counted(len(functions), 'signature')} by running the project's code: imported {modules} with CPython "
        f"{interpreter.version}, {how}"
    )
    for what in described.missing:
        reporter.warning(f"sandbox incomplete: {what}")
    for line in described.log.splitlines():
        reporter.debug(f"while importing: {line}")
    if any("failed" in answer for answer in described.tools.values()) and not reporter.verbose:
        reporter.info("`-v` shows the traceback")
    return described.tools


def _raise_for_errors(tools: Sequence[Tool], found: Mapping[str, dict[str, Any]]) -> None:
    """Raise `Os402Error` for every tool of which nothing could be found out."""
    faults, advice = [], {}
    for tool in tools:
        answer = found.get(tool.function, {})
        if error := answer.get("error"):
            faults.append(f"  {tool.function}: {error['path'] and error['path'] + ': '}{error['why']}")
            advice["annotation"] = f"Change the signature, or {_BY_HAND}."
        elif failed := answer.get("failed"):
            faults.append(f"  {tool.function}: it cannot be imported: {failed}")
            advice["import"] = f'Correct that, set `schema = "static"`, or {_BY_HAND}.'
    if faults:
        what = "a tool has" if len(faults) == 1 else f"{len(faults)} tools have"
        raise Os402Error("\n".join([f"{what} no schema:", *faults, *advice.values()]))


def _described(tool: Tool, answer: Mapping[str, Any] | None, read: Callable[[str], bytes | None]) -> Tool:
    if answer is None:
        from hatch_os402.tools.static import docstring  # noqa: PLC0415 - as above

        name = tool.function.rpartition(":")[2].rpartition(".")[2]
        return replace(
            tool,
            name=tool.name or name,
            description=docstring(tool.function, read) if tool.description is None else tool.description,
        )
    name = tool.name or answer["name"]
    return Tool(
        name,
        tool.function,
        answer["description"] if tool.description is None else tool.description,
        _surviving(answer["input_schema"], "input", name),
        _surviving(answer["output_schema"], "output", name) if tool.output_schema is None else tool.output_schema,
    )


def _surviving(schema: Any, which: str, tool: str) -> Any:
    """Return a schema as the server will read it. Raises `OfferError` for a number that would not survive that."""
    try:
        return normalise(schema)
    except OfferError as error:
        raise OfferError(f"the {which} schema of the tool {tool!r} cannot be offered: {error.message}") from error
