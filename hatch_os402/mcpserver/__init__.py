"""`hatch-os402 mcp`: offers as the tools of an MCP server. The extra "mcp" has the protocol."""
