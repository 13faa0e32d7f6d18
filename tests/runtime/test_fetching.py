from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from support.standins import Listener, ape, assimilated, serving, sha256

from hatch_os402.errors import Os402Error
from hatch_os402.foreign.addresses import shown_address
from hatch_os402.runtime import download, fetching, pins
from hatch_os402.runtime.configured import ConfiguredRuntime

DATA = ape("x86_64", "aarch64")
HALF = len(DATA) // 2


@pytest.fixture
def server(monkeypatch):
    """A server with the stand-in, which is pinned."""
    with serving(DATA) as it:
        monkeypatch.setattr(pins, "URL", it.url)
        monkeypatch.setattr(pins, "ASSIMILATED_SHA256", {"x86_64": sha256(assimilated(DATA))})
        yield it


class Fetch:
    """`fetch` with a cache of its own; keeps what it said and how long it would have slept."""

    def __init__(self, cache):
        self.cache = cache
        self.reporter = Listener()
        self.slept = []
        self.progress = []

    def __call__(self, executable=None, client=None):
        return fetching.fetch(
            executable,
            cache=self.cache,
            reporter=self.reporter,
            progress=lambda *state: self.progress.append(state),
            client=client,
            sleep=self.slept.append,
        )

    def left(self):
        return {path.name for path in self.cache.rglob("*") if path.is_file()} - {"lock"}


@pytest.fixture
def fetch(tmp_path):
    return Fetch(tmp_path / "cache")


def nobody(request):
    raise AssertionError(f"{request.url} was asked")


def by_url(server, content=DATA, arch="x86_64"):
    return ConfiguredRuntime(arch, sha256(content), url=server.url)


def test_the_published_cosmo_python_is_the_default(fetch):
    asked = []

    def refuse(request):
        asked.append(str(request.url))
        return httpx.Response(404)

    with httpx.Client(transport=httpx.MockTransport(refuse)) as client, pytest.raises(Os402Error):
        fetch(client=client)
    assert asked == ["https://cosmo.zip/pub/cosmos/bin/python"]
    assert fetching.pinned() == ConfiguredRuntime(
        "x86_64", "c2a95e26e9179212f49bb983c5adcc2ca2959583d2706eba0be247277a6ae264"
    )


def test_the_pinned_one_is_made_an_elf(server, fetch):
    path = fetch()
    assert path.read_bytes() == assimilated(DATA)
    assert os.access(path, os.X_OK)
    assert fetch.left() == {"python"}
    assert fetch.progress[0] == (0, len(DATA))
    assert fetch.progress[-1] == (len(DATA), len(DATA))
    assert fetch.slept == []


def test_the_second_time_nobody_is_asked(server, fetch):
    path = fetch()
    with httpx.Client(transport=httpx.MockTransport(nobody)) as client:
        assert fetch(client=client) == path
    assert fetching.cached(None, fetch.cache) == path
    assert fetching.find_by_sha256(sha256(assimilated(DATA)), fetch.cache) == path
    assert len(server.requests) == 1


def test_without_httpx_what_is_there_is_found(server, fetch, monkeypatch):
    path = fetch()
    monkeypatch.setitem(sys.modules, "httpx", None)
    assert fetch() == path


def test_one_of_the_project_is_taken_as_it_is(server, fetch):
    path = fetch(by_url(server))
    assert path.read_bytes() == DATA


def test_a_path_is_used_where_it_is(fetch, tmp_path):
    mine = tmp_path / "python"
    assert fetch(ConfiguredRuntime("x86_64", "ab" * 32, path=mine)) == mine
    assert not fetch.cache.exists()


def test_a_mirror_may_have_the_elf_already(server, fetch):
    server.content = assimilated(DATA)
    assert fetch().read_bytes() == assimilated(DATA)


def test_a_damaged_one_in_the_cache_is_fetched_again(server, fetch):
    path = fetch()
    path.write_bytes(b"damaged")
    assert fetching.cached(None, fetch.cache) is None
    assert fetch().read_bytes() == assimilated(DATA)


@pytest.mark.parametrize("sha256", ["../../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n", ""])
def test_what_is_no_sha256_is_not_looked_for(tmp_path, sha256):
    (tmp_path / "runtime").mkdir()
    assert fetching.find_by_sha256(sha256, tmp_path) is None


def test_a_cut_connection_is_resumed(server, fetch):
    server.script = [server.cut(HALF)]
    assert fetch().read_bytes() == assimilated(DATA)
    first, second = server.requests
    assert "Range" not in first
    assert first["Accept-Encoding"] == second["Accept-Encoding"] == "identity"
    assert (second["Range"], second["If-Range"]) == (f"bytes={HALF}-", '"one"')
    assert fetch.slept == [download.PAUSES[0]]
    assert fetch.progress[-1] == (len(DATA), len(DATA))
    assert any("trying again in 1 s" in said for said in fetch.reporter.messages)


