"""The environment of the programs that a build starts: a list of what they get, and nothing else.

A build may have secrets in its environment, such as X402_KEY or those of a cloud. pip, compilers, the code of an sdist
that is built and git have no use for them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

KEY = "X402_KEY"
KEY_PASSWORD = "X402_KEY_PASSWORD"  # noqa: S105 - a name
"""The variables of the key that signs offers. A build has no use for them, and runs the code of others."""

CALLER = "_HATCH_OS402_CALLER"
"""The variable that names the folder where the user stands, for a build in a process of its own."""
UNLISTED = "_HATCH_OS402_UNLISTED"
"""The variable that lets such a build list no paths: who started it prints them."""

_BASE = frozenset({
    # Where programs, homes and temporary files are.
    "PATH", "HOME", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH",
    # Language and clock.
    "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ",
    # What programs on Windows and macOS do not start without, or find their folders by.
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA",
    "LOCALAPPDATA", "PROGRAMDATA", "ALLUSERSPROFILE", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
    "__CF_USER_TEXT_ENCODING",
})  # fmt: skip

GIT = frozenset({
    "XDG_CONFIG_HOME", "GIT_CEILING_DIRECTORIES", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
})  # fmt: skip
"""What says where git's configuration is (`safe.directory`) and how far it looks for a repository."""

NETWORK = frozenset({
    "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME", "XDG_DATA_HOME", "NETRC",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    # keyring: which backend, and the session in which the Secret Service is.
    "PYTHON_KEYRING_BACKEND", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR",
})  # fmt: skip
"""What pip needs to find its configuration and its cache, and to get through to an index."""


def chosen(variables: Mapping[str, str], more: Collection[str] = ()) -> dict[str, str]:
    """Return those of `variables` that every program gets, and those that `more` names.

    The names of variables have no case on Windows, where Python gives them in capitals.
    """
    known = {*_BASE, *more}
    if os.name == "nt":
        known = {name.upper() for name in known}
    return {name: value for name, value in variables.items() if name in known}


@contextmanager
def without_keys() -> Iterator[None]:
    """Take the key that signs out of this process's environment: backends and hooks run the code of others."""
    taken = {name: os.environ.pop(name) for name in (KEY, KEY_PASSWORD) if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)
