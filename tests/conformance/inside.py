"""Runs CPython's own cases: plainly, to record the files that they need, and inside the archive, against our importer.

Standard library and CPython's `test` package only. It reads a request and prints a report, both JSON.
"""

from __future__ import annotations

import base64
import contextlib
import fnmatch
import importlib.machinery
import importlib.util
import io
import json
import os
import sys
import unittest
import unittest.mock
import warnings

import staging
import test.support
from test.test_importlib import util

ROOT = "/os402/app"
HOOKS = sys.path_hooks[:]
IMPORTER = ("archive.py", "files.py", "importer.py", "index.py", "inodes.py", "mount.py")
"""The launcher's modules of which none runs unless something of the archive is asked for."""


def main() -> None:
    """Run what the request asks for and print what came of it."""
    request = json.load(sys.stdin)
    replays = __file__.startswith(ROOT)
    stage = staging.Replayer(ROOT) if replays else staging.Recorder(sys.argv[1], ROOT)
    # What an import writes is no part of what a case needs. `test_runpy` then leaves its bytecode alone.
    sys.dont_write_bytecode = True
    util.writes_bytecode_files = lambda case: case
    test.support.use_resources = {"cpu"}  # no gigabytes, no network
    watch = Watch()
    report = {}
    out = sys.stdout
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for module_name in request["modules"]:
            try:
                module = importlib.import_module(module_name)
            except unittest.SkipTest as skip:
                report[module_name] = {"outcome": "skipped", "why": str(skip)}
                continue
            if replays:
                adapt(module)
            for case in cases(unittest.defaultTestLoader.loadTestsFromModule(module)):
                name = case.id()
                if name in report:  # a class with two names, as in test_path
                    continue
                if any(fnmatch.fnmatchcase(name, pattern) for pattern in request["not_run"]):
                    report[name] = {"outcome": "not run"}
                    continue
                with isolated():
                    stage.begin(name, keeps_removed=".test_importlib." not in name)
                    place_archives(module, stage)
                    watch.begin()
                    try:
                        report[name] = run(case)
                    finally:
                        report[name]["served"] = watch.end()
                        stage.end()
    if not replays:
        report = {name: base64.b64encode(content).decode() for name, content in stage.files.items()}
    json.dump(report, out)


def cases(suite):
    """Yield the cases of a suite."""
    for part in suite:
        yield from cases(part) if isinstance(part, unittest.TestSuite) else [part]


def run(case: unittest.TestCase) -> dict[str, str]:
    """Run one case."""
    method = getattr(case, case._testMethodName, None)
    # Where CPython expects its own finders to fail, ours are asked for what the case says.
    vars(getattr(method, "__func__", method)).pop("__unittest_expecting_failure__", None)
    case.__unittest_expecting_failure__ = False
    result = unittest.TestResult()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        unittest.TestSuite([case]).run(result)
    bad = result.errors + result.failures
    if bad:
        return {"outcome": "failed", "why": bad[0][1]}
    if result.skipped:
        return {"outcome": "skipped", "why": result.skipped[0][1]}
    return {"outcome": "passed"}


class Watch:
    """Notices whether the launcher's importer had a part in a case."""

    def __init__(self) -> None:
        self.seen = False
        sys.monitoring.use_tool_id(3, "conformance")
        sys.monitoring.register_callback(3, sys.monitoring.events.PY_START, self.started)

    def begin(self) -> None:
        """Start looking."""
        self.seen = False
        sys.monitoring.restart_events()
        sys.monitoring.set_events(3, sys.monitoring.events.PY_START)

    def end(self) -> bool:
        """Stop looking; return what was seen."""
        sys.monitoring.set_events(3, 0)
        return self.seen

    def started(self, code, _):
        """Be told of a function's first call since `begin`."""
        folder, _, name = code.co_filename.rpartition("/")
        if folder.startswith(f"{ROOT}/_os402") and name in IMPORTER:
            self.seen = True
        return sys.monitoring.DISABLE


@contextlib.contextmanager
def isolated():
    """Put the state of the import system back, whatever a case that fails leaves behind."""
    kept = [sys.path[:], sys.meta_path[:], sys.path_hooks[:], dict(sys.modules), sys.argv[:]]
    try:
        yield
    finally:
        sys.path[:], sys.meta_path[:], sys.path_hooks[:], modules, sys.argv[:] = kept
        for name in set(sys.modules) - set(modules):
            if not name.startswith(("test.", "_os402")) and is_of_a_case(sys.modules[name]):
                del sys.modules[name]
        sys.modules.update({name: module for name, module in modules.items() if sys.modules.get(name) is not module})


