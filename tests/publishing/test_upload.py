"""Signed offers and a server: what is sent, what is said when it goes wrong, what is left at the end."""

from __future__ import annotations

import hashlib
import json
import time
import tracemalloc
from dataclasses import replace

import httpx
import pytest
from support.offering import (
    EXECUTABLE,
    FRAME,
    KEY,
    PRIVATE_ENV,
    STRANGER,
    URL,
    Heard,
    Pauses,
    dist,
    executable,
    greeter,
    private_env,
    signed,
)
from support.os402server import Os402Server, Stored

from hatch_os402.errors import Os402Error
from hatch_os402.offer.canonical import canonical, parse_json
from hatch_os402.offer.payload import Executable
from hatch_os402.offer.reading import read_envelope
from hatch_os402.offer.signing import SignedOffer, sign
from hatch_os402.publishing.client import TIMEOUT, RemoteServer, RetryPolicy, new_client
from hatch_os402.publishing.parts import dry_run, prepare
from hatch_os402.publishing.upload import publish_to

LIMIT = 200_000_000


@pytest.fixture
def server():
    with Os402Server(KEY.address) as running:
        yield running


@pytest.fixture
def client():
    with httpx.Client(trust_env=False, timeout=TIMEOUT) as made:
        yield made


@pytest.fixture
def make(tmp_path):
    """Return what prepares the upload of an offer, with its frame, environment and executable at hand."""

    def made(offer=None, *, sign_with=signed, exe=True, env=None, now=None):
        frame = dist(tmp_path).with_name("greeter-0.1.0.stdin")
        found = {hashlib.sha256(EXECUTABLE).hexdigest(): executable(tmp_path)} if exe else {}
        return prepare(
            sign_with(offer), frame=frame, private_env=env, executables=found, now=time.time() if now is None else now
        )

    return made


@pytest.fixture
def send(client):
    """Return what publishes an upload and hands back the results and what was told."""

    def sent(upload, *servers, attempts=3, limit=LIMIT, with_client=client):
        heard, pauses = Heard(), Pauses()
        addresses = [item if isinstance(item, str) else item.url for item in servers]
        results = publish_to(
            upload,
            addresses,
            client=with_client,
            retries=pauses.retries(attempts),
            reporter=heard,
            limit=limit,
        )
        return results, heard, pauses

    return sent


def stored(server, upload) -> Stored:
    return server.offers[upload.signed.sha256]


def only_error(results) -> str:
    (result,) = results
    assert result.error
    assert result.call_url is None
    return result.error


def test_a_greeter_is_uploaded_with_stdin_and_executable_then_fetched_and_verified(server, make, send):
    upload = make()
    (result,), heard, pauses = send(upload, server)
    assert result.error is None
    assert not result.already_there
    assert result.call_url == f"{server.url}/greeter.cgi"
    assert server.parts() == [("config", "stdin", "exe_x86_64")]
    assert stored(server, upload).stdin == FRAME
    assert server.executables == {hashlib.sha256(EXECUTABLE).hexdigest(): EXECUTABLE}
    with httpx.Client(trust_env=False) as other:
        by_name, by_hash = (other.get(f"{server.url}/{key}").content for key in ("greeter", upload.signed.sha256))
    assert by_name == by_hash
    read = read_envelope(by_hash)
    assert (read.sha256, read.signer(), read.problems()) == (upload.signed.sha256, KEY.address, ())
    assert pauses.asked == []
    assert "trying again" not in heard.text


def test_the_requests_are_the_protocols(server, make, send):
    upload = make()
    send(upload, server)
    sha256 = hashlib.sha256(EXECUTABLE).hexdigest()
    lines = [(seen.method, seen.path) for seen in server.seen]
    assert ("HEAD", f"/{sha256}.exe") in lines
    assert lines.count(("PUT", f"/{upload.signed.sha256}")) == 1
    put = next(seen for seen in server.seen if seen.method == "PUT")
    assert int(put.headers["Content-Length"]) > len(FRAME) + len(EXECUTABLE)  # known from the start: no chunks


