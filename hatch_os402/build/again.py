"""Build a project again, with what the record of an earlier build pins, to compare the two."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import RECORD
from hatch_os402.artifacts.sets import ArtifactSet
from hatch_os402.build.pipeline import build
from hatch_os402.config.expiry import Expiry, decide_expiry
from hatch_os402.provenance.pins import folders_of, lock_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_os402.config.options import Options
    from hatch_os402.config.project import Project
    from hatch_os402.reporting import Reporter

_OF_THAT_MACHINE = {"SOURCE_DATE_EPOCH", "clock"}
"""Where an offer's end may have come from that no project can repeat."""


def build_again(
    project: Project, options: Options, record: Mapping[str, Any] | None, workdir: Path, reporter: Reporter
) -> ArtifactSet:
    """Build `project` into the private folder `workdir`, with the pins of `record`, and return what came of it.

    Without a record, the project's own lock is taken, or its requirements are resolved. Nothing that an earlier build
    remembered is used, and nothing outside of `workdir` is written. Raises `LockMisfitError` when the project requires
    something else than the record pins, and `Os402Error`.
    """
    pinned = {} if record is None else _pinned(record, workdir, reporter)
    again = options.changed(without={"staging"}, **pinned)
    (workdir / "cache").mkdir()
    expiry = _expiry(again, project.root, record, reporter)
    artifacts = build(project, again, workdir / "dist", reporter, expiry=expiry, own_cache=workdir / "cache")
    return ArtifactSet(Path(str(artifacts[-1].path).removesuffix(RECORD)))


def _pinned(record: Mapping[str, Any], workdir: Path, reporter: Reporter) -> dict[str, Any]:
    """Return the option with which the pins of `record` are taken."""
    if folders := folders_of(record):
        reporter.warning(
            f"{', '.join(folders)} was built from a folder, which the record cannot pin: everything is resolved again"
        )
        return {}
    path = workdir / "pylock.record.toml"
    path.write_bytes(lock_of(record))
    return {"lock": str(path)}


def _expiry(options: Options, root: Path, record: Mapping[str, Any] | None, reporter: Reporter) -> Expiry | None:
    """Return the end of the offer: where it came from the machine that built, as recorded; else as the project says."""
    if record is None:
        return None
    now, stated = int(time.time()), record.get("valid_until")
    seconds, origin = (stated.get("seconds"), stated.get("from")) if isinstance(stated, dict) else (None, None)
    if origin in _OF_THAT_MACHINE and isinstance(seconds, int) and options.offer.valid_until is None:
        reporter.info(f"the end of the offer was counted from {origin} where it was built: the record's is taken")
        return Expiry(seconds, origin, now)
    return decide_expiry(options.offer, root, {}, now)
