import asyncio
import contextlib
import os
import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

HERE = Path(__file__).parent
templates = Jinja2Templates(HERE / "templates")


@contextlib.asynccontextmanager
async def lifespan(app):
    yield {"pool": "open"}
    print("closed", file=sys.stderr)


class Named(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["X-Pool"] = request.state.pool
        return response


async def index(request):
    return templates.TemplateResponse(request, "index.html", {"name": request.query_params.get("name", "wörld")})


def sync(request):
    return PlainTextResponse(f"sync {request.url_for('item', number=3)}")


async def item(request):
    return JSONResponse({"number": request.path_params["number"], "url": str(request.url), "path": request.url.path})


async def login(request):
    async with request.form() as form:
        request.session["user"] = form["user"]
    response = RedirectResponse(request.url_for("index"), status_code=303)
    response.set_cookie("theme", "dark", max_age=3600)
    return response


async def seen(request):
    return JSONResponse({"cookies": sorted(request.cookies), "user": request.session.get("user")})


async def upload(request):
    async with request.form() as form:
        file = form["file"]
        return JSONResponse({"name": file.filename, "size": len(await file.read()), "note": form["note"]})


async def stream(request):
    async def parts():
        for number in range(3):
            yield f"{number}\n"
            await asyncio.sleep(0)

    return StreamingResponse(parts(), media_type="text/plain")


def sync_stream(request):
    return StreamingResponse((f"{number}\n" for number in range(3)), media_type="text/plain")


async def background(request):
    async def later(what):
        await asyncio.sleep(0.01)
        print("later", what, file=sys.stderr)

    return PlainTextResponse("soon", background=BackgroundTask(later, "async"))


async def sync_background(request):
    tasks = BackgroundTasks()
    tasks.add_task(print, "later", "sync", file=sys.stderr)
    return PlainTextResponse("soon", background=tasks)


async def download(request):
    return FileResponse(HERE / "static" / "data.txt", filename="data.txt")


async def large(request):
    return PlainTextResponse("x" * 5000)


async def teapot(request):
    raise HTTPException(418, "short and stout", {"X-Tea": "none"})


async def error(request):
    raise LookupError("on purpose")


async def environ(request):
    return PlainTextResponse(repr(request.scope) + repr(sorted(os.environ.items())))


async def websocket(socket):
    await socket.accept()


app = Starlette(
    routes=[
        Route("/", index, name="index"),
        Route("/sync", sync),
        Route("/items/{number:int}", item, name="item"),
        Route("/login", login, methods=["POST"]),
        Route("/seen", seen),
        Route("/upload", upload, methods=["POST"]),
        Route("/stream", stream),
        Route("/sync-stream", sync_stream),
        Route("/background", background),
        Route("/sync-background", sync_background),
        Route("/download", download),
        Route("/large", large),
        Route("/teapot", teapot),
        Route("/error", error),
        Route("/environ", environ),
        WebSocketRoute("/ws", websocket),
        Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        Mount("/inner", routes=[Route("/", index), Route("/items/{number:int}", item)]),
    ],
    middleware=[
        Middleware(GZipMiddleware),
        Middleware(SessionMiddleware, secret_key="for the tests"),
        Middleware(Named),
    ],
    lifespan=lifespan,
)
