"""What it costs to say no: `hatch-os402 check` on fixtures/compiled, against pip's plain resolution of the same.

python benchmarks/check/run.py [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hatchling.metadata.core import ProjectMetadata

REPOSITORY = Path(__file__).parent.parent.parent
FIXTURE = REPOSITORY / "fixtures" / "compiled"
FIVE = ["cryptography", "jsonschema", "lxml", "orjson", "pydantic>=2"]
"""Five incompatible distributions, four of them with a fix."""

CHECK = [sys.executable, "-m", "hatch_os402.cli", "check", "--project"]


def timed(command: list[str], env: dict[str, str]) -> float:
    started = time.perf_counter()
    finished = subprocess.run(command, env=env, capture_output=True, check=False)
    if finished.returncode not in {0, 1}:
        sys.exit(finished.stderr.decode())
    return time.perf_counter() - started


def five(folder: Path) -> Path:
    """Write the project that requires FIVE and return its folder."""
    (folder / "sample").mkdir(parents=True)
    (folder / "sample" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "sample"\nversion = "1"\ndependencies = {FIVE}\n'
        '[project.scripts]\nsample = "sample:main"\n'
    )
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cache = folder / "cache"
        env = os.environ | {"HATCH_OS402_CACHE_DIR": str(cache), "PIP_CACHE_DIR": str(folder / "pip")}
        sample = five(folder / "project")
        nowhere = ["--dry-run", "--ignore-installed", "--only-binary=:all:", "--target", str(folder / "nowhere")]
        required = ProjectMetadata(str(FIXTURE), None).core.dependencies
        plain = [sys.executable, "-m", "pip", "install", *nowhere, *required]
        runs = {
            "pip resolves (plain)": (lambda: None, plain),
            "check --remedies 0": (lambda: None, [*CHECK, str(FIXTURE), "--remedies", "0"]),
            "five incompatible, looked for": (
                lambda: shutil.rmtree(cache / "remedies", ignore_errors=True),
                [*CHECK, str(sample), "--remedies", "300"],
            ),
            "five incompatible, remembered": (lambda: None, [*CHECK, str(sample), "--remedies", "300"]),
        }
        took: dict[str, list[float]] = {name: [] for name in runs}
        for number in range(rounds + 1):
            for name, (prepare, command) in runs.items():
                prepare()
                seconds = timed(command, env)
                if number:  # the first round fills the caches
                    took[name].append(seconds)
        base = took["pip resolves (plain)"]
        for name, values in took.items():
            ratio = statistics.median(value / other for value, other in zip(values, base, strict=True))
            print(f"{name:30} {statistics.median(values):6.1f} s  {ratio:5.2f}")


if __name__ == "__main__":
    main()
