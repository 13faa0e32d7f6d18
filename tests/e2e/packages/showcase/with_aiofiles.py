"""Files in a pool of threads: read, written, listed, temporary."""

import asyncio
import os

import aiofiles
import aiofiles.os


async def main():
    async with aiofiles.open(os.path.join(os.path.dirname(__file__), "data", "text.txt"), encoding="utf-8") as file:
        lines = [line async for line in file]
    async with aiofiles.tempfile.TemporaryDirectory() as folder:
        async with aiofiles.open(folder + "/x", "w") as file:
            await file.write("abc")
        return [lines[0], await aiofiles.os.listdir(folder), (await aiofiles.os.stat(folder + "/x")).st_size]


def facts():
    return asyncio.run(main())
