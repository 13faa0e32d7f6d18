"""Fetch the runtime, keep it in the cache under its SHA256, and find it there again."""

from __future__ import annotations

import re
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from hatch_os402.cache import VARIABLE
from hatch_os402.errors import Os402Error
from hatch_os402.files import file_sha256, locked
from hatch_os402.foreign.addresses import shown_address
from hatch_os402.runtime import pins
from hatch_os402.runtime.ape import HEAD, elf_header, is_ape
from hatch_os402.runtime.configured import ConfiguredRuntime
from hatch_os402.runtime.elf import MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from hatch_os402.reporting import Reporter

TIMEOUT = 30.0
"""Seconds that the server may keep silent."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def pinned() -> ConfiguredRuntime:
    """Return the cosmo-python that an offer runs when pyproject.toml names no other."""
    arch, sha256 = next(iter(pins.ASSIMILATED_SHA256.items()))
    return ConfiguredRuntime(arch, sha256)


def find_by_sha256(sha256: str, cache: Path) -> Path | None:
    """Return the executable in the folder `cache` whose content has this `sha256` (lowercase hex), or None.

    The content is hashed each time: a damaged file is as good as none.
    """
    if not _SHA256.fullmatch(sha256):
        return None
    place = _place(sha256, cache)
    try:
        return place if file_sha256(place) == sha256 else None
    except OSError:
        return None


def cached(executable: ConfiguredRuntime | None, cache: Path) -> Path | None:
    """Return where `executable` (None: the pinned one) lies on this machine, or None when it has to be fetched."""
    executable = executable or pinned()
    return executable.path or find_by_sha256(executable.sha256, cache)


def fetch(
    executable: ConfiguredRuntime | None,
    *,
    cache: Path,
    reporter: Reporter,
    progress: Callable[[int, int | None], None] | None = None,
    client: httpx.Client | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Path:
    """Return the path of `executable` (None: the pinned one), fetched into the folder `cache` when it is not there.

    What is fetched is verified by its SHA256 before it has its name in the cache, and nothing of it is ever run here.
    The pinned cosmo-python is published as an APE, of which an ELF is made; what `runtime` names with a URL is taken as
    it is. Two processes fetch one file once. `progress` is given bytes and their total (or None); `client` and `sleep`
    are for tests. Raises `Os402Error`.
    """
    executable = executable or pinned()
    if found := cached(executable, cache):
        return found
    place = _place(executable.sha256, cache)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place.with_name("lock"), lambda: reporter.info("another process is fetching the runtime; waiting")):
            return cached(executable, cache) or _fetch(executable, place, reporter, progress, client, sleep)
    except OSError as error:
        raise Os402Error(
            f"the runtime cannot be kept in {place.parent}: {error.strerror or error}.\n"
            f"Make room there, or set {VARIABLE} to a folder that can be written."
        ) from error


def _place(sha256: str, cache: Path) -> Path:
    return cache / "runtime" / sha256 / "python"


def _fetch(
    executable: ConfiguredRuntime,
    place: Path,
    reporter: Reporter,
    progress: Callable[[int, int | None], None] | None,
    client: httpx.Client | None,
    sleep: Callable[[float], None],
) -> Path:
    import httpx  # noqa: PLC0415 - an extra, and only for the network

    from hatch_os402.runtime.download import download, forget  # noqa: PLC0415

    url = executable.url or pins.URL
    part = place.with_name("python.part")
    reporter.info(f"fetching {shown_address(url)}")
    with nullcontext(client) if client else httpx.Client(timeout=TIMEOUT) as using:
        for once_more in (True, False):
            resumed = download(url, part, client=using, progress=progress or _silent, reporter=reporter, sleep=sleep)
            with part.open("rb") as file:
                head = file.read(HEAD)
            header = b"" if executable.url else elf_header(head, executable.arch) or b""
            digest = file_sha256(part, header)
            if digest == executable.sha256:
                break
            forget(part)
            if not (resumed and once_more):
                raise Os402Error(_mismatch(executable, shown_address(url), head, header, digest))
            reporter.warning("the resumed download is not what was expected; fetching it again from its start")
    with part.open("r+b") as file:
        file.write(header)
    part.chmod(0o755)
    part.replace(place)
    forget(part)
    reporter.info(f"verified: sha256 {digest}")
    return place


def _silent(_received: int, _total: int | None) -> None:
    pass


def _mismatch(executable: ConfiguredRuntime, url: str, head: bytes, header: bytes, digest: str) -> str:
    """Return what to say of a file that is not the expected one."""
    fault = f"{url} does not send the expected runtime; what it sent was deleted.\n"
    if executable.url:
        fault += f"expected sha256 {executable.sha256}\nactual sha256   {digest}\n"
        if is_ape(head):
            return (
                f"{fault}It is an APE; `runtime` must name the URL and the SHA256 of the ELF that `--assimilate` makes."
            )
        return f"{fault}Correct the URL or the SHA256 in `runtime`."
    if not header and not head.startswith(MAGIC):
        kind = f"an APE without {executable.arch}" if is_ape(head) else f"no executable (it begins with {head[:16]!r})"
        return f"{fault}It is {kind}.\nTry again later, or from another network."
    return (
        f"{fault}expected sha256 {executable.sha256} (as an ELF for {executable.arch})\nactual sha256   {digest}\n"
        "It may have been replaced by a newer one: use the pinned file from elsewhere, as a path in `runtime`, "
        "or a release of hatch-os402 that pins the new one."
    )
