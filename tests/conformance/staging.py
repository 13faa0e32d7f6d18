"""Where the files of CPython's cases are: written to a folder once, to be read from the archive after that.

Standard library only: `Recorder` runs in a plain CPython, `Replayer` inside the archive. Both give each case folders of
its own, the same ones in the same order. What the case has written there by its end is the tree it needs; in the
archive its writing does nothing, since the tree is there already.
"""

from __future__ import annotations

import hashlib
import io
import os
import py_compile
import re
import shutil
import sys
import tempfile
import zipfile

CASES = "cases"
ARCHIVES = (".zip", ".whl", ".egg")
QUIET = ("chmod", "mkdir", "makedirs", "remove", "rename", "replace", "rmdir", "unlink", "utime")


def key(case: str) -> str:
    """Return the name of a case's folder."""
    return "c" + hashlib.sha256(case.encode()).hexdigest()[:12]


def beside(source: str) -> str:
    """Return where the bytecode of a source lies in an archive."""
    return f"{source}c"


def unpacked(name: str, content: bytes) -> dict[str, bytes]:
    """Return the files that a file stands for in the archive: an archive in it would be a folder."""
    if name.endswith(ARCHIVES) and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {f"{name}/{part}": archive.read(part) for part in archive.namelist() if not part.endswith("/")}
    return {name: content}


class Recorder:
    """Keeps what cases write below a folder."""

    def __init__(self, base: str, root: str) -> None:
        self.base = os.path.realpath(base)
        self.later = f"{root}/{CASES}"
        self.files: dict[str, bytes] = {}
        self.keeps_removed = False
        self.folder = ""
        self.count = 0
        tempfile.mkdtemp = self.mkdtemp
        sys.addaudithook(self.audit)

    def begin(self, case: str, *, keeps_removed: bool) -> None:
        """Make the case's folder the current one. `keeps_removed`: files that the case removes belong to its tree."""
        self.folder = os.path.join(self.base, key(case))
        self.keeps_removed = keeps_removed
        self.count = 0
        os.mkdir(self.folder)
        os.chdir(self.folder)

    def end(self) -> None:
        """Keep what is there at the end."""
        self.keep(self.folder)
        os.chdir(self.base)
        self.folder = ""

    def mkdtemp(self, suffix=None, prefix=None, dir=None) -> str:  # noqa: A002 - tempfile's
        """Stand for `tempfile.mkdtemp`."""
        path = os.path.join(self.folder or self.base, str(self.count))
        self.count += 1
        os.mkdir(path)
        return path

    def audit(self, event: str, arguments: tuple) -> None:
        """Keep what is about to be removed."""
        if not self.folder or event not in {"os.remove", "shutil.rmtree"}:
            return
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if path.startswith(self.folder + "/") and (event == "shutil.rmtree" or self.keeps_removed):
            self.keep(path)

    def keep(self, path: str) -> None:
        """Keep the content of a file or of all files in a folder."""
        names = [path] if os.path.isfile(path) else [os.path.join(top, n) for top, _, ns in os.walk(path) for n in ns]
        for name in sorted(names):
            try:
                with open(name, "rb") as file:
                    content = file.read()
            except OSError:  # made unreadable by the case
                continue
            # Bytecode lies beside its source in an archive.
            place = re.sub(r"__pycache__/([^/]+)\.cpython-3\d+\.pyc$", r"\1.pyc", os.path.relpath(name, self.base))
            # An archive's names are UTF-8 (APPNOTE, appendix D); a case's may be any bytes.
            if "__pycache__" not in place and place.encode(errors="replace") == os.fsencode(place):
                for member, data in unpacked(place, content).items():
                    # A case may write paths into its files; in bytecode they have a length.
                    text = data if member.endswith(".pyc") else data.replace(self.base.encode(), self.later.encode())
                    self.files[f"{CASES}/{member}"] = text


class Replayer:
    """Lets cases find in the archive what `Recorder` kept, and lets them write it again without effect."""

    def __init__(self, root: str) -> None:
        from test.support import import_helper, os_helper

        self.top = f"{root}/{CASES}/"
        self.folder = ""
        self.count = 0
        self.current: str | None = None
        self.written: dict[str, io.BytesIO] = {}
        tempfile.mkdtemp = self.mkdtemp
        for module in (sys.modules["builtins"], io):
            module.open = self.quiet_open(module.open)
        for name in QUIET:
            setattr(os, name, self.quiet(getattr(os, name)))
        for name in ("_rmdir", "_unlink", "create_empty_file", "rmtree"):
            setattr(os_helper, name, self.quiet(getattr(os_helper, name)))
        shutil.rmtree = self.quiet(shutil.rmtree)
        py_compile.compile = self.quiet(py_compile.compile, lambda file, cfile=None, **_: cfile or beside(file))
        import_helper.make_legacy_pyc = self.quiet(import_helper.make_legacy_pyc, beside)
        getcwd, chdir = os.getcwd, os.chdir
        os.getcwd = lambda: self.current or getcwd()

        def change(path):
            self.current = path if self.mine(path) else None
            return None if self.current else chdir(path)

        os.chdir = change

    def begin(self, case: str, *, keeps_removed: bool) -> None:
        """Give the case its folder."""
        self.folder = self.top + key(case)
        self.count = 0

    def end(self) -> None:
        """Forget the case."""
        self.folder, self.current = "", None
        self.written.clear()

    def mkdtemp(self, suffix=None, prefix=None, dir=None) -> str:  # noqa: A002 - tempfile's
        """Stand for `tempfile.mkdtemp`."""
        path = f"{self.folder}/{self.count}"
        self.count += 1
        return path

    def mine(self, path) -> bool:
        """Tell whether it is the path of something that a case has written."""
        if not isinstance(path, (str, os.PathLike)):
            return False
        path = os.path.join(self.current or "", path)
        return path.startswith(self.top)

    def quiet(self, real, answer=lambda *_, **__: None):
        """Return a function that does nothing for the cases' files."""
        return lambda path, *args, **kwargs: (answer if self.mine(path) else real)(path, *args, **kwargs)

    def quiet_open(self, real):
        """Return `open` for the cases: writing has no effect; an archive is a folder, and can be written again."""

        def quiet(file, mode="r", *args, **kwargs):
            if self.mine(file):
                name = os.path.join(self.current or "", os.fspath(file))
                if not set(mode).isdisjoint("wax+"):
                    self.written[name] = stream = Written()
                    return stream if "b" in mode else io.TextIOWrapper(stream, encoding="utf-8")
                if self.current and name in self.written:  # an archive that gets something in front of it
                    return io.BytesIO(self.written[name].content)
            return real(file, mode, *args, **kwargs)

        return quiet


class Written(io.BytesIO):
    """A file that nobody will read, unless it is an archive."""

    content = b""

    def close(self) -> None:
        if not self.closed:
            self.content = self.getvalue()
        super().close()
