"""The survey of the most downloaded distributions: each built alone and imported, and the page that tells of it.

`python tests/survey.py` (or `hatch run survey`) surveys what is not surveyed yet and writes the page. What came of each
is a line of `results.jsonl` in a folder of the cache, so that a run that was ended goes on where it was.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from platformdirs import user_cache_path
from support import surveypage
from support.surveying import OUTCOMES, Surveyed, survey

from hatch_os402.__about__ import __version__
from hatch_os402.runtime.interpreters import find_compiler

AT_ONCE = 2
RESULTS = "results.jsonl"


def main() -> None:
    options = _options()
    found = find_compiler(None, os.environ)
    if found is None:
        sys.exit("a CPython 3.12 is needed: `hatch python install 3.12`")
    python = os.path.realpath(found.path)
    names = options.names or list(surveypage.names())[: options.first]
    options.cache.mkdir(parents=True, exist_ok=True)
    known, _ = results(options.cache)
    wanted = [name for name in names if name not in known or known[name].outcome in options.again]
    print(f"{len(wanted)} to survey, {len(names) - len(wanted)} are known", flush=True)
    variables = {"HATCH_OS402_CACHE_DIR": str(options.cache / "builds")}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(survey, name, python, **variables) for name in wanted]
        try:
            for count, future in enumerate(as_completed(running), 1):
                item = future.result()
                _keep(item, options.cache)
                print(f"{count}/{len(wanted)} {item.name}: {item.outcome} {item.reason[:200]}", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            sys.exit("ended; the same command goes on from here")
    found, date = results(options.cache)
    surveypage.write(found, date)


def results(folder: Path) -> tuple[dict[str, Surveyed], str]:
    """Return name → what came of it, the last time, and the last date; of what was surveyed into `folder`."""
    try:
        lines = (folder / RESULTS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}, ""
    kept = [json.loads(line) for line in lines]
    found = [Surveyed.from_json(item["surveyed"]) for item in kept]
    return {item.name: item for item in found}, max(item["date"] for item in kept)


def _keep(item: Surveyed, folder: Path) -> None:
    today = dt.datetime.now(tz=dt.timezone.utc).date()
    line = json.dumps({"date": str(today), "release": __version__, "surveyed": item.to_json()})
    with (folder / RESULTS).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="survey these alone")
    parser.add_argument("--first", type=int, default=len(surveypage.names()), help="how many of the list")
    parser.add_argument(
        "--again", action="append", default=[], choices=list(OUTCOMES), help="survey once more what had this outcome"
    )
    parser.add_argument("--cache", type=Path, default=user_cache_path("hatch-os402") / "survey", help="its folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
