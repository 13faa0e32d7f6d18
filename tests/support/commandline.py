"""Call the command in this process, as a shell would."""

from __future__ import annotations

import pytest

from hatch_os402.cli import main


def call(capsys, *arguments) -> tuple[int, str, str]:
    """Run `hatch-os402 ARGUMENTS`; return its exit status and what it wrote to stdout and stderr."""
    with pytest.raises(SystemExit) as end:
        main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    code = end.value.code
    return (1, out, err + code) if isinstance(code, str) else (code or 0, out, err)
