"""The pages of `inspect` and `profile` in a browser that has no network, from a file."""

from __future__ import annotations

import os
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from support.browser import REQUIRED, browsing, require
from support.pagevisit import visit
from support.samplecraft import NASTY

from hatch_os402.cli import main

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def pages(sample_build, tmp_path_factory):
    """Both pages, alone in a folder."""
    require()
    folder = tmp_path_factory.mktemp("pages")
    artifact = str(sample_build.dist / "sample-0.1.0.pyz")
    for arguments in (["inspect", artifact], ["profile", artifact, "-n", "1", "-d", "Ada"]):
        with pytest.raises(SystemExit) as end:
            main([*arguments, "--html", str(folder / f"{arguments[0]}.html")])
        assert not end.value.code
    return folder


@pytest.fixture
def look(pages, tmp_path):
    def look(name, script, *flags):
        return visit(pages / f"{name}.html", script, tmp_path / "browser", *flags)

    return look


BOXES = """
const boxes = [...document.querySelectorAll("#chart [role=treeitem]")].map((box) => {
  const { left, top, width, height } = box.getBoundingClientRect();
  return { label: box.getAttribute("aria-label"), level: Number(box.getAttribute("aria-level")),
           leaf: !box.hasAttribute("aria-expanded"), left, top, width, height };
});
"""


def test_treemap(look, sample_build):
    """Areas are as sizes are, nothing overlaps, and what is in the archive is text."""
    boxes = look("inspect", BOXES + "return boxes;")
    assert boxes[0]["label"].startswith("sample-0.1.0: ")
    assert {box["label"].partition(":")[0] for box in boxes if box["level"] == 2} >= {
        "sample 0.1.0",
        "idle 2.0",
        "(launcher)",
    }
    leaves = [box for box in boxes if box["leaf"]]
    assert len(leaves) > 20
    for number, one in enumerate(leaves):
        for other in leaves[number + 1 :]:
            across = min(one["left"] + one["width"], other["left"] + other["width"]) - max(one["left"], other["left"])
            down = min(one["top"] + one["height"], other["top"] + other["height"]) - max(one["top"], other["top"])
            assert min(across, down) < 0.1, (one, other)
    # Two files of one folder: the launcher's largest.
    areas = {box["label"].partition(":")[0]: box["width"] * box["height"] for box in leaves}
    sizes = {name: len(sample_build.members[f"_os402/{name}"]) for name in ("start.pyc", "importer.pyc")}
    ratio = sizes["start.pyc"] / sizes["importer.pyc"]
    assert areas["start.pyc"] / areas["importer.pyc"] == pytest.approx(ratio, rel=0.02)


ZOOM = """
const chart = document.getElementById("chart");
const items = () => [...chart.children].map((box) => box.getAttribute("aria-label").split(":")[0]);
const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const crumbs = () => document.getElementById("crumbs").innerText.replace(/\\s+/g, " ").trim();
const found = [];
[...chart.children].find((box) => box.getAttribute("aria-label").startsWith(NAME)).click();
found.push(items()[FIRST], crumbs());
press("ArrowDown");
found.push(document.activeElement.getAttribute("aria-label").split(":")[0] !== items()[FIRST]);
found.push(document.getElementById("detail").textContent.includes(document.activeElement.getAttribute("aria-label").split(": ")[1]));
press("ArrowUp"); press("Escape");
found.push(crumbs());
return found;
"""


@pytest.mark.parametrize(
    ("name", "part", "first", "root"),
    [("inspect", "idle 2.0", 0, "sample-0.1.0"), ("profile", "imports of the entry point", 1, "the call")],
)
def test_looking_into_a_part_by_mouse_and_keyboard(look, name, part, first, root):
    script = ZOOM.replace("NAME", repr(part)).replace("FIRST", str(first))
    assert look(name, script) == [part, f"{root} › {part}", True, True, root]


