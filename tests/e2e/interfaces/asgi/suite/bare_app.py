import os
import sys

STATE = {"starts": 0}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                STATE["starts"] += 1
                scope["state"]["kept"] = "from the start"
                await send({"type": "lifespan.startup.complete"})
            else:
                await send({"type": "lifespan.shutdown.complete"})
                return
    assert scope["type"] == "http"
    path = scope["path"].removeprefix(scope["root_path"])
    if path == "/error":
        raise LookupError("on purpose")
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if path == "/environ":
        found = repr(scope) + repr(sorted(os.environ.items()))
    else:
        kept = ("type", "http_version", "method", "scheme", "path", "raw_path", "query_string", "root_path")
        found = repr([scope[name] for name in kept]) + repr(scope["state"]) + repr(STATE) + f"{len(body)} {body[-5:]}"
    if path == "/late":
        print("late", file=sys.stderr)
    status = 404 if path == "/missing" else 200
    headers = [(b"content-type", b"text/plain"), (b"vary", b"a"), (b"vary", b"b")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for part in found.split("'"):
        await send({"type": "http.response.body", "body": part.encode(), "more_body": True})
    await send({"type": "http.response.body"})
