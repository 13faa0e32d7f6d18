"""Virtual files: what functions of `os` and `io` find at paths that no kernel knows.

docs/explanation/virtual-files.md describes them.
"""