def test_after_many_cuts_the_next_run_goes_on(server, fetch):
    attempts = len(download.PAUSES) + 1
    server.script = [server.cut(100)] * attempts
    with pytest.raises(Os402Error, match=rf"could not be fetched: .*\({attempts} attempts\)\."):
        fetch()
    assert fetch.slept == list(download.PAUSES)
    assert fetching.cached(None, fetch.cache) is None
    assert fetch().read_bytes() == assimilated(DATA)
    assert server.requests[-1]["Range"] == f"bytes={100 * attempts}-"


@pytest.mark.parametrize("etag", ["", 'W/"one"'], ids=["no validator", "weak validator"])
def test_without_a_strong_validator_nothing_is_resumed(server, fetch, etag):
    server.etag = etag
    server.script = [server.cut(HALF)]
    assert fetch().read_bytes() == assimilated(DATA)
    assert ["Range" in request for request in server.requests] == [False, False]


def test_a_date_serves_as_validator(server, fetch):
    server.validator, server.etag = "Last-Modified", "Mon, 03 Jun 2024 10:00:00 GMT"
    server.script = [server.cut(HALF)]
    assert fetch().read_bytes() == assimilated(DATA)
    assert server.requests[1]["If-Range"] == server.etag


def test_a_server_without_ranges_sends_the_whole(server, fetch):
    server.ranges = False
    server.script = [server.cut(HALF)]
    assert fetch().read_bytes() == assimilated(DATA)
    assert "Range" in server.requests[1]


def test_a_file_that_changed_meanwhile_is_fetched_whole(server, fetch):
    def change(handler):
        server.content, server.etag = DATA, '"two"'
        server.answer(handler)

    server.content = b"x" * len(DATA)
    server.script = [server.cut(HALF), change]
    assert fetch().read_bytes() == assimilated(DATA)


@pytest.mark.parametrize("status", [206, 416])
def test_a_wrong_range_is_not_taken(server, fetch, status):
    server.script = [server.cut(HALF), server.answers(status, {"Content-Range": "bytes 5-9/10"}, b"wrong")]
    assert fetch().read_bytes() == assimilated(DATA)
    assert "Range" not in server.requests[2]
    assert not any("from its start" in said for said in fetch.reporter.messages)


@pytest.mark.parametrize(("content", "requests"), [(DATA, 1), (b"x" * len(DATA), 2)], ids=["right", "wrong"])
def test_a_download_that_was_complete_is_repeated_only_when_it_is_wrong(server, fetch, content, requests):
    place = fetching._place(sha256(assimilated(DATA)), fetch.cache)
    place.parent.mkdir(parents=True)
    place.with_name("python.part").write_bytes(content)
    place.with_name("python.part.validator").write_text(server.etag)
    assert fetch().read_bytes() == assimilated(DATA)
    assert len(server.requests) == requests
    assert fetch.left() == {"python"}


def test_a_resumed_download_that_is_wrong_is_repeated_once_from_the_start(server, fetch):
    """As when the server gives two files one entity tag."""

    def replace(handler):
        server.content = DATA
        server.answer(handler)

    server.content = b"x" * len(DATA)
    server.script = [server.cut(HALF), replace]
    assert fetch().read_bytes() == assimilated(DATA)
    assert ["Range" in request for request in server.requests] == [False, True, False]


def test_a_download_that_stays_wrong_is_given_up(server, fetch):
    server.content = b"x" * len(DATA)
    server.script = [server.cut(HALF), server.answer, server.cut(HALF)]
    with pytest.raises(Os402Error, match="does not send the expected runtime"):
        fetch()
    assert len(server.requests) == 4
    assert fetch.left() == set()


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_that_fails_once_is_asked_again(server, fetch, status):
    server.script = [server.answers(status)]
    assert fetch().read_bytes() == assimilated(DATA)
    assert fetch.slept == [1.0]


def test_a_server_that_keeps_failing(server, fetch):
    server.script = [server.answers(503)] * 9
    with pytest.raises(Os402Error, match="the server answered 503 Service Unavailable"):
        fetch()
    assert len(server.requests) == 5


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_final(server, fetch, status):
    server.script = [server.answers(status)]
    with pytest.raises(Os402Error, match=f"the server answered {status}.*\nCorrect the URL"):
        fetch()
    assert (len(server.requests), fetch.slept) == (1, [])


def test_a_redirect_is_followed(server, fetch):
    server.script = [server.answers(302, {"Location": "/elsewhere"})]
    assert fetch().read_bytes() == assimilated(DATA)


def test_redirects_without_end(server, fetch):
    server.script = [server.answers(302, {"Location": "/again"})] * 50
    with pytest.raises(Os402Error, match="TooManyRedirects"):
        fetch()


@pytest.mark.parametrize("message", ["answered 404", "does not send the expected runtime"])
def test_no_message_holds_what_is_secret_in_a_url(server, fetch, message):
    url = server.url.replace("://", "://user:hunter2@") + "?token=hunter3"
    if "404" in message:
        server.script = [server.answers(404)]
    with pytest.raises(Os402Error, match=message) as caught:
        fetch(ConfiguredRuntime("x86_64", "ab" * 32, url=url))
    told = "\n".join([caught.value.message, caught.value.details, *fetch.reporter.messages])
    assert "hunter" not in told
    assert server.url in told


