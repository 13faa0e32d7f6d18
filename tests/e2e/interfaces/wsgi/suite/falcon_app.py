import os
from pathlib import Path

import falcon


class Index:
    def on_get(self, req, resp):
        resp.media = {"name": req.get_param("name", default="world"), "uri": req.uri, "prefix": req.prefix}

    def on_post(self, req, resp):
        resp.status = falcon.HTTP_201
        resp.location = req.prefix + "/1"
        resp.media = req.get_media()


class Form:
    def on_post(self, req, resp):
        resp.media = {part.name: len(part.stream.read()) for part in req.get_media()}


class Cookies:
    def on_get(self, req, resp):
        resp.set_cookie("one", "1", secure=False)
        resp.set_cookie("two", "2", secure=False, max_age=60)
        resp.text = "set"

    def on_delete(self, req, resp):
        resp.unset_cookie("one")
        resp.status = falcon.HTTP_204


class Seen:
    def on_get(self, req, resp):
        resp.media = dict(sorted(req.cookies.items()))


class Stream:
    def on_get(self, req, resp):
        resp.content_type = "text/plain"
        resp.stream = (b"%d\n" % number for number in range(3))


class Error:
    def on_get(self, req, resp):
        raise LookupError("on purpose")


class Bad:
    def on_get(self, req, resp):
        raise falcon.HTTPBadRequest(title="no", description="on purpose")


class Environ:
    def on_get(self, req, resp):
        resp.text = repr(sorted(req.env.items(), key=str)) + repr(sorted(os.environ.items()))


app = falcon.App()
for name, resource in {
    "/": Index(),
    "/form": Form(),
    "/cookies": Cookies(),
    "/seen": Seen(),
    "/stream": Stream(),
    "/error": Error(),
    "/bad": Bad(),
    "/environ": Environ(),
}.items():
    app.add_route(name, resource)
app.add_static_route("/static", str(Path(__file__).parent / "static"))
