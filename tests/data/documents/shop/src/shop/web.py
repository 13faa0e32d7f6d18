import json


def app(environ, start_response):
    size = int(environ.get("CONTENT_LENGTH") or 0)
    answer = {"method": environ["REQUEST_METHOD"], "query": environ["QUERY_STRING"]}
    if size:
        answer["item"] = json.loads(environ["wsgi.input"].read(size))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode() + b"\n"]
