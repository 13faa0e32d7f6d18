"""Documents: every relative link and anchor resolves; every option and key of the record is described."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

import pytest

from hatch_os402.config.offer_options import KNOWN as OF_THE_OFFER
from hatch_os402.config.options import Options
from hatch_os402.config.publish_options import KNOWN as OF_PUBLISHING
from hatch_os402.verification.recorded import _KEYS

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1[ \t]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?:(?!`).|\n)*?\1(?!`)")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        number, name = 0, anchor
        while name in found:
            number += 1
            name = f"{anchor}-{number}"
        found.add(name)
    return found


def links(text: str) -> list[str]:
    prose = CODE.sub("`code`", FENCE.sub("", text))
    return [link for link in LINK.findall(prose) if not ADDRESS.match(link)]


def faults(document: Path) -> list[str]:
    found = []
    for link in links(document.read_text(encoding="utf-8")):
        path, _, anchor = unquote(link).partition("#")
        target = document.parent / path if path else document
        if not target.exists():
            found.append(f"{link}: there is no such file")
        elif anchor and (target.suffix != ".md" or anchor not in anchors(target.read_text(encoding="utf-8"))):
            found.append(f"{link}: there is no such heading")
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_resolves(document):
    assert not faults(document)


def test_a_wrong_link_is_found(tmp_path):
    (tmp_path / "other.md").write_text("# What `is`, there\n## Twice\n## Twice\n```\n# no heading\n```\n")
    document = tmp_path / "page.md"
    document.write_text(
        "[a](other.md#what-is-there) [b](other.md#twice-1) [c](https://example.org/x) `[d](gone)`\n[`e`](gone.md)\n"
        "```\n[f](gone)\n```\n[g](other.md#no-heading) [h](#here)\n"
    )
    assert [fault.partition(":")[0] for fault in faults(document)] == ["gone.md", "other.md#no-heading", "#here"]


def test_there_are_documents():
    assert {
        "README.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "docs/explanation/architecture.md",
        "docs/reference/formats.md",
    } <= {path.relative_to(ROOT).as_posix() for path in DOCUMENTS}


OF_THE_TARGET = [name.replace("_", "-") for name, value in vars(Options).items() if isinstance(value, cached_property)]


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("reference/options.md", OF_THE_TARGET),
        ("reference/options.md", OF_THE_OFFER),
        ("how-to/publish.md", OF_PUBLISHING),
    ],
    ids=["target", "offer", "publishing"],
)
def test_every_option_has_a_row(page, names):
    rows = re.findall(r"^\| (`.+?) \|", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert names
    assert set(names) <= described


def test_every_key_of_the_record_is_described():
    text = (ROOT / "docs/reference/formats.md").read_text(encoding="utf-8")
    for name, value in _KEYS.items():
        for key in (name, *(value if isinstance(value, dict) else ())):
            assert f"`{key}`" in text
