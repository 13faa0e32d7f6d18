"""The license of a distribution as an SPDX expression, from its METADATA (PEP 639, and what came before it)."""

from __future__ import annotations

from dataclasses import dataclass
from email.parser import HeaderParser

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

_MAX_NAME = 100
_CLASSIFIER = "License :: "
_SPDX = {
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
}
"""Classifiers that mean one license of SPDX's list; "BSD License" and others do not."""


@dataclass(frozen=True)
class License:
    """A license, of which at most one is not empty."""

    expression: str = ""
    """SPDX, canonical."""
    name: str = ""
    """What METADATA says, where that is no SPDX expression."""


def read_license(metadata: bytes) -> License:
    """Return the license that METADATA states: License-Expression; else License or classifiers, if clear."""
    headers = HeaderParser().parsestr(metadata.decode(errors="replace"))
    text = str(headers.get("License") or "").strip()
    for stated in (headers.get("License-Expression"), text):
        if expression := _canonical(str(stated or "")):
            return License(expression)
    named = [
        str(line).rpartition(" :: ")[2].strip()
        for line in headers.get_all("Classifier") or ()
        if str(line).startswith(_CLASSIFIER) and str(line).count("::") > 1
    ]
    known = {name: _SPDX[name] for name in named if name in _SPDX}
    if named and len(known) == len(set(named)) == 1:
        return License(next(iter(known.values())))
    first = text.partition("\n")[0].strip()
    return License(name=(first or ", ".join(sorted(set(named))))[:_MAX_NAME])


def _canonical(text: str) -> str:
    """Return an SPDX expression in its canonical form, or nothing for what is none."""
    try:
        return str(canonicalize_license_expression(text)) if text and "\n" not in text else ""
    except (InvalidLicenseExpression, ValueError):
        return ""
