from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from support.wheelcraft import ELF, make_wheel

from hatch_os402.compatibility import vet as vetting
from hatch_os402.config.options import Options
from hatch_os402.incremental.verdicts import VerdictMemory
from hatch_os402.wheels.reading import read_wheel

LINUX = "cp312-cp312-manylinux_2_17_x86_64"


@pytest.fixture
def wheel(tmp_path):
    files = {"x/__init__.py": "", "x/_fast.abi3.so": ELF, "x/data.txt": "1", "x-1.0.data/scripts/x": "#!python\n"}
    return read_wheel(
        make_wheel(tmp_path, "x", "1.0", files, tag=LINUX, requires=["y>1; extra == 'z'"], requires_python=">=3.8")
    )


def memory(tmp_path, *, fresh=False, **table):
    return VerdictMemory(tmp_path / "verdicts", Options({"strip-extensions": ["x"], **table}, tmp_path), fresh=fresh)


def sha256(wheel):
    return hashlib.sha256(wheel.path.read_bytes()).hexdigest()


def without_heads(wheel):
    return replace(wheel, files=tuple(replace(file, head=b"", nested=None) for file in wheel.files))


def bare(verdict):
    def file(one):
        return replace(one, head=b"", nested=None)

    return replace(
        verdict,
        wheel=without_heads(verdict.wheel),
        kept=tuple(map(file, verdict.kept)),
        dropped=tuple((file(one), reason) for one, reason in verdict.dropped),
        stripped=tuple((file(one), kind) for one, kind in verdict.stripped),
    )


def test_the_verdict_that_was_remembered(tmp_path, wheel):
    verdict = vetting.vet(wheel, strip=["x"])
    assert verdict.stripped
    assert verdict.dropped
    memory(tmp_path).remember(verdict, sha256(wheel))
    known = memory(tmp_path)
    found = known.wheel(wheel.path, sha256(wheel))
    assert found == without_heads(wheel)
    assert known.verdict(found) == bare(verdict)
    assert known.verdict(wheel) is None


@pytest.mark.parametrize(
    "table",
    [{"strip-extensions": []}, {"exclude": ["*.txt"]}, {"allow-native-files": ["x"]}, {"accept-broken-record": ["x"]}],
    ids=str,
)
def test_under_other_options_it_is_judged_again(tmp_path, wheel, table):
    memory(tmp_path).remember(vetting.vet(wheel, strip=["x"]), sha256(wheel))
    assert memory(tmp_path, **table).wheel(wheel.path, sha256(wheel)) is None
    assert memory(tmp_path, exclude=[]).wheel(wheel.path, sha256(wheel)) is not None


def test_a_damaged_wheel_is_not_known(tmp_path, wheel):
    promised = sha256(wheel)
    memory(tmp_path).remember(vetting.vet(wheel, strip=["x"]), promised)
    content = wheel.path.read_bytes()
    wheel.path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert memory(tmp_path).wheel(wheel.path, promised) is None
    wheel.path.unlink()
    assert memory(tmp_path).wheel(wheel.path, promised) is None


def test_what_is_native_or_asked_anew_is_not_known(tmp_path, wheel):
    memory(tmp_path).remember(vetting.vet(wheel), sha256(wheel))
    assert memory(tmp_path).wheel(wheel.path, sha256(wheel)) is None
    memory(tmp_path).remember(vetting.vet(wheel, strip=["x"]), sha256(wheel))
    assert memory(tmp_path, fresh=True).wheel(wheel.path, sha256(wheel)) is None