def test_a_private_environment_goes_between_config_and_stdin(server, make, send):
    upload = make(greeter(**private_env()), env=json.dumps(PRIVATE_ENV, indent=4).encode())
    (result,), *_ = send(upload, server)
    assert result.error is None
    assert server.parts() == [("config", "env", "stdin", "exe_x86_64")]
    assert stored(server, upload).env == canonical(PRIVATE_ENV)


def test_an_executable_that_is_there_is_not_sent(server, make, send):
    server.executables[hashlib.sha256(EXECUTABLE).hexdigest()] = EXECUTABLE
    (result,), *_ = send(make(exe=False), server)
    assert result.error is None
    assert server.parts() == [("config", "stdin")]


def test_publishing_again_sends_the_private_parts_again(server, make, send):
    """A server does not say whether it has them, and an offer without its stdin runs all the same."""
    upload = make()
    send(upload, server)
    stored(server, upload).stdin = None
    (result,), *_ = send(upload, server)
    assert result.error is None
    assert server.parts()[1] == ("config", "stdin")
    assert stored(server, upload).stdin == FRAME


PUBLIC = {"stdin_private": False, "stdin_sha256": None, "stdin": FRAME}


def test_publishing_again_a_public_offer_sends_nothing(server, make, send):
    upload = make(greeter(**PUBLIC))
    (first,), *_ = send(upload, server)
    (second,), *_ = send(upload, server)
    assert (first.already_there, second.already_there) == (False, True)
    assert second.call_url == f"{server.url}/greeter.cgi"
    assert server.methods().count("PUT") == 1


def test_publishing_an_older_offer_again_takes_its_name_back(server, make, send):
    older, newer = make(greeter(**PUBLIC)), make(greeter(**PUBLIC, description="newer"))
    for upload in (older, newer, older):
        (result,), *_ = send(upload, server)
        assert result.error is None
    assert server.names["greeter"] == older.signed.sha256


@pytest.mark.parametrize("name", ["a:b", "a+b@1.0", "x,y;z=1", "a&b!c$d", "it's", "f(x)*", "!$&'()*+,;=:@"])
def test_a_name_is_asked_for_as_it_stands_because_os402_decodes_nothing(server, make, send, name):
    upload = make(greeter(name=name, **PUBLIC))
    (result,), *_ = send(upload, server)
    assert (result.error, result.notes) == (None, ())
    assert result.call_url == f"{server.url}/{name}.cgi"
    (again,), *_ = send(upload, server)
    assert again.already_there


def test_an_offer_without_a_name_is_called_by_its_hash(server, make, send):
    upload = make(greeter(name=None))
    (result,), *_ = send(upload, server)
    assert result.error is None
    assert result.call_url == f"{server.url}/{upload.signed.sha256}.cgi"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("my tool", "cannot be written"),
        ("grüezi", "cannot be written"),
        ("offers", "read as something else"),
        (".", "read as something else"),
        ("..", "read as something else"),
        ("a.cgi", "read as something else"),
    ],
)
def test_a_name_that_no_address_can_have_is_told_and_the_hash_is_given(server, make, send, name, why):
    upload = make(greeter(name=name))
    (result,), *_ = send(upload, server)
    assert result.error is None
    assert why in "".join(result.notes)
    assert result.call_url == f"{server.url}/{upload.signed.sha256}.cgi"


def test_progress_ends_at_the_whole(server, make, send):
    upload = make()
    _, heard, _ = send(upload, server)
    total = upload.config.size + len(FRAME) + len(EXECUTABLE)
    sent = [count for _, count, *_ in heard.updates]
    assert {(what, all_) for what, _, all_, _ in heard.updates} == {(f"sending to {server.url}", total)}
    assert sent == sorted(sent)
    assert (sent[0], sent[-1]) == (0, total)


# What helps by being done again.


def test_a_500_and_then_a_201(server, make, send):
    server.fail("PUT", 500)
    (result,), heard, pauses = send(make(), server)
    assert result.error is None
    assert pauses.asked == [1.0]
    assert "answers 500: planned 500; trying again in 1 s" in heard.text
    assert server.methods().count("PUT") == 2


def test_a_connection_cut_in_the_middle_of_an_upload(server, make, send):
    server.fail("PUT", "cut", "cut")
    upload = make()
    (result,), heard, pauses = send(upload, server)
    assert result.error is None
    assert pauses.asked == [1.0, 2.0]
    assert "broke" in heard.text
    assert stored(server, upload).stdin == FRAME


