"""No key material anywhere: every command and every failure, with a marker key, and all that it leaves is searched.

Each command runs in a process of its own, with debug logs on and tracebacks that show local variables. What is
searched: stdout, stderr, every file that is left, and, at each request that the process makes, the command line of
every process and the environment of every process but the one that was given the key.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from eth_keyfile import create_keyfile_json
from support.offering import KEY, SECRET, STRANGER, dist, executable, greeter
from support.os402server import Os402Server

RAW = bytes.fromhex(SECRET)
PASSWORD = "correct horse battery"  # noqa: S105 - for these tests alone
FRAGMENT = 16

DRIVER = """
import importlib, logging, sys
import rich.traceback
rich.traceback.install(show_locals=True, width=250, locals_max_length=None, locals_max_string=None, suppress=[])
logging.basicConfig(level=logging.DEBUG)
broken, *arguments = sys.argv[1:]
if broken != "-":
    module, _, path = broken.partition(":")
    *owners, name = path.split(".")
    owner = importlib.import_module(module)
    for item in owners:
        owner = getattr(owner, item)
    def provoked(*given, **named):
        del given, named
        raise RuntimeError("provoked")
    setattr(owner, name, provoked)
from hatch_os402.cli import main
main(arguments)
"""


def spellings() -> dict[str, bytes]:
    """Every way in which the key could be written down."""
    number = int(SECRET, 16)
    texts = {
        "decimal": str(number),
        "decimal, reversed bytes": str(int.from_bytes(RAW, "little")),
        "list": str(list(RAW))[1:-1],
        "repr": repr(RAW)[2:-1],
        "escaped repr": repr(repr(RAW))[3:-2],
        "base64 of the hex digits": base64.b64encode(SECRET.encode()).decode().rstrip("="),
        "base32": base64.b32encode(RAW).decode().rstrip("="),
    }
    for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
        for start in range(3):  # wherever it begins inside something longer
            texts[f"{name} + {start}"] = encode(bytes(start) + RAW).decode()[4:40]
    return {
        "raw": RAW,
        "raw, reversed": RAW[::-1],
        **{name: text.encode() for name, text in texts.items()},
        "UTF-16": SECRET.encode("utf-16-le"),
    }


SPELLINGS = spellings()
HEX = [text[i : i + FRAGMENT].encode() for text in (SECRET, RAW[::-1].hex()) for i in range(len(text) - FRAGMENT + 1)]


def found_in(data: bytes) -> list[str]:
    """The spellings, or fragments in hex of any case, that `data` has."""
    lower = data.lower()
    return [name for name, spelling in SPELLINGS.items() if spelling in data] + [
        fragment.decode() for fragment in HEX if fragment in lower
    ]


@pytest.fixture(scope="module")
def keystore() -> bytes:
    import json

    return json.dumps(create_keyfile_json(RAW, PASSWORD.encode(), kdf="pbkdf2", iterations=1000)).encode()


class Place:
    """A folder with a built offer, and what runs a command in it and searches what it leaves."""

    def __init__(self, root: Path, server: Os402Server, keystore: bytes) -> None:
        self.root, self.server = root, server
        self.findings: list[str] = []
        self.scans = 0
        for name in ("tmp", "cache", "hatch"):
            (root / name).mkdir()
        (root / "pyproject.toml").write_text('[project]\nname = "greeter"\nversion = "0.1.0"\n')
        (root / "hatch/config.toml").touch()
        dist(root / "dist")
        executable(root)
        self.keys = {"key": SECRET.encode(), "upper": b"0x" + SECRET.upper().encode() + b"\n", "keystore": keystore}
        self.keys |= {"short": SECRET[:-1].encode(), "long": SECRET.encode() + b"00", "broken": keystore[:-20]}
        self.keys |= {"other.json": b'{"version": 1, "key": "%s"}' % SECRET.encode()}
        for name, content in self.keys.items():
            (root / name).write_bytes(content)
        (root / "password").write_text(PASSWORD + "\n")
        (root / "wrong-password").write_text("nothing\n")

    def run(self, *command: str, key: str | None = None, **environ: str) -> subprocess.CompletedProcess[bytes]:
        """Run `command`; `key` is the value of X402_KEY."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("X402", "OS402"))}
        environment |= {
            "NO_PROXY": "*",
            "TMPDIR": str(self.root / "tmp"),
            "HATCH_OS402_CACHE_DIR": str(self.root / "cache"),
            "HATCH_DATA_DIR": str(self.root / "hatch"),
            "HATCH_CACHE_DIR": str(self.root / "hatch"),
            "HATCH_CONFIG": str(self.root / "hatch/config.toml"),
            "COLUMNS": "250",
            **environ,
        }
        if key is not None:
            environment["X402_KEY"] = key
        given_in_environment = key is not None and not key.startswith("@")
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            self.server.on_request = lambda: self.scan_processes(process.pid if given_in_environment else None)
            out, err = process.communicate(timeout=120)
        self.note("stdout", out)
        self.note("stderr", err)
        self.scan_files()
        assert self.findings == [], "key material was found"
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def command(self, *arguments: str, broken: str = "-", key: str | None = None, **environ: str):
        """Run `hatch-os402` with `broken` ("module:function") failing in an unexpected way."""
        return self.run(sys.executable, "-c", DRIVER, broken, *arguments, key=key, **environ)

    def note(self, where: str, data: bytes) -> None:
        self.findings += [f"{where}: {name}" for name in found_in(data)]

    def scan_files(self) -> None:
        for path in self.root.rglob("*"):
            self.note("a file's name", str(path.relative_to(self.root)).encode())
            if path.is_file() and path.name not in self.keys:
                self.note(str(path), path.read_bytes())

    def scan_processes(self, given_to: int | None) -> None:
        self.scans += 1
        for process in Path("/proc").glob("[0-9]*"):
            for name in ("cmdline", "environ"):
                if name == "environ" and int(process.name) == given_to:
                    continue
                try:
                    data = (process / name).read_bytes()
                except OSError:  # it has ended, or belongs to somebody else
                    continue
                self.note(f"/proc/{process.name}/{name}", data)


