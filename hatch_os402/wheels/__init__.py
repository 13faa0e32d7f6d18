"""Reading a wheel safely: its members, RECORD, METADATA and native code."""
