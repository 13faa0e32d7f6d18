"""What MkDocs lacks for these documents: links that lead out of `docs`, to files and folders of the repository.

Each file that a page links, from README.md to a module, becomes a page `repository/PATH`, and so does what it links, if
it is a document. The links are then links between pages, which MkDocs checks. Nothing is copied by hand, and the
documents read alike in a clone. The page of a folder is its README.md, or lists what is in it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
FOLDER = "repository"
ALWAYS = ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md")
"""What the navigation names, linked or not."""
LANGUAGES = {".json": "json", ".py": "python", ".toml": "toml", ".yml": "yaml"}

_CODE = re.compile(
    r"^ {0,3}(?P<fence>```|~~~).*?^ {0,3}(?P=fence)[ \t]*$|(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"(?P<before>\]\()(?P<path>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file and folder of the repository that a page links."""
    todo = [(ROOT / "docs" / file.src_uri) for file in files.documentation_pages()] + [ROOT / name for name in ALWAYS]
    seen: set[Path] = set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        if not path.is_relative_to(ROOT / "docs"):
            files.append(File.generated(config, _page(path), content=_content(path)))
        if path.suffix == ".md":
            todo += [target for target in _outside(path) if target.exists()]
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Point the links of a page to pages."""
    source = page.file.src_uri
    path = ROOT / "docs" / source
    if source.startswith(f"{FOLDER}/"):
        path = ROOT / source.removeprefix(f"{FOLDER}/")
        if path.suffix != ".md":
            return markdown

    def replaced(match: re.Match[str]) -> str:
        target = _target(path, match["path"])
        if target is None or not target.exists():
            return match[0]  # which MkDocs reports
        uri = target.relative_to(ROOT / "docs").as_posix() if target.is_relative_to(ROOT / "docs") else _page(target)
        return f"{match['before']}{os.path.relpath(uri, Path(source).parent)}{match['anchor'] or ''}"

    return "".join(part if code else _LINK.sub(replaced, part) for part, code in _parts(markdown))


def _parts(markdown: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a document in order, and whether each is code."""
    begin = 0
    for match in _CODE.finditer(markdown):
        # The text of a link may be code, as in [`name`](path): its address is in the next piece.
        yield markdown[begin : match.start()], False
        yield match[0], True
        begin = match.end()
    yield markdown[begin:], False


def _outside(path: Path) -> Iterator[Path]:
    """Yield what a document links that is not in `docs`."""
    for part, code in _parts(path.read_text(encoding="utf-8")):
        for match in () if code else _LINK.finditer(part):
            target = _target(path, match["path"])
            if target and target.is_relative_to(ROOT) and not target.is_relative_to(ROOT / "docs"):
                yield target


def _target(path: Path, link: str) -> Path | None:
    """Return the file or folder that a relative link of the document `path` leads to."""
    if _ADDRESS.match(link):
        return None
    target = Path(os.path.normpath(path.parent / unquote(link)))
    return target / "README.md" if (target / "README.md").exists() else target


def _page(path: Path) -> str:
    """Return where the page of a file or folder of the repository is."""
    name = f"{FOLDER}/{path.relative_to(ROOT).as_posix()}"
    if path.is_dir():
        return f"{name}/index.md"
    return name if path.suffix == ".md" else f"{name}.md"


def _content(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    title = f"# {path.relative_to(ROOT).as_posix()}\n\n"
    if path.is_dir():
        members = (member for member in path.iterdir() if not member.name.startswith((".", "__pycache__")))
        names = sorted(f"{member.name}/" if member.is_dir() else member.name for member in members)
        return title + "".join(f"- `{name}`\n" for name in names)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return f"{title}{path.stat().st_size:,} bytes, which are no text.\n"
    return f"{title}~~~~~{LANGUAGES.get(path.suffix, 'text')}\n{text}\n~~~~~\n"
