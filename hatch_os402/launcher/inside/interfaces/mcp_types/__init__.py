"""What an MCP tool's signature says its arguments are: JSON Schema and conversion, of one description."""
