"""From pip's output to an error message."""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import FolderError, MarkerError, ResolutionError, UnsatisfiableError
from hatch_os402.foreign.addresses import shown_address, split
from hatch_os402.formatting import cut_lines, without_passwords
from hatch_os402.resolution.shim._pip_shim import UNSUPPORTED
from hatch_os402.resolution.target import PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_UNREACHABLE = re.compile(r"^os402-unfetched: (?P<what>.*)\t(?!404 Client Error)(?P<why>.+)$", re.MULTILINE)
_DENIED = re.compile(r"(?P<why>(?:HTTP error )?\b40[13] (?:Client )?Error\b[^\n]*|HTTP error 40[13] [^\n]*)")
_CONFIGURATION = re.compile(
    r"(?P<text>(?:^Configuration file could not be loaded|^Configuration file contains invalid)[^\n]*(?:\n[^\n]+)*)",
    re.MULTILINE,
)
_NO_INDEX = "os402-no-index"
_ASKED_NOBODY = "No index was asked: pip's setting `no-index` (PIP_NO_INDEX) leaves it the folders of `find-links`."
_NO_WHEEL = "Either no such release exists, or its releases are only source or only for other Pythons or systems."
_REMOTE_BUILD = re.compile(r"os402-source-only: (?P<requirement>.+)")
_NOT_FOUND = re.compile(r"ERROR: No matching distribution found for (?P<requirement>[^\n]+)")
_CONFLICT = re.compile(r"ERROR: (?:Cannot install|ResolutionImpossible)")
_HASH = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"
_INVALID = re.compile(r"WARNING: Ignoring version (?P<version>\S+) of (?P<name>\S+) since it has invalid metadata:$")
_WHY_INVALID = " has invalid metadata: "
_AFTER_INVALID = ("Please use pip", "WARNING:", "ERROR:")
_DIAGNOSTIC = re.compile(r"error: (?P<kind>[a-z-]+)(?:\s(?P<text>.*))?$")
_AFTER_DIAGNOSTIC = ("hint: ", "note: ")

_WHEEL_INSTEAD = "Replace the address by that of a wheel, or by a version."
_REFUSED = {
    "vcs": ("is a reference to a repository, and reading it would start a program here", _WHEEL_INSTEAD),
    "scheme": ("has a scheme that is not http, https or file", _WHEEL_INSTEAD),
    "capitals": ("has its scheme in capitals, which pip does not read as a file of this machine", "Write `file:`."),
    "characters": ("holds spaces or characters that do not show", "Write them as %XX in the address."),
    "host": ("has no host, or is a file of another machine", _WHEEL_INSTEAD),
    "local": (
        "is a file of this machine, which only the project's own requirements may name",
        "Require it in the project, or offer it with PIP_FIND_LINKS.",
    ),
    "folder": (
        "is a folder, and building it would run its code here",
        "Build its wheel and offer it with PIP_FIND_LINKS, or name it in `build-from-source`, which runs its code.",
    ),
    "source": ("is only to be had as source, and building it would run its code here", _WHEEL_INSTEAD),
}
"""Word of the shim for why an address is refused → what that means, and what to do."""


_BOUNDED = {
    "slow": "did not arrive within {most} seconds, {got} of {size} bytes did",
    "large": "is larger than it may be, {most} bytes",
    "links": "lists more than {most} files",
}
"""Word of the shim for what was too much → what that means."""


