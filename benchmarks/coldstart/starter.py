"""Start programs and say what each took. A process of its own that stays small, for the sake of the figures of memory.

Linux counts what a process held before it became another program as that program's. So the one who starts it must be
smaller than the smallest of them: this file imports what every interpreter has loaded or built in, and hands the frame
to the program without ever holding it. Jobs and answers are marshalled, on stdin and stdout.
"""

import marshal
import os
import sys
import time


def run(argv: list[str], env: dict[str, str], stdin: str, *, until_end: bool) -> dict[str, object]:
    """Start `argv`, feed it the file `stdin` through a pipe, wait for it, and return what it took and said.

    `until_end`: whether the program waits for the end of its stdin.
    """
    source, size = os.open(stdin, os.O_RDONLY), os.stat(stdin).st_size  # noqa: PTH116 - pathlib is large
    (body, feed), (answer, out), (stated, err) = os.pipe(), os.pipe(), os.pipe()
    begun = time.perf_counter()
    child = os.fork()
    if not child:
        for new, old in enumerate((body, out, err)):
            os.dup2(old, new)
        os.execve(argv[0], argv, env)  # noqa: S606
    for number in (body, out, err):
        os.close(number)
    sent = 0
    try:
        while sent < size:
            sent += os.sendfile(feed, source, sent, size - sent)
    except BrokenPipeError:
        pass
    # The write end stays open until the program has ended, as on a server where another task holds it.
    if until_end:
        os.close(feed)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - begun
    if not until_end:
        os.close(feed)
    os.close(source)
    took = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss}
    return {**took, "code": os.waitstatus_to_exitcode(status), "out": _all(answer), "err": _all(stated)}


def _all(number: int) -> bytes:
    with open(number, "rb") as file:
        return file.read()


if __name__ == "__main__":
    while True:
        try:
            job = marshal.load(sys.stdin.buffer)  # noqa: S302 - from run.py
        except EOFError:
            break
        marshal.dump(run(*job[:3], until_end=job[3]), sys.stdout.buffer)
        sys.stdout.buffer.flush()
