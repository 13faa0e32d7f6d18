"""Hello as a script that speaks CGI, by itself or by somebody else's adapter."""

import sys


def cgi():
    sys.stdout.write("Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nhello\n")


def wsgiref_handler():
    from wsgiref.handlers import CGIHandler

    from hello.web import wsgi

    CGIHandler().run(wsgi)


def run_asgi():
    import asyncio

    from hello.web import asgi

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            lines = [b"%b: %b\r\n" % header for header in message["headers"]]
            sys.stdout.buffer.write(b"Status: %d\r\n%b\r\n" % (message["status"], b"".join(lines)))
        else:
            sys.stdout.buffer.write(message["body"])

    asyncio.run(asgi({"type": "http"}, receive, send))


def mangum():
    import os

    from hello.web import asgi
    from mangum import Mangum

    event = {
        "version": "2.0",
        "rawPath": os.environ["PATH_INFO"],
        "rawQueryString": os.environ["QUERY_STRING"],
        "headers": {
            name[5:].lower().replace("_", "-"): value for name, value in os.environ.items() if name.startswith("HTTP_")
        },
        "requestContext": {
            "http": {"method": os.environ["REQUEST_METHOD"], "path": os.environ["PATH_INFO"], "sourceIp": "::1"}
        },
        "body": "",
        "isBase64Encoded": False,
    }
    answer = Mangum(asgi, lifespan="off")(event, None)
    head = "".join(f"{name}: {value}\r\n" for name, value in answer["headers"].items())
    sys.stdout.write(f"Status: {answer['statusCode']}\r\n{head}\r\n{answer['body']}")
