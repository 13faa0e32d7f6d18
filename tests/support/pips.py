"""Every release of pip that the package may meet, as wheels from the index."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename
from pip._internal.models.index import PyPI

from support.buildproject import REPOSITORY

if TYPE_CHECKING:
    from packaging.version import Version

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "text/html;q=0.1"
_LINK = re.compile(rb'href="([^"]+\.whl)[^"]*"')


def floor() -> Requirement:
    """Return the package's own requirement of pip."""
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    (found,) = re.findall(r'^  "(pip>=[^"]+)",$', text, re.MULTILINE)
    return Requirement(found)


def released(folder: Path) -> dict[Version, Path]:
    """Return every final release that `floor` allows, oldest first, fetched into `folder`; one that is there stays."""
    page = f"{(os.environ.get('PIP_INDEX_URL') or PyPI.simple_url).rstrip('/')}/pip/"
    kind, body = _get(page)
    if kind == _JSON:
        addresses = [file["url"] for file in json.loads(body)["files"] if not file.get("yanked")]
    else:
        addresses = [address.decode() for address in _LINK.findall(body)]
    wheels = {Path(urlsplit(address).path).name: urljoin(page, address) for address in addresses}
    versions = {parse_wheel_filename(name)[1]: name for name in wheels if name.endswith(".whl")}
    wanted = {version: versions[version] for version in sorted(versions) if version in floor().specifier}
    folder.mkdir(exist_ok=True)

    def fetched(name: str) -> Path:
        path = folder / name
        if not path.is_file():
            path.write_bytes(_get(wheels[name])[1])
        return path

    with ThreadPoolExecutor(8) as pool:
        return dict(zip(wanted, pool.map(fetched, wanted.values()), strict=True))


def _get(url: str) -> tuple[str, bytes]:
    request = urllib.request.Request(url, headers={"Accept": f"{_JSON}, {_HTML}"})  # noqa: S310 - the user's own index
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
        return response.headers.get_content_type(), response.read()
