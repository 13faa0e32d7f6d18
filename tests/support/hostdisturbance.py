"""Disturbs every Python process of one virtual environment, pip's included, as environment variables ask.

A .pth file imports it at each start of that environment's Python, `-I` or not; nothing else does.

`DISTURB_ORDER`: a seed, by which folders are listed in a shuffled order.
`DISTURB_CLOCK`: seconds by which the clock is wrong.
`DISTURB_PLATFORM`: win32 or darwin, which is then what the platform seems to be.
"""

from __future__ import annotations

import os
import sys


class _Shuffled:
    """`os.listdir` in another order. No function: pathlib of 3.10 keeps it as a class attribute."""

    def __init__(self, original, generator):
        self._original, self._generator = original, generator

    def __call__(self, *arguments):
        names = sorted(self._original(*arguments))
        self._generator.shuffle(names)
        return names


class _Entries:
    """What `os.scandir` returns: an iterator that is closed, of entries already read."""

    def __init__(self, entries):
        self._entries = iter(entries)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        pass


class _ShuffledEntries(_Shuffled):
    """`os.scandir`, and with it `os.walk`, in another order."""

    def __call__(self, *arguments):
        with self._original(*arguments) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        self._generator.shuffle(entries)
        return _Entries(entries)


def shuffle(seed):
    import random

    generator = random.Random(seed)
    os.listdir = _Shuffled(os.listdir, generator)
    os.scandir = _ShuffledEntries(os.scandir, generator)


def move_clock(seconds):
    import time

    now, now_ns, localtime, gmtime = time.time, time.time_ns, time.localtime, time.gmtime
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + seconds * 10**9
    time.localtime = lambda given=None: localtime(time.time() if given is None else given)
    time.gmtime = lambda given=None: gmtime(time.time() if given is None else given)


PLATFORMS = {
    "win32": {"system": "Windows", "machine": "AMD64", "release": "11", "version": "10.0.26100", "os_name": "nt"},
    "darwin": {"system": "Darwin", "machine": "arm64", "release": "24.1.0", "version": "Darwin 24", "os_name": "posix"},
}


class _Markers:
    """Gives `packaging.markers`, pip's own copy too, an `os` of the other name.

    The real `os.name` must stay: with "nt" there is no `pathlib.Path` on this machine.
    """

    def __init__(self, name):
        self._name = name

    def find_spec(self, name, path, target=None):
        if not name.endswith("packaging.markers"):
            return None
        from importlib.machinery import PathFinder
        from types import SimpleNamespace

        spec = PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            module.os = SimpleNamespace(name=self._name)

        spec.loader.exec_module = exec_module
        return spec


def pretend(name):
    import importlib
    import platform
    import shutil
    import sysconfig
    from types import SimpleNamespace

    # These decide by sys.platform when they are imported, and would then want modules of the other system.
    for module in ("asyncio", "multiprocessing", "subprocess", "urllib.request", "uuid", "webbrowser", "filelock"):
        importlib.import_module(module)
    sysconfig.get_config_vars()  # read now, while its file has this platform's name
    sys.modules["ctypes"] = (
        None  # so that pip asks the environment, and not the libraries of a system that is not there
    )
    shutil._winapi = SimpleNamespace(NeedCurrentDirectoryForExePath=lambda _: False)  # asked by `which`, from 3.12
    facts = PLATFORMS[name]
    sys.platform = name
    for question in ("system", "machine", "release", "version"):
        setattr(platform, question, lambda answer=facts[question]: answer)
    sys.meta_path.insert(0, _Markers(facts["os_name"]))


if "DISTURB_ORDER" in os.environ:
    shuffle(os.environ["DISTURB_ORDER"])
if "DISTURB_CLOCK" in os.environ:
    move_clock(int(os.environ["DISTURB_CLOCK"]))
if "DISTURB_PLATFORM" in os.environ:
    pretend(os.environ["DISTURB_PLATFORM"])
