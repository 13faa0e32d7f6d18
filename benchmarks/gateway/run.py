"""What the gateway costs beside the interpreter alone, and whether it keeps anything: `python run.py [--soak N]`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import load

from hatch_os402.runtime.interpreters import find_compiler

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "{name}"
version = "0.1.0"
dependencies = {dependencies}
[project.scripts]
{name} = "{name}.main:main"
[tool.hatch.build.targets.os402.offer]
testnet = true
valid-until = 2030-01-01T00:00:00Z
retain = {retain}
"""
HELLO = "def main():\n    print('Content-Type: text/plain\\r\\n\\r\\nhello', end='')\n"
SLOW = "import time\ndef main():\n    time.sleep(30)\n"
FLASK = """
from wsgiref.handlers import CGIHandler
from flask import Flask, request
app = Flask(__name__)
@app.get("/<path:path>")
def index(path):
    return f"hello from flask, {request.path}"
def main():
    CGIHandler().run(app)
"""
APPS = {
    "hello": (HELLO, [], b"hello"),
    "webapp": (FLASK, ["flask==3.1.*"], b"hello from flask"),
    "slow": (SLOW, [], b""),
}
CLIENTS = (1, 2, 8, 32)
PATH = "/x"


class Built(NamedTuple):
    """What runs, without a gateway."""

    args: list[str]
    frame: Path
    dist: Path


def build(name: str, folder: Path) -> Built:
    code, dependencies, _ = APPS[name]
    root = folder / name
    (root / name).mkdir(parents=True)
    # Few tasks are kept for long, so that memory settles early.
    text = PROJECT.format(name=name, dependencies=json.dumps(dependencies), retain=60)
    (root / "pyproject.toml").write_text(text)
    (root / name / "__init__.py").touch()
    (root / name / "main.py").write_text(code)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "os402"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    offer = json.loads((root / f"dist/{name}-0.1.0.offer.json").read_bytes())
    return Built(offer["payload"]["exec"]["args"], root / f"dist/{name}-0.1.0.stdin", root / "dist")


def direct(python: str, built: Built, wanted: bytes, *, workers: int, requests: int, limit: float) -> load.Load:
    """Start the interpreter without a sandbox or gateway: what a gateway cannot be faster than."""
    env = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "CONTENT_LENGTH": "0", "QUERY_STRING": ""}
    env |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "PATH_INFO": PATH}
    env |= {"SCRIPT_NAME": "/x.cgi"}
    end = time.perf_counter() + limit

    def once(_: int) -> float:
        if time.perf_counter() > end:
            return 0
        begun = time.perf_counter()
        with built.frame.open("rb") as stdin:  # faster than a pipe
            command = [python, *built.args[1:]]
            out = subprocess.run(command, stdin=stdin, env=env, stdout=subprocess.PIPE, check=True)
        assert wanted in out.stdout
        return time.perf_counter() - begun

    begun = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        seconds = [taken for taken in pool.map(once, range(requests)) if taken]
    return load.Load(seconds, time.perf_counter() - begun)


@contextlib.contextmanager
def gateway(*what: Path) -> Iterator[tuple[int, int]]:
    """Serve artifacts; yield the port and the gateway's pid."""
    command = [sys.executable, "-m", "hatch_os402.cli", "serve", "--port", "0", *map(str, what)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline().rpartition(":")[2]), process.pid
        finally:
            process.terminate()
            assert process.wait(30) == 0


