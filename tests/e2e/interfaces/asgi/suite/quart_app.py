import os

from quart import Blueprint, Quart, abort, jsonify, make_response, redirect, render_template, request, session, url_for
from quart import websocket

app = Quart(__name__)
app.secret_key = "for the tests"
shop = Blueprint("shop", __name__, url_prefix="/shop")


@shop.route("/<int:number>")
async def item(number):
    return jsonify(number=number, here=url_for(".item", number=number), out=url_for(".item", number=2, _external=True))


app.register_blueprint(shop)


@app.route("/")
async def index():
    return await render_template("index.html", name=request.args.get("name", "wörld"))


@app.route("/sync")
def sync():
    return "sync"


@app.route("/login", methods=["POST"])
async def login():
    form = await request.form
    session["user"] = form["user"]
    response = redirect(url_for("index"))
    response.set_cookie("theme", "dark", max_age=3600)
    return response


@app.route("/seen")
async def seen():
    return jsonify(cookies=sorted(request.cookies), user=session.get("user"))


@app.route("/upload", methods=["POST"])
async def upload():
    file = (await request.files)["file"]
    return jsonify(name=file.filename, size=len(file.read()), note=(await request.form)["note"])


@app.route("/stream")
async def stream():
    async def parts():
        for number in range(3):
            yield f"{number}\n".encode()

    return await make_response(parts(), {"Content-Type": "text/plain"})


@app.errorhandler(404)
async def missing(error):
    return f"nothing at {request.path}", 404


@app.route("/abort/<int:code>")
async def stop(code):
    abort(code)


@app.route("/error")
async def error():
    raise LookupError("on purpose")


@app.route("/environ")
async def environ():
    return repr(request.scope) + repr(sorted(os.environ.items()))


@app.websocket("/ws")
async def ws():
    await websocket.send("x")
