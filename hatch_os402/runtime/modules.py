"""What the runtime can import: `modules.json`, a list that `runtime check` compares with a real one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def facts() -> dict[str, Any]:
    """Return `modules.json`: `version`, and the module names `modules` (there), `missing` and `undecided`."""
    content: dict[str, Any] = json.loads(Path(__file__).with_name("modules.json").read_text("utf-8"))
    return content
