"""Endpoints that are plain functions, in its pool of threads, a file, a background task, asked without a server."""

import asyncio
import os

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Route

done = []


def plain(request):
    return PlainTextResponse("plain", background=BackgroundTask(done.append, "background"))


async def file(request):
    return FileResponse(os.path.join(os.path.dirname(__file__), "data", "text.txt"))


async def ask():
    app = Starlette(routes=[Route("/plain", plain), Route("/file", file)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        answers = [await client.get(path) for path in ("/plain", "/file", "/none")]
    return [[answer.status_code, len(answer.content)] for answer in answers]


def facts():
    return [asyncio.run(ask()), done]
