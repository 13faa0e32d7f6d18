"""Bounds for what pip transfers, for the shim: how long, how much; and word of how it goes.

pip's own time limit is for each wait, so that a server that sends a byte a second holds it for ever, and nothing bounds
a body whose length was not declared. A thread watches the time. What is over ends the process (where nothing can be
raised) or the run (where pip takes an error), after the reason was written to the file `answer`.

The job has `grace` (seconds that every request has), `slowest` (bytes a second that are expected beyond that),
`assumed` (bytes, where none are declared), `file`, `undeclared` and `page` (most bytes of a file, of one of undeclared
length, and of anything else), `links` (most links of a page), `parent` (the process that started this one, without
which it ends) and `status` (a file for what is done).
"""

import json
import os
import threading
import time
from urllib.parse import urlsplit

_FILES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar")
_OFTEN = 0.25


class Transfer:
    """One request and the body that answers it."""

    def __init__(self, url, size=None):
        self.url = url
        self.size = size
        self.got = 0
        self.answered = False
        self.spent = 0.0
        self.since = None

    def seconds(self):
        """Return how long pip waited for it, in all."""
        since = self.since
        return self.spent + (time.monotonic() - since if since is not None else 0.0)

    def __enter__(self):
        self.since = time.monotonic()

    def __exit__(self, *_):
        self.spent, self.since = self.seconds(), None


class Transfers:
    """Watches every transfer of this process. `error` is pip's class of errors that end a run with a message."""

    def __init__(self, job, answer, error):
        self._bounds = job
        self._answer = answer
        self._error = error
        self._current = Transfer("")
        self._sizes = {}

    def watch(self):
        """Start the thread that stops pip when a transfer is too slow or too large."""
        threading.Thread(target=self._watch, daemon=True).start()

    def began(self, url):
        """Return a new transfer, which is the current one from now on."""
        self._current = Transfer(url, self._sizes.get(url.partition("#")[0]))
        return self._current

    def know(self, url, size):
        """Remember that an index gave the file at `url` this size."""
        if isinstance(size, int):
            self._sizes[url.partition("#")[0]] = size

    def bounded(self, chunks, declared):
        """Yield `chunks`, the body of the current transfer, or raise when they are too many."""
        transfer = self._current
        if transfer.answered:  # this body is not from the network: pip has kept it
            transfer = self._current = Transfer("")
        transfer.answered = True
        known = transfer.size
        if declared is not None and declared.isdecimal():
            transfer.size = int(declared) if known is None else min(known, int(declared))
        most = self._most(transfer, known)
        if transfer.size is not None and transfer.size > most:
            self._refuse(transfer, "large", most)
        while True:
            with transfer:
                chunk = next(chunks, None)
            if chunk is None:
                return
            transfer.got += len(chunk)
            if transfer.got > most:
                self._refuse(transfer, "large", most)
            yield chunk

    def count_links(self, page):
        """Raise when `page` has too many links, before they are read: pip takes a second for 10,000."""
        content = page.content
        if max(content.count(b"<a "), content.count(b"<A "), content.count(b'"url"')) > self._bounds["links"]:
            self._refuse(Transfer(page.url), "links", self._bounds["links"])

    def _most(self, transfer, known):
        if known is not None:
            return min(known, self._bounds["file"])
        if transfer.url and not urlsplit(transfer.url).path.lower().endswith(_FILES):
            return self._bounds["page"]
        return self._bounds["undeclared" if transfer.size is None else "file"]

    def _limit(self, transfer):
        size = self._bounds["assumed"] if transfer.size is None else transfer.size
        return self._bounds["grace"] + size / self._bounds["slowest"]

    def _report(self, transfer, why, most):
        reported = {"why": why, "name": "", "url": transfer.url, "parent": "", "most": most, "got": transfer.got}
        _write(self._answer, {**reported, "size": transfer.size, "seconds": round(transfer.seconds())})

    def _refuse(self, transfer, why, most):
        self._report(transfer, why, most)
        raise self._error("os402-refused: " + why)

    def _watch(self):
        shown = None
        while True:
            time.sleep(_OFTEN)
            if os.getppid() != self._bounds["parent"]:
                os._exit(1)
            transfer = self._current
            if transfer.since is not None and transfer.seconds() > self._limit(transfer):
                self._report(transfer, "slow", round(self._limit(transfer)))
                os._exit(1)
            state = {"url": transfer.url if transfer.since is not None else "", "got": transfer.got}
            if state != shown:
                _write(self._bounds["status"], {**state, "size": transfer.size})
                shown = state


def _write(path, reported):
    partial = path + ".partial"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(reported, file)
    os.replace(partial, path)


def install(transfers, internals):
    """Let `transfers` see what pip transfers. `internals` are those of `_pip_internals`."""
    pool, response, link = internals.connections, internals.response, internals.link
    request, stream, parse, from_json = (
        pool._make_request,
        response.stream,
        internals.package_finder.parse_links,
        link.from_json.__func__,
    )

    def watched_request(self, conn, method, url, *arguments, **keywords):
        with transfers.began(f"{self.scheme}://{self.host}:{self.port}{url}" if url[:1] == "/" else url):
            return request(self, conn, method, url, *arguments, **keywords)

    def bounded_stream(self, *arguments, **keywords):
        chunks = iter(stream(self, *arguments, **keywords))
        return transfers.bounded(chunks, self.headers.get("content-length"))

    def counted_links(page, *arguments, **keywords):
        transfers.count_links(page)
        return parse(page, *arguments, **keywords)

    def sized_link(cls, file_data, page_url, *arguments, **keywords):
        made = from_json(cls, file_data, page_url, *arguments, **keywords)
        if made is not None:
            transfers.know(made.url, file_data.get("size"))
        return made

    pool._make_request = watched_request
    response.stream = bounded_stream
    internals.package_finder.parse_links = counted_links
    link.from_json = classmethod(sized_link)
    transfers.watch()
