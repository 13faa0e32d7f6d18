import pytest


def test_passes(tmp_path, capfd):
    (tmp_path / "x").write_text("1")
    print("printed")
    assert capfd.readouterr().out == "printed\n"


def test_fails():
    left = [1, 2]
    assert left == [1, 3]


@pytest.mark.parametrize("number", [1])
def test_many(number, monkeypatch, recwarn):
    monkeypatch.setenv("X", "1")
    assert number
