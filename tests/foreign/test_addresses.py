"""Addresses of others: what is shown of them, and what comes of those that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.foreign.addresses import filename, local_path, shown_address, split


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://index.example/simple/a/", "https://index.example/simple/a/"),
        ("https://me:s3cret@index.example:8443/a.whl?key=s3cret#s3cret", "https://index.example:8443/a.whl"),
        ("https://me:s3cret@[host/b.whl", "https:…"),
        ("https://me:s3/cret@index.example/a", "https:…"),
        ("me:s3cret@index.example", "index.example"),
        ("index.example?s3cret", "index.example"),
    ],
)
def test_what_is_shown(url, shown):
    assert shown_address(url) == shown


@given(
    st.text(st.characters(exclude_characters="/?#[]@:\\", exclude_categories=["Cs"], max_codepoint=0x2FF), min_size=9)
)
def test_a_password_is_never_shown(password):
    assert password not in shown_address(f"https://me:{password}@index.example/a")


def test_what_is_no_address():
    assert split("https://[x/y.whl") is None
    assert filename("https://[x/y.whl") == ""
    assert local_path("file://[x/y.whl") == Path()
    assert filename("https://index.example/a%20b/c%2B1.whl?x=/d") == "c+1.whl"
