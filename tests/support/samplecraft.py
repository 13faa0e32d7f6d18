"""A small project with dependencies of every kind that `inspect` and `profile` tell apart, built once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.buildproject import Build, build, environment, offline, write_project
from support.wheelcraft import ELF, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

NASTY = "x<", "script>alert(1)<!--&.txt"
"""A folder and a file whose path ends a script element, as far as HTML is concerned."""

_MAIN = """
import sys

import idle  # nobody asks it for anything
import used
from eager import GREETING


def main():
    import late

    body = sys.stdin.read()
    if body == "fail":
        sys.exit("failing as told")
    if body == "vanish":
        import os

        os._exit(7)
    print("Content-Type: text/plain\\r\\n\\r\\n" + used.greet(body) + late.mark(), end="")
"""
_WORK = "TABLE = [sum(range(number)) for number in range(3000)]\n"


def wheels(folder: Path) -> None:
    """Write the dependencies into `folder`: one that is used, two that are not, one of them needlessly."""
    make_wheel(folder, "used", "1.0", {"used/__init__.py": "def greet(name):\n    return 'Hello, ' + name\n"})
    make_wheel(
        folder,
        "idle",
        "2.0",
        {
            "idle/__init__.py": "import idle.heavy\nimport colorsys\n\ndef f():\n    return 1\n",
            "idle/heavy.py": "import helping\n\n" + _WORK + "def g():\n    return 2\n",
        },
        requires=["helping"],
    )
    make_wheel(folder, "helping", "0.3", {"helping.py": _WORK + "def h():\n    return 3\n"})
    make_wheel(folder, "eager", "3.0", {"eager.py": _WORK + "GREETING = 'hi'\n\ndef e():\n    return 4\n"})
    make_wheel(
        folder,
        "stripped",
        "4.0",
        {"stripped/__init__.py": "import used\n", "stripped/_fast.cpython-312-x86_64-linux-gnu.so": ELF},
        requires=["used"],
        tag="cp312-cp312-manylinux_2_17_x86_64",
        purelib=False,
    )


def build_sample(folder: Path, cache: Path) -> Build:
    """Build the project below `folder`, with bytecode, and return what came of it."""
    find_links = folder / "shelf"
    find_links.mkdir(parents=True)
    wheels(find_links)
    root = write_project(
        folder / "project",
        files={
            "sample/__init__.py": "",
            "sample/main.py": _MAIN,
            "sample/bad.py": "print 'two'\n",
            "sample/" + "/".join(NASTY): "text",
            "late.py": "def mark():\n    return '!'\n",
        },
        dependencies=["used", "idle", "eager", "stripped"],
        project='[project.scripts]\nsample = "sample.main:main"\n',
        options='bytecode = true\nstrip-extensions = ["stripped"]\n',
        offer="price-per-second = 0.0001\nmin-duration = 5\nvalid-until = 2030-01-01T00:00:00Z\n",
        extra='[tool.hatch.build.targets.wheel]\ninclude = ["sample", "late.py"]\n',
    )
    return build(root, env=environment(**offline(find_links), HATCH_OS402_CACHE_DIR=str(cache))).succeeded()
