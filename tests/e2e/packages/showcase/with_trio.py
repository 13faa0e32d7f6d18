"""Tasks in a nursery, a channel between them, a timeout and a cancellation; and worker threads."""

import asyncio
import os
import tempfile
import threading

import sniffio
import trio


def facts():
    seen = []

    async def main():
        send, receive = trio.open_memory_channel(1)

        async def producer():
            async with send:
                for number in range(3):
                    await send.send(number)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(producer)
            async for number in receive:
                seen.append(number)  # noqa: PERF401 - while the producer runs
        with trio.move_on_after(0.01) as scope:
            await trio.sleep_forever()
        return scope.cancelled_caught

    return {"seen": (trio.run(main), seen), "threads": trio.run(threads)}


async def threads():
    """Worker threads, and what runs in them: nothing of trio, so that asyncio can run there."""

    def running():
        try:
            return sniffio.current_async_library()
        except sniffio.AsyncLibraryNotFoundError:
            return "nothing"

    async def inner():
        return [sniffio.current_async_library(), await asyncio.to_thread(len, "four")]

    async def failing():
        try:
            await trio.to_thread.run_sync(int, "x")
        except ValueError as error:
            return str(error)

    path = trio.Path(tempfile.mkdtemp()) / "x"
    await path.write_text("kept")
    async with await trio.open_file(path) as file:
        text = await file.read()
    results = []

    async def one(number):
        results.append(await trio.to_thread.run_sync(pow, number, 2))

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(one, number)
    return {
        "inside": await trio.to_thread.run_sync(running),
        "nested": await trio.to_thread.run_sync(lambda: asyncio.run(inner())),
        "failing": await failing(),
        "file": [text, await path.exists(), os.path.basename(path)],
        "together": sorted(results),
        "after": [sniffio.current_async_library(), threading.current_thread() is threading.main_thread()],
    }
