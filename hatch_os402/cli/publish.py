"""`hatch-os402 publish`: what `hatch publish -p os402` does, without Hatch."""

from __future__ import annotations

from pathlib import Path

import click

from hatch_os402.cli.shared.conditions import given_project, what_argument
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.config.publish_options import URL_VARIABLE, PublishTable, load_settings
from hatch_os402.config.pyproject import is_project, project_above
from hatch_os402.offer.keys import VARIABLE as KEY_VARIABLE


@click.command
@what_argument("artifacts", several=True, with_project=True)
@click.option(
    "-u", "--url", multiple=True, help=f"Address of a server; repeat it, or separate with commas [{URL_VARIABLE}]."
)
@click.option(
    "--key", metavar="@FILE", help=f"File of the private key: hex, or an encrypted keystore [{KEY_VARIABLE}]."
)
@click.option("--password-file", metavar="FILE", help="File with the password of the keystore.")
@click.option("--stdin", metavar="FILE", help="The private standard input (default: the file beside the offer).")
@click.option("--env", metavar="FILE", help="JSON object of the private environment (default: from pyproject.toml).")
@click.option("--exe", multiple=True, metavar="FILE", help="An executable of the offer, for servers that lack it.")
@click.option("--limit", metavar="SIZE", help="Bytes that the servers take in one upload (default: 200,000,000).")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@click.option("--insecure", is_flag=True, help="Publish to other hosts without encryption (http) as well.")
@click.option("--no-prompt", is_flag=True, help="Never ask for a key or a password.")
def command(
    artifacts: tuple[str | Path, ...],
    url: tuple[str, ...],
    key: str | None,
    password_file: str | None,
    stdin: str | None,
    env: str | None,
    exe: tuple[str, ...],
    limit: str | None,
    *,
    dry_run: bool,
    insecure: bool,
    no_prompt: bool,
) -> None:
    """Sign offers and upload them to one or several os402 servers.

    ARTIFACT is any of the files of a build, or an offer by another name; instead of it, a PROJECT or a FOLDER of
    artifacts will do. [default: the project of the current folder] The address at which each published offer is called
    is printed.
    """
    from hatch_os402.publishing.files import read_project  # noqa: PLC0415
    from hatch_os402.publishing.publish import publish  # noqa: PLC0415 - needs the extra "publish"; `--help` does not

    options = {
        "url": list(url),
        "key": [key] if key is not None else [],
        "password-file": [password_file] if password_file is not None else [],
        "stdin": [stdin] if stdin is not None else [],
        "env": [env] if env is not None else [],
        "exe": list(exe),
        "limit": [limit] if limit is not None else [],
        "dry-run": [""] if dry_run else [],
        "insecure": [""] if insecure else [],
    }
    named = [root for root in map(Path, artifacts) if is_project(root)]
    root = given_project() or (named[0] if len(named) == 1 else project_above(Path())) or Path()
    found = read_project(root)
    settings = load_settings(
        {name: values for name, values in options.items() if values},
        (PublishTable("tool.hatch.publish.os402", found.publish, root),),
    )
    publish(
        [str(item) for item in artifacts],
        settings,
        found,
        reporter=ClickReporter(),
        say=click.echo,
        interactive=not no_prompt,
    )
