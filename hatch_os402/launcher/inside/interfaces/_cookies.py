"""Several cookies in one. Imported when an answer sets more than one, or a request brings such a one.

os402 keeps the last `Set-Cookie` of an answer alone. So all of them go into one cookie, `NAME`, for the application's
address and all below; it comes back with the next request, and the application finds the cookies that it has set.
Once there is such a cookie, whatever the application sets goes into it.

Its value: the cookies with `&` between them, each `name|value|path|expires|flags`, percent-encoded. `path` is empty for
the whole application, `expires` is in Unix time and empty for a session cookie, `flags` are `s` (Secure), `h`
(HttpOnly) and `S`, `L` or `N` (SameSite). A name alone hides the cookie of that name which was set before, by itself.

The rules for cookies are those of RFC 6265.
"""

import time

from ._cgi import unquote, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NamedTuple

    class Cookie(NamedTuple):
        """A cookie that lives."""

        value: str
        expires: int | None
        flags: str
else:
    from collections import namedtuple

    Cookie = namedtuple("Cookie", "value expires flags")  # noqa: PYI024 - typing is slow to import

NAME = "_os402"
"""The name of the one cookie."""

LONGEST = 4096
"""The bytes that a client must be able to keep of a cookie with its name and attributes (RFC 6265, 6.1)."""

_FIELDS = 4
_OCTETS = frozenset(map(chr, range(0x21, 0x7F))) - frozenset('",;\\%&|')
_UNFIT = frozenset(map(chr, range(32))) | {"\x7f", ";"}
_STRICTEST = "SL-N"  # "-" is a cookie that does not say it, which browsers take for Lax, with exceptions


class Jar:
    """The cookies of one request and of its answer."""

    def __init__(self, request: "Mapping[str, str]") -> None:
        """Take the variables of the request (`_cgi.variables`)."""
        self._script = unquote(request.get("SCRIPT_NAME", "")) or "/"
        self._path = unquote(request.get("REQUEST_URI", "").partition("?")[0]) or "/"
        self._host = (request.get("HTTP_HOST") or request.get("SERVER_NAME", "")).partition(":")[0].lower()
        self._now = int(time.time())
        self._plain: list[tuple[str, str]] = []
        self._packed: dict[tuple[str, str], Cookie] = {}
        self._hidden: set[str] = set()
        self._had_pack = False
        for pair in request.get("HTTP_COOKIE", "").split(";"):
            name, equals, value = pair.strip().partition("=")
            if name == NAME and equals:
                self._had_pack = True
                self._unpack(value)
            elif name:
                self._plain.append((name, pair.strip()))

    def header(self) -> str:
        """Return the value of the `Cookie` header that the application is to see; empty for none."""
        found = [
            (name, path, cookie.value)
            for (name, path), cookie in self._packed.items()
            if not path or _path_matches(self._path, path)
        ]
        found.sort(key=lambda item: -len(item[1]))  # the more specific first (RFC 6265, 5.4)
        names = {name for name, _, _ in found} | self._hidden
        pairs = [pair for name, pair in self._plain if name not in names]
        return "; ".join([*pairs, *(f"{name}={value}" for name, _, value in found)])

    def pack(self, values: "Sequence[str]") -> list[str]:
        """Return the `Set-Cookie` values that stand for `values`: one at most."""
        if len(values) == 1 and not self._had_pack:
            return list(values)
        for value in values:
            self._set(value)
        self._hidden &= {name for name, _ in self._plain} - {name for name, _ in self._packed}
        packed = "&".join(
            [
                "|".join(map(_quoted, (name, cookie.value, path, str(cookie.expires or ""), cookie.flags)))
                for (name, path), cookie in self._packed.items()
            ]
            + sorted(map(_quoted, self._hidden))
        )
        made = f"{NAME}={packed}; Path={self._script}{self._attributes()}"
        if len(made) > LONGEST:
            warn(
                f"the cookies of this answer have {len(made)} bytes together, and clients need to keep only {LONGEST}: "
                'set less in them, or `cookies = "plain"` and one cookie an answer'
            )
        return [made]

    def _unpack(self, value: str) -> None:
        for entry in value.split("&"):
            name, *fields = map(unquote, entry.split("|"))
            if not _UNFIT.isdisjoint(name + "".join(fields[:1])):
                continue  # nothing that was packed here
            if not fields and name:
                self._hidden.add(name)
            elif len(fields) == _FIELDS:
                text, path, expires, flags = fields
                if not expires.isdigit() or int(expires) > self._now:
                    self._packed[name, path] = Cookie(text, int(expires) if expires.isdigit() else None, flags)

    def _set(self, header: str) -> None:
        """Do what a client does with one `Set-Cookie` (RFC 6265, 5.2 and 5.3)."""
        pair, *attributes = header.split(";")
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not name:
            warn(f"a cookie without a name is left out: {pair!r}")
            return
        known = {}
        for attribute in attributes:
            key, _, text = attribute.partition("=")
            known[key.strip().lower()] = text.strip()
        domain = known.get("domain", "").lstrip(".").lower()
        if domain and self._host != domain and not self._host.endswith("." + domain):
            warn(f"a client at {self._host} refuses a cookie of {domain}: {name}")
            return
        path = known.get("path", "")
        if not path.startswith("/"):
            path = self._path.rpartition("/")[0] or "/"  # default-path (RFC 6265, 5.1.4)
        if _path_matches(self._script, path):
            path = ""
        expires = self._expires(known)
        self._packed.pop((name, path), None)
        if expires is not None and expires <= self._now:
            self._hidden.add(name)  # for as long as the client brings one that was set by itself
        else:
            flags = "s" * ("secure" in known) + "h" * ("httponly" in known)
            same = known.get("samesite", "")[:1].upper()
            self._packed[name, path] = Cookie(value, expires, flags + (same if same in ("S", "L", "N") else ""))

    def _expires(self, known: "Mapping[str, str]") -> int | None:
        age = known.get("max-age", "")
        if age.removeprefix("-").isdigit():
            return self._now + int(age)
        if "expires" in known:
            from email.utils import mktime_tz, parsedate_tz  # noqa: PLC0415 - Max-Age does without

            when = parsedate_tz(known["expires"].replace("-", " "))
            if when is not None:
                return int(mktime_tz(when))
        return None

    def _attributes(self) -> str:
        """Return the attributes that suit all: the strictest of each."""
        cookies = self._packed.values()
        flags = [cookie.flags for cookie in cookies]
        ends = [cookie.expires for cookie in cookies]
        made = ""
        if not cookies and not self._hidden:
            return "; Max-Age=0"
        if ends and None not in ends:
            made += f"; Max-Age={max(filter(None, ends)) - self._now}"
        if any("s" in flag for flag in flags):
            made += "; Secure"
        if any("h" in flag for flag in flags):
            made += "; HttpOnly"
        same = min((_STRICTEST.index(flag.strip("sh") or "-") for flag in flags), default=_STRICTEST.index("-"))
        return (
            made + {"S": "; SameSite=Strict", "L": "; SameSite=Lax", "-": "", "N": "; SameSite=None"}[_STRICTEST[same]]
        )


def _path_matches(path: str, cookie_path: str) -> bool:
    """Tell whether a cookie of `cookie_path` is sent to `path` (RFC 6265, 5.1.4)."""
    return path == cookie_path or (
        path.startswith(cookie_path) and (cookie_path.endswith("/") or path[len(cookie_path)] == "/")
    )


def _quoted(text: str) -> str:
    return "".join([character if character in _OCTETS else f"%{ord(character):02X}" for character in text])
