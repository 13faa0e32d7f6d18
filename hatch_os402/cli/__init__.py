"""The command `hatch-os402`. Each sub-command is imported when it is asked for, and needs the extra that it names."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # without `typing`, whose import takes longer than all else until an interruption is understood
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    import click

COMMANDS = {
    "build": ("build", "Build the artifacts of a project, whatever its build backend is"),
    "cache": ("cache", "Show or prune what is kept between builds"),
    "check": ("check", "Say whether the project's dependencies can work on os402, without building"),
    "completion": ("completion", "Print what lets bash, zsh or fish complete commands"),
    "init": ("setup.init", "Start a project, or make the project that is here one for os402"),
    "key": ("setup.key", "Make a key in an encrypted keystore, or print the address of one"),
    "schema": ("setup.schema", "Print the JSON Schema of the options in pyproject.toml, for editors"),
    "inspect": ("inspect", "Show what is in an archive: distributions, sizes, limits, price"),
    "lock": ("lock", "Write the lock that builds take, or check it"),
    "mcp": ("mcp", "Let a model call offers: an MCP server over stdio"),
    "profile": ("profile", "Measure where a cold start goes, import by import"),
    "publish": ("publish", "Upload an offer to one or several os402 servers"),
    "run": ("run", "Run one request here, as os402 would"),
    "runtime": ("runtime", "Fetch, find or check the runtime, cosmo-python"),
    "serve": ("serve", "Serve offers here, with os402's addresses, free of charge"),
    "sign": ("sign", "Sign an offer with your key"),
    "stage": ("stage", "Write the files of the archive as a folder, to look at and to run"),
    "tune": ("tune", "Find options that make calls faster, by sample requests"),
    "verify": ("verify", "Check artifacts, or a server's answer, link by link"),
}
"""Name of the sub-command → the module of this package that has it as `command`, and its help in the list."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `hatch-os402 ARGUMENTS` (default: those of the process) and exit.

    The exit status is 0, 1 after an error that was reported in one message on stderr, or 2 for wrong usage. What is not
    an `Os402Error` is a bug, and said to be one; its traceback is shown with `-v`. Who interrupts it is told so in one
    line, from the first import on.
    """
    try:
        from hatch_os402.processes.interruption import Interrupted, interruptible  # noqa: PLC0415 - as all that follows

        try:
            with interruptible():
                _main(arguments)
        except Interrupted as interrupted:
            print(f"hatch-os402: {interrupted}", file=sys.stderr)  # noqa: T201 - a terminal may be gone, click with it
            sys.exit(interrupted.status)
    except KeyboardInterrupt:  # before it was an `Interrupted`, or once it is no more
        print("hatch-os402: interrupted (SIGINT)", file=sys.stderr)  # noqa: T201 - as above
        sys.exit(130)


def _main(arguments: Sequence[str] | None) -> None:
    """Run the command, and say what fails."""
    try:
        group = _group()
    except ModuleNotFoundError:  # click, an extra
        from hatch_os402.installation.command import missing_module  # noqa: PLC0415 - for this error alone

        sys.exit(f"hatch-os402: {missing_module('click')}")

    from hatch_os402.errors import Os402Error  # noqa: PLC0415
    from hatch_os402.formatting import escaped_lines  # noqa: PLC0415

    try:
        group.main(list(arguments) if arguments is not None else None, prog_name="hatch-os402")
    except Os402Error as error:
        sys.exit(f"hatch-os402: {escaped_lines(error.message)}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "hatch_os402":
            _exit_with_bug(error, arguments)
        from hatch_os402.installation.command import missing_module  # noqa: PLC0415 - as above

        sys.exit(f"hatch-os402: {escaped_lines(missing_module(error.name))}")
    except MemoryError:
        sys.exit("hatch-os402: there is not enough memory for this.\nFree some, or raise the limit (`ulimit -v`).")
    except Exception as error:  # noqa: BLE001 - whatever it is, it was not expected
        _exit_with_bug(error, arguments)


def _group() -> click.Group:
    """Return the command with all its sub-commands. Raises `ModuleNotFoundError` without click."""
    import click  # noqa: PLC0415 - an extra

    from hatch_os402.__about__ import __version__  # noqa: PLC0415
    from hatch_os402.cli.shared.group import CommandTable  # noqa: PLC0415
    from hatch_os402.cli.shared.settings import output_options  # noqa: PLC0415

    table = {name: (f"hatch_os402.cli.{module}", text) for name, (module, text) in COMMANDS.items()}
    group = CommandTable(
        "hatch-os402",
        table,
        help="Build Python projects for os402, and publish and prove what was built.",
        params=[*output_options()],
    )
    return click.version_option(__version__, prog_name="hatch-os402")(group)


def _exit_with_bug(error: Exception, arguments: Sequence[str] | None) -> NoReturn:
    """Say in one line that `error` is a bug, after its traceback if `-v` is given."""
    import traceback  # noqa: PLC0415 - for a bug alone

    from hatch_os402.errors import bug  # noqa: PLC0415
    from hatch_os402.formatting import escaped_lines  # noqa: PLC0415

    if {"-v", "--verbose"} & set(sys.argv[1:] if arguments is None else arguments):
        sys.stderr.write("".join(traceback.format_exception(error)))
        sys.exit(f"hatch-os402: {escaped_lines(bug(error))}")
    sys.exit(f"hatch-os402: {escaped_lines(bug(error))} (`hatch-os402 -v COMMAND` shows where it is)")
