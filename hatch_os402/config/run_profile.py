"""`os402-profile.json`: what real requests imported and gave to `re`, as `hatch-os402 profile --save` writes it.

It lies in the project's folder and belongs under version control; builds read it. It is JSON with these keys:

- `format`: 1;
- `modules`: the dotted names of the modules that were imported, sorted;
- `patterns`: the regular expressions, sorted: each an object with `str`, or `bytes` (its Latin-1), and `flags`, the
  names of the flags of `re` that it was given.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import PROFILE
from hatch_os402.errors import OfferError, PatternsError
from hatch_os402.files import read_file
from hatch_os402.offer.canonical import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE = PROFILE
FORMAT = 1
MAX_PATTERNS = 5_000
_KEYS = ("format", "modules", "patterns")
_KINDS = ("str", "bytes")
_FLAGS = {"IGNORECASE": 2, "MULTILINE": 8, "DOTALL": 16, "UNICODE": 32, "VERBOSE": 64, "ASCII": 256}
"""Names and values in CPython 3.12. `LOCALE`, `DEBUG` and `TEMPLATE` are never prepared."""
_LATIN_1 = 0x100

Pattern = tuple[str, str, int]
"""Kind (`str` or `bytes`), text (of bytes their Latin-1) and flags."""


@dataclass(frozen=True)
class RunProfile:
    """What requests did."""

    modules: tuple[str, ...] = ()
    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, modules: Iterable[str], patterns: Iterable[tuple[str | bytes, int]]) -> RunProfile:
        """Return the profile of what was seen, without patterns that are never prepared."""
        known = sum(_FLAGS.values())
        kept = {
            (type(text).__name__, text if isinstance(text, str) else text.decode("latin-1"), flags)
            for text, flags in patterns
            if flags & known == flags and not (isinstance(text, str) and _surrogate(text))
        }
        return cls(tuple(sorted(set(modules))), tuple(sorted(kept)))

    def merged(self, other: RunProfile) -> RunProfile:
        """Return what either has. Raises `PatternsError` for more patterns than a profile may have."""
        patterns = {*self.patterns, *other.patterns}
        if len(patterns) > MAX_PATTERNS:
            raise PatternsError(
                f"{FILE} would have {len(patterns):,} patterns, and can have {MAX_PATTERNS:,}.\n"
                "Delete it, and save a profile of fewer requests."
            )
        return RunProfile(tuple(sorted({*self.modules, *other.modules})), tuple(sorted(patterns)))

    def text(self) -> bytes:
        """Return the only layout: a line a module and a pattern, in ASCII, so that versions of it can be compared."""
        patterns = [{kind: text, "flags": _names(flags)} for kind, text, flags in self.patterns]
        lines = [f'  "format": {FORMAT},', *_listed("modules", self.modules, ","), *_listed("patterns", patterns)]
        return "\n".join(["{", *lines, "}", ""]).encode("ascii")


def read_run_profile(root: Path) -> RunProfile | None:
    """Return the profile of the project at `root`, or None when it has none.

    Raises `PatternsError` for a file that cannot be read, or is not as this version writes it.
    """
    path = root / FILE
    try:
        content = parse_json(read_file(path).decode())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PatternsError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, OfferError) as error:
        raise _malformed(path, str(error)) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise PatternsError(
            f"{path} is of another version of hatch-os402: its `format` is not {FORMAT}.\n"
            "Delete it, build, and save a profile again with `hatch-os402 profile --save`."
        )
    if tuple(sorted(content)) != _KEYS:
        raise _malformed(path, f"its keys are {', '.join(sorted(content))}, and must be {', '.join(_KEYS)}")
    modules, listed = content["modules"], content["patterns"]
    if not isinstance(modules, list) or not all(isinstance(one, str) and one for one in modules):
        raise _malformed(path, "`modules` is not a list of names")
    if not isinstance(listed, list) or len(listed) > MAX_PATTERNS:
        raise _malformed(path, f"`patterns` is not a list of at most {MAX_PATTERNS} patterns")
    patterns = {_pattern(path, number, one) for number, one in enumerate(listed, 1)}
    return RunProfile(tuple(sorted(set(modules))), tuple(sorted(patterns)))


def _pattern(path: Path, number: int, item: Any) -> Pattern:
    kinds = [kind for kind in _KINDS if isinstance(item, dict) and kind in item]
    if len(kinds) != 1 or sorted(item) != sorted((*kinds, "flags")) or not isinstance(item[kinds[0]], str):
        raise _malformed(path, f"pattern {number} is not an object with `str` or `bytes`, a text, and `flags`")
    kind, text, flags = kinds[0], item[kinds[0]], item["flags"]
    if kind == "bytes" and any(ord(character) >= _LATIN_1 for character in text):
        raise _malformed(path, f"pattern {number} has characters that are no bytes")
    if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in flags):
        raise _malformed(path, f"the `flags` of pattern {number} are not a list of names")
    if unknown := sorted(set(flags) - _FLAGS.keys()):
        raise _malformed(path, f"pattern {number} has the flag {unknown[0]!r}, and can have {', '.join(_FLAGS)}")
    return kind, text, sum(_FLAGS[flag] for flag in set(flags))


def _malformed(path: Path, why: str) -> PatternsError:
    return PatternsError(
        f"{path} is not as `hatch-os402 profile --save` writes it: {why}.\nCorrect it, or delete it and save it again."
    )


def _surrogate(text: str) -> bool:
    """Whether a text has surrogates, which JSON for others to read does not have."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _names(flags: int) -> list[str]:
    return [name for name, value in sorted(_FLAGS.items()) if flags & value]


def _listed(key: str, items: Iterable[Any], end: str = "") -> list[str]:
    lines = [f"    {json.dumps(item)}" for item in items]
    if not lines:
        return [f'  "{key}": []{end}']
    return [f'  "{key}": [', *(f"{line}," for line in lines[:-1]), lines[-1], f"  ]{end}"]
