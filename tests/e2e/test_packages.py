"""Real packages do what they are for without a disk, and the page in the docs says so."""

from __future__ import annotations

import pytest
import showcase

pytestmark = [pytest.mark.network, pytest.mark.once]


@pytest.fixture(scope="module")
def results(tmp_path_factory, python312):
    folder = tmp_path_factory.mktemp("showcase")
    built = showcase.build_all(folder / "packages", HATCH_OS402_CACHE_DIR=str(folder / "cache"))
    return showcase.run_all(built, python312.path)


@pytest.mark.parametrize("package", showcase.expected())
def test_a_package_does_what_it_is_for(results, package):
    row, answer = results[package]
    assert answer == showcase.expected()[package], row


def test_the_page_is_what_the_run_gives(results):
    rows = [row.steady for row, _ in results.values()]
    assert showcase.read(showcase.PAGE.read_text(encoding="utf-8")) == rows
    assert all(does and result == showcase.WORKS for _, does, result in rows)
