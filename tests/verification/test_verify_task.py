from __future__ import annotations

import hashlib

import httpx
import pytest
from support.artifactcraft import write_artifacts
from support.offercraft import GOLDEN
from support.taskcraft import OWNER, SIGNER, answers, handle

from hatch_os402.artifacts.choosing import choose
from hatch_os402.errors import Os402Error
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.keys import Key
from hatch_os402.offer.reading import read_envelope
from hatch_os402.verification.tasks import verify_task

LINKS = {"task id", "owner", "signer", "stdout", "stdout signature", "stderr", "stderr signature"}


def ask(task, given, *, base="https://os402.example", **options):
    def respond(request):
        status, body = handle(task, given, request.url.path)
        return httpx.Response(status, content=body)

    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        links = verify_task(f"{base}/tasks/{task}", client=client, **options)
    return {link.name: link for link in links}


def broken(links):
    return {name for name, link in links.items() if link.holds is False}


def offer_of(path):
    return choose(path).one().require_offer().read


class TestHonest:
    def test_every_link_holds(self):
        links = ask(*answers(), owner=OWNER.upper().replace("X", "x"), signer=SIGNER.address)
        assert links.keys() == LINKS
        assert all(link.holds for link in links.values())

    def test_whom_the_user_did_not_name_is_only_repeated(self):
        links = ask(*answers())
        assert {name for name, link in links.items() if link.holds is None} == {"owner", "signer"}
        assert OWNER in links["owner"].detail
        assert SIGNER.address in links["signer"].detail

    @pytest.mark.parametrize("base", ["http://localhost:3000", "https://os402.example/some/where"])
    def test_wherever_it_is(self, base):
        task, given = answers()
        prefix = httpx.URL(base).path.rstrip("/")

        def respond(request):
            assert request.url.path.startswith(prefix)
            status, body = handle(task, given, request.url.path[len(prefix) :])
            return httpx.Response(status, content=body)

        with httpx.Client(transport=httpx.MockTransport(respond)) as client:
            links = verify_task(f"{base}/tasks/{task}/", client=client)
        assert not [link for link in links if link.holds is False]

    def test_addresses_in_mixed_case(self):
        task, given = answers(owner="0x" + 20 * "ab")
        given[""]["owner"] = "0x" + 20 * "aB"
        given[""]["signer"] = "0x" + SIGNER.address[2:].upper()
        assert not broken(ask(task, given))

    def test_a_task_that_failed_is_signed_too(self):
        task, given = answers(stdout="", stderr="Traceback…")
        given[""]["status"] = "failed"
        assert not broken(ask(task, given))


@pytest.mark.parametrize("answer", [b"{", b"\xff", b'{"offers": ' + b"[" * 100_000], ids=range(3))
def test_an_answer_that_is_no_json_is_an_error_without_the_password(answer):
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=answer))
    url = f"https://me:hunter2@os402.example/tasks/{'0' * 64}"
    with httpx.Client(transport=transport) as client, pytest.raises(Os402Error, match="not answer with JSON") as caught:
        verify_task(url, client=client)
    assert "hunter2" not in caught.value.message


class TestOfferAndBody:
    def test_hold(self, tmp_path):
        files = write_artifacts(tmp_path)
        offer = read_envelope(files[".offer.signed.json"].read_bytes())
        (tmp_path / "body").write_bytes(b"hello")
        task, given = answers(offer_hash=offer.sha256, stdin=b"hello")
        links = ask(task, given, offer=offer_of(files[".pyz"]), body=tmp_path / "body")
        assert links["task's offer"].holds
        assert links["body"].holds
        assert "arguments" not in links  # the golden offer lets callers add some

    def test_another_offer_and_another_body(self, tmp_path):
        files = write_artifacts(tmp_path)
        (tmp_path / "body").write_bytes(b"hallo")
        task, given = answers(stdin=b"hello")
        assert broken(ask(task, given, offer=offer_of(files[".pyz"]), body=tmp_path / "body")) == {
            "task's offer",
            "body",
        }

    @pytest.mark.parametrize(("appendable", "stdin"), [(True, b"public body"), (False, b"public ")])
    def test_public_stdin_counts_and_the_body_only_if_it_is_appended(self, tmp_path, appendable, stdin):
        offer = self.offer(tmp_path, {"stdin": "cHVibGljIA==", "stdin_appendable": appendable, "args": ["a", "é"]})
        (tmp_path / "body").write_bytes(b"body")
        task, given = answers(offer_hash=offer.sha256, stdin=stdin, args='["a","é"]')
        links = ask(task, given, offer=offer_of(tmp_path / "offer.json"), body=tmp_path / "body")
        assert links["arguments"].holds
        assert not broken(links)

    def test_other_arguments(self, tmp_path):
        offer = self.offer(tmp_path, {"args": ["a"]})
        task, given = answers(offer_hash=offer.sha256, args='["b"]')
        assert broken(ask(task, given, offer=offer_of(tmp_path / "offer.json"))) == {"arguments"}

    def offer(self, folder, command):
        payload = {**GOLDEN["payload"], "exec": {"x86_64": GOLDEN["payload"]["exec"]["x86_64"], **command}}
        text = canonical({"payload": payload})
        (folder / "offer.json").write_bytes(text)
        return read_envelope(text)

    def test_a_body_that_cannot_be_read(self, tmp_path):
        with pytest.raises(Os402Error, match="missing"):
            ask(*answers(), body=tmp_path / "missing")


