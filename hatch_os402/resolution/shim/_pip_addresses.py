"""Which addresses pip may act upon, for the shim: an address is checked before anything is done with it.

`Requires-Dist: NAME @ URL` of a dependency, and a link of an index, choose what pip does: a scheme like `git+https`
starts git, a folder or an sdist is built. Only files over http and https and files of this machine are wheels.

What `build-from-source` names may be source, where the project itself requires it by address, or something else that
was built from source: of an sdist the own PKG-INFO counts, a folder is reported, to be built by who started this. Once
its wheel was built, that stands for the address.
"""

import copy
import json
import os
import re
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname


class Addresses:
    """Refuses addresses. What was refused, and why, is written to the file `answer`, as JSON.

    `error` is pip's class of errors that end a run with a message. `source` has the names that may be source,
    `requirers` those that may require them so, and `built` pairs of an address and that of the wheel built of it.
    """

    def __init__(self, answer, error, source=(), requirers=(), built=()):
        self._answer = answer
        self._error = error
        self._source = frozenset(source)
        self._requirers = frozenset(requirers)
        self._built = dict(built)

    def refuse(self, name, url, why, parent):
        """Write down what is refused, and raise pip's error.

        `url` is an address, or the value of a setting, or why a marker cannot be decided.
        """
        reported = {"name": str(name or ""), "url": url, "why": why, "parent": str(parent or "")}
        with open(self._answer, "w", encoding="utf-8") as file:
            json.dump(reported, file)
        raise self._error("os402-refused: " + why)

    def check_requirement(self, requirement, parent):
        """Return `requirement`, with the address of the wheel that was built for its own, if one was.

        Raise unless pip may act upon the address that it gives, if it gives one. `parent` requires it.
        """
        url = getattr(requirement, "url", None)
        if not url:
            return requirement
        while getattr(getattr(parent, "req", None), "url", None) == url:
            parent = parent.comes_from  # of a requirement with extras, pip creates a second one without them
        why = _why_not(url) or ("" if _filename(url).endswith(".whl") else _not_a_file(url))
        if why in ("folder", "source") and self._may_be_source(requirement, parent):
            if url in self._built:
                requirement = copy.copy(requirement)
                requirement.url = self._built[url]
                return requirement
            why = "unbuilt" if why == "folder" else "" if _filename(url).endswith(_SDISTS) else why
        if not why and not self._is_ours(parent) and url[:5].lower() == "file:":
            why = "local"
        if why:
            self.refuse(requirement.name, url, why, getattr(parent, "name", ""))
        return requirement

    def _may_be_source(self, requirement, parent):
        return _canonical(requirement.name) in self._source and self._is_ours(parent)

    def _is_ours(self, parent):
        """Whether `parent` is the project, or what it names to be built from source; None is what was asked for."""
        return parent is None or _canonical(getattr(parent, "name", None) or "") in self._requirers

    def check_link(self, link, template):
        """Raise unless pip may act upon `link`, which an index or a requirement gave for `template`."""
        why = _why_not(link.url)
        if why:
            self.refuse(getattr(template, "name", ""), link.url, why, "")


_SDISTS = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar")


def _canonical(name):
    return re.sub("[-_.]+", "-", name).lower()


def _why_not(url):
    """Return a word for what is wrong with an address, or nothing."""
    scheme = url.partition(":")[0].lower()
    if "+" in scheme:
        return "vcs"
    if not url.isprintable() or any(character.isspace() for character in url):
        return "characters"
    if scheme not in ("http", "https", "file"):
        return "scheme"
    if scheme == "file" and not url.startswith("file:"):
        return "capitals"  # pip takes it for a file, and cannot read it
    try:
        host = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "host"
    return "host" if (scheme == "file" and host not in ("", "localhost")) or (scheme != "file" and not host) else ""


def _filename(url):
    return unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2].lower()


def _not_a_file(url):
    return "folder" if url[:5].lower() == "file:" and os.path.isdir(url2pathname(urlsplit(url).path)) else "source"


def without_programs(internals):
    """Take from pip all that would start a program to get a distribution: git, hg, svn, bzr.

    `internals` are those of `_pip_internals`. Raises `ImportError` when that does not take them away.
    """
    vcs = internals.vcs
    for name in list(vcs):
        vcs.unregister(name)
    if list(vcs) or vcs.all_schemes:
        raise ImportError("its version control systems cannot be taken away")


def requirements(listed, internals):
    """Return pip's requirements of `listed`, pairs of a requirement's text (PEP 508) and SHA256s in hex.

    No file of requirements is read: its syntax has options, comments and `${VARIABLES}`, which texts that come from
    a dependency must not reach.
    """
    found = []
    for text, sha256s in listed:
        made = internals.constructors.install_req_from_req_string(text, user_supplied=True)
        if sha256s:
            made.hash_options = {"sha256": list(sha256s)}
        found.append(made)
    return found