def test_a_url_that_is_none(fetch):
    url = "http://user:hunter2@host:port/"
    with pytest.raises(Os402Error, match=r"could not be fetched: InvalidURL\.\nCorrect the URL") as caught:
        fetch(ConfiguredRuntime("x86_64", "ab" * 32, url=url))
    assert "hunter" not in caught.value.message
    assert fetch.slept == []
    assert shown_address("http://user:hunter2@[") == "http:…"


def test_another_file_than_the_pinned_one(server, fetch):
    other = ape("x86_64", body=b"newer release")
    server.content = other
    with pytest.raises(Os402Error) as caught:
        fetch()
    assert f"expected sha256 {sha256(assimilated(DATA))} (as an ELF for x86_64)" in caught.value.message
    assert f"actual sha256   {sha256(assimilated(other))}" in caught.value.message
    assert fetch.left() == set()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><p>Log in to this network", r"It is no executable \(it begins with b'<!DOCTYPE html>"),
        (ape("aarch64"), "It is an APE without x86_64"),
    ],
)
def test_not_even_an_executable(server, fetch, content, message):
    server.content = content
    with pytest.raises(Os402Error, match=message):
        fetch()
    assert fetch.left() == set()


def test_another_file_than_the_project_names(server, fetch):
    wanted = by_url(server, assimilated(DATA))
    with pytest.raises(Os402Error, match="It is an APE; `runtime` must name") as caught:
        fetch(wanted)
    assert f"expected sha256 {wanted.sha256}\nactual sha256   {sha256(DATA)}" in caught.value.message
    server.content = b"\x7fELF"
    with pytest.raises(Os402Error, match="Correct the URL or the SHA256"):
        fetch(wanted)
    assert fetch.left() == set()


@pytest.mark.parametrize("announced", [True, False])
def test_more_than_any_runtime_has(server, fetch, monkeypatch, announced):
    much = b"x" * 300_000
    monkeypatch.setattr(download, "LIMIT", 200_000)

    def endless(handler):
        handler.send_response(200)
        if announced:
            handler.send_header("Content-Length", str(len(much)))
        handler.end_headers()
        handler.wfile.write(much)

    server.script = [endless]
    with pytest.raises(Os402Error, match="sends more than 200,000 bytes"):
        fetch()
    assert sum(path.stat().st_size for path in fetch.cache.rglob("python*")) <= len(server.etag)


def test_a_cache_that_cannot_be_written(server, fetch):
    fetch.cache.write_bytes(b"a file")
    with pytest.raises(Os402Error, match=r"cannot be kept in .*\n.*set HATCH_OS402_CACHE_DIR"):
        fetch()
    assert server.requests == []


PROCESS = """
import sys
from pathlib import Path
from hatch_os402.runtime import fetching
from hatch_os402.runtime.configured import ConfiguredRuntime
from hatch_os402.cli.shared.reporter import ClickReporter
cache, sha256, url = sys.argv[1:]
print(fetching.fetch(ConfiguredRuntime("x86_64", sha256, url=url), cache=Path(cache), reporter=ClickReporter(), sleep=None))
"""


def process(server, fetch):
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(fetch.cache), sha256(DATA), server.url],
        cwd=Path(fetching.__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def halfway(server):
    """The first answer stops in the middle; the events say that it does, and let it go on."""
    reached, resume = threading.Event(), threading.Event()

    def stop(handler):
        handler.send_response(200)
        handler.send_header("ETag", server.etag)
        handler.send_header("Content-Length", str(len(DATA)))
        handler.end_headers()
        handler.wfile.write(DATA[:HALF])
        handler.wfile.flush()
        reached.set()
        resume.wait(30)
        handler.wfile.write(DATA[HALF:])

    server.script = [stop]
    yield reached, resume
    resume.set()


@pytest.mark.once
def test_two_processes_fetch_once(server, fetch, halfway):
    reached, resume = halfway
    with process(server, fetch) as first:
        assert reached.wait(30)
        with process(server, fetch) as second:
            assert second.stderr.readline() == "hatch-os402: another process is fetching the runtime; waiting\n"
            resume.set()
            outputs = first.communicate(timeout=30)[0], second.communicate(timeout=30)[0]
    assert (first.returncode, second.returncode) == (0, 0)
    assert outputs[0] == outputs[1] == f"{fetching._place(sha256(DATA), fetch.cache)}\n"
    assert len(server.requests) == 1
    assert fetch.left() == {"python"}


def test_a_killed_process_leaves_no_lock(server, fetch, halfway):
    reached, resume = halfway
    with process(server, fetch) as killed:
        assert reached.wait(30)
        killed.kill()
    resume.set()
    assert fetch(by_url(server)).read_bytes() == DATA
    assert fetch.left() == {"python"}
