"""The command that installs extras of hatch-os402 into the environment at hand, ready to be pasted.

Who manages the environment shows in its folder: `uv-receipt.toml` is `uv tool`'s, `pipx_metadata.json` pipx's. What
those two do not know of is gone after their next upgrade, so they are asked first; then pip, then uv.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_os402.installation.origin import NAME, find_origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EXTRAS = ("audit", "cli", "mcp", "publish", "sbom", "serve")

_HATCH = "hatch-build"
"""The environment in which Hatch builds: it is Hatch's, and made again."""

_EXTRAS_OF = {
    **dict.fromkeys(("build", "click", "httpx", "rich", "tomlkit"), ("cli",)),
    "pip_audit": ("audit",),
    **dict.fromkeys(("cyclonedx", "packageurl"), ("sbom",)),
    "mcp": ("mcp",),
    **dict.fromkeys(("Crypto", "eth_hash", "eth_keyfile", "eth_keys"), ("publish",)),
    **dict.fromkeys(("multipart", "python_multipart", "starlette", "uvicorn"), ("publish", "serve")),
}
"""Top-level module → the extras of the command that misses it; `serve` signs as well."""


def install_command(*extras: str) -> str:
    """Return the command that installs `extras` (without any: all) where this Python looks for them.

    What is there already stays: the extras that are installed are named again where the tool replaces the environment.
    """
    wanted = set(extras or EXTRAS)
    prefix = Path(sys.prefix)
    if (prefix / "uv-receipt.toml").is_file():
        return _line(_uv_tool(prefix, wanted | _installed()))
    if (prefix / "pipx_metadata.json").is_file():
        return _line(_pipx(prefix, wanted | _installed()))
    if _is_run_by_uvx(prefix):
        return _line(["uv", "tool", "install", *find_origin().arguments(wanted | _installed())])
    return _line(_here(_what(wanted)))


def own_command() -> str:
    """Return how this command is called again: by its name alone where the shell finds it."""
    if _is_run_by_uvx(Path(sys.prefix)):
        return _line(["uvx", "--from", find_origin().arguments(_installed())[-1], NAME])
    found = shutil.which(NAME)
    here = Path(sys.executable).parent
    if found and here in {Path(found).parent, Path(found).resolve().parent}:
        return NAME
    beside = here / (f"{NAME}.exe" if os.name == "nt" else NAME)
    return _line([str(beside)] if beside.is_file() else [sys.executable, "-m", "hatch_os402"])


def missing_module(name: str | None, *extras: str) -> str:
    """Return what to do when the module `name` cannot be imported, in two lines.

    `extras` bring it; without any, those that are known for it.
    """
    extras = extras or _EXTRAS_OF.get((name or "").partition(".")[0], ())
    listed = " and ".join(f'"{extra}"' for extra in extras)
    what = f"the extra{'s' * (len(extras) > 1)} {listed}" if extras else "more than is installed"
    needs = f"this needs {what} (the module {name!r})"
    if Path(sys.prefix).name == _HATCH:
        line = f"dependencies = [{json.dumps(find_origin().requirement(extras))}]"
        return f"{needs}. Hatch installs it with\n  {line}\nin [tool.hatch.build.targets.os402]"
    return f"{needs}. Install it with\n  {install_command(*extras)}"


def python_command(version: str) -> str:
    """Return the command that gets a CPython of `version` ("3.12"), of a tool that is here; else of Hatch."""
    if shutil.which("uv") and not shutil.which("hatch"):
        return f"uv python install {version}"
    return f"hatch python install {version}"


def _is_run_by_uvx(prefix: Path) -> bool:
    """Whether the environment is one that `uvx` keeps in its cache, and makes again for another requirement."""
    return "UV" in os.environ and any(part.startswith(("archive-v", "environments-v")) for part in prefix.parts)


def _what(extras: set[str]) -> list[str]:
    """Return what pip or uv install: hatch-os402 with `extras`, or only what these need, where its origin is gone."""
    origin = find_origin()
    if origin.exists:
        return origin.arguments(extras)
    return sorted({str(requirement.name) + str(requirement.specifier) for requirement in _requirements(extras)})


