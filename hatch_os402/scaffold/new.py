"""The files of a new project."""

from __future__ import annotations

import json
import keyword
import re
import sys
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_os402.__about__ import __version__
from hatch_os402.errors import ScaffoldError
from hatch_os402.installation.origin import NAME, Origin
from hatch_os402.offer.prices import SHORT

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_TAKEN = {"hatch_os402", "pytest", "src", "test", "tests"}


@dataclass(frozen=True)
class _Interface:
    """What a project of an interface has of its own."""

    description: str
    target: tuple[str, ...]
    """Lines of the target's table; `{package}` stands for the package."""
    call: str
    """How curl calls it: options before the address, and what follows that."""
    after: str = ""
    offer: str = ""
    """The offer's name; empty: the project's."""
    dependencies: tuple[str, ...] = ()
    test_dependencies: tuple[str, ...] = ()
    script: bool = False


_INTERFACES = {
    "script": _Interface(
        "Greets whoever asks",
        (),
        """-d '{"name": "Alice"}' """,
        script=True,
    ),
    "wsgi": _Interface(
        "Greets whoever asks",
        ('entry-point = "{package}.app:app"', 'interface = "wsgi"'),
        "",
        "?name=Alice",
        dependencies=("flask>=3",),
    ),
    "asgi": _Interface(
        "Greets whoever asks",
        ('entry-point = "{package}.app:app"', 'interface = "asgi"'),
        "",
        "?name=Alice",
        dependencies=("starlette>=0.40",),
        test_dependencies=("httpx",),
    ),
    "mcp": _Interface(
        "Greets whom a model names",
        ('entry-point = "{package}.app:greet"', 'interface = "mcp"'),
        """-d '{"name": "Alice"}' """,
        offer="greet",  # a tool has its function's name
    ),
}

INTERFACES = tuple(_INTERFACES)


@dataclass(frozen=True)
class Identity:
    """What a project is called."""

    name: str
    """In pyproject.toml, and in the address of its offer."""
    package: str
    """What it is imported as."""


def identity(name: str) -> Identity:
    """Return what a project with this `name` is called. Raises `ScaffoldError` for a name that cannot be one."""
    if not _NAME.fullmatch(name):
        raise ScaffoldError(
            f"{name!r} is no name of a project: it must be letters (A to Z), digits, `.`, `_` and `-`, and begin and "
            "end with a letter or digit.\nName the project: `hatch-os402 init NAME`."
        )
    package = re.sub(r"[-_.]+", "_", name).lower()
    if not package.isidentifier() or keyword.iskeyword(package):
        raise ScaffoldError(
            f"{name!r} gives no name of a package: {package!r} cannot be imported.\nBegin with a letter, for example "
            f"`hatch-os402 init my-{name}`."
        )
    if package in sys.stdlib_module_names or package in _TAKEN | _frameworks():
        raise ScaffoldError(
            f"the package of {name!r} would be imported in place of another one that is named {package!r}.\n"
            f"Take another name, for example `hatch-os402 init my-{name}`."
        )
    return Identity(name, package)


def _frameworks() -> set[str]:
    return {re.split(r"[^\w]", text)[0] for item in _INTERFACES.values() for text in item.dependencies}


def project_files(made: Identity, interface: str, root: Path, origin: Origin) -> dict[str, str]:
    """Return path → text of the files of a new project in the folder `root`. `origin` is where the plugin is."""
    of = _INTERFACES[interface]
    tests = ("pytest", *of.test_dependencies)
    near = origin.near(root)
    replaced = {
        "name": made.name,
        "package": made.package,
        "description": of.description,
        "dependencies": _array(of.dependencies),
        "scripts": f'\n[project.scripts]\n"{made.name}" = "{made.package}.app:main"\n' if of.script else "",
        "test_dependencies": _array(tests),
        "test_requirements": " ".join(tests),
        "plugin": _array([NAME if near else origin.requirement()]),
        "target": "".join(f"{line.format(package=made.package)}\n" for line in of.target),
        "hatch_build": _hatch_build(near),
        "offer": "".join(f"{line}\n" for line in offer_lines()),
        "origin": _workflow_origin(origin),
        "origin_comment": _origin_comment(origin),
    }
    package, test = f"src/{made.package}", f"tests/test_{made.package}.py"
    files = {
        "pyproject.toml": "pyproject.toml",
        ".gitignore": "gitignore",
        ".github/workflows/os402.yml": "workflow.yml",
        f"{package}/app.py": f"{interface}/app.py",
        test: f"{interface}/test.py",
    }
    texts = {path: _filled(_template(template), replaced) for path, template in files.items()}
    return {**texts, f"{package}/__init__.py": f'"""{of.description}."""\n'}


def offer_lines() -> list[str]:
    """Return the lines that every project's table of the offer begins with, a new one's and one that is there."""
    return [f"min-duration = {SHORT}  # seconds that a call may take, and that callers pay for"]


def call_of(made: Identity, interface: str, address: str) -> str:
    """Return the curl command that calls the new project, which is served at `address`."""
    of = _INTERFACES[interface]
    quote = "'" if of.after else ""
    return f"curl {of.call}{quote}{address}/{of.offer or canonicalize_name(made.name)}.cgi{of.after}{quote}"


def _array(items: tuple[str, ...] | list[str]) -> str:
    """Return the items of an array of TOML; strings of JSON are ones of TOML, too."""
    return ", ".join(json.dumps(item) for item in items)


def _hatch_build(near: str | None) -> str:
    if near is None:
        return ""
    return (
        "\n# Where hatch-os402 is, which is on no index: for `hatch build`, which installs it for each build.\n"
        f"[tool.hatch.envs.hatch-build]\ndependencies = [{_array([near])}]\n"
    )


def _workflow_origin(origin: Origin) -> str:
    if origin.is_local:
        return "${{ vars.HATCH_OS402 }}"
    pinned = origin.requirement(["cli", "publish"])
    return json.dumps(pinned if origin.url else f"{pinned}=={__version__}")


def _origin_comment(origin: Origin) -> str:
    if origin.is_local:
        return (
            "  # What pip installs. This project was made with a hatch-os402 that only one machine has: make the\n"
            "  # variable HATCH_OS402 in the repository's settings, an address that GitHub reaches:\n"
            "  # hatch-os402[cli,publish] @ https://…/hatch_os402-….whl"
        )
    return "  # What pip installs. One release: what is built, and so its hash, depends on it."


def _template(name: str) -> str:
    return (
        resources.files("hatch_os402.scaffold")
        .joinpath("templates", *f"{name}.txt".split("/"))
        .read_text(encoding="utf-8")
    )


def _filled(text: str, replaced: dict[str, str]) -> str:
    return re.sub(r"@(\w+)@", lambda match: replaced[match[1]], text)