def is_of_a_case(module) -> bool:
    """Tell whether a module lies in a case's folder or is none that the standard library knows."""
    return getattr(module, "__name__", "").partition(".")[0] not in sys.stdlib_module_names


def place_archives(module, stage) -> None:
    """Let `test_zipimport` have its archives in the case's folder; it has fixed names in the current one for them."""
    if hasattr(module, "TEMP_ZIP"):
        folder = stage.folder
        os.chdir(folder)
        module.TEMP_ZIP, module.TEMP_DIR = f"{folder}/junk95142.zip", f"{folder}/junk95142"
        module.UncompressedZipImportTestCase.makeZip.__defaults__ = (module.TEMP_ZIP,)
        module.UncompressedZipImportTestCase.makeTree.__defaults__ = (module.TEMP_DIR,)


def adapt(module) -> None:
    """Give the templates for path entry finders and loaders ours, instead of those of `importlib.machinery`."""
    if module.__name__.startswith("test.test_importlib.source."):
        for value in vars(module).values():
            if isinstance(value, type) and "machinery" in vars(value):
                value.machinery = machinery(value.machinery)
                if hasattr(value, "util"):
                    value.util = Like(value.util, cache_from_source=beside(value.util.cache_from_source))
    elif module.__name__ == "test.test_zipimport":
        check = module.UncompressedZipImportTestCase.doTest

        def do_test(case, extension, files, *modules, **kw):
            # Where zipimport names a module after its bytecode although its source is there, a folder names its source.
            source = "/".join(modules) + ".py"
            return check(case, ".py" if extension and source in files else extension, files, *modules, **kw)

        module.UncompressedZipImportTestCase.doTest = do_test
    elif module.__name__ == "test.test_runpy":
        # Loaders of another class, and no bytecode elsewhere: that is what is known to differ in a spec.
        module.importlib = Like(
            importlib,
            util=Like(
                importlib.util,
                cache_from_source=lambda path: (
                    None if path.startswith(ROOT) else importlib.util.cache_from_source(path)
                ),
                spec_from_file_location=spec_of,
            ),
        )


def beside(real):
    """Return `cache_from_source`, which in an archive is beside the source."""
    return lambda path: staging.beside(path) if path.startswith(ROOT) else real(path)


def spec_of(name: str, path: str):
    """Return the spec that `spec_from_file_location` gives, with what is known to differ."""
    spec = importlib.util.spec_from_file_location(name, path)
    if not str(path).startswith(ROOT):
        return spec
    loader = Loader(importlib.machinery.SourceFileLoader)(name, path) if spec.loader else None
    return Like(spec, loader=loader, cached=None)


class Like:
    """A module or a spec of which some things are others."""

    def __init__(self, real, **others) -> None:
        vars(self).update(others, _real=real)

    def __getattr__(self, name: str):
        return getattr(self._real, name)


def machinery(real):
    """Return `importlib.machinery`, of which the classes for folders give what the import system has for the archive."""
    return Like(
        real,
        FileFinder=Finder(real.FileFinder),
        SourceFileLoader=Loader(real.SourceFileLoader),
        SourcelessFileLoader=Loader(real.SourcelessFileLoader),
    )


class Finder:
    """`FileFinder`, as far as it is called."""

    def __init__(self, real) -> None:
        self._real = real

    def __call__(self, path: str, *details):
        return finder(path) if path.startswith(ROOT) else self._real(path, *details)

    def path_hook(self, *details):
        return lambda path: self(path, *details)


class Loader:
    """`SourceFileLoader` or `SourcelessFileLoader`, as far as they are called."""

    def __init__(self, real) -> None:
        self._real = real

    def __call__(self, name: str, path: str):
        if not isinstance(path, str):  # the case wants a loader that will not do; here, one for another module
            return finder(ROOT).find_spec("staging").loader
        if not path.startswith(ROOT):
            return self._real(name, path)
        folder, _, file = path.rpartition("/")
        spec = finder(folder.rpartition("/")[0] if file.startswith("__init__.") else folder).find_spec(name)
        assert spec is not None, f"the archive has no {path}"
        return spec.loader


def finder(path: str):
    """Return the path entry finder that the import system takes for a folder of the archive, newly made."""
    for hook in HOOKS:  # those of the start: a case may have none
        with contextlib.suppress(ImportError):
            return hook(path)
    raise ImportError(f"no path hook takes {path}")


if __file__.startswith(ROOT):
    test.__path__.insert(0, f"{ROOT}/cpython")
    for known in [name for name in sys.modules if name.startswith("test.test_importlib")]:
        del sys.modules[known]
    del test.test_importlib
    util = importlib.import_module("test.test_importlib.util")
elif __name__ == "__main__":
    main()
