"""An import hook for a package without files: `six.moves`, lazily, by names of Python 2."""

import sys
from importlib import import_module

import six


def facts():
    from six.moves import configparser, reduce, urllib
    from six.moves.urllib.parse import quote

    finders = [type(finder).__name__ for finder in sys.meta_path].count("_SixMetaPathImporter")
    six.add_move(six.MovedModule("showcase_text", "StringIO", "showcase.hooked.checked"))
    moved = six.moves.showcase_text
    try:
        import_module("six.moves.nothing")
    except ImportError as error:
        return [
            reduce(max, [1, 3, 2]), quote("ü"), configparser.__name__, urllib.request.__name__, finders,
            moved.half(4), type(error).__name__, six.moves.__spec__.loader is six._importer,
        ]  # fmt: skip
    return "found"
