"""`hatch-os402 init`: a new project from `templates`, or the target's table in a project that is there."""
