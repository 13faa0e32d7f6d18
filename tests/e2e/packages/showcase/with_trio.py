"""Tasks in a nursery, a channel between them, a timeout and a cancellation."""

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

    return {"seen": (trio.run(main), seen)}
