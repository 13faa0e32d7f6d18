"""Bridges between both worlds: `sync_to_async`, `async_to_sync`, one in the other, context variables, errors."""

import asyncio
import contextvars

from asgiref.sync import async_to_sync, sync_to_async

variable = contextvars.ContextVar("variable", default="none")


def fails():
    raise LookupError("why")


async def inner(number):
    return await sync_to_async(lambda: number + 1)()


async def outer():
    variable.set("set")
    try:
        await sync_to_async(fails)()
    except LookupError as error:
        why = str(error)
    return [
        await sync_to_async(variable.get)(),
        await sync_to_async(abs, thread_sensitive=False)(-3),
        await sync_to_async(lambda: async_to_sync(inner)(4))(),
        why,
    ]


def facts():
    return [asyncio.run(outer()), async_to_sync(outer)(), async_to_sync(inner)(1)]
