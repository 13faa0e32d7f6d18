import os

from flask import Blueprint, Flask, Response, abort, flash, jsonify, make_response, redirect, render_template, request
from flask import session, stream_with_context, url_for

app = Flask(__name__)
app.secret_key = "for the tests"
shop = Blueprint("shop", __name__, url_prefix="/shop")


@shop.route("/<int:number>")
def item(number):
    return jsonify(number=number, here=url_for(".item", number=number), out=url_for(".item", number=2, _external=True))


@shop.app_errorhandler(404)
def missing(error):
    return render_template("missing.html", path=request.path), 404


app.register_blueprint(shop)


@app.route("/")
def index():
    return render_template("index.html", name=request.args.get("name", "wörld"), user=session.get("user"))


@app.route("/login", methods=["POST"])
def login():
    session["user"] = request.form["user"]
    flash("welcome")
    response = redirect(url_for("index"))
    response.set_cookie("theme", "dark", max_age=3600, samesite="Lax")
    return response


@app.route("/logout")
def logout():
    session.clear()
    return "bye"


@app.route("/seen")
def seen():
    return (
        jsonify(sorted(request.cookies), user=session.get("user"))
        if False
        else jsonify(cookies=sorted(request.cookies), user=session.get("user"))
    )


@app.route("/upload", methods=["POST"])
def upload():
    file = request.files["file"]
    return jsonify(name=file.filename, size=len(file.read()), note=request.form["note"])


@app.route("/json", methods=["PUT"])
def put():
    return jsonify(got=request.get_json(), type=request.content_type, length=request.content_length)


@app.route("/stream")
def stream():
    def parts():
        for number in range(3):
            yield f"{number} {request.args['q']}\n"

    return Response(stream_with_context(parts()), mimetype="text/plain")


@app.route("/download")
def download():
    from flask import send_file

    return send_file(os.path.join(os.path.dirname(__file__), "static", "data.bin"), as_attachment=True, etag=False)


@app.route("/headers")
def headers():
    response = make_response("x")
    response.headers.add("Link", "</a>; rel=next")
    response.headers.add("Link", "</b>; rel=prev")
    response.headers["X-Text"] = "a, b"
    response.vary.add("Accept")
    return response, 418


@app.route("/abort/<int:code>")
def stop(code):
    abort(code)


@app.route("/error")
def error():
    raise LookupError("on purpose")


@app.route("/environ")
def environ():
    return repr(sorted(request.environ.items(), key=str)) + repr(sorted(os.environ.items()))
