"""TCP as on os402: there is no network, and ports are restricted only where the offer names some."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from support.programs import offer_of, write_offer

from hatch_os402.cli import main
from hatch_os402.offer.payload import envelope_text
from hatch_os402.offer.reading import read_envelope
from hatch_os402.sandbox.execute import Command, execute
from hatch_os402.sandbox.limits import ResourceLimits
from hatch_os402.sandbox.program import Program
from hatch_os402.sandbox.runtime_files import needs

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's"), pytest.mark.once]

ATTEMPTS = """
import errno, socket
def bind(port):
    socket.socket().bind(("", port))
def connect(host, port):
    socket.create_connection((host, port), 5)
for attempt in (
    lambda: bind(8080), lambda: bind(8081),
    lambda: connect("127.0.0.1", 443), lambda: connect("127.0.0.1", 80), lambda: connect("::1", 443),
):
    try:
        attempt()
        print("works")
    except OSError as error:
        print(errno.errorcode[error.errno])
"""

# Seen on a server, with a static CPython.
PORTS = {
    "no ports": ((), (), ["works", "works", "ENETUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]),
    "bind": ((8080,), (), ["works", "EACCES", "ENETUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]),
    "connect": ((), (443,), ["works", "works", "ENETUNREACH", "EACCES", "EADDRNOTAVAIL"]),
    "both": ((8080,), (443,), ["works", "EACCES", "ENETUNREACH", "EACCES", "EADDRNOTAVAIL"]),
}


@pytest.mark.parametrize(("bind", "connect", "outcomes"), PORTS.values(), ids=PORTS)
def test_ports(bind, connect, outcomes, python312):
    limits = ResourceLimits(wall=30, tcp_bind=bind, tcp_connect=connect)
    outcome, missing = execute(needs(python312.path), Command([python312.path, "-I", "-c", ATTEMPTS], {}, (), limits))
    assert (outcome.stdout.decode().split(), outcome.stderr, missing) == (outcomes, b"", ())


def test_an_offers_ports_are_the_limits():
    offer = offer_of("pass", name="ports")
    offer = replace(offer, limits=replace(offer.limits, tcp_bind=(8080,), tcp_connect=(443, 80)))
    limits = Program(read_envelope(envelope_text(offer))).limits
    assert (limits.tcp_bind, limits.tcp_connect) == ((8080,), (443, 80))


def test_an_offer_that_says_net_has_none(tmp_path, capfd):
    limits = replace(offer_of("", name="net").limits, net=True)
    code = "import socket\ntry: socket.create_connection(('127.0.0.1', 1))\nexcept OSError as error: print('A: b\\n\\n', error)"
    offer = write_offer(tmp_path, code, name="net", limits=limits)
    with pytest.raises(SystemExit) as ended:
        main(["run", str(offer)])
    out, err = capfd.readouterr()
    assert (ended.value.code, "Network is unreachable" in out) == (0, True)
    assert "says `net = true`, and has no network here, as on os402" in err
