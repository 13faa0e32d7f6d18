"""Templates and static files beside `__file__`, conditional and ranged requests, sessions, an upload of 1 MB."""

import io

from flask import Flask, render_template, request, send_from_directory, session

app = Flask("showcase")
app.secret_key = "no secret"


@app.get("/")
def page():
    session["seen"] = session.get("seen", 0) + 1
    return render_template("page.html", title=f"seen {session['seen']}", items=["a", "b"])


@app.post("/upload")
def upload():
    file = request.files["file"]
    content = file.read()  # above 500 kB it lies in a temporary file
    return {"name": file.filename, "size": len(content), "end": content[-3:].decode(), "note": request.form["note"]}


@app.get("/data/<path:name>")
def data(name):
    return send_from_directory("data", name)


def facts():
    client = app.test_client()
    pages = [client.get("/").text.splitlines() for _ in range(2)]
    style = client.get("/static/style.css")
    sent = client.post("/upload", data={"note": "für", "file": (io.BytesIO(b"x" * 1_000_000 + b"end"), "big.bin")})
    with app.open_resource("data/text.txt") as file:
        first = file.readline().decode()
    return {
        "pages": pages,
        "style": [style.status_code, style.content_type, style.text, style.headers["Content-Length"]],
        "json": client.get("/static/data.json").json,
        "unchanged": client.get("/static/style.css", headers={"If-None-Match": style.headers["ETag"]}).status_code,
        "range": client.get("/static/style.css", headers={"Range": "bytes=7-11"}).text,
        "absent": client.get("/static/nothing.css").status_code,
        "data": [client.get("/data/text.txt").content_type, client.get("/data/../__init__.py").status_code],
        "upload": sent.json,
        "resource": first,
    }
