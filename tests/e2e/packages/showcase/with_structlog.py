"""Logs to `/dev/null`, by its own writer and by handlers of the standard library, as JSON and as text."""

import io
import logging
import os

import structlog


def facts():
    out = io.StringIO()
    with open(os.devnull, "w") as nowhere:
        for file in (nowhere, out):
            log = structlog.wrap_logger(
                structlog.WriteLogger(file),
                processors=[
                    structlog.stdlib.add_log_level,
                    structlog.processors.format_exc_info,
                    structlog.processors.JSONRenderer(),
                ],
            )
            log.bind(user="ü").info("said", number=1)
    handler = logging.FileHandler(os.devnull)
    logger = logging.getLogger("showcase.structlog")
    logger.propagate = False
    logger.addHandler(handler)
    bound = structlog.wrap_logger(
        logger,
        processors=[structlog.stdlib.filter_by_level, structlog.dev.ConsoleRenderer(colors=False)],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    bound.warning("to nowhere")
    handler.close()
    return [out.getvalue(), handler.baseFilename, os.path.samestat(os.stat("/dev/stdout"), os.fstat(1))]
