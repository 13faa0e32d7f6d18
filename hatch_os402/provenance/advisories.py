"""Advisories on the pins of a project: what OSV, or a server that speaks its API, knows; asked by pip-audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_os402.errors import AuditError
from hatch_os402.foreign.addresses import shown_address
from hatch_os402.foreign.strict_json import read_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from requests import Response

    from hatch_os402.resolution.graph import Pin

OSV = "https://api.osv.dev/v1/query"
"""Where OSV answers (https://google.github.io/osv.dev/post-v1-query/)."""

_TIMEOUT = 15
"""Seconds for one answer."""

_MAX_TEXT = 300


@dataclass(frozen=True)
class Advisory:
    """One known vulnerability of one pin."""

    name: str
    version: str
    id: str
    aliases: tuple[str, ...]
    description: str
    """One line."""
    fixed_in: tuple[str, ...]
    """Versions in which it is fixed, ascending."""


def advisories(pins: Sequence[Pin], url: str, cache: Path) -> tuple[Advisory, ...]:
    """Return what the service at `url` knows of `pins`, by name. It learns names and versions, and nothing else.

    `cache` is a folder that pip-audit may write to. Raises `AuditError` when the service cannot be asked or understood,
    and `ModuleNotFoundError` without the extra "audit".
    """
    from pip_audit._service.interface import ResolvedDependency, ServiceError  # noqa: PLC0415 - an extra
    from pip_audit._service.osv import OsvService  # noqa: PLC0415 - as above
    from requests import RequestException  # noqa: PLC0415 - pip-audit's

    service = OsvService(cache_dir=cache, timeout=_TIMEOUT, osv_url=url)
    service.session.hooks["response"].append(_refuse_other_answers)
    found: list[Advisory] = []
    for pin in sorted(pins, key=lambda pin: pin.name):
        try:
            _, results = service.query(ResolvedDependency(pin.name, Version(pin.version)))
            found += [
                Advisory(
                    pin.name,
                    pin.version,
                    str(one.id),
                    tuple(sorted(map(str, one.aliases))),
                    " ".join(one.description.split())[:_MAX_TEXT],
                    tuple(map(str, one.fix_versions)),
                )
                for one in sorted(results, key=lambda one: str(one.id))
            ]
        except (ServiceError, RequestException) as error:
            raise _unreachable(url, error) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AuditError(
                f"the audit could not be made: what {shown_address(url)} answers for {pin.name} {pin.version} is no "
                "answer of OSV's."
            ) from error
    return tuple(found)


def _refuse_other_answers(response: Response, *_: object, **_more: object) -> None:
    """Raise `ValueError` for an answer in which pip-audit would find nothing although it is none of OSV's.

    It takes whatever is empty for "nothing known", and passes over entries that it does not understand.
    """
    if not response.ok or response.is_redirect:
        return
    answer = read_json(response.content)
    entries = answer.get("vulns", None if answer else []) if isinstance(answer, dict) else None
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        raise ValueError("no answer of OSV's")
    if not entries and answer.get("next_page_token"):
        raise ValueError("an answer that goes on elsewhere")


def _is_entry(entry: Any) -> bool:
    """Whether an entry is of OSV's schema 1, and withdrawn or with what it affects."""
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("id"), str)
        and Version(entry.get("schema_version", "1.0.0")).major == 1
        and (entry.get("withdrawn") is not None or isinstance(entry.get("affected"), list))
    )


def _unreachable(url: str, error: Exception) -> AuditError:
    status = getattr(getattr(error.__cause__, "response", None), "status_code", None)
    why = f"answers {status}" if status else f"cannot be reached ({type(error.__cause__ or error).__name__})"
    return AuditError(
        f"the audit could not be made: {shown_address(url)} {why}.\nNothing is known of the pins. "
        "Try again with a network, or name a server that speaks OSV's API with --audit-url."
    )
