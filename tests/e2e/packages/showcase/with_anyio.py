"""Worker threads, a task group of them, a limit, cancellation, files and paths."""

import anyio
from anyio import to_thread


async def main():
    results = {}

    async def work(number):
        results[number] = await to_thread.run_sync(pow, number, 2)

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(work, number)
    limiter = anyio.CapacityLimiter(1)
    path = anyio.Path("/tmp/of-anyio")
    await path.write_text("text")
    with anyio.move_on_after(0) as scope:
        await anyio.sleep(1)
    async with await anyio.open_file(path) as file:
        read = await file.read()
    return [
        sorted(results.items()),
        await to_thread.run_sync(len, "abc", limiter=limiter),
        read,
        scope.cancelled_caught,
    ]


def facts():
    return [anyio.run(main), anyio.run(main)]
