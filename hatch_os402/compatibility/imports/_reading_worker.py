"""Reads sources. A script for one fresh CPython 3.12 of its own: `python -I -S -B _reading_worker.py`.

Reads sources from stdin until its end and answers each on stdout, all in frames of a length (8 bytes, big-endian) and
that many bytes. The answer is the JSON of what `ModuleFacts.to_json` returns, `null` for what cannot be parsed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))  # behind the standard library
from hatch_os402.compatibility.imports.source import read_source


def main() -> None:
    """Answer until there is nothing more to read; no source is empty."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while source := requests.read(int.from_bytes(requests.read(8), "big")):
        facts = read_source(source)
        answer = json.dumps(None if facts is None else facts.to_json()).encode()
        answers.write(len(answer).to_bytes(8, "big") + answer)
        answers.flush()


if __name__ == "__main__":
    main()