@pytest.fixture
def server():
    with Os402Server(KEY.address) as running:
        yield running


@pytest.fixture
def place(tmp_path, server, keystore):
    return Place(tmp_path, server, keystore)


def test_the_search_finds_what_it_looks_for():
    assert found_in(b"nothing here") == []
    for example in (SECRET, f"0x{SECRET.upper()}", repr(RAW), repr(repr(RAW)), str(int(SECRET, 16)), SECRET[10:30]):
        assert found_in(f"xx {example} xx".encode())
    for example in (RAW, RAW[::-1], base64.b64encode(b"user:" + RAW), base64.b64encode(b"k" + RAW)):
        assert found_in(b"x" + example)


def test_a_leak_would_fail(place):
    with pytest.raises(AssertionError, match="key material was found"):
        place.run(sys.executable, "-c", "import os; print(os.environ)", key=SECRET)


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ((), SECRET),
        ((), f"0x{SECRET.upper()}"),
        ((), "@key"),
        (("--key", "@key"), None),
        (("--key", "@upper"), None),
        (("--key", "@keystore", "--password-file", "password"), None),
    ],
    ids=map(str, range(6)),  # the key is another one in every process of the suite
)
def test_signing_and_publishing(place, server, arguments, key):
    assert place.command("sign", "dist/greeter-0.1.0.offer.json", *arguments, key=key).returncode == 0
    done = place.command("publish", "-v", "-u", server.url, "--exe", "python.elf", *arguments, key=key)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split() == [f"{server.url}/greeter.cgi"]
    assert place.scans > 3
    assert place.command("verify", "dist/greeter-0.1.0.offer.signed.json", key=key).returncode in {0, 1}


@pytest.mark.once
@pytest.mark.parametrize("name", ["sign", "publish"])
@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("--key", "@short"), None),
        (("--key", "@long"), None),
        (("--key", "@broken", "--password-file", "password"), None),
        (("--key", "@other.json"), None),
        (("--key", "@keystore", "--password-file", "wrong-password"), None),
        (("--key", "@keystore"), None),
        (("--key", "@missing"), None),
        ((), SECRET[:-1]),
        ((), SECRET + "00"),
        ((), f"@{SECRET}"),
        ((), f"key: {SECRET}"),
        ((), None),
    ],
    ids=map(str, range(12)),
)
def test_keys_that_cannot_be_used(place, server, name, arguments, key):
    what = ("dist/greeter-0.1.0.offer.json", *arguments)
    done = place.command(name, *what, *(("-u", server.url) if name == "publish" else ()), key=key)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert server.offers == {}


@pytest.mark.once
@pytest.mark.parametrize("name", ["sign", "publish"])
@pytest.mark.parametrize(
    "literal", [f"0x{SECRET}", SECRET.upper(), SECRET[:-2], f"@{SECRET}"], ids=["0x", "upper", "short", "@"]
)
def test_a_key_on_the_command_line_is_not_repeated(place, server, name, literal):
    what = ("dist/greeter-0.1.0.offer.json", "--key", literal)
    done = place.command(name, *what, *(("-u", server.url) if name == "publish" else ()))
    assert done.returncode == 1
    assert server.seen == []  # the process list has it by then, and the message says so
    assert b"process list" in done.stderr


def fail(server, *faults):
    for method in ("GET", "HEAD", "PUT"):
        server.fail(method, *faults)


