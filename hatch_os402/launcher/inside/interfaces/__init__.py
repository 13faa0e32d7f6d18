"""What an entry point can be but a script, a module each: `run(target, **settings)` serves one call.

An archive holds the module that it needs, and those whose names begin with `_`. `target` is what the entry point names
(`None` when there is none), imported after `prepare()` was called, where the module has that. `settings` are those of
`hatch_os402.launcher.Settings` that `start` does not take itself. The result is the exit code, as for `sys.exit`.
"""
