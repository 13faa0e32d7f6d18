"""Virtual files: what functions of `os` and `io` find at paths that no kernel knows. See docs/virtual-files.md."""
