"""The project, as much of it as a build needs, and where it starts."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from hatch_os402.errors import OptionValueError, Os402Error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from packaging.requirements import Requirement

    from hatch_os402.config.options import Options

_ADD = "Set in [tool.hatch.build.targets.os402]:"
_ARTICLE = {"wsgi": "a WSGI", "asgi": "an ASGI"}
_FIELD = "Field `tool.hatch.build.targets.os402.entry-point`"


@dataclass(frozen=True)
class Project:
    """What pyproject.toml says, through Hatch, and the project's own wheel."""

    root: Path
    id: str
    """Hatch's `project_id`, the stem of every artifact: `greeter-0.1.0`."""
    name: str
    version: str
    description: str | None
    scripts: Mapping[str, str]
    """`[project.scripts]`."""
    extras: Collection[str]
    """The names of `[project.optional-dependencies]`, canonical."""
    groups: Mapping[str, Any]
    """`[dependency-groups]`, as written."""
    wheel: Path
    uv_indexes: bool = False
    """Whether `[tool.uv]` names indexes, which are not pip's."""


def requirements_of_groups(project: Project, names: Collection[str]) -> tuple[Requirement, ...]:
    """Return the requirements of the dependency groups `names` (PEP 735). Raises `OptionValueError`."""
    from packaging.dependency_groups import DependencyGroupResolver  # noqa: PLC0415 - few projects have groups
    from packaging.errors import ExceptionGroup  # noqa: PLC0415 - as above

    found: list[Requirement] = []
    for name in names:
        try:
            found.extend(DependencyGroupResolver(dict(project.groups)).resolve(name))
        except (LookupError, ValueError, TypeError, ExceptionGroup) as error:
            known = ", ".join(sorted(project.groups)) or "none"
            reasons = "; ".join(" ".join(str(reason).split()) for reason in getattr(error, "exceptions", [error]))
            raise OptionValueError(
                f"Field `tool.hatch.build.targets.os402.groups` names {name!r}, which cannot be used: {reasons}. "
                f"Groups of this project: {known}"
            ) from error
    return tuple(found)


def check_features(project: Project, options: Options) -> None:
    """Raise `OptionValueError` when `features` names an extra that the project does not have."""
    if unknown := options.features - {canonicalize_name(extra) for extra in project.extras}:
        known = ", ".join(sorted(project.extras)) or "none"
        raise OptionValueError(
            f"Field `tool.hatch.build.targets.os402.features` names {', '.join(map(repr, sorted(unknown)))}; "
            f"extras of this project: {known}"
        )


def entry_point(project: Project, options: Options, own_paths: Collection[str]) -> str:
    """Return where the project starts, as the option has it.

    `own_paths` are the archive paths of its own wheel: without scripts the only package with a `__main__` is chosen.
    """
    if options.entry_point:
        return options.entry_point
    scripts = {name: value.partition("[")[0].replace(" ", "") for name, value in project.scripts.items()}
    if len(set(scripts.values())) == 1:
        return next(iter(scripts.values()))
    if scripts:
        listed = "".join(f'\n  entry-point = "{value}"  # {name}' for name, value in sorted(scripts.items()))
        raise OptionValueError(f"{_FIELD} must say which script of [project.scripts] runs on os402, one of:{listed}")
    mains = [path.removesuffix("/__main__.py") for path in own_paths if path.endswith("/__main__.py")]
    packages = sorted(main.replace("/", ".") for main in [main for main in mains if "/" not in main] or mains)
    if len(packages) == 1:
        return packages[0]
    if packages:
        raise OptionValueError(f"{_FIELD} must say which package runs on os402, one of: {', '.join(packages)}")
    example = f"{project.name.replace('-', '_')}.cgi:main"
    raise OptionValueError(
        f'{_FIELD} must say what runs on os402, such as "{example}": '
        "the project has no [project.scripts] and no package with a `__main__` module.\n"
        'For a web application name it, as "shop.web:app", and set `interface` to "wsgi" or "asgi". '
        "`hatch-os402 init` finds one in the source, and writes both."
    )


def entry_paths(entry: str) -> list[str]:
    """Return the archive paths that the module of an entry point may have, the first that is there counts."""
    module, _, attribute = entry.removesuffix("()").partition(":")
    folder = module.replace(".", "/")
    return [f"{folder}.py", f"{folder}/__init__.py"] if attribute else [f"{folder}/__main__.py", f"{folder}.py"]