class TestDishonest:
    @pytest.mark.parametrize("stream", ["stdout", "stderr"])
    def test_other_content(self, stream):
        task, given = answers()
        given[f"/{stream}"]["content"] = "something else"
        assert broken(ask(task, given)) == {stream}

    def test_other_content_with_its_own_hash(self):
        task, given = answers()
        given["/stdout"] |= {"content": "else", "sha256": hashlib.sha256(b"else").hexdigest()}
        assert broken(ask(task, given)) == {"stdout signature"}

    def test_the_streams_exchanged(self):
        task, given = answers(stderr="hello\n")
        given["/stdout"], given["/stderr"] = given["/stderr"], given["/stdout"]
        assert broken(ask(task, given)) == {"stdout signature", "stderr signature"}

    def test_an_answer_to_another_task(self):
        task, given = answers()
        _, other = answers(stdin=b"another")
        given |= {"/stdout": other["/stdout"], "/stderr": other["/stderr"]}
        assert broken(ask(task, given)) == {"stdout signature", "stderr signature"}

    @pytest.mark.parametrize("name", ["stdin", "args", "env"])
    def test_other_inputs(self, name):
        task, given = answers()
        given[""]["input_hashes"][name] = "0" * 64
        assert broken(ask(task, given)) == {"task id"}

    def test_an_identity_of_its_own(self):
        assert broken(ask(*answers(task="ab" * 32))) == {"task id"}

    def test_another_server(self):
        other = Key((403).to_bytes(32, "big"))
        links = ask(*answers(signer=other, owner="0x" + 20 * "cd"), owner=OWNER, signer=SIGNER.address)
        assert broken(links) == {"owner", "signer"}

    def test_another_owner_than_it_signed_for(self):
        task, given = answers()
        given[""]["owner"] = "0x" + 20 * "cd"
        assert broken(ask(task, given)) == {"stdout signature", "stderr signature"}

    @pytest.mark.parametrize("field", ["sha256", "signature"])
    @pytest.mark.parametrize("value", [None, 1, ""])
    def test_no_hash_or_no_signature(self, field, value):
        task, given = answers()
        given["/stdout"][field] = value
        assert broken(ask(task, given)) == {"stdout signature" if (field, value) == ("signature", "") else "stdout"}

    @pytest.mark.parametrize("status", ["running", "killed", "pending", None, 1])
    def test_what_is_not_signed_is_not_proven(self, status):
        task, given = answers()
        given[""]["status"] = status
        assert broken(ask(task, given)) == {"output"}

    def test_what_was_not_text_is_not_proven(self):
        task, given = answers()
        given["/stdout"]["content"] = "\ufffd"
        links = ask(task, given)
        assert broken(links) == {"stdout"}
        assert "UTF-8" in links["stdout"].detail


class TestNoAnswer:
    @pytest.mark.parametrize("url", ["", "https://os402.example/", "ftp://x/tasks/" + 64 * "0", "/tasks/" + 64 * "0"])
    def test_no_task(self, url):
        with pytest.raises(Os402Error, match="64 hex digits"):
            verify_task(url)

    @pytest.mark.parametrize(
        ("path", "field", "value"),
        [
            ("", "owner", "0xab"),
            ("", "signer", None),
            ("", "offer_hash", 5),
            ("", "input_hashes", []),
            ("", "input_hashes", {"stdin": "0" * 64, "args": "0" * 64}),
            ("/stdout", "content", None),
            ("/stderr", "content", "\ud800"),
        ],
    )
    def test_half_of_an_answer(self, path, field, value):
        task, given = answers()
        given[path][field] = value
        with pytest.raises(Os402Error):
            ask(task, given)

    @pytest.mark.parametrize(
        ("status", "body", "stated"),
        [
            (404, b'{"error": "Task not found"}', "404"),
            (200, b"<html>", "JSON"),
            (200, b"[]", "object"),
            (502, b"", "502"),
        ],
    )
    def test_other_answers(self, status, body, stated):
        with pytest.raises(Os402Error, match=stated):
            self.ask(lambda _request: httpx.Response(status, content=body))

    def test_what_it_says_cannot_paint_the_terminal(self):
        with pytest.raises(Os402Error) as failure:
            self.ask(lambda _request: httpx.Response(500, content=b"\x1b[31mred\r\n"))
        assert failure.value.message.endswith("[31mred")
        assert failure.value.message.isprintable()

    def test_nobody_there_and_no_password_in_the_message(self):
        def refuse(request):
            raise httpx.ConnectError("refused", request=request)

        with pytest.raises(Os402Error) as failure:
            self.ask(refuse)
        assert "cannot be reached" in failure.value.message
        assert "hunter2" not in failure.value.message

    def ask(self, respond):
        with httpx.Client(transport=httpx.MockTransport(respond)) as client:
            verify_task(f"https://me:hunter2@os402.example/tasks/{'0' * 64}", client=client)
