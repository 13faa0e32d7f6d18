"""What the compiler changes in the syntax tree of a module, in its process: standard library alone."""
