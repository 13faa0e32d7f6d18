"""Looks for its settings from a file's folder up to the root and in the home folder: imports sorted by them."""

import os
import tempfile
from pathlib import Path

import isort


def facts():
    home = Path(os.path.expanduser("~"))
    (home / ".isort.cfg").write_text("[settings]\nforce_single_line = true\nline_length = 60\n")
    folder = Path(tempfile.mkdtemp(dir=home))
    (folder / ".git").mkdir()
    (folder / "code.py").write_text("from os import sep, path\nimport zlib, showcase, abc\n")
    changed = isort.file(folder / "code.py", quiet=True)
    found = [changed, (folder / "code.py").read_text(), isort.code("import b\nimport a\n"), isort.place_module("json")]
    (folder / "pyproject.toml").write_text("[tool.isort]\nprofile = 'black'\n")
    found += [isort.settings.Config(settings_path=str(folder)).profile, isort.check_code("import a\nimport b\n")]
    return found
