"""Its configuration, logs to `/dev/null`, the heartbeat's file without a name, users, and a request that it parses."""

import os
import pwd

from gunicorn import util
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http.parser import RequestParser
from gunicorn.workers.workertmp import WorkerTmp


def facts():
    config = Config()
    config.set("errorlog", os.devnull)
    config.set("accesslog", os.devnull)
    log = Logger(config)
    log.error("to nowhere %s", 1)
    log.close_on_exec()
    beat = WorkerTmp(config)
    beat.notify()
    first = beat.last_update()
    status = os.fstat(beat.fileno())
    named = [
        config.uid == os.geteuid(),
        util.get_username(config.uid) == pwd.getpwuid(os.getuid()).pw_name if hasattr(util, "get_username") else True,
    ]
    beat.close()
    request = next(
        RequestParser(
            config, iter([b"POST /p?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"]), ("127.0.0.1", 1)
        )
    )
    handlers = [[type(handler).__name__, handler.stream.name] for handler in log.error_log.handlers]
    return [
        first > 0,
        status.st_nlink,
        status.st_size,
        named,
        handlers,
        request.method,
        request.path,
        request.query,
        request.body.read().decode(),
    ]
