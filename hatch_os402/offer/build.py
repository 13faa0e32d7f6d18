"""From options and artifacts to the offer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.payload import Exec, Executable, Limits, Offer, Price

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hatch_os402.config.offer_options import OfferOptions

ZERO_ADDRESS = "0x" + 40 * "0"  # stands for the owner until one is known; such an offer cannot be published

# Cosmopolitan Python finds its own standard library by reading its own executable, and has no other file to read.
BASE_ENV = {"COSMOPOLITAN_INIT_ZIPOS": "/proc/self/exe"}


def environment(options: OfferOptions) -> dict[str, str]:
    """Return the program's whole environment: what the user set, over what the runtime needs."""
    return {**BASE_ENV, **options.env}


def build_offer(
    options: OfferOptions,
    *,
    executables: Mapping[str, Executable],
    args: tuple[str, ...],
    frame_sha256: str,
    frame: Callable[[], bytes] | None,
    valid_until: int,
    default_name: str | None,
    default_description: str | None,
    default_schemas: tuple[Any, Any] = (None, None),
) -> Offer:
    """Assemble the offer.

    `executables` are the runtimes by architecture, `args` the launcher's (the user's follow them), `frame_sha256` the
    hex SHA-256 of the frame and `frame` what returns its bytes, needed only with `stdin-private = false`. `valid_until`
    is in unix seconds. The default name, description and schemas (input, output) serve where the options have none.

    Raises `OfferError` if something does not fit an offer, and what the options raise.
    """
    owner = options.owner or ZERO_ADDRESS
    private, env = options.env_private, environment(options)
    command = Exec(
        executables=executables,
        args=(*args, *options.args) or None,
        env=None if private else env,
        env_sha256=hashlib.sha256(canonical(env)).hexdigest() if private else None,
        stdin=None if options.stdin_private else _contents(frame, frame_sha256),
        stdin_sha256=frame_sha256 if options.stdin_private else None,
        **options.values(Exec),
    )
    price = (
        Price(asset.token, asset.token_address, asset.network, options.per_second, owner) for asset in options.assets
    )
    stated = options.values(Offer)
    for name, default in (
        ("name", default_name),
        ("description", default_description),
        ("input_schema", default_schemas[0]),
        ("output_schema", default_schemas[1]),
    ):
        stated[name] = default if stated[name] is None else stated[name]
    return Offer(
        exec=command,
        limits=Limits(**options.values(Limits)),
        price=tuple(price),
        owner=owner,
        valid_until=valid_until,
        **stated,
    )


def _contents(frame: Callable[[], bytes] | None, frame_sha256: str) -> bytes:
    if frame is None:
        raise OfferError("`stdin-private = false` puts the program itself into the offer, and it is not at hand here")
    contents = frame()
    if hashlib.sha256(contents).hexdigest() != frame_sha256:
        raise OfferError("the program changed while its offer was written.\nBuild again.")
    return contents
