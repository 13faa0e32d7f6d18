"""Requests and a redirect with its own test transport, an asynchronous ASGI application, a TLS context from certifi."""

import asyncio
from pathlib import Path

import certifi
import httpx


def answer(request):
    if request.url.path == "/old":
        return httpx.Response(301, headers={"Location": "/new"})
    return httpx.Response(
        200, json={"method": request.method, "path": str(request.url), "body": request.content.decode()}
    )


async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for word in scope["path"].strip("/").split("-"):
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": word.upper().encode(), "more_body": True})
    await send({"type": "http.response.body"})


async def both():
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="https://app") as client:
        return [response.text for response in await asyncio.gather(client.get("/a-b"), client.get("/c-d"))]


def facts():
    with httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True) as client:
        moved = client.get("https://example.org/old")
        sent = client.post("https://example.org/p", params={"q": "é"}, json={"ü": 1})
    context = httpx.create_ssl_context()
    authorities = Path(certifi.where()).read_text().count("BEGIN CERTIFICATE")
    try:
        httpx.get("https://127.0.0.1:9/")
    except httpx.ConnectError as error:
        no_network = type(error).__name__
    return {
        "moved": [moved.json()["path"], [response.status_code for response in moved.history]],
        "sent": sent.json(),
        "asynchronous": asyncio.run(both()),
        "all authorities loaded": authorities > 100 and context.cert_store_stats()["x509_ca"] == authorities,
        "without a network": no_network,
    }