def read_answer(path: Path) -> dict[str, Any]:
    """Return the object in the file at `path` that the shim wrote; nothing when it did not."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def explain(
    output: str, status: int, doing: str, reported: Mapping[str, Any] = MappingProxyType({})
) -> ResolutionError:
    """Return the error that tells what `output` of a failed pip (exit `status`) means, without passwords.

    `reported` is the shim's answer: why it refused an address, if it did.
    """
    error = _explained(output, status, doing, reported)
    error.message, error.details = without_passwords(error.message), without_passwords(error.details)
    error.args = (error.message,)
    return error


def _explained(  # noqa: PLR0911 - one for each meaning
    output: str, status: int, doing: str, reported: Mapping[str, Any]
) -> ResolutionError:
    if refused := _from_shim(reported, output, doing):
        return refused
    if status == UNSUPPORTED:
        reason = output.strip().rpartition("os402: ")[2]
        return ResolutionError(
            f"{reason}\nInstall another release of pip beside hatch-os402 (23.3 to 26.3 are known).", output
        )
    if source := _REMOTE_BUILD.search(output):
        requirement = source["requirement"].partition(" from ")[0].strip()
        suggestion = (
            "Replace the address by that of a wheel, or by a version."
            if "@" in requirement
            else "Build its wheel yourself and offer it with PIP_FIND_LINKS, or require a release that has a wheel."
        )
        return ResolutionError(
            f"{requirement} is only to be had as source, and building it would run its code here.\n{suggestion}", output
        )
    if known := _of_the_index(output, doing):
        return known
    last = output.strip().rpartition("\n")[2]  # of a traceback, what happened
    errors = "\n".join(line for line in output.splitlines() if line.startswith(("ERROR:", "WARNING:"))) or last
    missing = _NOT_FOUND.search(output)
    if _CONFLICT.search(output):
        words = output[output.find("ERROR:") :].strip()
        return UnsatisfiableError(
            f"the requirements contradict each other, while {doing}:\n{_indent(_shorten(words))}", output
        )
    if missing and (invalid := _invalid(output)):
        what, why = invalid
        return UnsatisfiableError(
            f"{what} has invalid metadata, and no other release fits, while {doing}:\n"
            f"{_indent(_shorten(why))}\n"
            "Require another release of it, or have its metadata corrected.",
            output,
        )
    if missing:
        return UnsatisfiableError(
            f"no wheel found for {missing['requirement'].strip()!r} on CPython {PYTHON}, linux, while {doing}.\n"
            f"{_ASKED_NOBODY if _NO_INDEX in output else _NO_WHEEL}\n"
            f"{_indent(errors)}",
            output,
        )
    if diagnostic := _diagnostic(output):
        kind, text = diagnostic
        what = "something could not be reached" if "connection" in kind else "pip failed"
        return ResolutionError(f"{what} while {doing}:\n{_indent(text)}", output)
    if "ERROR: Exception:" in errors:
        errors = last
    return ResolutionError(f"pip failed (exit status {status}) while {doing}:\n{_indent(errors)}", output)


def _invalid(output: str) -> tuple[str, str] | None:
    """Return the first release whose metadata pip ignores as invalid, and why."""
    for found, text in _passages(output, _INVALID, _AFTER_INVALID):
        _, said, why = text.partition(_WHY_INVALID)
        if said:
            return f"{found['name']} {found['version']}", why.rstrip()
    return None


def _diagnostic(output: str) -> tuple[str, str] | None:
    """Return kind and text of pip's first diagnostic."""
    for found, text in _passages(output, _DIAGNOSTIC, _AFTER_DIAGNOSTIC):
        return found["kind"], f"{found['text'] or ''}\n{text}".strip()
    return None


def _passages(output: str, first: re.Pattern[str], after: tuple[str, ...]) -> Iterator[tuple[re.Match[str], str]]:
    """Yield the lines that match `first`, each with the text from there up to the next line that begins as `after`.

    By lines: metadata of others stands in `output`, and an expression over several lines would try each of them anew.
    """
    begun: re.Match[str] | None = None
    lines: list[str] = []
    for line in output.split("\n"):
        if begun is not None and line.startswith(after):
            yield begun, "\n".join(lines)
            begun = None
        if begun is None:
            begun, lines = first.match(line), []
        else:
            lines.append(line)


