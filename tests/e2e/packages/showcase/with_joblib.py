"""A pool of threads, a cache of results on the disk that there is, and an object written and read again."""

import os
import tempfile

os.environ["JOBLIB_MULTIPROCESSING"] = "0"  # no semaphores between processes: it would warn of that

import joblib


def facts():
    folder = tempfile.mkdtemp()
    calls = []

    def square(number):
        calls.append(number)
        return number * number

    cached = joblib.Memory(folder, verbose=0).cache(square)
    joblib.dump({"a": [1, 2]}, os.path.join(folder, "x.joblib"))
    with joblib.parallel_config(backend="threading"):
        pooled = joblib.Parallel(n_jobs=2)(joblib.delayed(pow)(n, 2) for n in range(5))
    return [pooled, cached(4), cached(4), calls, joblib.load(os.path.join(folder, "x.joblib"))]
