"""The publisher: `hatch publish -p os402`. Hatch imports it in its own environment, where this must be installed."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from hatch.publish.plugin.interface import PublisherInterface

from hatch_os402.errors import Os402Error, bug
from hatch_os402.formatting import escaped_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

_HATCHS_OWN = ("no_prompt", "initialize_auth")


class Os402Publisher(PublisherInterface):
    """Signs offers and uploads them to os402 servers."""

    PLUGIN_NAME = "os402"

    def publish(self, artifacts: list[str], options: dict[str, Any]) -> None:
        """Publish the offers that `artifacts` name, or the project's. A failure is one message and status 1."""
        try:
            self._publish(artifacts, options)
        except Os402Error as error:
            if error.details and self.app.verbosity > 0:
                self.app.display_error(escaped_lines(error.details.rstrip()))
            self.app.abort(escaped_lines(f"os402: {error.message}"))
        except ModuleNotFoundError as error:
            from hatch_os402.installation.command import missing_module  # noqa: PLC0415 - for this error alone

            self.app.abort(escaped_lines(f"os402: {missing_module(error.name, 'publish')}"))
        except Exception as error:  # noqa: BLE001 - Hatch would show local variables with HATCH_DEBUG, the environment among them
            if self.app.verbosity > 0:
                self.app.display_error(escaped_lines(traceback.format_exc().rstrip()))
            self.app.abort(escaped_lines(f"os402: {bug(error)} (`-v` shows where it is)"))

    def _publish(self, artifacts: list[str], options: Mapping[str, Any]) -> None:
        from hatch_os402.config.publish_options import PublishTable, load_settings  # noqa: PLC0415
        from hatch_os402.plugin.bridge import HatchReporter  # noqa: PLC0415
        from hatch_os402.publishing.files import read_project  # noqa: PLC0415
        from hatch_os402.publishing.publish import publish  # noqa: PLC0415 - needs the extra "publish"

        root = Path(self.root)
        project = read_project(root)
        settings = load_settings(
            given_options(options),
            (
                PublishTable("tool.hatch.publish.os402", self.project_config, root),
                PublishTable("publish.os402", self.plugin_config, Path.home()),
            ),
        )
        publish(
            artifacts,
            settings,
            project,
            reporter=HatchReporter(self.app),
            say=self.app.display,
            interactive=not options.get("no_prompt"),
        )


def given_options(options: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return every value of every `-o NAME=VALUE`.

    Hatch hands over the last value of a name that was given several times; the others are in its command line.
    """
    given: dict[str, list[str]] = {name: [str(value)] for name, value in options.items() if name not in _HATCHS_OWN}
    context = click.get_current_context(silent=True)
    raw = context.params.get("options") if context else None
    if raw:
        given.clear()
        for option in raw:
            name, _, value = option.partition("=")
            given.setdefault(name, []).append(value)
    return given