def test_an_answer_that_got_lost_does_no_harm(server, make, send):
    server.fail("PUT", "lose")
    (result,), *_ = send(make(), server)
    assert result.error is None
    assert server.methods().count("PUT") == 2


def test_a_server_that_always_cuts_is_given_up(server, make, send):
    server.fail("PUT", *["cut"] * 3)
    error = only_error(send(make(), server)[0])
    assert error.startswith(f"{server.url} ")
    assert "3 times in a row" in error
    assert server.offers == {}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_each_kind_of_request_is_repeated(server, make, send, method):
    server.fail(method, 503, "garbage")
    (result,), _, pauses = send(make(), server)
    assert result.error is None
    assert pauses.asked == [1.0, 2.0]


def test_a_server_that_never_answers_is_left_after_the_timeout(server, make, send):
    server.fail("PUT", "hang", "hang")
    with httpx.Client(trust_env=False, timeout=httpx.Timeout(30, read=0.2)) as hasty:
        error = only_error(send(make(), server, attempts=2, with_client=hasty)[0])
    assert "does not answer in time" in error


def test_a_server_that_is_not_there(make, send):
    with Os402Server(KEY.address) as gone:
        url = gone.url
    error = only_error(send(make(), url)[0])
    assert error.startswith(f"{url} cannot be reached")


def test_no_more_than_the_attempts_are_made(server, make, send):
    server.fail("GET", *[500] * 9)
    _, _, pauses = send(make(), server, attempts=4)
    assert pauses.asked == [1.0, 2.0, 4.0]
    assert server.methods() == ["GET"] * 4


# Several servers.


def test_of_two_servers_one_refuses_and_the_other_has_the_offer(server, make, send):
    with Os402Server(STRANGER.address) as refusing:
        (bad, good), *_ = send(make(), refusing, server)
    assert (bad.server, good.server) == (refusing.url, server.url)
    assert "takes only offers of its own owner" in bad.error
    assert good.error is None
    assert list(refusing.offers) == []
    assert len(server.offers) == 1


def test_an_address_that_is_none_keeps_nobody_waiting(server, make, send):
    (bad, good), *_ = send(make(), "ftp://user:hunter2@host", server)
    assert "is not the address of a server" in bad.error
    assert "hunter2" not in bad.error + bad.server
    assert good.error is None


@pytest.mark.parametrize("url", ["", "host", "http://", "http://h:port", "http://h/?x=1", "http://h/#x", "file:///x"])
def test_addresses_that_are_none(client, url):
    with pytest.raises(Os402Error, match="is not the address of a server"):
        RemoteServer(url, client, retries=RetryPolicy(), reporter=Heard())


def test_name_and_password_of_an_address_are_used_and_not_shown(server, make, send):
    with_password = server.url.replace("://", "://me:p%40ss@")
    server.fail("PUT", 500)
    (result,), heard, _ = send(make(), with_password)
    put = next(seen for seen in server.seen if seen.method == "PUT")
    assert put.headers["Authorization"] == httpx.BasicAuth("me", "p@ss")._auth_header
    assert "p%40ss" not in heard.text + str(result)
    assert result.call_url == f"{server.url}/greeter.cgi"


def test_private_parts_without_encryption_are_warned_of_only_beyond_this_machine(make, send):
    upload = make()
    for url, warned in (
        ("http://127.0.0.1:1", False),
        ("http://os402.invalid", True),
        ("https://os402.invalid", False),
    ):
        transport = httpx.MockTransport(lambda _request: httpx.Response(404))
        with httpx.Client(transport=transport) as fake:
            _, heard, _ = send(upload, url, with_client=fake)
        assert ("without encryption" in heard.text) is warned


# Refusals before anything is sent.


def test_an_expired_offer_is_not_sent(make):
    offer = greeter(valid_until=1_700_000_000)
    with pytest.raises(Os402Error, match=r"expired: it was valid until 2023-11-14 22:13:20 UTC"):
        make(offer)


def test_a_signature_that_is_not_the_owners_is_not_sent(make):
    def badly(offer):
        good = signed(offer)
        other = sign(replace(good.offer, owner=STRANGER.address), STRANGER)
        return SignedOffer(good.offer, good.sha256, other.k256)

    with pytest.raises(Os402Error, match=rf"(?s)would refuse the offer.*the owner is {KEY.address}"):
        make(sign_with=badly)