def situation(pid: int) -> dict[str, float]:
    """Return how many processes the gateway has, how many descriptors they have open, and their memory in MB."""
    family, new = set(), {pid}
    while new:
        family |= new
        new = {int(child) for one in new for child in Path(f"/proc/{one}/task/{one}/children").read_text().split()}
    memory = sum(
        int(line.split()[1]) / 1024
        for one in family
        for line in Path(f"/proc/{one}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )
    descriptors = sum(1 for one in family for _ in Path(f"/proc/{one}/fd").iterdir())
    return {"processes": len(family), "descriptors": descriptors, "MB": round(memory, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=40, help="of each measurement in a round")
    parser.add_argument("--seconds", type=float, default=15, help="that each may take")
    parser.add_argument("--soak", type=int, default=0, metavar="N", help="then N requests, and what is left of them")
    parser.add_argument("--hang-ups", type=int, default=0, metavar="N", help="then N clients that go away")
    parser.add_argument("--skip", nargs="*", default=[], help="apps that are not measured")
    options = parser.parse_args()
    compiler = find_compiler(None, os.environ)
    assert compiler is not None, "a CPython 3.12 is needed"
    print(f"CPython {compiler.version}, {len(os.sched_getaffinity(0))} processors, Linux {platform.release()}")
    folder = Path(tempfile.mkdtemp(prefix="hatch-os402-bench-"))
    try:
        apps = {name: build(name, folder) for name in APPS if name not in options.skip}
        for name in (name for name in apps if name != "slow"):
            measure(name, apps[name], compiler.path, options)
        if options.soak:
            soak(apps["hello"], options.soak)
        if options.hang_ups:
            hang_ups(apps, options.hang_ups)
    finally:
        shutil.rmtree(folder)


def measure(name: str, built: Built, python: str, options: argparse.Namespace) -> None:
    """Measure all in turn, round by round: what else the machine does falls on all alike."""
    wanted, cores = APPS[name][2], len(os.sched_getaffinity(0))
    print(f"\n{name}, a frame of {built.frame.stat().st_size / 1e6:.2f} MB")
    print(f"  {'':<24} {'requests/s':>10} {'p99':>9}  of the interpreter alone")
    alone, best = "the interpreter, 1 by 1", f"the interpreter, {cores} by {cores}"
    seen: dict[str, list[load.Load]] = {}
    with gateway(built.dist) as (port, _):
        for _ in range(options.rounds):
            for label, workers in ((alone, 1), (best, cores)):
                bounds = {"requests": options.requests, "limit": options.seconds}
                seen.setdefault(label, []).append(direct(python, built, wanted, workers=workers, **bounds))
            for clients in CLIENTS:
                bounds = {"requests": max(options.requests, 2 * clients), "limit": options.seconds}
                label = f"{clients} client{'s' if clients > 1 else ''}"
                answered = load.run(port, f"/{name}.cgi{PATH}", clients=clients, wanted=wanted, **bounds)
                seen.setdefault(label, []).append(answered)
    for label, loads in seen.items():
        peer = seen[alone if label in {alone, "1 client"} else best]
        ratio = statistics.median(one.rate / other.rate for one, other in zip(loads, peer, strict=True))
        all_seconds = load.Load([second for one in loads for second in one.seconds], 0)
        rate = statistics.median(one.rate for one in loads)
        print(f"  {label:<24} {rate:>10.1f} {all_seconds.p99 * 1000:>6.0f} ms  {ratio:.2f}")


def soak(built: Built, requests: int) -> None:
    print(f"\n{requests:,} requests of hello, 4 clients")
    with gateway(built.dist) as (port, pid):
        # The tasks that are kept are bounded: memory is compared once they are all there.
        before_size = min(1500, requests // 2)
        for label, count in (("after", before_size), ("then after", requests - before_size)):
            seen = load.run(port, "/hello.cgi", clients=4, requests=count, limit=3600, wanted=b"hello")
            time.sleep(1)
            print(f"  {label} {len(seen.seconds):,}: {situation(pid)}, {seen.rate:.1f} requests/s")


def hang_ups(apps: dict[str, Built], clients: int) -> None:
    print(f"\n{clients:,} clients that go away while they wait")
    with gateway(apps["hello"].dist, apps["slow"].dist) as (port, pid):
        load.run(port, "/hello.cgi", clients=2, requests=50, limit=60, wanted=b"hello")
        print(f"  before: {situation(pid)}")
        for label in ("after", "after as many again"):
            load.hang_up(port, "/slow.cgi", clients=clients, timeout=1)
            begun = time.perf_counter()
            load.run(port, "/hello.cgi", clients=1, requests=1, limit=60, wanted=b"hello")
            waited = time.perf_counter() - begun
            time.sleep(1)
            print(f"  {label}: {situation(pid)}; the next answer came {waited:.2f} s later")


if __name__ == "__main__":
    main()
