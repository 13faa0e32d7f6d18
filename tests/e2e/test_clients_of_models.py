"""The newest clients of language models, with what a refused build suggests for them, answer without a disk."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.buildproject import build, environment, write_project
from support.diskless import run_diskless

from hatch_os402 import launcher

pytestmark = [pytest.mark.network, pytest.mark.once]

OPENAI = """
import httpx2, json, openai

def answer(request):
    asked = json.loads(request.content)
    if asked.get("stream"):
        pieces = [{"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
                   "choices": [{"index": 0, "delta": {"content": text}}]} for text in ("o", "k")]
        text = "".join(f"data: {json.dumps(piece)}\\n\\n" for piece in pieces) + "data: [DONE]\\n\\n"
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=text)
    if asked["model"] == "bad":
        return httpx2.Response(400, json={"error": {"message": "no such model"}})
    return httpx2.Response(200, json={"id": "1", "object": "chat.completion", "created": 0, "model": asked["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}})

client = openai.OpenAI(api_key="x", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)), max_retries=0)
ask = lambda **more: client.chat.completions.create(**{"model": "m", "messages": [{"role": "user", "content": "hi"}], **more})
whole = ask()
try:
    ask(model="bad")
except openai.BadRequestError as error:
    refused = error.status_code
print(json.dumps([whole.choices[0].message.content, whole.usage.total_tokens,
                  "".join(piece.choices[0].delta.content for piece in ask(stream=True)), refused]))
"""
ANTHROPIC = """
import anthropic, httpx2, json

def answer(request):
    asked = json.loads(request.content)
    message = {"id": "1", "type": "message", "role": "assistant", "model": asked["model"], "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 0}}
    if asked.get("stream"):
        events = [("message_start", {"message": message}),
                  ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
                  *(("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": text}}) for text in "ok"),
                  ("content_block_stop", {"index": 0}),
                  ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}), ("message_stop", {})]
        text = "".join(f"event: {kind}\\ndata: {json.dumps({'type': kind, **data})}\\n\\n" for kind, data in events)
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=text)
    if asked["model"] == "bad":
        return httpx2.Response(400, json={"type": "error", "error": {"type": "invalid_request_error", "message": "no such model"}})
    return httpx2.Response(200, json={**message, "stop_reason": "end_turn", "content": [{"type": "text", "text": "hello"}],
                                      "usage": {"input_tokens": 1, "output_tokens": 2}})

client = anthropic.Anthropic(api_key="x", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)), max_retries=0)
asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
whole = client.messages.create(**asked)
try:
    client.messages.create(**asked | {"model": "bad"})
except anthropic.BadRequestError as error:
    refused = error.status_code
with client.messages.stream(**asked) as stream:
    text = "".join(stream.text_stream)
print(json.dumps([whole.content[0].text, whole.usage.input_tokens + whole.usage.output_tokens, text, refused]))
"""


CLIENTS = {"openai": OPENAI, "anthropic": ANTHROPIC}


def test_what_is_suggested_for_the_newest_releases_runs(tmp_path, python312):
    """One project has both: a search for both costs no more than one for each."""
    main = "import runpy, sys\nrunpy.run_module(f'sample.with_{sys.stdin.read()}')\n"
    programs = {f"sample/with_{name}.py": program for name, program in CLIENTS.items()}
    files = {"sample/__init__.py": "", "sample/__main__.py": main, **programs}
    root = write_project(tmp_path / "before", files=files, dependencies=[*CLIENTS])
    command = [sys.executable, "-m", "hatch_os402.cli", "check", str(root), "--json", "--remedies", "200"]
    found = subprocess.run(command, env=environment(pip=True), capture_output=True, check=False)
    report = json.loads(found.stdout)
    *lines, option = report["together"]
    assert (lines, option) == (["pydantic<2"], 'substitutes = ["jiter"]')
    newest = {item["name"]: item["version"] for item in report["distributions"]}

    pasted = write_project(tmp_path / "after", files=files, dependencies=[*CLIENTS, *lines], options=option)
    built = build(pasted, env=environment(pip=True)).succeeded()
    for name in CLIENTS:
        assert built.vendored[name] == newest[name]
        body = name.encode()
        cgi = {"CONTENT_LENGTH": str(len(body))}
        run = run_diskless(python312.path, launcher.ARGS[1:], built[".stdin"] + body, cgi)
        assert (run.returncode, run.stderr.decode()) == (0, "")
        assert json.loads(run.stdout) == ["hello", 3, "ok", 400]
