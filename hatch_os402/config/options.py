"""The options of `[tool.hatch.build.targets.os402]`, each validated when it is first read."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from packaging.utils import canonicalize_name
from pathspec import GitIgnoreSpec

from hatch_os402.config import offer_options, publish_options
from hatch_os402.config.hatchling import HATCHLING
from hatch_os402.config.offer_options import OfferOptions
from hatch_os402.config.toml_fields import Fields
from hatch_os402.config.toml_values import duration
from hatch_os402.home import path_of
from hatch_os402.substitutes import substitutes
from hatch_os402.tools.options import FUNCTION, read_tools

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from hatch_os402.tools.model import Tool

PREFIX = "tool.hatch.build.targets.os402"

FILE_SELECTION = frozenset({
    "artifacts", "force-include", "ignore-vcs", "include", "only-include", "only-packages", "packages",
    "skip-excluded-dirs",
})  # fmt: skip
"""Options of hatchling that choose files; here the wheel's files are taken."""

SECONDS = 25
"""Seconds that a build spends on the search for fixes by default."""

_ENTRY_POINT = re.compile(
    r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*)(?::(?P<attribute>[^\W\d]\w*(?:\.[^\W\d]\w*)*)(?P<factory>\(\))?)?"
)


class Options:
    """The target's table. `root` is the project's folder, to which relative paths belong."""

    def __init__(self, table: Mapping[str, Any], root: Path) -> None:
        self._fields = Fields(table, PREFIX)
        self._root = root

    @property
    def table(self) -> Mapping[str, Any]:
        """The table as it is written."""
        return self._fields.config

    def validate(self) -> Options:
        """Read every option, so that what is wrong is said before any work starts; return self."""
        for name in FILE_SELECTION & self._fields.config.keys():
            raise self._fields.wrong_value(
                name,
                f"has no effect here: the archive holds the wheel's files; set tool.hatch.build.targets.wheel.{name}",
            )
        options = {
            name.replace("_", "-"): name
            for name, value in vars(type(self)).items()
            if isinstance(value, cached_property)
        }
        others = {f"{PREFIX}.offer": offer_options.KNOWN, "tool.hatch.publish.os402": publish_options.KNOWN}
        self._fields.refuse_unknown(tuple(sorted(options.keys() | HATCHLING)), others)
        for name in options.values():
            getattr(self, name)
        self.offer.validate({PREFIX: options.keys(), "tool.hatch.publish.os402": publish_options.KNOWN})
        return self

    def changed(self, *, without: Collection[str] = (), **values: Any) -> Options:
        """Return these options with other `values`, by the options' names, and without some."""
        kept = {name: value for name, value in self._fields.config.items() if name not in without}
        return Options({**kept, **values}, self._root)

    @cached_property
    def entry_point(self) -> str | None:
        """`module:callable`, `module` or, for web applications, `module:factory()`; None when the project decides."""
        value = self._fields.string("entry-point")
        match = None if value is None else _ENTRY_POINT.fullmatch(value)
        if self.interface in {"wsgi", "asgi"}:
            if match is None or match["attribute"] is None:
                example = f'the {self.interface.upper()} application, as "module:app" or "module:create_app()"'
                but = "" if value is None else f", not {value!r}"
                raise self._fields.wrong_value("entry-point", f"must name {example}{but}")
        elif self.interface == "mcp" and "tools" not in self._fields.config:
            if value is None or not FUNCTION.fullmatch(value):
                but = "" if value is None else f", not {value!r}"
                raise self._fields.wrong_value("entry-point", f'must name the function, as "module:function"{but}')
        elif value is not None and match is None:
            raise self._fields.wrong_value("entry-point", f'must be "module:callable" or "module", not {value!r}')
        elif match is not None and match["factory"] and self.interface is not None:
            raise self._fields.wrong_value(
                "entry-point", f'is {value!r}, with "()", which is for `interface = "wsgi"` and "asgi" alone'
            )
        return value

    @cached_property
    def interface(self) -> Literal["script", "wsgi", "asgi", "mcp"] | None:
        """What the entry point is; None when it is not set, which means a script."""
        value = self._fields.string("interface")
        if value not in {None, "script", "wsgi", "asgi", "mcp"}:
            raise self._fields.wrong_value("interface", f'must be "script", "wsgi", "asgi" or "mcp", not {value!r}')
        if "tools" in self._fields.config:
            if value not in {None, "mcp"}:
                raise self._fields.wrong_value("interface", f'is "{value}", and `tools` are for "mcp" alone')
            return "mcp"
        return value  # type: ignore[return-value]  # mypy narrows no str

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The MCP tools, where each has an offer of its own."""
        if "tools" not in self._fields.config:
            return ()
        found = read_tools(self._fields.config["tools"], f"{PREFIX}.tools", self._root)
        if not found:
            raise self._fields.wrong_value("tools", "must name a tool")
        if "entry-point" in self._fields.config:
            raise self._fields.wrong_value(
                "entry-point", "must not be used together with `tools`, which name functions"
            )
        for name in ("name", "description", "input-schema", "output-schema"):
            if name in self._fields.config.get("offer", {}):
                raise self._fields.wrong_value(
                    f"offer.{name}", f"is for one offer, and `tools` make several; set `tools.{found[0].name}` instead"
                )
        return found

    @cached_property
    def schema(self) -> Literal["import", "static"]:
        """Where the schemas of tools come from: the project's code is imported, or its source is read."""
        value = self._fields.string("schema")
        if value not in {None, "import", "static"}:
            raise self._fields.wrong_value("schema", f'must be "import" or "static", not {value!r}')
        if value is not None and self.interface != "mcp":
            raise self._fields.wrong_value("schema", 'is for `interface = "mcp"` and `tools` alone')
        return "static" if value == "static" else "import"

    @cached_property
    def caller_key(self) -> bool:
        """Whether the caller's private key stays in the program's environment."""
        return self._fields.boolean("caller-key") is True

    @cached_property
    def cookies(self) -> Literal["packed", "plain"]:
        """What becomes of several cookies that a web application sets at once."""
        value = self._fields.string("cookies")
        if value not in {None, "packed", "plain"}:
            raise self._fields.wrong_value("cookies", f'must be "packed" or "plain", not {value!r}')
        if value is not None and self.interface not in {"wsgi", "asgi"}:
            raise self._fields.wrong_value("cookies", 'is for `interface = "wsgi"` and "asgi" alone')
        return "plain" if value == "plain" else "packed"

    @cached_property
    def features(self) -> frozenset[str]:
        """Extras of the project to vendor as well, canonical names."""
        return frozenset(canonicalize_name(name) for name in self._fields.strings("features"))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Dependency groups of the project to vendor as well (PEP 735)."""
        return self._fields.strings("groups")

    @cached_property
    def exclude(self) -> tuple[str, ...]:
        """Patterns (those of .gitignore, as in Hatch) of archive paths to leave out."""
        patterns = self._fields.strings("exclude")
        for pattern in patterns:
            try:
                GitIgnoreSpec.from_lines([pattern])
            except ValueError as error:
                raise self._fields.wrong_value("exclude", f"holds {pattern!r}, which is no pattern: {error}") from error
        return patterns

    @cached_property
    def sources(self) -> bool:
        """Whether `.py` files stay beside their bytecode."""
        return self._fields.boolean("sources") is not False

    @cached_property
    def docstrings(self) -> bool:
        """Whether bytecode keeps docstrings."""
        return self._fields.boolean("docstrings") is not False

    @cached_property
    def finalize(self) -> bool:
        """Whether the interpreter finalizes at the end of a call."""
        return self._fields.boolean("finalize") is True

    @cached_property
    def bytecode(self) -> Literal["auto", "required", "none"]:
        """Whether modules are compiled: when a CPython 3.12 is found, always, or never."""
        value = self._fields.config.get("bytecode", "auto")
        if value == "auto":
            return "auto"
        if not isinstance(value, bool):
            raise self._fields.wrong_type("bytecode", 'must be a boolean or "auto"')
        if not value and not self.sources:
            raise self._fields.wrong_value(
                "bytecode", "must not be false while `sources` is false: no module would be left"
            )
        return "required" if value else "none"

    @cached_property
    def prepared_patterns(self) -> bool:
        """Whether regular expressions are compiled at build time, where there is bytecode."""
        return self._fields.boolean("prepared-patterns") is not False

    @cached_property
    def compression(self) -> Literal["auto", "stored", "deflated"]:
        """How the members of the archive are kept: deflated but for what a start reads, all stored, or all deflated."""
        match self._fields.string("compression"):
            case None | "auto":
                return "auto"
            case "stored":
                return "stored"
            case "deflated":
                return "deflated"
            case value:
                raise self._fields.wrong_value("compression", f'must be "auto", "stored" or "deflated", not {value!r}')

    @cached_property
    def lazy_imports(self) -> tuple[str, ...]:
        """Modules, submodules among them, that are imported when they are first used."""
        names = self._fields.strings("lazy-imports")
        for name in names:
            if not all(part.isidentifier() for part in name.split(".")):
                raise self._fields.wrong_value("lazy-imports", f"must name modules, as in `import json`, not {name!r}")
        return names

    @cached_property
    def strip_extensions(self) -> frozenset[str]:
        """Distributions, beyond the curated ones, whose optional extensions may be left out; canonical names."""
        return frozenset(canonicalize_name(name) for name in self._fields.strings("strip-extensions"))

    @cached_property
    def allow_native_files(self) -> frozenset[str]:
        """Distributions whose native files are only data; canonical names."""
        return frozenset(canonicalize_name(name) for name in self._fields.strings("allow-native-files"))

    @cached_property
    def substitutes(self) -> frozenset[str]:
        """Distributions in whose compiled code's place modules of this package are put; canonical names."""
        known = substitutes()
        names = frozenset(canonicalize_name(name) for name in self._fields.strings("substitutes"))
        if unknown := sorted(names - known.keys()):
            raise self._fields.wrong_value(
                "substitutes",
                f"names {unknown[0]!r}, and there are substitutes for {' and '.join(sorted(known))} alone",
            )
        return names

    @cached_property
    def build_from_source(self) -> frozenset[str]:
        """Distributions that may be built here from their sdist, where there is no wheel; canonical names."""
        return frozenset(canonicalize_name(name) for name in self._fields.strings("build-from-source"))

    @cached_property
    def accept_broken_record(self) -> frozenset[str]:
        """Distributions whose wheel may have a RECORD that is not true of its files; canonical names."""
        return frozenset(canonicalize_name(name) for name in self._fields.strings("accept-broken-record"))

    @cached_property
    def remedies(self) -> int:
        """Seconds that may be spent on the search for fixes when a distribution cannot work; 0 for none."""
        value = self._fields.config.get("remedies", True)
        if isinstance(value, bool):
            return SECONDS if value else 0
        return self._fields.parsed("remedies", duration, low=0, high=3600, unit="seconds") or 0

    @cached_property
    def lock(self) -> Path | bool | None:
        """The lock to build from; False for none, True for one that must be there, None for one that may be."""
        value = self._fields.config.get("lock")
        if value is None or isinstance(value, bool):
            return value
        if not isinstance(value, str):
            raise self._fields.wrong_type("lock", "must be a string or a boolean")
        if not value.strip():
            raise self._fields.wrong_value("lock", "must not be empty; false is for no lock")
        return path_of(value, self._root)

    @cached_property
    def staging(self) -> Path | None:
        """The folder to keep the staged tree in; None for none."""
        value = self._fields.string("staging")
        if value is not None and not value.strip():
            raise self._fields.wrong_value("staging", "must not be empty")
        return None if value is None else path_of(value, self._root)

    @cached_property
    def sbom(self) -> bool:
        """Whether a software bill of materials is written."""
        return self._fields.boolean("sbom") is True

    @cached_property
    def provenance(self) -> bool:
        """Whether a statement on how the artifacts were built is written."""
        return self._fields.boolean("provenance") is True

    @cached_property
    def runtime(self) -> tuple[str, ...]:
        """`path`, `arch:path` or `arch:url#sha256`, one an architecture; empty for the pinned cosmo-python."""
        value = self._fields.config.get("runtime", [])
        values = (value,) if isinstance(value, str) else self._fields.strings("runtime")
        if not all(value.strip() for value in values):
            raise self._fields.wrong_value("runtime", "must not be empty")
        return values

    @cached_property
    def offer(self) -> OfferOptions:
        """The options of the offer, `[tool.hatch.build.targets.os402.offer]`."""
        return OfferOptions(self._fields.config.get("offer", {}), root=self._root, prefix=f"{PREFIX}.offer")
