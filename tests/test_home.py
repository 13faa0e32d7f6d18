from __future__ import annotations

import os
from pathlib import Path

import pytest

from hatch_os402.errors import OptionValueError, PrivateKeyError
from hatch_os402.home import expand_user
from hatch_os402.offer.key_loading import load_key
from hatch_os402.runtime.configured import executables

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows asks other variables")


@pytest.fixture
def homeless(monkeypatch):
    def nobody(_uid):
        raise KeyError

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)


def test_with_a_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert expand_user("~/key") == Path("/home/me/key")
    assert expand_user("a/~") == Path("a/~")


@pytest.mark.usefixtures("homeless")
def test_without_one_the_path_stays_and_whoever_opens_it_says_so(tmp_path):
    assert expand_user("~/key") == Path("~/key")
    with pytest.raises(PrivateKeyError, match="~/key, cannot be read: No such file"):
        load_key("@~/key", {}, None)
    with pytest.raises(OptionValueError, match="~/python"):
        executables(["~/python"], tmp_path)
