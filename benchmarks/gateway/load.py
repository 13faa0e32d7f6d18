"""A load generator for loopback, in pure Python: keep-alive clients that wait for each answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What clients saw: their seconds for each answer, and how long all took."""

    seconds: list[float]
    wall: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.wall

    @property
    def p99(self) -> float:
        """Seconds within which 99 of 100 answers came."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]


def run(port: int, path: str, *, clients: int, requests: int, limit: float, wanted: bytes) -> Load:
    """Send `requests` in all, by so many `clients`, for at most `limit` seconds; each answer must hold `wanted`."""
    return asyncio.run(_run(port, path, clients, requests, limit, wanted))


async def _run(port: int, path: str, clients: int, requests: int, limit: float, wanted: bytes) -> Load:
    left, seconds = iter(range(requests)), []
    end = time.perf_counter() + limit
    message = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            if time.perf_counter() > end:
                break
            begun = time.perf_counter()
            writer.write(message)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r", 1)[0])
            body = await reader.readexactly(length)
            seconds.append(time.perf_counter() - begun)
            assert wanted in body, head + body
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Load(seconds, time.perf_counter() - begun)


def hang_up(port: int, path: str, *, clients: int, timeout: float) -> None:
    """Have so many clients send a request at once and go away, `patience` seconds later, without an answer."""
    asyncio.run(_hang_up(port, path, clients, timeout))


async def _hang_up(port: int, path: str, clients: int, timeout: float) -> None:
    async def client() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await asyncio.sleep(timeout)
        writer.transport.abort()

    await asyncio.gather(*(client() for _ in range(clients)))