def test_a_frame_of_another_build_is_not_sent(make):
    with pytest.raises(Os402Error, match=r"greeter-0\.1\.0\.stdin is not what the offer was made with"):
        make(greeter(stdin_sha256="ab" * 32))


def test_a_missing_private_stdin_is_not_overlooked():
    with pytest.raises(Os402Error, match="os402 would not notice"):
        prepare(signed(), frame=None, private_env=None, executables={}, now=0)


@pytest.mark.parametrize(
    ("env", "message"),
    [
        (None, "were not found"),
        (b"[1]", "is not a JSON object"),
        (b"{broken s3cret", "is not a JSON object"),
        (b'{"TOKEN": "s3cret"}', "not the one that the offer was built with"),
    ],
)
def test_a_private_environment_that_does_not_fit_is_not_sent_nor_shown(make, env, message):
    with pytest.raises(Os402Error, match=message) as caught:
        make(greeter(**private_env()), env=env)
    assert "s3cret" not in str(caught.value)


def test_a_missing_executable_without_an_address_is_not_left_to_the_server(server, make, send):
    error = only_error(send(make(exe=False), server)[0])
    assert "does not have the executable for x86_64" in error
    assert "runtime fetch" in error
    assert "PUT" not in server.methods()


def test_an_upload_beyond_the_limit_is_not_begun(server, make, send):
    error = only_error(send(make(), server, limit=len(FRAME))[0])
    assert "nothing is sent" in error
    assert f"stdin {len(FRAME):,}" in error
    assert "PUT" not in server.methods()


# Refusals by the server, each in its own words.


def test_the_server_s_limit_is_smaller(server, make, send):
    server.limit = len(FRAME)
    error = only_error(send(make(), server)[0])
    assert "larger than it takes" in error
    assert "Failed to read stdin" in error
    assert server.methods().count("PUT") == 1  # again would not help


def test_a_413_of_a_proxy(server, make, send):
    server.fail("PUT", (413, b"<html>too large</html>"))
    assert "larger than it takes" in only_error(send(make(), server)[0])


def test_a_refusal_before_the_body_was_read(server, make, send):
    """Whatever the race between answer and reset: it ends in one message, and nothing is published."""
    server.fail("PUT", *["early 403"] * 3)
    error = only_error(send(make(), server)[0])
    assert server.url in error
    assert server.offers == {}


def test_the_server_s_clock_is_ahead(server, make, send, monkeypatch):
    upload = make()
    monkeypatch.setattr("support.os402server.time.time", lambda: upload.signed.offer.valid_until + 1)
    error = only_error(send(upload, server)[0])
    assert "finds the offer expired" in error
    assert "clocks" in error


def test_a_frame_that_changes_while_it_is_sent(server, make, send, tmp_path):
    upload = make()
    (tmp_path / "greeter-0.1.0.stdin").write_bytes(FRAME[::-1])
    error = only_error(send(upload, server)[0])
    assert "received other bytes than were signed" in error
    assert "stdin SHA256 mismatch" in error


def test_an_executable_that_changes_while_it_is_sent(server, make, send, tmp_path):
    upload = make()
    (tmp_path / "python.elf").write_bytes(EXECUTABLE[::-1])
    assert "Executable SHA256 mismatch for architecture 'x86_64'" in only_error(send(upload, server)[0])


def test_a_frame_that_disappears(server, make, send, tmp_path):
    upload = make()
    (tmp_path / "greeter-0.1.0.stdin").unlink()
    error = only_error(send(upload, server)[0])
    assert "greeter-0.1.0.stdin cannot be read" in error


def test_the_server_cannot_fetch_the_executable(server, make, send):
    sha256 = hashlib.sha256(EXECUTABLE).hexdigest()
    offer = greeter(executables={"x86_64": Executable(sha256, url=URL)})
    error = only_error(send(make(offer, exe=False), server)[0])
    assert "lacks an executable" in error
    assert f"fetching {URL}" in error


