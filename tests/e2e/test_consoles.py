"""The console blocks of the documents: each is run as a reader pastes it, and prints what the page shows."""

from __future__ import annotations

import pytest
from support.buildproject import REPOSITORY
from support.consoles import Step, agree, blocks, play, steps

pytestmark = pytest.mark.once

PAGES = sorted(
    path
    for path in (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"))
    if "```console" in path.read_text(encoding="utf-8")
)
MAX_LEFT_OUT = 17
"""Blocks that only a reader can run."""


def name(path):
    return path.relative_to(REPOSITORY).as_posix()


@pytest.mark.network
@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_console_block_does_what_the_page_shows(page, tmp_path):
    consoles = [block for block in blocks(page.read_text(encoding="utf-8")) if block.language == "console"]
    left_out = [block for block in consoles if block.said("console", "not run") is not None]
    assert play(page, tmp_path) == len(consoles) - len(left_out)


def test_few_blocks_are_left_out_and_each_says_why():
    left_out = {
        f"{name(page)}:{block.line}": block.said("console", "not run:")
        for page in PAGES
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.language == "console" and block.said("console", "not run") is not None
    }
    assert all(left_out.values()), left_out
    assert len(left_out) <= MAX_LEFT_OUT, left_out


def test_every_console_block_is_found():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert text.count("```console\n") == sum(block.language == "console" for block in blocks(text)), page


PAGE = """\
Text.

<!-- file: a.txt -->
```text
one
```

<!-- console: exits 3 -->
```console
$ cat a.txt
one
$ cd / && export COLOUR=red
$ echo $COLOUR \\
  $PWD; exit 3
red /
```
"""


@pytest.fixture
def page(tmp_path):
    def write(text):
        path = tmp_path / "page.md"
        path.write_text(text)
        return path

    return write


def test_a_page_is_one_session(page, tmp_path):
    assert play(page(PAGE), tmp_path / "session") == 1


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("red /", "blue /"), ("exits 3", "exits 4"), ("$ cat a.txt", "$ cat b.txt"), ("\none\n```\n\n", "\ntwo\n```\n\n")],
    ids=["output", "status", "failure", "file"],
)
def test_what_differs_is_found(page, tmp_path, right, wrong):
    with pytest.raises(AssertionError, match="line 9"):
        play(page(PAGE.replace(right, wrong)), tmp_path / "session")


def test_a_command_on_a_terminal_is_answered(page, tmp_path):
    text = "<!-- console: types Alice, blue -->\n```console\n$ read -p 'Name: ' a; read -p 'Colour: ' b; echo $a $b\nName:\nColour:\nAlice blue\n```\n"
    assert play(page(text), tmp_path / "session") == 1


def test_the_pieces_of_a_page():
    (file, console) = blocks(PAGE)
    assert (file.said("file"), file.language, console.line) == ("a.txt", "text", 9)
    assert steps(console.text)[2] == Step("echo $COLOUR \\\n  $PWD; exit 3", ("red /",))
    with pytest.raises(ValueError, match="begins with a command"):
        steps("no command\n")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a", "b"], "a\nb\n", True),
        (["a", "…", "d"], "a\nb\nc\nd\n", True),
        (["a", "…"], "a\n", True),
        (["a … c"], "a b c\n", True),
        (["a … c"], "a b\nb c\n", False),
        (["sha256 0x12…"], "sha256 0x12ab\n", True),
        (["1,234 bytes in 0.5 s, until 2026-01-02"], "99 bytes in 12 s, until 2027-01-02\n", True),
        (["hash 0123abcd"], "hash 4567ef89\n", True),
        (["version 1.0"], "version 1.1\n", False),
        (["a  b"], "a b\n", True),
        (["a"], "a\nb\n", False),
        (["a.c"], "abc\n", False),
    ],
)
def test_what_agrees(shown, printed, same):
    assert agree(tuple(shown), printed) is same
