"""`hatch-os402 key`: a new key in an encrypted keystore, and the address of a key."""

from __future__ import annotations

import errno
import os
import shlex
from pathlib import Path

import click
from platformdirs import user_config_path

from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.errors import PrivateKeyError
from hatch_os402.home import expand_user
from hatch_os402.installation.command import own_command
from hatch_os402.offer.key_loading import load_key
from hatch_os402.offer.keys import PASSWORD_VARIABLE, VARIABLE
from hatch_os402.offer.keystore import new_keystore
from hatch_os402.offer.secret_input import terminal_prompt

_FOLDER, _FILE = "hatch-os402", "key.json"

_PASSWORD_FILE = click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"File with the keystore's password in its first line. [default: {PASSWORD_VARIABLE}, or the terminal]",
)


@click.group()
def command() -> None:
    """Make the key that owns offers and is paid, or print the address of one."""


@command.command("new")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@_PASSWORD_FILE
def new(file: Path | None, password_file: Path | None) -> None:
    """Make a key, write it to FILE as an encrypted keystore, and print its address.

    FILE must not exist. [default: hatch-os402/key.json in the folder of the user's configuration]

    The keystore (Web3 Secret Storage, version 3) opens in geth and in wallets as well. Who loses the file or its
    password loses the address and what it was paid.
    """
    path = _default() if file is None else expand_user(file)
    address = new_keystore(path, os.environ, terminal_prompt(), password_file=password_file)
    click.echo(address)
    key = shlex.quote(f"@{path}")
    reporter = ClickReporter()
    reporter.info(f"wrote {path}, encrypted; keep a copy of it and of its password, nobody can make them again")
    reporter.info(f'its offers have `owner = "{address}"` in [tool.hatch.build.targets.os402.offer]')
    reporter.info(f"`{own_command()} sign --key {key}` signs with it")


@command.command("address")
@click.argument("key", metavar="[FILE]", required=False)
@_PASSWORD_FILE
def address(key: str | None, password_file: Path | None) -> None:
    """Print the address of the key in FILE: a keystore, or 64 hex digits.

    The keystore is opened for it: what stands there as its address proves nothing. [default: the variable X402_KEY,
    else the keystore that `key new` makes, else what is typed]
    """
    if key is None and not os.environ.get(VARIABLE) and _default_path().is_file():
        key = str(_default_path())
    spec = None if key is None else f"@{key.removeprefix('@')}"
    click.echo(load_key(spec, os.environ, terminal_prompt(), password_file=password_file).address)


def _default_path() -> Path:
    return user_config_path(_FOLDER, appauthor=False) / _FILE


def _default() -> Path:
    """Return where a key goes that was given no place; its folder is made, for its user alone."""
    path = _default_path()
    try:
        if not path.is_absolute():  # "~/.config/…" of somebody without a home
            raise FileNotFoundError(errno.ENOENT, "there is no home folder")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise PrivateKeyError(
            f"the folder {path.parent} cannot be made: {error.strerror or error}.\n"
            "Name a file: `hatch-os402 key new FILE`"
        ) from error
    return path