def _of_the_index(output: str, doing: str) -> ResolutionError | None:
    """Return the error when the index, or the way to it, is what failed."""
    _, damaged, after = output.partition(_HASH)
    if damaged and (table := after.partition("\n ")[2]):
        return ResolutionError(
            f"a file from the index is not the one that was promised, while {doing}:\n {table.rstrip()}\n"
            "Nothing of it was used. Try again; if it stays, the index, a mirror or a proxy serves a changed file.",
            output,
        )
    if broken := _CONFIGURATION.search(output):
        return ResolutionError(
            f"pip cannot read a configuration file, while {doing}:\n{_indent(_without_lines(broken['text']))}\n"
            "Correct that file, or name another one with PIP_CONFIG_FILE.",
            output,
        )
    if refused := _DENIED.search(output):
        return ResolutionError(
            f"the package index refused to answer, while {doing}: {refused['why'][:200]}\n"
            "Its name and password are missing or wrong: give them in PIP_INDEX_URL (https://NAME:PASSWORD@HOST/...), "
            "in ~/.netrc, or with keyring.",
            output,
        )
    if unreachable := _UNREACHABLE.search(output):
        missing = _NOT_FOUND.search(output)
        wanted = f" (looking for {missing['requirement'].strip()})" if missing else ""
        return ResolutionError(
            f"the package index could not be reached while {doing}{wanted}:\n"
            f"  {unreachable['what']}: {unreachable['why'][:200]}\n"
            "Check the network, PIP_INDEX_URL, the proxy and certificate settings.",
            output,
        )
    return None


def _without_lines(text: str) -> str:
    """Leave out the lines of the file that pip shows, which may hold a password."""
    return "\n".join(line for line in text.splitlines() if not line.startswith(("'", '"')))


def _from_shim(reported: Mapping[str, Any], output: str, doing: str) -> ResolutionError | None:
    """Return the error for the answer of the shim; None when it does not say why it ended the run."""
    why = str(reported.get("why") or "")
    name, url, parent = (str(reported.get(key) or "") for key in ("name", "url", "parent"))
    if why == "unbuilt":
        return FolderError(f"{name} @ {url} is a folder, and was not built.", name, url)
    if why == "marker":
        return MarkerError(f"the marker of {name!r} cannot be decided: {url}")
    if why == "setting":
        return ResolutionError(
            f"pip {parent} does not know the setting {name} ({url}), and would "
            "take newer files: pip 26.0 is the first that does.\n"
            "Install a newer pip beside hatch-os402, or take the setting away (PIP_UPLOADED_PRIOR_TO, or pip.conf).",
            output,
        )
    if why in _REFUSED:
        return _refused(_REFUSED[why], name, url, parent, output)
    return _bounded(_BOUNDED[why], url, reported, output, doing) if why in _BOUNDED else None


def _refused(words: tuple[str, str], name: str, url: str, parent: str, output: str) -> ResolutionError:
    meaning, suggestion = words
    by = f" (required by {parent})" if parent else ""
    return ResolutionError(
        f"{name} @ {without_password(url)}{by} {meaning}.\n{suggestion} Nothing was fetched from there.", output
    )


def _bounded(meaning: str, url: str, reported: Mapping[str, Any], output: str, doing: str) -> ResolutionError:
    numbers = {
        name: f"{value:,}" if isinstance(value := reported.get(name), (int, float)) else "unknown"
        for name in ("most", "got", "size")
    }
    return ResolutionError(
        f"{without_password(url)} {meaning.format(**numbers)}, while {doing}.\n"
        "The index, a mirror or a proxy is slow or serves something else: try again, or name another one with "
        "PIP_INDEX_URL. Nothing of it was used.",
        output,
    )


def without_password(url: str) -> str:
    """Return `url` with user, password and query left out; of one that cannot be read, its scheme alone."""
    return shown_address(url) if split(url) is None else without_passwords(url)


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in cut_lines(text).splitlines() if line.strip())


def _shorten(text: str) -> str:
    """Leave out pip's advice after the list of conflicts, which is about `pip install`."""
    return text.partition("To fix this you could try")[0].rstrip()
