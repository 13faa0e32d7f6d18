"""The stop between resolving and fetching, for the shim: pip is started once, and what it found is checked in between.

A run of `pip install --dry-run` stops where pip would write its report. The report goes to the file `report` of the
job; the file `answer` has `passed_over` and `sources` (see `_sources`). Then the line `mark` goes to stdout. With
`waits`, one line is read from stdin: a JSON object with `files`, pairs of a canonical name and a file name, and
`folder`. What was resolved by these names is put there under these file names. The end of stdin ends the process.

pip before 26.0 has fetched every wheel by then; later ones fetch here what they have seen the metadata of alone.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from email.utils import parsedate_to_datetime

import _pip_locking


def install(job, internals):
    """Let a run of pip stop. `internals` are those of `_pip_internals`."""
    resolve, to_dict = internals.resolver.resolve, internals.report.to_dict
    get_page = internals.collector._get_simple_response
    state = {}
    fresh_until = []

    def dating(url, *arguments, **keywords):
        fresh_until.append(0)  # what is not there may be there soon
        page = get_page(url, *arguments, **keywords)
        fresh_until[-1] = _fresh_until(page.headers)
        return page

    def remembering(self, *arguments, **keywords):
        found = resolve(self, *arguments, **keywords)
        state.update(preparer=self.factory.preparer, requirements=list(found.requirements.values()))
        return found

    def stopping(self):
        report = to_dict(self)
        _write(job["report"], report)
        if job.get("listing"):
            _pip_locking.write_listing(job, report, internals)
        passed_over = {name: sorted(found) for name, found in job["passed_over"].items()}
        _write(job["answer"], {"passed_over": passed_over, "sources": _sources(job, internals, fresh_until)})
        sys.stdout.write(job["mark"] + "\n")
        sys.stdout.flush()
        order = json.loads(sys.stdin.readline() or "null") if job["waits"] else None
        if order is not None:
            _fetch(order, state["preparer"], state["requirements"], internals)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # all that is left is to free memory

    internals.collector._get_simple_response = dating
    internals.resolver.resolve = remembering
    internals.report.to_dict = stopping


def _fetch(order, preparer, requirements, internals):
    """Put the files that `order` names into its folder. What pip cannot get ends the run with pip's own error."""
    by_name = {internals.names.canonicalize_name(one.name): one for one in requirements}
    chosen = [(by_name[name], filename) for name, filename in order["files"] if name in by_name]
    preparer.prepare_linked_requirements_more([requirement for requirement, _ in chosen])
    own = os.path.join(os.path.realpath(tempfile.gettempdir()), "")
    for requirement, filename in chosen:
        path, place = requirement.local_file_path, os.path.join(order["folder"], filename)
        if path and requirement.link.filename == filename:
            if os.path.realpath(path).startswith(own):
                os.replace(path, place)
            else:  # a file of the user's
                shutil.copyfile(path, place)


def _fresh_until(headers):
    """Return until when an index lets its page be used without asking it again (RFC 9111, 4.2), in Unix seconds."""
    rules = headers.get("cache-control", "").lower()
    most = re.search(r"(?:^|[\s,])max-age=([0-9]{1,9})(?![0-9])", rules)
    age = re.fullmatch(r"[0-9]{1,9}", headers.get("age", "0").strip())
    try:
        date = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return 0
    if most is None or age is None or "no-store" in rules or "no-cache" in rules:
        return 0
    return date - int(age[0]) + int(most[1])


def _sources(job, internals, fresh_until):
    """Return what the result depended on besides the job: the files of settings that pip looks for, folders, kinds.

    `folders` are the local ones of `find_links`; `local` tells whether an index, too, is a folder of this machine, and
    `fresh_until` when the first page of an index is over, None without a page. Addresses are not among it: they may
    hold passwords. Paths are absolute: who reads this need not be where pip is.
    """
    finder = job.get("finder")
    files = [path for paths in internals.configuration.get_configuration_files().values() for path in paths]
    links = finder.find_links if finder is not None else []
    paths = [link for link in links if not link.lower().startswith(("http:", "https:"))]
    indexes = finder.index_urls if finder is not None else []
    return {
        "settings": sorted(set(map(os.path.abspath, files))),
        "fresh_until": min(fresh_until, default=None),
        "folders": sorted(os.path.abspath(path) for path in paths if os.path.isdir(path)),
        "local": finder is None
        or any(not os.path.isdir(path) for path in paths)
        or any(not url.lower().startswith(("http:", "https:")) for url in indexes),
    }


def _write(path, content):
    partial = path + ".partial"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(partial, path)
