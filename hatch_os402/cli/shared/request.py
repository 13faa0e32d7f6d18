"""The arguments and options of `run` and `profile` that say what is called, and how."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hatch_os402.artifacts.choosing import METAVAR
from hatch_os402.artifacts.names import split
from hatch_os402.artifacts.sets import locate
from hatch_os402.calls.request import read_request
from hatch_os402.cli.shared.conditions import given_project, project_option
from hatch_os402.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hatch_os402.calls.request import Request

_Command = TypeVar("_Command", bound="Callable[..., Any]")

_OPTIONS = (
    project_option,
    click.argument("what", metavar=METAVAR, type=click.Path(path_type=Path), required=False),
    click.argument("path", metavar="[/PATH?QUERY]", required=False),
    click.option("-X", "--request", "method", metavar="METHOD", help="[default: GET, or POST with -d]"),
    click.option(
        "-d",
        "--data",
        multiple=True,
        metavar="DATA|@FILE|-",
        help="The body, as it is; - is standard input. Repeated ones are joined by &.",
    ),
    click.option(
        "-H", "--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header; without VALUE, not sent."
    ),
)


def request_options(command: _Command) -> _Command:
    """Give `command` what `read` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read(
    what: Path | None,
    path: str | None,
    *,
    method: str | None,
    data: tuple[str, ...],
    headers: tuple[str, ...],
    json: str | None = None,
) -> tuple[Path | None, Request]:
    """Return what is called (for `artifacts.choosing.choose`) and the request. Raises `click.UsageError`."""
    what, path = _of_project(project, what, path) if (project := given_project()) else _path_alone(what, path)
    try:
        return what, read_request(path, method=method, headers=headers, data=data, json=json)
    except RequestError as error:
        raise click.UsageError(error.message) from error


def _of_project(project: Path, what: Path | None, path: str | None) -> tuple[Path, str]:
    """Return the project and the path of the request, where `--project` was given: the only argument is the path."""
    if path is not None or (what is not None and (not str(what).startswith("/") or split(what)[1])):
        raise click.UsageError("name the project once: as the argument, or with --project.")
    return project, "/" if what is None else str(what)


def _path_alone(what: Path | None, path: str | None) -> tuple[Path | None, str]:
    """Return what is called, and the path of the request: `/hello?name=Alice` alone is one.

    It is that of a file instead if its first folder is one of this machine, or its end that of an artifact.
    """
    if what is None or path is not None or not str(what).startswith("/") or split(what)[1]:
        return what, "/" if path is None else path
    first = Path(*what.parts[:2])
    return (what, "/") if first.exists() or locate(first) else (None, str(what))