@pytest.mark.once
@pytest.mark.parametrize(
    "failure", ["owner", "refused", "gone", "cut", "garbage", "limit", "missing", "expired", "frame"]
)
def test_failures_of_publishing(place, server, failure):
    url, extra = server.url, ["--exe", "python.elf"]
    if failure == "owner":
        dist(place.root / "dist", greeter(owner=STRANGER.address))
    elif failure == "refused":
        server.owner = STRANGER.address
    elif failure == "gone":
        url = "http://127.0.0.1:1"
    elif failure == "cut":
        server.fail("PUT", *["cut"] * 4)
    elif failure == "garbage":
        server.fail("PUT", (400, b"\xff" * 99))
    elif failure == "limit":
        extra += ["--limit", "1kb"]
    elif failure == "missing":
        extra = []
    elif failure == "expired":
        dist(place.root / "dist", greeter(valid_until=1))
    else:
        (place.root / "dist/greeter-0.1.0.stdin").write_bytes(b"other")
    # Waiting between attempts is for people.
    done = place.command("publish", "-v", "-u", url, *extra, broken="time:sleep", key=SECRET)
    assert done.returncode == 1
    assert server.offers == {}


UNEXPECTED = [
    "eth_keys.datatypes:PrivateKey.__init__",
    "eth_keys.datatypes:PrivateKey.sign_msg_hash",
    "hatch_os402.offer.payload:canonical",
    "hatch_os402.offer.signing:pretty",
    "hatch_os402.offer.signing:complete",
    "hatch_os402.offer.signing:sign",
    "os:replace",
]


@pytest.mark.once
@pytest.mark.parametrize("broken", [*UNEXPECTED, "httpx:Client.request", "hatch_os402.publishing.parts:dry_run"])
def test_tracebacks_with_local_variables(place, server, broken):
    done = place.command("publish", "-v", "-u", server.url, "--exe", "python.elf", broken=broken, key=SECRET)
    if broken in {"httpx:Client.request", "hatch_os402.offer.signing:pretty"}:
        assert b"provoked" in done.stderr
        assert b"Traceback" in done.stderr
    place.command("sign", "dist/greeter-0.1.0.offer.json", broken=broken, key=f"0x{SECRET}")


@pytest.mark.once
@pytest.mark.parametrize("broken", [*UNEXPECTED, "eth_keyfile:decode_keyfile_json"])
def test_tracebacks_with_a_keystore(place, broken):
    arguments = ("--key", "@keystore", "--password-file", "password")
    done = place.command("sign", "dist/greeter-0.1.0.offer.json", *arguments, broken=broken)
    assert PASSWORD.encode() not in done.stdout + done.stderr


HATCH = (sys.executable, "-m", "hatch", "-v", "publish", "-n", "-p", "os402")


@pytest.mark.once
def test_hatch_publish(place, server):
    done = place.run(*HATCH, "-o", f"url={server.url}", "-o", "exe=python.elf", key=SECRET, HATCH_DEBUG="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split() == [f"{server.url}/greeter.cgi"]
    assert place.scans > 3
    assert len(server.offers) == 1


@pytest.mark.once
def test_hatch_publish_to_two_servers_by_repeating_the_option(place, server):
    with Os402Server(KEY.address) as other:
        servers = ("-o", f"url={server.url}", "-o", f"url={other.url}")
        done = place.run(*HATCH, *servers, "-o", "exe=python.elf", "-o", "key=@key")
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode().split() == [f"{server.url}/greeter.cgi", f"{other.url}/greeter.cgi"]


@pytest.mark.once
def test_hatch_publish_that_fails_is_one_clean_line(place, server):
    done = place.run(*HATCH, "-o", f"url={server.url}", key=SECRET, HATCH_DEBUG="1")
    assert done.returncode == 1
    assert b"does not have the executable" in done.stderr
    assert b"Traceback" not in done.stdout + done.stderr


@pytest.mark.once
def test_hatch_publish_that_fails_unexpectedly(place, server):
    code = f"import hatch_os402.offer.signing as s; s.pretty = None\n{'import sys; from hatch.cli import main; main()'}"
    done = place.run(sys.executable, "-c", code, *HATCH[3:], "-o", f"url={server.url}", key=SECRET, HATCH_DEBUG="1")
    assert done.returncode == 1
    assert b"this is a bug in hatch-os402" in done.stderr


@pytest.mark.once
def test_a_key_in_pyproject(place, server):
    pyproject = place.root / "pyproject.toml"
    place.keys["pyproject.toml"] = b""  # the user wrote it there
    pyproject.write_text(pyproject.read_text() + f'[tool.hatch.publish.os402]\nkey = "{SECRET}"\n')
    for command in (HATCH, (sys.executable, "-c", DRIVER, "-", "publish")):
        option = ("-o", f"url={server.url}") if command is HATCH else ("-u", server.url)
        done = place.run(*command, *option, HATCH_DEBUG="1")
        assert done.returncode == 1
        assert b"must be `@FILE`" in done.stderr
    assert server.seen == []
