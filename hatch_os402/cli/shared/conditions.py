"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hatch_os402.artifacts.choosing import METAVAR

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_PROJECT = "hatch_os402.project"

SANDBOX = click.option(
    "--sandbox/--no-sandbox",
    "sandbox",
    default=None,
    help="Require kernel isolation; or do without. [default: what the kernel allows, and say what it does not]",
)
RUNTIME = click.option(
    "--runtime", type=click.Path(path_type=Path), help="What runs the program: cosmo-python, or a CPython."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")


def given_project() -> Path | None:
    """Return the folder that `--project` names, if it was given."""
    found: Path | None = click.get_current_context().meta.get(_PROJECT)
    return found


def _remember(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    context.meta[_PROJECT] = value


project_option = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    is_eager=True,  # before the argument that it stands for
    expose_value=False,
    callback=_remember,
    help="The project's folder, in place of the argument.  [default: that of the current folder, or above it]",
)
"""`--project DIR`, of which `given_project` knows. Commands with `what_argument` have it."""


def what_argument(
    name: str = "what",
    *,
    metavar: str = METAVAR,
    several: bool = False,
    with_project: bool = False,
    type: click.ParamType[Any] | None = None,  # noqa: A002 - click's name
) -> Callable[[_Command], _Command]:
    """Give a command the argument that says what it is about, and `--project`, which is another way to say it.

    The argument is a path for `artifacts.choosing.choose`, or None; with `several`, a tuple of these. With
    `with_project`, both may be given: the artifact is then one thing, and the project whose options count another.
    """

    def callback(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        project = given_project()
        if project is None or (value and with_project):
            return value
        if value:
            raise click.UsageError("name the project once: as the argument, or with --project.")
        return (project,) if several else project

    if several:
        argument = click.argument(name, metavar=f"{metavar}...", nargs=-1, type=type, callback=callback)
    else:
        kind = type or click.Path(path_type=Path)
        argument = click.argument(name, metavar=metavar, type=kind, required=False, callback=callback)
    return lambda command: argument(project_option(command))


WHAT = what_argument()
"""What `artifacts.choosing.choose` takes, and `--project`."""