def _requirements(extras: Iterable[str]) -> list[Requirement]:
    """Return what `extras` require, of this installation's own metadata."""
    try:
        listed = distribution(NAME).requires or []
    except PackageNotFoundError:
        return []
    found = [Requirement(text) for text in listed]
    return [
        requirement
        for requirement in found
        if requirement.marker
        and not requirement.marker.evaluate({"extra": ""})
        and any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def _installed() -> set[str]:
    """Return the extras of which everything is here."""
    return {extra for extra in EXTRAS if (needs := _requirements([extra])) and all(map(_is_here, needs))}


def _is_here(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(distribution(requirement.name).version, prereleases=True)
    except PackageNotFoundError:
        return False


def _uv_tool(prefix: Path, extras: set[str]) -> list[str]:
    """Return `uv tool install …`, which replaces the tool: everything that its receipt lists is named again."""
    ours, tool = find_origin().arguments(extras), canonicalize_name(prefix.name)
    receipt = _receipt(prefix / "uv-receipt.toml")
    main = ours if tool == NAME else [prefix.name]
    more = [] if tool == NAME else ["--with-editable" if len(ours) > 1 else "--with", ours[-1]]
    for item in receipt.get("requirements", ()):
        name = canonicalize_name(str(item["name"]))
        if name == NAME:
            continue
        if name == tool:
            main = [_of_receipt(item)]
        else:
            more += ["--with", _of_receipt(item)]
    return ["uv", "tool", "install", "--force", *main, *more]


def _of_receipt(item: Mapping[str, Any]) -> str:
    """Return the requirement that an entry of uv's receipt means."""
    extras = item.get("extras") or []
    name = f"{item['name']}[{','.join(extras)}]" if extras else str(item["name"])
    for key in ("editable", "directory", "path"):
        if key in item:
            return f"{name} @ {Path(str(item[key])).as_uri()}"
    if "git" in item:
        return f"{name} @ git+{item['git']}"
    if "url" in item:
        return f"{name} @ {item['url']}"
    return f"{name}{item.get('specifier', '')}"


def _receipt(path: Path) -> dict[str, Any]:
    """Return the table `tool` of uv's receipt; an empty one when it is not what uv writes today."""
    from hatchling.metadata.core import load_toml  # noqa: PLC0415 - for `uv tool` alone

    try:
        found: dict[str, Any] = load_toml(str(path))["tool"]
        return found if all(isinstance(item["name"], str) for item in found["requirements"]) else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _pipx(prefix: Path, extras: set[str]) -> list[str]:
    """Return the command of pipx: ours is the app itself, or was injected beside another."""
    spec = find_origin().arguments(extras)
    if canonicalize_name(prefix.name) == NAME:
        return ["pipx", "install", "--force", *spec]
    return ["pipx", "inject", "--force", *spec[:-1], prefix.name, spec[-1]]


def _here(what: list[str]) -> list[str]:
    """Return the command of whatever can install into the environment of this Python."""
    if _is_externally_managed():
        return ["uv", "tool", "install", *what] if shutil.which("uv") else _new_environment(what)
    if importlib.util.find_spec("pip") is not None:
        return [_python(), "-m", "pip", "install", *what]
    if shutil.which("uv"):
        return ["uv", "pip", "install", "--python", _python(), *what]
    return _new_environment(what)


def _new_environment(what: list[str]) -> list[str]:
    """Return a command line for an environment of its own, where this one takes no packages."""
    folder = Path(".venv")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return [_python(), "-m", "venv", str(folder), "&&", str(python), "-m", "pip", "install", *what]


def _is_externally_managed() -> bool:
    """Whether pip refuses this environment (PEP 668)."""
    if sys.prefix != sys.base_prefix:
        return False
    return (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").is_file()


def _python() -> str:
    """Return this Python as the user would call it: by its name alone where that finds it."""
    name = Path(sys.executable).name
    for candidate in ("python", name):
        found = shutil.which(candidate)
        if found and Path(found) == Path(sys.executable):
            return candidate
    return sys.executable


def _line(command: list[str]) -> str:
    if os.name == "nt":
        return subprocess.list2cmdline(command)
    return " ".join(part if part == "&&" else shlex.quote(part) for part in command)
