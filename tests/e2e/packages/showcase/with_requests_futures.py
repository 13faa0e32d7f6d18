"""Requests in a pool of threads, by an adapter that answers itself, and hooks."""

from requests import Response
from requests.adapters import BaseAdapter
from requests_futures.sessions import FuturesSession


class Adapter(BaseAdapter):
    def send(self, request, **options):
        response = Response()
        response.status_code, response.url, response._content, response.request = 200, request.url, b"here", request
        return response

    def close(self):
        pass


def facts():
    with FuturesSession(max_workers=3) as session:
        session.mount("https://", Adapter())
        pending = [session.get(f"https://example.org/{number}") for number in range(3)]
        return [[future.result().url, future.result().text] for future in pending]
