import os

import bottle
from bottle import HTTPError, redirect, request, response, route, static_file, template

STATIC = os.path.join(os.path.dirname(__file__), "static")


@route("/")
def index():
    return template("hello {{name}}", name=request.query.name or "world")


@route("/json/<number:int>")
def json(number):
    return {"number": number, "address": request.url, "script": request.script_name, "path": request.path}


@route("/set")
def set_cookies():
    response.set_cookie("one", "1", path="/")
    response.set_cookie("two", "2", secret="for the tests", path="/")
    return "set"


@route("/seen")
def seen():
    return {"one": request.get_cookie("one"), "two": request.get_cookie("two", secret="for the tests")}


@route("/form", method="POST")
def form():
    upload = request.files.get("file")
    return {"note": request.forms.note, "name": upload.filename, "size": len(upload.file.read())}


@route("/go")
def go():
    redirect("/elsewhere")


@route("/stream")
def stream():
    response.content_type = "text/plain"
    yield "one\n"
    yield "two\n"


@route("/static/<name>")
def static(name):
    return static_file(name, root=STATIC)


@route("/teapot")
def teapot():
    raise HTTPError(418, "short and stout")


@route("/error")
def error():
    raise LookupError("on purpose")


@route("/environ")
def environ():
    return repr(sorted(request.environ.items(), key=str)) + repr(sorted(os.environ.items()))


app = bottle.default_app()
