"""Git in Python: settings of the home folder, a repository in the temporary folder, commits, and a clone."""

import io
import os
import tempfile
from pathlib import Path

from dulwich import porcelain
from dulwich.repo import Repo


def facts():
    home = Path(os.path.expanduser("~"))
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Of Home\n\temail = home@example.org\n[core]\n\tfileMode = true\n"
    )
    folder = Path(tempfile.mkdtemp(), "repository")
    repository = porcelain.init(folder)
    (folder / "sub").mkdir()
    (folder / "sub" / "one.txt").write_text("first\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    porcelain.add(repository, [str(folder / "sub" / "one.txt"), str(folder / "run.sh")])
    porcelain.commit(
        repository,
        message=b"begin",
        commit_timestamp=0,
        commit_timezone=0,
        author_timestamp=0,
        author_timezone=0,
        sign=False,
    )
    (folder / "sub" / "one.txt").write_text("second\n")
    status = porcelain.status(repository)
    porcelain.add(repository, [str(folder / "sub" / "one.txt")])
    porcelain.commit(
        repository,
        message="go ön".encode(),
        commit_timestamp=1,
        commit_timezone=0,
        author_timestamp=1,
        author_timezone=0,
        sign=False,
    )
    cloned = porcelain.clone(str(folder), str(folder) + "-2", errstream=io.BytesIO())
    repository.object_store.pack_loose_objects()
    names = [
        [entry.path.decode(), oct(entry.mode)]
        for entry in repository.object_store.iter_tree_contents(repository[b"HEAD"].tree)
    ]
    with Repo(str(folder)) as again:
        author = again[again.head()].author.decode()
        head = again.head().decode()
    found = [author, head, cloned.head().decode() == head, names, [path.decode() for path in status.unstaged]]
    return [*found, sorted(entry.name for entry in Path(str(folder) + "-2").iterdir())]
