"""Answers about one task, as the protocol says that a server gives them."""

from __future__ import annotations

import hashlib
import json

from hatch_os402.offer.keys import Key

SIGNER = Key((402).to_bytes(32, "big"))
OWNER = "0x" + 20 * "ab"


def sha256(data):
    return hashlib.sha256(data).digest()


def answers(
    *, offer_hash="11" * 32, stdin=b"", args="[]", stdout="hello\n", stderr="", signer=SIGNER, owner=OWNER, task=None
):
    """Return the task's id and the answers by the path below it."""
    inputs = {"stdin": sha256(stdin), "args": sha256(args.encode()), "env": sha256(b"{}")}
    task = task or sha256(bytes.fromhex(offer_hash) + sha256(b"".join(inputs.values()))).hex()
    status = {
        "status": "completed",
        "started_at": 1,
        "expires_at": 2,
        "signer": signer.address,
        "owner": owner,
        "offer_hash": offer_hash,
        "input_hashes": {name: digest.hex() for name, digest in inputs.items()},
        "completed": {"exit_code": 0},
    }
    streams = {}
    for name, content in (("stdout", stdout), ("stderr", stderr)):
        content_hash = sha256(content.encode())
        inner = sha256(bytes.fromhex(owner[2:]) + bytes.fromhex(task) + content_hash)
        streams[f"/{name}"] = {
            "content": content,
            "sha256": "0x" + content_hash.hex(),
            "signature": "0x" + signer.sign_digest(sha256(f"os402.task.{name}".encode() + inner)).hex(),
            "exit_code": 0,
            "status": "completed",
        }
    return task, {"": status, **streams}


def handle(task, given, path):
    """Return status code and body for a request of `path`."""
    base = f"/tasks/{task}"
    if not path.startswith(base) or path[len(base) :] not in given:
        return 404, json.dumps({"error": "Task not found"}).encode()
    return 200, json.dumps(given[path[len(base) :]]).encode()
