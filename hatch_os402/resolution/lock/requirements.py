r"""Reading a file of requirements with hashes, as `uv pip compile --generate-hashes` and pip-compile write it.

The format is pip's ("Requirements File Format"): a requirement (PEP 508) and its `--hash=sha256:…`, over several lines
that end in a backslash. Options that say where packages come from are not read: that is the matter of pip's settings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_os402.errors import LockError, MarkerError
from hatch_os402.files import is_sha256
from hatch_os402.foreign import addresses
from hatch_os402.resolution.lock.model import Locked, Selection
from hatch_os402.resolution.lock.place import COMMAND
from hatch_os402.resolution.markers import holds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from hatch_os402.resolution.lock.model import MadeFor
    from hatch_os402.resolution.target import Target

_HASH = re.compile(r"(?:^|\s)--hash[=\s](?P<algorithm>\w+):(?P<digest>[0-9A-Fa-f]+)(?=\s|$)")
_COMMENT = re.compile(r"(?:^|(?<!\s)\s+)#.*$")
_EDITABLE = re.compile(r"(?:-e|--editable)[=\s]\s*(?P<path>\S+)")
_SOURCES = (
    "-i", "--index-url", "--extra-index-url", "--no-index", "-f", "--find-links", "--trusted-host", "--pre",
    "--only-binary", "--no-binary", "--prefer-binary", "--require-hashes", "--use-feature",
)  # fmt: skip
"""Options of such a file that do not change which releases it names."""


@dataclass(frozen=True)
class LockedRequirement:
    """One requirement of the file."""

    line: int
    requirement: Requirement
    sha256s: tuple[str, ...]


@dataclass(frozen=True)
class HashedRequirements:
    """A file of requirements with hashes."""

    name: str
    project: str
    """The canonical name of the project, which `uv export` lists as well."""
    items: tuple[LockedRequirement, ...]

    @property
    def made_for(self) -> MadeFor | None:
        """None: no such file says it."""
        return None

    @property
    def update(self) -> str:
        """See `Lock.update`."""
        return (
            "Compile it again (`uv pip compile pyproject.toml --generate-hashes --python-version 3.12 "
            f"--python-platform linux -o {self.name}`), or use `{COMMAND}`."
        )

    def select(self, target: Target, extras: Collection[str], groups: Collection[str]) -> Selection:  # noqa: ARG002 - such a file has neither
        """See `Lock.select`."""
        locked: dict[str, Locked] = {}
        problems: dict[str, str] = {}
        seen: set[str] = set()
        for item in self.items:
            requirement = item.requirement
            found: Locked | str
            name = str(canonicalize_name(requirement.name))
            try:
                if name == self.project or not holds(requirement, target.environment):
                    continue
                found = "is there twice, and the markers of both hold" if name in seen else _locked(item, name)
            except MarkerError as error:
                found = f"cannot be used: {error.problem}"
            seen.add(name)
            if isinstance(found, str):
                problems[name] = f"{found} (line {item.line})"
            else:
                locked[name] = found
        return Selection({name: one for name, one in locked.items() if name not in problems}, problems)


def read_requirements(content: bytes, *, name: str, folder: Path, project: str) -> HashedRequirements:
    """Read the file of requirements with `content`, in `folder`. `name` is for messages. Raises `LockError`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LockError(f"{name} is no text in UTF-8: {error}.") from error
    found = []
    for number, line in _logical_lines(text):
        if line.startswith("-"):
            _check_option(line, f"{name}, line {number}", folder)
            continue
        written = _HASH.sub(" ", line).strip()
        try:
            requirement = Requirement(written)
        except InvalidRequirement as error:
            if written.rstrip("/") in {".", "./"} or _is_here(written, folder):
                continue  # the project
            raise LockError(
                f"{name}, line {number}: {written[:200]!r} is no requirement: {' '.join(str(error).split())[:300]}."
            ) from error
        digests = {match["digest"].lower() for match in _HASH.finditer(line) if match["algorithm"] == "sha256"}
        found.append(LockedRequirement(number, requirement, tuple(sorted(filter(is_sha256, digests)))))
    return HashedRequirements(name, str(canonicalize_name(project)), tuple(found))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line of each logical one and its text, without comments; none that is empty."""
    parts: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start if parts else number
        stripped = _COMMENT.sub("", line)
        continued = stripped.endswith("\\") and not line.lstrip().startswith("#")
        parts.append(stripped[:-1] if continued else stripped)
        if not continued:
            if whole := " ".join(part.strip() for part in parts).strip():
                yield start, whole
            parts = []
    if whole := " ".join(part.strip() for part in parts).strip():
        yield start, whole


def _check_option(line: str, where: str, folder: Path) -> None:
    """Raise `LockError` for an option that would change what is locked."""
    if (editable := _EDITABLE.match(line)) and _is_here(editable["path"], folder):
        return
    option = re.split(r"[=\s]", line, maxsplit=1)[0]
    if option not in _SOURCES:
        raise LockError(f"{where}: the option {option!r} is not read in a lock.\nWrite the requirements out.")


def _is_here(written: str, folder: Path) -> bool:
    """Whether `written` is the path of `folder`, in which the file is: the project itself."""
    try:
        return (folder / written).resolve() == folder.resolve()
    except (OSError, ValueError):
        return False


def _locked(item: LockedRequirement, name: str) -> Locked | str:
    """Return what the file has of `name`, or why that is of no use."""
    if not item.sha256s:
        return "has no --hash=sha256:…"
    url = item.requirement.url or ""
    if url:
        if addresses.split(url) is None:
            return f"has an address that cannot be read, {addresses.shown_address(url)}"
        filename = addresses.filename(url)
        kind = "wheel" if filename.endswith(".whl") else "sdist"
        return Locked(name, "", kind, filename, item.sha256s, url, direct=True)  # type: ignore[arg-type]  # one of two words
    exact = [one for one in item.requirement.specifier if one.operator == "==" and not one.version.endswith(".*")]
    if len(exact) != 1 or len(item.requirement.specifier) != 1:
        return f"is not pinned with ==, but {str(item.requirement.specifier) or 'for any version'}"
    return Locked(name, exact[0].version, "wheel", "", item.sha256s)
