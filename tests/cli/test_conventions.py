"""What every command does alike: -h, -q, -v, --color, --project; and help as it is written."""

from __future__ import annotations

import io
import subprocess
import sys
from importlib import import_module

import click
import pytest
from support.commandline import call

from hatch_os402.cli import COMMANDS, main
from hatch_os402.cli.shared.group import adapted, as_written
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.cli.shared.settings import output_options
from hatch_os402.terminal.colors import has_color

ABOUT_A_PROJECT = ["check", "inspect", "mcp", "profile", "publish", "run", "serve", "sign", "verify"]


def leaves(command, *names):
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from leaves(one, *names, name)
    else:
        yield names, command


EVERY = {
    " ".join(names): found
    for name, (module, _) in COMMANDS.items()
    for names, found in leaves(adapted(import_module(f"hatch_os402.cli.{module}").command), name)
}


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("names", sorted({"", *COMMANDS, *EVERY}))
def test_help(names, flag, capsys):
    code, out, err = call(capsys, *names.split(), flag)
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: hatch-os402{' ' * bool(names)}{names} [OPTIONS]")
    assert "\b" not in out
    assert "\\b" not in out
    assert "..." not in out.partition("Commands:")[2]


def test_examples_in_help_are_left_as_they_are(capsys):
    _, out, _ = call(capsys, "run", "-h")
    assert """\n      hatch-os402 run dist/greeter-0.1.0.stdin -d '{"name": "Alice"}'\n""" in out
    assert as_written("A\nb\n\n    x  y\n    z\n\nc") == "A\nb\n\n\b\n    x  y\n    z\n\nc"


@pytest.mark.parametrize("name", EVERY)
def test_every_command_has_the_options_of_output(name):
    found = [option for parameter in EVERY[name].params for option in parameter.opts]
    assert {"-v", "--verbose", "-q", "--quiet", "--color"} <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", ABOUT_A_PROJECT)
def test_project_is_another_way_to_say_what(name, capsys, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")
    code, _, err = call(capsys, name, "--project", tmp_path / "none")
    assert code == 2
    assert "does not exist" in err
    if name != "publish":  # of which the artifacts may be elsewhere
        code, _, err = call(capsys, name, "--project", tmp_path, tmp_path / "x.pyz")
        assert code == 2
        assert "name the project once" in err
    if name not in {"publish", "serve", "mcp", "check", "run"}:
        code, _, err = call(capsys, name, "--project", tmp_path)
        assert code
        assert str(tmp_path) in err


def test_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "hatch_os402", "-h"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("Usage: hatch-os402 [OPTIONS] COMMAND")


def said(*options, before=()):
    """Return what a command with `options` says on stderr, a line each."""

    @click.command()
    def command():
        reporter = ClickReporter()
        reporter.info("done")
        reporter.hint("try")
        reporter.warning("odd \x1b[2J")
        reporter.debug("detail")
        click.echo(str(dict(reporter.variables)))

    group = click.Group("x", params=[*output_options()])
    group.add_command(adapted(command), "c")
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        group.main([*before, "c", *options], standalone_mode=False)
    return err.getvalue().splitlines(), out.getvalue().strip()


def test_what_is_said(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    warning = "hatch-os402: warning: odd \\x1b[2J"
    assert said() == (["hatch-os402: done", "hatch-os402: hint: try", warning], "{}")
    assert said("-q") == ([warning], "{'HATCH_QUIET': '1'}")
    assert said("-q", before=["-v"]) == ([warning, "hatch-os402: detail"], "{'HATCH_QUIET': '1'}")
    assert said("-qq")[0] == said(before=["-qq"])[0] == []
    assert said("-v")[0][-1] == "hatch-os402: detail"
    colored, variables = said("--color", "always")
    assert colored[1:3] == [
        "hatch-os402: \x1b[36mhint:\x1b[0m try",
        warning.replace("warning:", "\x1b[1;33mwarning:\x1b[0m"),
    ]
    assert variables == "{'NO_COLOR': '', 'FORCE_COLOR': '1'}"
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert said()[0] == colored
    assert said("--color", "never")[0][2] == warning
    monkeypatch.setenv("NO_COLOR", "1")
    assert said()[0][2] == warning


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "choice", "expected"),
    [
        (Terminal, {}, "auto", True),
        (Terminal, {"NO_COLOR": ""}, "auto", True),
        (Terminal, {"NO_COLOR": "1"}, "auto", False),
        (Terminal, {"NO_COLOR": "1"}, "always", True),
        (Terminal, {"TERM": "dumb"}, "auto", False),
        (Terminal, {}, "never", False),
        (io.StringIO, {}, "auto", False),
        (io.StringIO, {"FORCE_COLOR": "1"}, "auto", True),
        (io.StringIO, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
        (io.StringIO, {}, "always", True),
    ],
)
def test_when_there_are_colors(stream, environ, choice, expected):
    assert has_color(stream(), environ, choice) is expected


def test_wrong_usage_is_status_2(capsys):
    assert call(capsys, "inspect", "--no-such-option")[0] == 2
    with pytest.raises(SystemExit) as end:
        main(["no-such-command"])
    assert end.value.code == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("bild", "No such command 'bild'. Did you mean 'build'?"),
        ("server", "No such command 'server'. Did you mean 'serve'?"),
        ("frobnicate", "No such command 'frobnicate'.\n"),
        ("--bild", "No such option '--bild'"),
    ],
)
def test_a_command_that_there_is_not(typed, said, capsys):
    code, out, err = call(capsys, typed, ".")
    assert (code, out) == (2, "")
    assert said in err
    assert ("Did you mean" in err) == ("Did you mean" in said)
