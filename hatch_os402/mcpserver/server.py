"""The MCP server over stdio. The only module that imports `mcp`, which the extra of that name brings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import mcp.types as protocol
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from hatch_os402.__about__ import __version__
from hatch_os402.errors import Os402Error
from hatch_os402.mcpserver.offers import Offered, OfferSource, by_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_os402.reporting import Reporter


def server(sources: Sequence[OfferSource], reporter: Reporter) -> Server[Any]:
    """Return the MCP server that has the offers of `sources` as its tools."""
    last: dict[str, Offered] = {}

    async def offers() -> dict[str, Offered]:
        nonlocal last
        found: list[Offered] = []
        for source in sources:
            try:
                found += await source.offers()
            except Os402Error as error:
                reporter.warning(error.message)
                found += [one for one in last.values() if one.source is source]
        last = by_name(found)
        return last

    async def list_tools(_context: Any, _params: Any) -> protocol.ListToolsResult:
        return protocol.ListToolsResult(tools=[_tool(name, one) for name, one in (await offers()).items()])

    async def call_tool(_context: Any, params: protocol.CallToolRequestParams) -> protocol.CallToolResult:
        # What a project offers may have changed since the tools were listed.
        offered = (await offers()).get(params.name)
        if offered is None:
            return _failed(f"there is no tool {params.name!r}; there are: {', '.join(last) or 'none'}")
        try:
            answer = await offered.source.call(offered, json.dumps(params.arguments or {}).encode())
        except Os402Error as error:
            return _failed(error.message)
        if answer.is_error:
            return _failed(f"Backend error ({answer.status}): {answer.text}")  # as os402's own server words it
        return protocol.CallToolResult(
            content=[protocol.TextContent(type="text", text=answer.text)], structured_content=offered.structured(answer)
        )

    return Server("hatch-os402", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool)


async def serve_stdio(sources: Sequence[OfferSource], reporter: Reporter) -> None:
    """Serve over stdin and stdout until stdin ends."""
    served = server(sources, reporter)
    async with stdio_server() as (read, write):
        await served.run(read, write, served.create_initialization_options())


def _tool(name: str, offered: Offered) -> protocol.Tool:
    return protocol.Tool(
        name=name,
        description=offered.description or None,
        input_schema=offered.input_schema,
        output_schema=offered.output_schema,
    )


def _failed(text: str) -> protocol.CallToolResult:
    return protocol.CallToolResult(content=[protocol.TextContent(type="text", text=text)], is_error=True)
