"""Logs to `/dev/null`, to a file with a rotation, and to a function; an exception with its values."""

import os
import tempfile

from loguru import logger


def facts():
    lines = []
    path = os.path.join(tempfile.mkdtemp(), "x.log")
    logger.remove()
    sinks = [
        logger.add(os.devnull),
        logger.add(path, rotation="1 MB"),
        logger.add(lines.append, format="{level} {message}"),
    ]
    logger.info("said {}", 1)
    try:
        int("x")
    except ValueError:
        logger.exception("failed")
    for sink in sinks:
        logger.remove(sink)
    with open(path) as file:
        return [len(lines), lines[0], "ValueError" in lines[1], "said 1" in file.read()]
