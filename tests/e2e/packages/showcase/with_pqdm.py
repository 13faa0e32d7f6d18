"""A bounded pool of threads with a bar: results in order, named arguments, and what a task raises."""

import io

from pqdm.threads import pqdm
from tqdm import tqdm


def facts():
    tqdm.monitor_interval = 0  # no thread that watches

    def half(number, of=1):
        return of * number / 2

    quiet = {"file": io.StringIO()}
    found = [pqdm([4, 2], half, n_jobs=2, **quiet)]
    found.append(pqdm([{"number": 1, "of": 4}], half, n_jobs=2, argument_type="kwargs", **quiet))
    try:
        pqdm([(1, "x")], half, n_jobs=1, argument_type="args", exception_behaviour="immediate", **quiet)
    except TypeError as error:
        found.append(type(error).__name__)
    return [*found, "100%" in quiet["file"].getvalue()]
