"""Tasks that have run, as os402 describes and signs them (`webapp/handlers/tasks.rs`, `output.rs`, `os/task.rs`)."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.sandbox.protocol import COUNTERS

if TYPE_CHECKING:
    from hatch_os402.offer.keys import Key
    from hatch_os402.sandbox.execute import Outcome

MOST_TASKS = 1000
MOST_BYTES = 64 << 20
"""What is kept of outputs, all together; beyond either the oldest task goes, whatever its offer's `retain` says."""


def task_id(offer_sha256: str, input_hashes: dict[str, str]) -> str:
    """Return the id (lowercase hex) of the task that an offer and the hashes of its public inputs make."""
    inputs = b"".join(bytes.fromhex(input_hashes[name]) for name in ("stdin", "args", "env"))
    return _sha256(bytes.fromhex(offer_sha256) + _sha256(inputs)).hex()


@dataclass
class Task:
    """One call: from its start (`outcome` is None) to the end of what is kept of it."""

    id: str
    offer_sha256: str
    owner: str
    """The server's owner, `0x` and 40 lowercase hex digits; signatures hold for it."""
    input_hashes: dict[str, str]
    started_at: int
    expires_at: int
    retain: int
    outcome: Outcome | None = None
    completed_at: int = 0

    @property
    def status(self) -> str:
        """`running`, `completed`, `failed`, or `killed` for one that was out of time."""
        if self.outcome is None:
            return "running"
        if self.outcome.ended_by == "wall":
            return "killed"
        return "failed" if self.outcome.exit or self.outcome.ended_by else "completed"

    def to_json(self, signer: str) -> dict[str, Any]:
        """Return what `GET /tasks/{id}` answers; `signer` is the address that signs outputs."""
        answer: dict[str, Any] = {
            "status": self.status,
            "started_at": self.started_at,
            "expires_at": self.expires_at,
            "signer": signer,
            "owner": self.owner,
            "offer_hash": self.offer_sha256,
            "input_hashes": self.input_hashes,
        }
        if self.outcome is not None:
            used = {"ru_utime": self.outcome.utime, "ru_stime": self.outcome.stime, "ru_maxrss": self.outcome.maxrss}
            used |= {name: self.outcome.counters.get(name, 0) for name in COUNTERS}
            answer["completed"] = {"exit_code": self.outcome.exit, "at": self.completed_at, "rusage": used}
        return answer

    def stream(self, name: str, outcome: Outcome, key: Key) -> dict[str, Any]:
        """Return what `GET /tasks/{id}/stdout` (or `stderr`, the `name`) answers.

        Only what is completed or failed is hashed and signed; what is no UTF-8 cannot be sent unchanged.
        """
        content = outcome.stdout if name == "stdout" else outcome.stderr
        answer: dict[str, Any] = {"content": content.decode(errors="replace")}
        if self.status != "killed":
            digest = _sha256(content)
            bound = _sha256(bytes.fromhex(self.owner[2:] + self.id) + digest)
            signature = key.sign_digest(_sha256(f"os402.task.{name}".encode() + bound))
            answer |= {"sha256": "0x" + digest.hex(), "signature": "0x" + signature.hex()}
        return {**answer, "exit_code": outcome.exit, "status": self.status}

    def header(self) -> str:
        """Return the value of `x-os402-task`; the id is in it if the task is kept."""
        parts = [f"id={self.id}"] if self.retain else []
        if self.outcome is not None:
            parts += [f"utime={self.outcome.utime}", f"stime={self.outcome.stime}", f"maxrss={self.outcome.maxrss}"]
        return " ".join(parts)


class Tasks:
    """The tasks that are running or kept. Memory is bounded; see `MOST_TASKS`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Task] = OrderedDict()
        self._bytes = 0

    def get(self, identity: str) -> Task | None:
        """Return the task of this id, if it is running or kept."""
        self._expire()
        return self._kept.get(identity)

    def running_or_kept(self) -> list[Task]:
        """Return those tasks, the oldest first."""
        self._expire()
        return list(self._kept.values())

    def begin(self, task: Task) -> None:
        """Add a task that starts now; one with the same inputs is forgotten."""
        self.forget(task.id)
        if task.retain:
            self._kept[task.id] = task
        self._expire()

    def end(self, task: Task, outcome: Outcome) -> None:
        """Note how a task has ended."""
        task.outcome, task.completed_at = outcome, int(time.time())
        if self._kept.get(task.id) is task:
            self._bytes += _size(task)

    def forget(self, identity: str) -> None:
        """Drop a task, if it is there."""
        task = self._kept.pop(identity, None)
        if task is not None:
            self._bytes -= _size(task)

    def _expire(self) -> None:
        now = time.time()
        while self._kept:
            oldest = next(iter(self._kept.values()))
            too_many = len(self._kept) > MOST_TASKS or self._bytes > MOST_BYTES
            over = oldest.outcome is not None and oldest.completed_at + oldest.retain < now
            if not (too_many or over):
                return
            self.forget(oldest.id)


def _size(task: Task) -> int:
    return len(task.outcome.stdout) + len(task.outcome.stderr) if task.outcome is not None else 0


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
