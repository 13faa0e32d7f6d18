"""A bar over a loop that writes to `/dev/null`, its text, and `thread_map`."""

import io
import os

from tqdm import tqdm
from tqdm.contrib.concurrent import thread_map


def facts():
    tqdm.monitor_interval = 0  # no thread that watches
    out = io.StringIO()
    with open(os.devnull, "w") as nowhere:
        total = sum(tqdm(range(5), file=nowhere))
    for _ in tqdm(range(3), file=out, ncols=40, mininterval=0):
        pass
    return [total, "100%" in out.getvalue(), thread_map(str, range(3), file=io.StringIO(), max_workers=2)]
