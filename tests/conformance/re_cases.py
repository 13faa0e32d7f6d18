"""Runs CPython's own cases for `re` inside the archive. Standard library and CPython's `test` package only."""

from __future__ import annotations

import io
import json
import re
import sys
import unittest

import test.support
import test.test_re


def main() -> None:
    """Print what came of each case, and what of `re` was prepared."""
    test.support.use_resources = {"cpu"}
    suite = unittest.defaultTestLoader.loadTestsFromModule(test.test_re)
    result = unittest.TextTestRunner(io.StringIO(), verbosity=0).run(suite)
    report = {
        "ran": result.testsRun,
        "bad": [f"{case.id()}\n{why}" for case, why in result.errors + result.failures],
        "skipped": sorted(case.id() for case, _ in result.skipped),
        "cache": type(re._cache2).__name__,
    }
    json.dump(report, sys.stdout)
