"""`hatch-os402 completion`, in the shells that are on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from support.commandline import call

pytestmark = pytest.mark.once

BASH = """
eval "$(hatch-os402 completion bash)"
complete -p hatch-os402
COMP_WORDS=(hatch-os402 {words}); COMP_CWORD={at}
_hatch_os402_completion hatch-os402 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
autoload -Uz compinit && compinit -D
eval "$(hatch-os402 completion zsh)"
print -r -- $_comps[hatch-os402]
"""
FISH = """
hatch-os402 completion fish | source
complete -C "hatch-os402 {words}"
"""


def shell(name, script, tmp_path):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not on this machine")
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "hatch-os402"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m hatch_os402 "$@"\n')
    command.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    no_files = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
    done = subprocess.run(
        [name, *no_files, "-c", script], capture_output=True, text=True, env=env, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


@pytest.mark.parametrize(
    ("words", "at", "expected"),
    [("ru", 1, ["run", "runtime"]), ("runtime c", 2, ["check"]), ("completion ''", 2, ["bash", "zsh", "fish"])],
)
def test_bash_completes(words, at, expected, tmp_path):
    registered, *found = shell("bash", BASH.format(words=words, at=at), tmp_path)
    assert "_hatch_os402_completion hatch-os402" in registered
    assert list(filter(None, found)) == expected


def test_zsh_knows_the_function(tmp_path):
    assert "_hatch_os402_completion" in shell("zsh", ZSH, tmp_path)


def test_fish_completes(tmp_path):
    found = shell("fish", FISH.format(words="ru"), tmp_path)
    assert [line.partition("\t")[0] for line in found if line] == ["run", "runtime"]


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_every_shell_has_its_lines(name, capsys):
    code, out, err = call(capsys, "completion", name)
    assert (code, err) == (0, "")
    assert "_HATCH_OS402_COMPLETE" in out
    assert "hatch-os402" in out


def test_another_shell_is_wrong_usage(capsys):
    code, _, err = call(capsys, "completion", "tcsh")
    assert code == 2
    assert "'tcsh' is not one of" in err
