"""A run of pip that has resolved and waits: what it found is fetched without another start of pip."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.resolution.pip_errors import explain, read_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hatch_os402.processes.dialogue import Dialogue
    from hatch_os402.resolution.graph import Pin


@dataclass(frozen=True)
class WaitingPip:
    """A run of pip that stands at its stop (`_pip_stop.py`)."""

    dialogue: Dialogue
    answer: Path
    """The file that the shim answers in."""
    progress: Callable[[float, str], None]
    """Is given the seconds, and what is being done, when that takes long."""
    progress_after: float


class PipSession:
    """Holds the last run of pip that resolved, until its end. A context manager."""

    def __init__(self) -> None:
        self._waiting: WaitingPip | None = None

    def __enter__(self) -> PipSession:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hold(self, waiting: WaitingPip) -> None:
        """Keep `waiting` instead of what was held."""
        self.close()
        self._waiting = waiting

    def close(self) -> None:
        """End what is held."""
        if self._waiting is not None:
            self._waiting.dialogue.close()
            self._waiting = None

    def fetch(self, pins: Sequence[Pin], folder: Path) -> None:
        """Have the run that is held, if one is, put the files of `pins` into `folder`, and end it.

        What it did not resolve is not there afterwards. Nothing is compared here: that is for who asked. Raises
        `ResolutionError`.
        """
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return
        waiting.answer.unlink(missing_ok=True)
        dialogue, doing = waiting.dialogue, "fetching the wheels"
        try:
            files = [(pin.name, pin.filename) for pin in pins]
            dialogue.say(json.dumps({"files": files, "folder": str(folder)}))
            status = dialogue.wait(
                progress=lambda seconds: waiting.progress(seconds, doing), progress_after=waiting.progress_after
            )
        finally:
            dialogue.close()
        if status:
            raise explain(dialogue.output, status, doing, read_answer(waiting.answer))
