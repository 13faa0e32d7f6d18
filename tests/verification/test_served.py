"""The offer that a server serves, by its address or by that at which it is called."""

from __future__ import annotations

import httpx
import pytest
from support.artifactcraft import write_artifacts

from hatch_os402.errors import Os402Error
from hatch_os402.verification.served import fetch_offer, served_links


@pytest.fixture
def envelope(tmp_path):
    return write_artifacts(tmp_path)[".offer.signed.json"].read_bytes()


def fetch(url, envelope):
    asked = []

    def respond(request):
        asked.append((request.method, str(request.url)))
        return httpx.Response(200, content=envelope)

    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        return fetch_offer(url, client), asked


@pytest.mark.parametrize("base", ["https://os402.example/", "http://h.cgi:3000/some/where/"])
@pytest.mark.parametrize("call", ["", "/", ".cgi", ".cgi/", ".cgi/path/x.cgi", ".cgi?a=1&b=/x.cgi", ".cgi/p?q#r"])
def test_the_address_of_a_call_names_its_offer_and_calls_nothing(base, call, envelope):
    _, asked = fetch(f"{base}hello{call}", envelope)
    assert asked == [("GET", f"{base}hello{call if call == '/' else ''}")]


@pytest.mark.parametrize("call", ["", ".cgi", ".cgi/path?x=1"])
def test_a_hash_that_was_asked_for_is_compared(call, envelope):
    read, _ = fetch("https://h/x", envelope)
    right, *_ = served_links(f"https://h/{read.sha256}{call}", read, None)
    wrong, *_ = served_links(f"https://h/{'0' * 64}{call}", read, None)
    assert right.holds
    assert not wrong.holds
    assert f"{'0' * 64} was asked for" in wrong.detail


@pytest.mark.parametrize("url", ["https://h/", "https://h/a b.cgi", "ftp://h/a.cgi"])
def test_what_is_no_address_of_an_offer(url, envelope):
    with pytest.raises(Os402Error, match="is named by its URL"):
        fetch(url, envelope)
