"""Tests of a package, with rewritten assertions (an import hook), captured output and `tmp_path`."""

import contextlib
import io
import os

import pytest


def facts():
    seen = {}

    class Plugin:
        @pytest.hookimpl
        def pytest_runtest_logreport(self, report):
            if report.when == "call" or report.failed:
                text = getattr(report.longrepr, "reprcrash", None)
                seen[report.nodeid.rpartition("::")[2]] = [report.outcome, text and text.message.splitlines()[0]]

    folder = os.path.join(os.path.dirname(__file__), "hooked", "tests")
    with contextlib.redirect_stdout(io.StringIO()):
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:importnb"]  # that plugin is for older releases of pytest
        code = pytest.main([*options, "--rootdir", folder, folder], plugins=[Plugin()])
    return [int(code), seen]
