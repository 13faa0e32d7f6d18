"""Builds on dill: a pool of threads with lambdas, and what is needed to know of processors."""

from multiprocess.pool import ThreadPool


def facts():
    with ThreadPool(3) as pool:
        return [pool.map(lambda number: number + 1, range(4)), pool.apply(max, (1, 5))]
