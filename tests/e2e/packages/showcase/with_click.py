"""A command with subcommands, options, a file to read, help, a mistake, and its own test runner."""

from pathlib import Path

import click
from click.testing import CliRunner


@click.group()
@click.option("--shout/--whisper", default=False, envvar="SHOUT")
@click.pass_context
def cli(context, shout):
    """Say things."""
    context.obj = str.upper if shout else str.lower


@cli.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--lines", type=click.IntRange(1, 9), default=1, show_default=True, help="How many.")
@click.pass_obj
def read(say, file, lines):
    """Read FILE."""
    for line, _ in zip(file, range(lines), strict=False):
        click.secho(say(line.rstrip()), fg="red")


@cli.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def count(folder):
    click.echo(len(list(folder.iterdir())))


def facts():
    text = str(Path(__file__).with_name("data") / "text.txt")
    runner = CliRunner()

    def run(*arguments, **more):
        result = runner.invoke(cli, arguments, **more)
        return [result.exit_code, result.output.strip().splitlines()[-1:]]

    return {
        "read": run("--shout", "read", text, "--lines", "2"),
        "colours": run("read", text, color=True),
        "variable": run("read", text, env={"SHOUT": "1"}),
        "standard input": run("read", "-", input="GRÜSSE\n"),
        "help": cli.get_command(None, "read").get_help(click.Context(read)).splitlines()[-3:],
        "wrong number": run("read", text, "--lines", "10"),
        "no such file": run("read", "/os402/app/nothing.txt"),
        "folder": run("count", str(Path(text).parent)),
    }