def test_a_server_that_reads_another_payload(server, make, send):
    server.fail("PUT", (400, {"error": "Invalid signature: Signature verification failed: recovered address 0x1"}))
    assert "reads another payload than was signed" in only_error(send(make(), server)[0])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((400, {"error": "Unsupported field: 'x'"}), "refuses the offer (status 400): Unsupported field: 'x'"),
        ((404, b"<html>"), "answers 404 without the words of an os402 server"),
        ((405, {"detail": 1}), "answers 405 without the words"),
        ((400, {"error": "a\x1b[31m\nb" + "c" * 999}), "a [31m b"),
        ((301, b"", (("Location", "https://me:pw@new.example/x"),)), "trust https://new.example, give that address"),
        ((204, b""), "answers 204"),
    ],
)
def test_other_answers(server, make, send, answer, words):
    server.fail("PUT", answer)
    error = only_error(send(make(), server)[0])
    assert words in error
    assert "\x1b" not in error
    assert len(error) < 700
    assert server.methods().count("PUT") == 1


# Verification afterwards.


def test_a_server_that_keeps_another_offer_is_found_out(server, make, send):
    def tamper(running):
        (kept,) = running.offers.values()
        kept.envelope["payload"]["min_duration_seconds"] = 1

    server.after_upload = tamper
    assert "is not what was signed" in only_error(send(make(), server)[0])


def test_a_server_that_loses_the_offer_is_found_out(server, make, send):
    server.after_upload = lambda running: running.offers.clear()
    assert "is not what was signed" in only_error(send(make(), server)[0])


def test_an_offer_that_is_not_json_is_found_out(server, make, send):
    server.fail("GET", (200, b"{"), (200, {"payload": 1}), (200, b"[" * 100_000))
    assert "is not what was signed" in only_error(send(make(greeter(name=None)), server)[0])


def test_a_name_taken_by_a_newer_offer(server, make, send):
    newer = signed(greeter(description="newer"))

    def overtake(running):
        envelope = {"k256": newer.k256, "sha256": newer.sha256, "payload": newer.offer.to_json()}
        running.offers[newer.sha256] = Stored(envelope)
        running.names["greeter"] = newer.sha256

    server.after_upload = overtake
    error = only_error(send(make(), server)[0])
    assert f"the name 'greeter' names the offer {newer.sha256}" in error
    assert "newer upload took it" in error


# Nothing is held in memory, nothing is sent in a dry run.


