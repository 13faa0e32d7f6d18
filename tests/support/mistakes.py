"""Mistakes that users make, and what each is answered. `python tests/support/mistakes.py` writes them down.

Each is made for real: a project is written and built, or a command is run, in this process and without a network. The
document is docs/reference/mistakes.md; a test compares it with what is said now.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from hatch_os402.cli import main as command
from hatch_os402.plugin.builder import Os402Builder
from support.buildproject import REPOSITORY, write_project

PRICED = "price = 0.0005\nmin-duration = 5\n"
DOCUMENT = REPOSITORY / "docs/reference/mistakes.md"
HEAD = """\
# Mistakes

What is answered to common mistakes. The messages are those of the program: `hatch run mistakes` makes each mistake and writes this page.
`os402:` begins a line of a build, `hatch-os402:` one of the command. `PROJECT` stands for the project's folder.
"""
WEB = "from flask import Flask\n\napp = Flask(__name__)\n"
MAIN = "def main():\n    print()\n"
USUAL = re.compile(r"os402: (?:resolved|compiled|sample-0|the offer has no `owner`|a call costs)|  ERROR: ")
"""Lines of a build that are no answer to a mistake."""
KEYS = ("X402_KEY", "OS402_URL")


@dataclass(frozen=True, eq=False)
class Mistake:
    """A mistake: what was written (as `show`), in which project, and how that is run: by a build, or by `arguments`."""

    group: str
    show: str
    project: dict[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    build_first: bool = False


def option(show: str, group: str = "Options") -> Mistake:
    return Mistake(group, show, {"options": f"bytecode = false\n{show}\n"})


def offer(show: str, group: str) -> Mistake:
    price = "" if group == "Prices" else PRICED
    until = "" if group == "Dates" else "valid-until = 2030-01-01T00:00:00Z\n"
    return Mistake(group, show, {"offer": f"{show}\n{price}{until}"})


def entry(show: str, *, group: str = "Entry points", **files: str) -> Mistake:
    named = {name.replace("__", "/") + ".py": text for name, text in files.items()}
    return Mistake(
        group, show, {"options": f"bytecode = false\n{show}\n", "files": {"sample/__init__.py": "", **named}}
    )


MISTAKES = (
    option("entry_point = 'sample.__main__:main'"),
    option("entry-piont = 'sample.__main__:main'"),
    option("price = 0.01"),
    option("colour = true"),
    option("sources = 'yes'"),
    option("include = ['data/*']"),
    option("features = ['web']"),
    offer("interface = 'wsgi'", "Options"),
    entry("entry-point = 'sample.cgi.main'", sample__cgi=MAIN),
    entry("entry-point = 'simple.cgi:main'", sample__cgi=MAIN),
    entry("entry-point = 'sample.cgi:run'", sample__cgi=MAIN),
    entry("entry-point = 'sample/cgi.py'", sample__cgi=MAIN),
    Mistake(
        "Entry points",
        "entry-point = 'sample.cgi:main'  # def main(:",
        {
            "options": "entry-point = 'sample.cgi:main'\n",
            "files": {"sample/__init__.py": "", "sample/cgi.py": "def main(:\n    pass\n"},
        },
    ),
    entry("entry-point = 'sample.web:app'", sample__web=WEB),
    entry("interface = 'asgi'\nentry-point = 'sample.web:app'", sample__web=WEB),
    entry("", sample__cgi=MAIN),
    Mistake(
        "Entry points",
        "[project.scripts]\none = 'sample.one:main'\ntwo = 'sample.two:main'",
        {"project": "[project.scripts]\none = 'sample.one:main'\ntwo = 'sample.two:main'\n"},
    ),
    offer("price = -1", "Prices"),
    offer("price = '0.01 USD'", "Prices"),
    offer("price = 0.01\nprice-per-second = 0.001", "Prices"),
    offer("price = 0.0001\nmin-duration = '60s'", "Prices"),
    offer("price = 0.01\npay = 'usdc@basee'", "Prices"),
    offer("valid-for = '90 dayz'", "Dates"),
    offer("valid-until = 'next year'", "Dates"),
    offer("valid-until = 2020-01-01T00:00:00Z", "Dates"),
    offer("valid-until = 2030-01-01T00:00:00Z\nvalid-for = '90d'", "Dates"),
    offer("name = 'my greeter'", "Names"),
    offer("owner = 'alice.eth'", "Names"),
    Mistake("Names", "hatch-os402 run dist/greter-0.1.0.stdin", arguments=("run", "dist/greter-0.1.0.stdin")),
    Mistake("Names", "hatch-os402 serve dist", arguments=("serve", "--port", "0", "dist")),
    Mistake(
        "Network",
        'dependencies = ["jinja2"], with PIP_NO_INDEX=1',
        {"dependencies": ["jinja2"]},
        env={"PIP_NO_INDEX": "1"},
    ),
    Mistake(
        "Network",
        'dependencies = ["jinja2"], and the index cannot be reached',
        {"dependencies": ["jinja2"]},
        env={"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"},
    ),
    offer("tcp-connect = [443]", "Network"),
    Mistake(
        "Network",
        "hatch-os402 publish --url os402.example.org",
        arguments=("publish", "--url", "os402.example.org", "--dry-run"),
        build_first=True,
    ),
    Mistake(
        "Network",
        "hatch-os402 publish --url http://os402.example.org",
        arguments=("publish", "--url", "http://os402.example.org"),
        build_first=True,
    ),
    Mistake("Network", "hatch-os402 publish", arguments=("publish", "--no-prompt"), build_first=True),
    Mistake(
        "Permissions", "`dist` is a file", {"files": {"dist": "", "sample/__init__.py": "", "sample/__main__.py": ""}}
    ),
    Mistake(
        "Permissions",
        "hatch-os402 inspect --html none/page.html",
        arguments=("inspect", "--html", "none/page.html"),
        build_first=True,
    ),
    Mistake("Keys", "hatch-os402 sign --key @nokey", arguments=("sign", "--key", "@nokey"), build_first=True),
    Mistake(
        "Keys",
        "hatch-os402 sign --key @key, which holds 63 hex digits",
        arguments=("sign", "--key", "@key"),
        files={"key": "1" * 63},
        build_first=True,
    ),
    Mistake("Keys", "hatch-os402 sign --key 1111…", arguments=("sign", "--key", "1" * 64), build_first=True),
    Mistake("Keys", "hatch-os402 sign, without a terminal and without X402_KEY", arguments=("sign",), build_first=True),
    Mistake(
        "Keys",
        "hatch-os402 sign --key @key, which anybody may read",
        arguments=("sign", "--key", "@key"),
        files={"key": "11" * 32},
        build_first=True,
    ),
)


def answer(mistake: Mistake, root: Path) -> str:
    """Make the mistake in the new folder `root`, and return what is said: all of stderr."""
    write_project(root, **{"offer": f"{PRICED}valid-until = 2030-01-01T00:00:00Z\n", **mistake.project})
    for name, text in mistake.files.items():
        (root / name).write_text(text)
        (root / name).chmod(0o644)
    with _in(root, mistake.env):
        if mistake.build_first:
            _said(_build, root)
        said = _said(command, mistake.arguments) if mistake.arguments else _said(_build, root)
    lines = said.replace(str(root.resolve()), "PROJECT").replace(str(root), "PROJECT").splitlines()
    return "\n".join(line.rstrip() for line in lines if not USUAL.match(line))


def _build(root: Path) -> None:
    for _ in Os402Builder(str(root)).build(directory=str(root / "dist")):
        pass


def _said(function: Any, *arguments: Any) -> str:
    err = io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        try:
            function(*arguments)
        except SystemExit as end:
            if isinstance(end.code, str):
                err.write(end.code)
    return err.getvalue()


@contextlib.contextmanager
def _in(root: Path, variables: dict[str, str]):
    before = Path.cwd()
    kept = {name: value for name, value in os.environ.items() if name not in KEYS and not name.startswith("PIP_")}
    with mock.patch.dict(os.environ, {**kept, "PIP_CONFIG_FILE": os.devnull, **variables}, clear=True):
        os.chdir(root)
        try:
            yield
        finally:
            os.chdir(before)


def answers() -> dict[Mistake, str]:
    """Return what each mistake is answered."""
    with tempfile.TemporaryDirectory(prefix="hatch-os402-mistakes-") as folder:
        return {one: answer(one, Path(folder, str(number))) for number, one in enumerate(MISTAKES)}


def document(found: dict[Mistake, str]) -> str:
    """Return the document with these answers."""
    lines, group = [HEAD], ""
    for mistake, said in found.items():
        if mistake.group != group:
            group = mistake.group
            lines += [f"## {group}", ""]
        shown = mistake.show or "no `entry-point`, no `[project.scripts]`, no `__main__`"
        toml = "=" in shown and not shown.startswith(("hatch-os402", "dep")) and "`" not in shown
        lines += ["```toml", shown, "```", ""] if toml else [shown if "`" in shown else f"`{shown}`", ""]
        lines += ["```text", said or "(nothing: it builds)", "```", ""]
    return "\n".join(lines)


def main() -> None:
    """Write the document."""
    found = answers()
    DOCUMENT.write_text(document(found), "utf-8")
    sys.stdout.write(f"{DOCUMENT}: {len(found)} mistakes\n")


if __name__ == "__main__":
    main()
