"""Docstrings in the styles of Google, NumPy and Sphinx."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.tools.docstrings import read

GOOGLE = """Do it.

    More about it.

    Args:
        first: The first,
            on two lines.
        second (list of int, optional): The second: with a colon.
        *rest: All others.
        **more (dict(str, int)): And more.

    Returns:
        Nothing: at all.

    Raises:
        ValueError: If it fails.

    Example:
        >>> do(1)

    And a word at the end.
    """
NUMPY = """Do it.

    More about it.

    Parameters
    ----------
    first : int
        The first,
        on two lines.
    second, third : list of int, optional
        Both.
    silent : int

    Returns
    -------
    str
        Nothing.

    Notes
    -----
    It is slow.
    """
SPHINX = """Do it.

    More about it.

    :param first: The first,
        on two lines.
    :param int second: The second.
    :type second: int
    :returns: Nothing.
    :raises ValueError: If it fails.
    """


def test_google():
    found = read(GOOGLE)
    assert found.description == ("Do it.\n\nMore about it.\n\nExample:\n    >>> do(1)\n\nAnd a word at the end.")
    assert found.parameters == {
        "first": "The first, on two lines.",
        "second": "The second: with a colon.",
        "rest": "All others.",
        "more": "And more.",
    }


def test_numpy():
    found = read(NUMPY)
    assert found.description == "Do it.\n\nMore about it.\n\nNotes:\nIt is slow."
    assert found.parameters == {"first": "The first, on two lines.", "second": "Both.", "third": "Both."}


def test_sphinx():
    found = read(SPHINX)
    assert found.description == "Do it.\n\nMore about it."
    assert found.parameters == {"first": "The first, on two lines.", "second": "The second."}


@pytest.mark.parametrize("text", [None, "", "   ", "\n\n"])
def test_none(text):
    assert (read(text).description, read(text).parameters) == ("", {})


@pytest.mark.parametrize(
    "text", ["Note that this: is prose.", "Args without a colon\nx: 1", "A title\n-------\ntext", "Time: 5"]
)
def test_prose_stays(text):
    assert read(text).description == text
    assert read(text).parameters == {}


@given(
    st.lists(
        st.sampled_from(
            [
                "Args:",
                "Parameters",
                "----------",
                "    x: y",
                "x : int",
                ":param a: b",
                "    more",
                "",
                "Returns:",
                "text",
            ]
        ),
        max_size=12,
    )
)
def test_nothing_is_too_odd(lines):
    found = read("\n".join(lines))
    assert all(name.isidentifier() and "\n" not in text for name, text in found.parameters.items())
