"""What to publish, where and how: from options, the environment and tables of configuration."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_os402.config.toml_values import size
from hatch_os402.errors import OptionTypeError, OptionValueError, Os402Error
from hatch_os402.home import expand_user
from hatch_os402.offer.keys import VARIABLE as KEY_VARIABLE
from hatch_os402.offer.upload import UPLOAD_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

URL_VARIABLE = "OS402_URL"

KNOWN = ("url", "key", "password-file", "stdin", "env", "exe", "limit", "dry-run", "insecure")
LISTS = ("url", "exe")
SWITCHES = ("dry-run", "insecure")
_SWITCH = {"": True, "true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class PublishTable:
    """A table of configuration: its name for messages, its values, and the folder of its relative paths."""

    name: str
    values: Mapping[str, Any]
    root: Path


@dataclass(frozen=True)
class Settings:
    """What `publish` needs to know."""

    servers: tuple[str, ...]
    key: str | None = None
    """`@FILE`, or None: the variable, a signed offer, or the prompt."""
    password_file: Path | None = None
    stdin: Path | None = None
    """The file of the standard input; None: the one beside the offer."""
    env: Path | None = None
    """A file with the private environment, as a JSON object."""
    executables: tuple[Path, ...] = ()
    limit: int = UPLOAD_LIMIT
    """Bytes of one upload."""
    dry_run: bool = False
    insecure: bool = False
    """Whether servers on other hosts may be reached without encryption."""


class _Found(NamedTuple):
    """The values of one setting, as texts: where they stand, and the folder of relative paths."""

    where: str
    values: list[str]
    root: Path = Path()


_NOTHING = _Found("", [])


def load_settings(options: Mapping[str, Sequence[str]], tables: Iterable[PublishTable]) -> Settings:
    """Return the settings: `options`, each with every value that was given, else the variables, else `tables`.

    An earlier table wins over a later one. The environment, which may hold a key, is asked here and not handed around.
    Raises `OptionTypeError` and `OptionValueError`, and never repeats the value of `key`.
    """
    _refuse_unknown(options, "Option")
    found = _from_tables(tables)
    if os.environ.get(KEY_VARIABLE):
        found.pop("key", None)  # the variable is nearer than a table
    if url := os.environ.get(URL_VARIABLE):
        found["url"] = _Found(f"the variable {URL_VARIABLE}", [url])
    found.update({name: _Found(f"Option `{name}`", list(values)) for name, values in options.items()})

    def get(name: str) -> _Found:
        return found.get(name, _NOTHING)

    return Settings(
        servers=_servers(get("url")),
        key=_key(get("key")),
        password_file=_last(_paths(get("password-file"))),
        stdin=_last(_paths(get("stdin"))),
        env=_last(_paths(get("env"))),
        executables=_paths(get("exe")),
        limit=_limit(get("limit")),
        dry_run=_switch(get("dry-run")),
        insecure=_switch(get("insecure")),
    )


def _from_tables(tables: Iterable[PublishTable]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for table in tables:
        _refuse_unknown(table.values, f"Field `{table.name}")
        for name, value in table.values.items():
            if name == "disable":
                continue  # Hatch's own
            where = f"Field `{table.name}.{name}`"
            values = _strings(where, name, value)
            if name == "key" and not values[0].startswith("@"):
                raise OptionValueError(
                    f"{where} must be `@FILE`, the name of a file that holds the key. Whatever it is now is not "
                    "repeated here; if it is a key, everybody who can read the file has it: do not use it any more."
                )
            found.setdefault(name, _Found(where, values, table.root))
    return found


def _refuse_unknown(given: Iterable[str], prefix: str) -> None:
    for name in given:
        if name not in KNOWN and not (name == "disable" and prefix != "Option"):
            near = difflib.get_close_matches(name, KNOWN, 1)
            known = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(KNOWN)}"
            where = f"Option `{name}`" if prefix == "Option" else f"{prefix}.{name}`"
            raise OptionValueError(f"{where} is not known; {known}")


def _strings(where: str, name: str, value: Any) -> list[str]:
    """Return a field's value as options would have it."""
    if name in SWITCHES and isinstance(value, bool):
        return [str(value).lower()]
    if name == "limit" and isinstance(value, int) and not isinstance(value, bool):
        return [str(value)]
    if isinstance(value, str):
        return [value]
    if name in LISTS and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return list(value)
    kind = "a string or an array of strings" if name in LISTS else "a string"
    raise OptionTypeError(f"{where} must be {kind}")


def _servers(found: _Found) -> tuple[str, ...]:
    servers = [server for value in found.values for server in re.split(r"[,\s]+", value) if server]
    if not servers:
        raise Os402Error(
            f"no server to publish to.\nName one or several with the option `url`, in {URL_VARIABLE}, or as `url` in "
            "[tool.hatch.publish.os402]."
        )
    return tuple(dict.fromkeys(server.rstrip("/") for server in servers))


def _key(found: _Found) -> str | None:
    if not found.values:
        return None
    value = found.values[-1]
    if not value.startswith("@") or found.root == Path():
        return value  # `load_key` refuses what is a key itself
    return f"@{found.root / expand_user(value[1:])}"


def _paths(found: _Found) -> tuple[Path, ...]:
    if not all(found.values):
        raise OptionValueError(f"{found.where} must name a file")
    return tuple(found.root / expand_user(value) for value in found.values)


def _last(paths: tuple[Path, ...]) -> Path | None:
    return paths[-1] if paths else None


def _limit(found: _Found) -> int:
    if not found.values:
        return UPLOAD_LIMIT
    text = found.values[-1]
    try:
        return size(int(text) if text.isdecimal() else text)
    except (TypeError, ValueError) as error:
        raise OptionValueError(f"{found.where} {error}") from error


def _switch(found: _Found) -> bool:
    text = found.values[-1].lower() if found.values else "false"
    if text not in _SWITCH:
        raise OptionValueError(f"{found.where} must be given alone, or be true or false, not {text!r}")
    return _SWITCH[text]
