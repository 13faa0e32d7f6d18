"""The archive: bytecode, the deterministic zip and the frame around it."""
