"""The folders of a user, below a home in memory, made and written."""

import os

import platformdirs


def facts():
    folder = platformdirs.user_cache_path("showcase", ensure_exists=True)
    (folder / "x").write_text("kept")
    below = os.path.expanduser("~")
    return [str(folder).startswith(below), os.listdir(folder), platformdirs.user_config_dir("a")[len(below) :]]
