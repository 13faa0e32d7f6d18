"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

from hatch_os402.artifacts.choosing import METAVAR

SANDBOX = click.option(
    "--sandbox/--no-sandbox",
    "sandbox",
    default=None,
    help="Require kernel isolation; or do without. [default: what the kernel allows, and say what it does not]",
)
RUNTIME = click.option(
    "--runtime", type=click.Path(path_type=Path), help="What runs the program: cosmo-python, or a CPython."
)

WHAT = click.argument("what", metavar=METAVAR, type=click.Path(path_type=Path), required=False)
"""What `artifacts.choosing.choose` takes."""
