"""What a real os402 server made of programs' output, and what `serve` makes of it: the same."""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path

import httpx
import pytest
from support.gatewaycraft import serving
from support.programs import write_offer

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's"), pytest.mark.once]

ROWS = {
    row["case"]: row
    for row in map(json.loads, (Path(__file__).parents[1] / "data/observed-responses.jsonl").read_text().splitlines())
}
TOLD = {
    "cl": "The program's Content-Length is 2, and its body has 4 bytes: callers get the first 2.",
    "cllong": "The program's Content-Length is 200, and its body has 4 bytes: callers wait for the rest.",
    "te": "The program sends Transfer-Encoding, and os402 then closes the connection without an answer",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("observed")
    for case, row in ROWS.items():
        write_offer(folder, f"import os; os.write(1, {base64.b64decode(row['stdout'])!r})", name=case)
    with serving(folder / "log", folder) as served:
        yield served


def test_there_are_27():
    assert len(ROWS) == 27


@pytest.mark.parametrize("case", ROWS)
def test_as_the_real_server(case, served):
    row = ROWS[case]
    if row["status"] is None:
        # "The client waits for bytes that never come", which no test can; here the connection ends instead.
        with pytest.raises(httpx.RemoteProtocolError) as ended:
            served.call(f"/{case}.cgi")
        stated = "without sending complete message body" if case == "cllong" else "without sending a response"
        assert stated in str(ended.value)
    else:
        answer = served.call(f"/{case}.cgi")
        headers = sorted(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in answer.headers.raw
        )
        headers = [
            (name, re.sub(r"=[0-9a-f]+", "=*", value) if name == "x-os402-task" else value)
            for name, value in headers
            if name != "date" or ("date", value) in map(tuple, row["headers"])
        ]
        assert answer.headers.get_list("date"), "a server says when it answers"
        assert answer.status_code == row["status"]
        assert headers == [tuple(pair) for pair in row["headers"]]
        assert answer.content == base64.b64decode(row["body"])
    if case in TOLD:
        assert served.logged(TOLD[case])


def test_head(tmp_path):
    """The program's own length is kept, whatever it is."""
    for name, header in (("own", "Content-Length: 99"), ("ours", "A: b")):
        write_offer(tmp_path, f"print('{header}\\r\\n\\r\\nfour', end='')", name=name)
    with serving(tmp_path / "log", tmp_path) as served:
        for name, length in (("own", "99"), ("ours", "4")):
            answer = served.call(f"/{name}.cgi", "HEAD")
            assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, length, b"")


def test_a_task_that_is_not_kept_has_no_id(tmp_path):
    from dataclasses import replace

    from support.programs import offer_of

    limits = replace(offer_of("", name="x").limits, retain=0)
    write_offer(tmp_path, "print('A: b\\r\\n\\r\\n', end='')", name="good", limits=limits)
    write_offer(tmp_path, "pass", name="bad", limits=limits)
    with serving(tmp_path / "log", tmp_path) as served:
        assert served.call("/good.cgi").headers["x-os402-task"].startswith("utime=")
        answer = served.call("/bad.cgi")
        assert answer.status_code == 500
        assert "x-os402-task" not in answer.headers
        assert answer.headers["access-control-allow-origin"] == "*"
        assert served.call("/tasks").json() == {}


def test_health_and_tasks(served):
    health = served.call("/health?x=1", headers={"X-Own": "y"}).json()
    assert (health["status"], health["pools"], health["request"]["query"]) == ("ok", [], "x=1")
    assert health["request"]["headers"]["x-own"] == ["y"]
    assert re.fullmatch("0x[0-9a-f]{40}", health["signer"])
    task = served.call("/lf.cgi").headers["x-os402-task"].split()[0].removeprefix("id=")
    tasks = served.call("/tasks").json()
    assert tasks[task] == served.call(f"/tasks/{task}").json()
    # A program's page is of the same origin, and no other program's answers are its business.
    assert served.call("/tasks", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 403
