"""Which of many cases each Python tries; the others are tried once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def once_but(cases: Mapping[str, Any] | Collection[Any], *everywhere: object) -> list[Any]:
    """Return the parameters of `cases`, marked `once` but for those that every Python tries.

    `cases`: name → value, or values. `everywhere`: of their names or values. Raises ValueError where they have no such.
    """
    if unknown := [name for name in everywhere if name not in cases]:
        raise ValueError(f"no such cases: {unknown}")
    named = cases.items() if hasattr(cases, "items") else ((case, case) for case in cases)
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            id=name if isinstance(name, str) and hasattr(cases, "items") else None,
            marks=() if name in everywhere else pytest.mark.once,
        )
        for name, case in named
    ]