def test_a_large_frame_is_streamed(tmp_path):
    frame, size = tmp_path / "large.stdin", 48 << 20
    digest = hashlib.sha256()
    with frame.open("wb") as file:
        for _ in range(size >> 20):
            digest.update(bytes(1 << 20))
            file.write(bytes(1 << 20))
    received = []

    class Swallow(httpx.BaseTransport):
        def handle_request(self, request):
            received.append(sum(map(len, request.stream)))
            return httpx.Response(201, json={})

    tracemalloc.start()
    try:
        offer = signed(greeter(stdin_sha256=digest.hexdigest()))
        upload = prepare(offer, frame=frame, private_env=None, executables={}, now=0)
        with httpx.Client(transport=Swallow()) as client:
            server = RemoteServer("http://h", client, retries=RetryPolicy(), reporter=Heard())
            server.upload(offer.sha256, (upload.config, *upload.private), lambda _: None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < received[0] < size + 10_000
    assert peak < 8 << 20


def test_a_dry_run_shows_everything_and_sends_nothing(server, make):
    upload = make(greeter(**private_env()), env=canonical(PRIVATE_ENV))
    lines = "\n".join(dry_run(upload, [server.url, "https://me:pw@other.example/base/"]))
    assert f"PUT {server.url}/{upload.signed.sha256}" in lines
    assert f"PUT https://other.example/base/{upload.signed.sha256}" in lines
    for part in (upload.config, *upload.private, *upload.executables.values()):
        assert f"{part.size:,} bytes" in lines
    assert hashlib.sha256(EXECUTABLE).hexdigest() in lines
    assert "pw" not in lines
    assert server.seen == []


def test_a_dry_run_says_which_executable_the_server_fetches(make):
    offer = greeter(executables={"aarch64": Executable("cd" * 32, url=URL), "x86_64": Executable("ab" * 32)})
    lines = "\n".join(dry_run(make(offer), ["http://h"]))
    assert f"the server fetches {URL}" in lines
    assert "not here" in lines


# The server of these tests itself refuses what the protocol refuses.


def raw_put(server, parts, path="x", **options):
    with httpx.Client(trust_env=False) as client:
        return client.put(f"{server.url}/{path}", files=parts, **options)


def config_of(offer: SignedOffer, **changes) -> tuple[str, tuple[str, bytes, str]]:
    envelope = {"k256": offer.k256, "sha256": offer.sha256, "payload": offer.offer.to_json()} | changes
    return ("config", ("offer.json", json.dumps(envelope).encode(), "application/json"))


def binary(name, content):
    return (name, (name, content, "application/octet-stream"))


GOOD = signed()


@pytest.mark.parametrize(
    ("parts", "status", "error"),
    [
        ([binary("stdin", FRAME), config_of(GOOD)], 400, "Config field must be sent first for"),
        ([config_of(GOOD), config_of(GOOD)], 400, "Config field must be sent first, not after"),
        ([binary("config", b"{}")], 400, "Failed to parse config JSON"),
        ([config_of(GOOD, k256="0x12")], 400, "Invalid signature: Invalid signature format"),
        ([config_of(GOOD, payload={**GOOD.offer.to_json(), "min_duration_seconds": 61})], 400, "does not match owner"),
        ([config_of(signed(greeter(valid_until=1)))], 400, "Offer has expired"),
        ([config_of(GOOD), binary("stdin", b"x")], 400, "stdin SHA256 mismatch"),
        ([config_of(GOOD), binary("env", b"{}")], 400, "env uploaded but offer does not specify env_sha256"),
        ([config_of(GOOD), binary("exe_mips", b"x")], 400, "'mips' is not declared in offer"),
        ([config_of(GOOD), binary("exe_x86_64", b"x")], 400, "Executable SHA256 mismatch"),
        ([config_of(GOOD), binary("other", b"x")], 400, "Unsupported field: 'other'"),
        ([config_of(GOOD)], 400, "is not available (no URL specified)"),
        ([config_of(sign(replace(GOOD.offer, owner=STRANGER.address), STRANGER))], 403, "does not match server owner"),
    ],
)
def test_every_error_of_the_protocol(server, parts, status, error):
    response = raw_put(server, parts)
    assert response.status_code == status
    assert error in response.json()["error"]
    assert server.offers == {}


def test_what_the_server_would_drop_makes_the_signature_invalid(server):
    payload = {**GOOD.offer.to_json(), "extra": 1}
    digest = hashlib.sha256(canonical(payload)).digest()
    k256 = "0x" + KEY.sign_digest(digest).hex()
    response = raw_put(server, [config_of(GOOD, payload=payload, k256=k256)])
    assert "Signature verification failed" in response.json()["error"]


def test_the_server_does_not_notice_a_missing_private_stdin(server):
    response = raw_put(server, [config_of(GOOD), binary("exe_x86_64", EXECUTABLE)], path=GOOD.sha256)
    assert (response.status_code, response.json()["status"]) == (201, "accepted")
    assert response.json()["offer_hash"] == GOOD.sha256
    assert server.offers[GOOD.sha256].stdin is None


def test_offers_are_listed_and_unknown_ones_are_404(server, make, send):
    upload = make()
    send(upload, server)
    with httpx.Client(trust_env=False) as client:
        listed = client.get(f"{server.url}/offers").json()
        assert client.get(f"{server.url}/nobody").status_code == 404
        assert client.get(f"{server.url}/a/b").json() == {"error": "Route not found"}
        assert client.head(f"{server.url}/{'0' * 64}.exe").status_code == 404
    assert listed["count"] == 1
    assert canonical(parse_json(json.dumps(listed["offers"][upload.signed.sha256]))) == canonical(
        upload.signed.offer.to_json()
    )


def test_the_client_of_a_publication_takes_its_time_for_an_answer():
    with new_client() as client:
        assert client.timeout == TIMEOUT
        assert not client.follow_redirects


def test_a_part_can_be_opened_again_and_again():
    upload = prepare(signed(greeter(**PUBLIC)), frame=None, private_env=None, executables={}, now=0)
    contents = [upload.config.open().read() for _ in range(2)]
    assert contents[0] == contents[1]
