"""Offers of a server: os402's, or `hatch-os402 serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from hatch_os402.__about__ import __version__
from hatch_os402.errors import CallError
from hatch_os402.foreign.addresses import shown_address
from hatch_os402.foreign.strict_json import read_json
from hatch_os402.mcpserver.offers import Answer, Offered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TIMEOUT = httpx.Timeout(60, connect=10, read=600)
"""Seconds. A call may take as long as its offer lets it."""

_PAYMENT = 402


class RemoteOffers:
    """The offers of the server at `url`, called with further `headers`. An asynchronous context manager."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self._shown = shown_address(url).rstrip("/")
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT, headers={"User-Agent": f"hatch-os402/{__version__}", **headers}, follow_redirects=False
        )

    async def __aenter__(self) -> RemoteOffers:  # noqa: PYI034 - Self is for Python 3.11
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._client.aclose()

    async def offers(self) -> Sequence[Offered]:
        """Return the offers that the server lists. Raises `CallError`."""
        response = await self._request("GET", f"{self._url}/offers")
        try:
            listed: Any = read_json(response.content)["offers"]
            return [Offered(self, str(sha256), dict(payload)) for sha256, payload in listed.items()]
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise CallError(
                f"{self._shown}/offers answers {response.status_code} and no list of offers.\n"
                "Name the address of an os402 server, or of `hatch-os402 serve`."
            ) from error

    async def call(self, offered: Offered, body: bytes) -> Answer:
        """Call an offer. Raises `CallError` when the server cannot be reached."""
        response = await self._request(
            "POST", f"{self._url}/{offered.sha256}.cgi", content=body, headers={"Content-Type": "application/json"}
        )
        if response.status_code == _PAYMENT:
            text = "the server asks for payment of this call, or its owner's key: start `hatch-os402 mcp` with --header"
            return Answer(_PAYMENT, f"{text}. It answered: {response.text[:300]}".encode())
        return Answer(response.status_code, response.content)

    async def _request(self, method: str, url: str, **more: Any) -> httpx.Response:
        try:
            return await self._client.request(method, url, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # An error's own text has nothing of the headers, where a key may be; that of an address may quote it.
            why = str(error) if isinstance(error, httpx.HTTPError) else "it is not the address of a server"
            raise CallError(f"{self._shown} cannot be reached: {why or type(error).__name__}") from None
