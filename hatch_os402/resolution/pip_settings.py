"""Which of the user's settings reach pip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.environment import NETWORK, chosen

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = frozenset({
    "cache-dir", "cert", "client-cert", "default-timeout", "extra-index-url", "find-links", "index-url",
    "keyring-provider", "no-cache-dir", "no-index", "proxy", "resume-retries", "retries", "timeout", "trusted-host",
    "uploaded-prior-to", "use-deprecated", "use-feature",
})  # fmt: skip
"""The settings of pip, from `PIP_*` or its configuration files, that say where packages come from and how to get them.

Everything else (`user`, `target`, `constraint`, `require-hashes`, `no-deps`, `python`, ...) would change the result.
"""


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for pip: of `variables`, what it needs to reach an index, and its harmless settings."""
    settings = {f"PIP_{name.replace('-', '_').upper()}" for name in SETTINGS} | {"PIP_CONFIG_FILE"}
    keyring = {name for name in variables if name.startswith("KEYRING_PROPERTY_")}
    kept = chosen(variables, NETWORK | settings | keyring)
    return kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PYTHONUTF8": "1"}