def check_entry_point(entry: str, paths: Collection[str], read: Callable[[str], bytes]) -> str | None:
    """Check that `entry` is in the archive of `paths`, and return a warning when its callable does not seem to be.

    `read` returns the content of a path. Raises `Os402Error` when the module is not there.
    """
    module, _, attribute = entry.removesuffix("()").partition(":")
    candidates = entry_paths(entry)
    path = next((candidate for candidate in candidates if candidate in paths), None)
    if path is None and (meant := _with_colon(module, attribute, paths, read)):
        raise OptionValueError(
            f"the entry point {entry!r} names a module that is not in the archive; `{meant}` is there.\n{_ADD}\n"
            f'  entry-point = "{meant}"'
        )
    if path is None:
        tail = candidates[0].rpartition("/")[2]
        similar = sorted(name for name in paths if name.endswith(f"/{tail}"))[:3]
        hint = f" There is {', '.join(similar)}." if similar else ""
        raise Os402Error(
            f"the entry point {entry!r} is not in the archive: neither {' nor '.join(candidates)} is.{hint}\n"
            "Correct `entry-point` (or [project.scripts]), or make the wheel ship the module."
        )
    if attribute and not _seems_to_define(read(path), attribute.partition(".")[0]):
        name = attribute.partition(".")[0]
        return f"the entry point {entry!r} may fail: {path} does not define {name!r} at its top level"
    return None


def _with_colon(module: str, attribute: str, paths: Collection[str], read: Callable[[str], bytes]) -> str:
    """Return the entry point that `module`, whose callable follows a dot, may mean; empty if there is none."""
    parent, _, name = module.rpartition(".")
    folder = parent.replace(".", "/")
    for path in (f"{folder}.py", f"{folder}/__init__.py") if parent and not attribute else ():
        if path in paths and _seems_to_define(read(path), name):
            return f"{parent}:{name}"
    return ""


def check_interface(entry: str, interface: str | None, read: Callable[[str], bytes | None]) -> None:
    """Raise `OptionValueError` when the source of `entry` plainly has another interface than the option says.

    `interface` is None when the option is not set; nothing else is evidence of a script. `read` returns the content of
    an archive path, None when there is no such file.
    """
    from hatch_os402.compatibility.imports.webapps import find_application  # noqa: PLC0415 - once it is read

    factory = entry.endswith("()")
    found = None if interface in {"script", "mcp"} else find_application(entry.removesuffix("()"), read)
    if found is None:
        if factory and interface is None:
            raise OptionValueError(
                f"the entry point {entry!r} is called to make a web application, and `interface` is not set.\n"
                f'{_ADD}\n  interface = "wsgi"   # or "asgi"'
            )
        return
    lines = [] if interface == found.interface else [f'  interface = "{found.interface}"']
    if factory != found.factory:
        lines.append(f'  entry-point = "{entry.removesuffix("()")}{"()" if found.factory else ""}"')
    if lines:
        what = f"{'a function that returns ' if found.factory else ''}{_ARTICLE[found.interface]} application"
        is_not = "`interface` is not set" if interface is None else f'`interface` is "{interface}"'
        raise OptionValueError(
            f"the entry point {entry!r} is {what} ({found.what}, {found.path}, line {found.line}), and "
            f"{is_not if interface != found.interface else '`entry-point` does not say so'}.\n{_ADD}\n"
            + "\n".join(lines)
        )


def check_lazy_imports(names: Collection[str], paths: Collection[str]) -> None:
    """Raise `OptionValueError` when `lazy-imports` names what is no module of the archive of `paths`, nor of Python."""
    stems = [path[:-3].removesuffix("/__init__").split("/") for path in paths if path.endswith(".py")]
    modules = {".".join(stem[:count]) for stem in stems for count in range(1, len(stem) + 1)} | sys.stdlib_module_names
    for name in names:
        if name not in modules and name.partition(".")[0] not in sys.stdlib_module_names:
            import difflib  # noqa: PLC0415 - for an error alone

            similar = difflib.get_close_matches(name, modules, 1)
            hint = f"; did you mean {similar[0]!r}?" if similar else ""
            raise OptionValueError(
                f"Field `tool.hatch.build.targets.os402.lazy-imports` names {name!r}, but neither the archive nor the "
                f"standard library has a module of that name{hint}"
            )


def _seems_to_define(source: bytes, name: str) -> bool:
    """Whether the module may have the global `name`; when in doubt, yes."""
    import ast  # noqa: PLC0415 - once it is read

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return True
    bound: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) | ast.ClassDef(name=found):
                bound.add(found)
            case ast.Name(id=found):
                bound.add(found)
            case ast.alias(name=found, asname=renamed):
                bound.add((renamed or found).partition(".")[0])
    return not bound.isdisjoint({name, "*", "__getattr__", "globals", "vars", "exec"})
