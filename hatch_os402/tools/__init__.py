"""MCP tools at build time: from a function's signature and docstring to its name, description and schemas."""
