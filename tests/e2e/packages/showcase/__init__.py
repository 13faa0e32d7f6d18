"""One program a package; the body of the request names the package."""

import importlib
import json
import sys
import time


def main() -> None:
    """Answer with the facts that the program has found, and the CPU time of this process in seconds."""
    package = sys.stdin.read().strip()
    program = importlib.import_module("showcase.with_" + package.lower())
    facts = program.facts()
    print("Content-Type: application/json\r\n\r")
    json.dump({"facts": facts, "cpu": time.process_time()}, sys.stdout)
