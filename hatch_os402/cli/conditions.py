"""The options about os402's conditions, which several commands have."""

from __future__ import annotations

from pathlib import Path

import click

SANDBOX = click.option(
    "--sandbox/--no-sandbox",
    "sandbox",
    default=None,
    help="Require kernel isolation; or do without. [default: what the kernel allows, and say what it does not]",
)
RUNTIME = click.option(
    "--runtime", type=click.Path(path_type=Path), help="What runs the program: cosmo-python, or a CPython."
)
