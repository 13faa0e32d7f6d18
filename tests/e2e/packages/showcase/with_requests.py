"""The TLS context of an `https://` request from certifi's file, and what a request and a redirect become."""

import socket
import ssl
from pathlib import Path

import certifi
import requests
import urllib3.util.ssl_
from requests.adapters import BaseAdapter, HTTPAdapter


class Echo(BaseAdapter):
    """Answers with what it was sent; `/old` redirects."""

    def send(self, request, **_):
        response = requests.Response()
        response.url, response.request, response.encoding = request.url, request, "utf-8"
        response.status_code = 302 if request.path_url == "/old" else 200
        response.headers["Location"] = "/new"
        response._content = f"{request.method} {request.path_url} {len(request.body or b'')}".encode()
        return response

    def close(self):
        pass


def facts():
    authorities = Path(certifi.where()).read_text().count("BEGIN CERTIFICATE")
    adapter = HTTPAdapter()
    request = requests.Request("GET", "https://example.org/").prepare()
    connection = adapter.get_connection_with_tls_context(request, verify=True)
    adapter.cert_verify(connection, request.url, verify=True, cert=None)
    context = urllib3.util.ssl_.create_urllib3_context()
    context.load_verify_locations(connection.ca_certs)
    # The other end is closed: the handshake begins, with the certificates loaded, and ends at once.
    ours, theirs = socket.socketpair()
    theirs.close()
    try:
        urllib3.util.ssl_.ssl_wrap_socket(ours, ca_certs=connection.ca_certs, server_hostname="example.org")
    except (ssl.SSLError, OSError) as error:
        handshake = isinstance(error, (ssl.SSLEOFError, BrokenPipeError, ConnectionResetError))
    ours.close()
    session = requests.Session()
    session.mount("https://", Echo())
    try:
        requests.get("https://127.0.0.1:9/", timeout=1)
    except requests.ConnectionError as error:
        no_network = type(error).__name__
    return {
        "certificates": connection.ca_certs == certifi.where(),
        "all authorities loaded": authorities > 100 and context.cert_store_stats()["x509_ca"] == authorities,
        "the handshake begins": handshake,
        "without a network": no_network,
        "redirect": session.get("https://example.org/old").text,
        "form": session.post("https://example.org/?q=é", data={"a": "ü", "b": [1, 2]}).text,
        "upload": session.post("https://example.org/up", files={"f": ("n.txt", b"12345")}).text.split()[:2],
    }