def test_icicle(look):
    """Widths are as times are, and what is inside something is below it."""
    boxes = look("profile", BOXES + "return boxes;")
    by_name = {box["label"].partition(":")[0]: box for box in boxes}
    entry, main_, idle = by_name["imports of the entry point"], by_name["sample.main"], by_name["idle"]
    for outer, inner in ((entry, main_), (main_, idle)):
        assert inner["top"] == pytest.approx(outer["top"] + 22)
        assert inner["left"] >= outer["left"] - 0.1
        assert inner["left"] + inner["width"] <= outer["left"] + outer["width"] + 0.1
    names = ("the interpreter starts", "the frame is read", "imports of the entry point", "the request")
    passing = [by_name[name] for name in names if name in by_name]
    assert len(passing) > 2
    for earlier, later in pairwise(passing):
        assert earlier["left"] + earlier["width"] <= later["left"] + 0.1
    times = {name: float(by_name[name]["label"].split(": ")[1].split(" ms")[0]) for name in ("the call", "idle")}
    ratio = idle["width"] / by_name["the call"]["width"]
    assert ratio == pytest.approx(times["idle"] / times["the call"], rel=0.05)
    assert "never used" in idle["label"]


TABLES = """
const section = [...document.querySelectorAll("#tables section")].find((s) => s.querySelector("h2").textContent === TITLE);
const column = (number) => [...section.querySelectorAll("tbody tr")].filter((row) => !row.hidden)
  .map((row) => row.children[number]).map((cell) => cell.dataset.by ? Number(cell.dataset.by) : cell.textContent);
const head = (number) => section.querySelectorAll("thead button")[number];
const sort = (number) => section.querySelectorAll("thead th")[number].getAttribute("aria-sort");
const found = {};
head(0).click(); found.names = column(0); found.sort = [sort(0)];
head(0).click(); found.back = column(0); found.sort.push(sort(0));
head(1).click(); found.numbers = column(1); found.sort.push(sort(0), sort(1));
const search = section.querySelector("input");
search.value = "IDLE"; search.dispatchEvent(new Event("input"));
found.searched = [...section.querySelectorAll("tbody tr")].filter((row) => !row.hidden).map((row) => row.textContent);
return found;
"""


@pytest.mark.parametrize(("name", "title"), [("inspect", "Files"), ("profile", "Modules")])
def test_tables_sort_and_search(look, name, title):
    found = look(name, TABLES.replace("TITLE", repr(title)))
    assert found["sort"] == ["ascending", "descending", None, "descending"]
    assert len(found["names"]) > 5
    assert found["back"] == found["names"][::-1]
    assert found["numbers"] == sorted(found["numbers"], reverse=True)
    assert found["searched"]
    assert len(found["searched"]) < len(found["names"])
    assert all("idle" in row for row in found["searched"])
    if name == "inspect":
        assert "sample/" + "/".join(NASTY) in found["names"]


def test_light_and_dark(look):
    script = """
    const paper = () => getComputedStyle(document.body).backgroundColor;
    const found = [paper()];
    for (const _ of [1, 2]) { document.getElementById("theme").click(); found.push(paper()); }
    return found;
    """
    before, once, twice = look("inspect", script)
    assert before == twice != once


def test_a_narrow_window(look):
    script = (
        "return [document.documentElement.scrollWidth, innerWidth, document.querySelectorAll('#chart > *').length];"
    )
    content, window, boxes = look("inspect", script, "--window-size=500,800")
    assert content <= window
    assert boxes > 10


def test_without_a_browser_it_is_skipped_unless_required(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no chromium"):
        require()
    monkeypatch.setenv(REQUIRED, "required")
    with pytest.raises(pytest.fail.Exception, match="HATCH_OS402_BROWSER=required"):
        require()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["inspect", "profile"])
def test_a_page_fits_the_window(pages, name, width, scheme):
    """What is wide scrolls in a box of its own, and not the page."""
    with browsing() as browser:
        browser.emulate(width, scheme, height=2400)
        browser.open((pages / f"{name}.html").as_uri())
        assert browser.run("return document.documentElement.scrollWidth") <= width
        dark = browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(18, 21, 27)"
        assert dark is (scheme == "dark")
        assert browser.errors() == []
        if folder := os.environ.get("HATCH_OS402_SCREENSHOTS"):
            browser.screenshot(Path(folder, f"{name}-{width}-{scheme}.png"))
