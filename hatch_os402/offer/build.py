"""From options and artifacts to the offer."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import OfferError
from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.payload import Exec, Executable, Limits, Offer, Price

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hatch_os402.offer.options import OfferOptions

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
    return Offer(
        name=default_name if options.name is None else options.name,
        description=default_description if options.description is None else options.description,
        input_schema=default_schemas[0] if options.input_schema is None else options.input_schema,
        output_schema=default_schemas[1] if options.output_schema is None else options.output_schema,
        pool=options.pool,
        exec=_exec(options, executables, (*args, *options.args), frame_sha256, frame),
        limits=Limits(
            cpu_units=options.cpu_units,
            ram_kb=options.ram,
            buffer_capacity=options.buffer,
            cpu_time_secs=options.cpu_time,
            wall_time_secs=options.wall_time,
            net=options.net,
            tcp_bind=options.tcp_bind,
            tcp_connect=options.tcp_connect,
            retain=options.retain,
        ),
        price=tuple(
            Price(asset.token, asset.token_address, asset.network, options.per_second, owner)
            for asset in options.assets
        ),
        min_duration_seconds=options.min_duration,
        max_duration_seconds=options.max_duration,
        owner=owner,
        valid_until=valid_until,
    )


def _exec(
    options: OfferOptions,
    executables: Mapping[str, Executable],
    args: tuple[str, ...],
    frame_sha256: str,
    frame: Callable[[], bytes] | None,
) -> Exec:
    env = environment(options)
    if options.stack is not None:
        executables = {arch: replace(executable, stack_kb=options.stack) for arch, executable in executables.items()}
    return Exec(
        executables=executables,
        args=args or None,
        args_extendable=options.args_extendable,
        env=None if options.env_private else env,
        env_extendable=options.env_extendable,
        env_sha256=hashlib.sha256(canonical(env)).hexdigest() if options.env_private else None,
        env_private=options.env_private,
        stdin=None if options.stdin_private else _contents(frame, frame_sha256),
        stdin_appendable=options.stdin_appendable,
        stdin_sha256=frame_sha256 if options.stdin_private else None,
        stdin_private=options.stdin_private,
    )


def _contents(frame: Callable[[], bytes] | None, frame_sha256: str) -> bytes:
    if frame is None:
        raise OfferError("`stdin-private = false` puts the program itself into the offer, and it is not at hand here.")
    contents = frame()
    if hashlib.sha256(contents).hexdigest() != frame_sha256:
        raise OfferError("The program changed while its offer was written. Build again.")
    return contents
