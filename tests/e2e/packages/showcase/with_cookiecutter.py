"""Has settings, templates and answers in the home folder: a project from a template, with Jinja in its names."""

import json
import os
import tempfile
from pathlib import Path

from cookiecutter.main import cookiecutter


def facts():
    home = Path(os.path.expanduser("~"))
    template = home / ".cookiecutters" / "small"
    inside = template / "{{cookiecutter.name}}"
    (inside / "deep").mkdir(parents=True)
    (template / "cookiecutter.json").write_text(
        json.dumps({"name": "unnamed", "author": "nobody", "slug": "{{ cookiecutter.name | slugify }}"})
    )
    (inside / "README.md").write_text("# {{cookiecutter.name}} by {{cookiecutter.author}} ({{cookiecutter.slug}})\n")
    (inside / "deep" / "{{cookiecutter.slug}}.bin").write_bytes(bytes(range(256)))
    (home / ".cookiecutterrc").write_text("default_context:\n  author: of the home\n")
    made = Path(
        cookiecutter(str(template), no_input=True, extra_context={"name": "Größe X"}, output_dir=tempfile.mkdtemp())
    )
    files = sorted([str(path.relative_to(made)), path.stat().st_size] for path in made.rglob("*") if path.is_file())
    replay = json.loads((home / ".cookiecutter_replay" / "small.json").read_text())
    return [made.name, files, (made / "README.md").read_text(), replay["cookiecutter"]["author"]]
