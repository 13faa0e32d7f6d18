"""`hatch-os402 serve`: os402's addresses and answers, and a gateway that leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from support.buildproject import OFFER, build, copy_fixture, environment, write_project
from support.elfcraft import static_elf
from support.gatewaycraft import LIMIT, alive, serving, soon
from support.offering import KEY, SECRET, STRANGER
from support.programs import CASES, name_of, offer_of, write_offer

from hatch_os402.offer.canonical import canonical
from hatch_os402.offer.signing import complete, sign, signed_envelope_text

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's")

SLOW = "import time; time.sleep(99)"
HELLO = "print('Content-Type: text/plain\\r\\n\\r\\nhello', end='')"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A gateway that serves every program of the table."""
    folder = tmp_path_factory.mktemp("table")
    for case, wanted in CASES.items():
        write_offer(folder, wanted.code, name=name_of(case), seconds=wanted.seconds)
    with serving(folder / "log", folder, "--sandbox") as served:
        yield served


# Each Python runs all of them in the sandbox (`run`), and here one of each kind: answers, bodies, headers, and ends.
EVERYWHERE = {
    *("a status", "a binary body", "a length that is too small", "no output", "an error", "2 MB of output"),
    *(
        "killed by a signal",
        "an endless wait",
        "20 MB of stdin",
        "repeated headers of the request",
        "nothing inherited",
    ),
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=() if case in EVERYWHERE else pytest.mark.once) for case in CASES]
)
def test_programs(case, table):
    wanted, name = CASES[case], name_of(case)
    headers = list(wanted.send_headers) or [("Host", "localhost:1")]
    answer = table.call(f"/{name}.cgi{wanted.path}", wanted.method, content=wanted.sent, headers=headers)
    assert answer.status_code == wanted.status, answer.text
    task = answer.headers["x-os402-task"]
    if wanted.body is None:
        assert answer.headers["content-type"].startswith("text/html")
        assert task.startswith("id=")
        assert table.logged(wanted.reported)
        return
    assert wanted.headers.items() <= dict(answer.headers).items()
    assert wanted.answered_with(answer.content, name), answer.content[-100:]
    assert [part.partition("=")[0] for part in task.split()] == ["id", "utime", "stime", "maxrss"]
    status = table.call("/tasks/" + task.split()[0].removeprefix("id=")).json()
    assert status["status"] == ("completed" if status["completed"]["exit_code"] == 0 else "failed")
    assert bool(status["completed"]["exit_code"]) == (wanted.killed or "exit 3" in case or "killed" in case)


@pytest.mark.once
def test_status_of_what_was_out_of_time(table):
    answer = table.call(f"/{name_of('an endless wait')}.cgi")
    task = table.call("/tasks/" + answer.headers["x-os402-task"].removeprefix("id=")).json()
    assert (task["status"], task["completed"]["exit_code"]) == ("killed", 137)


@pytest.fixture(scope="module")
def hello(tmp_path_factory):
    """A gateway with three offers: hello; slow; and one whose executable was uploaded by nobody."""
    folder = tmp_path_factory.mktemp("hello")
    write_offer(folder, HELLO, name="hello")
    write_offer(folder, SLOW, name="slow")
    with serving(folder / "log", folder, "--owner", KEY.address) as served:
        yield served


@pytest.mark.once
def test_addresses(hello):
    (sha256,) = [key for key, offer in hello.call("/offers").json()["offers"].items() if offer["name"] == "hello"]
    executable = hello.call("/hello").json()["payload"]["exec"]["x86_64"]["sha256"]
    assert hello.call("/hello").json() == hello.call(f"/{sha256}").json()
    assert hello.call("/offers").json()["count"] >= 2
    assert hello.call(f"/{sha256}.cgi").text == hello.call("/hello.cgi/any/path").text == "hello"
    assert hello.call(f"/{executable}.exe", "HEAD").status_code == 200
    assert hello.call(f"/{executable}.exe").json()["count"] == 2
    assert hello.call(f"/{executable}.exe").json()["architecture"] == platform.machine()
    assert hello.call(f"/{'0' * 64}.exe", "HEAD").status_code == 404
    assert {item["name"] for item in hello.call("/").json()["offers"]} >= {"hello", "slow"}
    for path, method, error in (
        ("/absent", "GET", "Offer not found or expired"),
        ("/absent.cgi", "POST", "Offer not found or expired"),
        ("/absent.cgi", "OPTIONS", "Offer not found or expired"),
        (f"/{'0' * 64}.exe", "GET", "Executable not found"),
        ("/tasks/00", "GET", "Task not found"),
        ("/tasks/00/stdout", "GET", "Task not found"),
        ("/two/parts", "GET", "Route not found"),
        ("/hello", "DELETE", "Route not found"),
        # os402 looks for the ending `.exe` first.
        ("/hello.cgi/setup.exe", "GET", "Executable not found"),
    ):
        answer = hello.call(path, method)
        assert (answer.status_code, answer.json()) == (404, {"error": error}), (path, method)


@pytest.mark.once
def test_other_origins(hello):
    answer = hello.call("/hello.cgi", "OPTIONS")
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert hello.call("/hello.cgi").headers["access-control-allow-origin"] == "*"


@pytest.mark.once
def test_what_has_no_body(tmp_path):
    for status in (204, 304, 100):
        write_offer(tmp_path, f"print('Status: {status}\\r\\n\\r\\nlost')", name=f"s{status}")
    with serving(tmp_path / "log", tmp_path) as served:
        for status, sent in ((204, 204), (304, 304), (100, 500)):
            answer = served.call(f"/s{status}.cgi")
            assert (answer.status_code, answer.content) == (sent, b"")


def test_head_runs_the_program_and_sends_no_body(hello):
    answer = hello.call("/hello.cgi", "HEAD")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "5")


def put(served, signed, *, host=None, order=("config", "stdin", "env"), **parts):
    """Upload a signed offer as a publisher does, with these `parts` beside it."""
    parts = {"config": signed_envelope_text(signed).encode(), **parts}
    files = [(name, (f"{name}.bin", parts[name])) for name in (*order, *(parts.keys() - set(order))) if name in parts]
    headers = {"Host": host} if host else {}
    return served.call(f"/{signed.sha256}", "PUT", files=files, headers=headers)


def signed_offer(code=HELLO, *, key=KEY, name="uploaded", **changes):
    return sign(complete(offer_of(code, name=name, **changes), key.address), key)


@pytest.mark.once
def test_private_parts_are_used_and_not_told(tmp_path):
    read = "import os, sys; print('A: b\\r\\n\\r\\n' + os.environ['SECRET'] + sys.stdin.read(), end='')"
    env = canonical({"SECRET": "s3cret", "REQUEST_METHOD": "mine"})
    private = {
        "stdin_private": True,
        "stdin_sha256": hashlib.sha256(b"frame,").hexdigest(),
        "env_private": True,
        "env_sha256": hashlib.sha256(env).hexdigest(),
    }
    signed = signed_offer(read, exec=private)
    with serving(tmp_path / "log", "--owner", KEY.address) as served:
        answer = put(served, signed, stdin=b"frame,", env=env)
        assert answer.status_code == 201, answer.text
        assert answer.json() == {"status": "accepted", "offer_hash": signed.sha256, "expires_at": 4_000_000_000}
        called = served.call("/uploaded.cgi", "POST", content=b"body")
        assert called.text == "s3cretframe,body"
        task = served.call("/tasks/" + called.headers["x-os402-task"].split()[0][3:]).json()
        # The hash is that of the public part alone (os402's `TaskInput`).
        assert task["input_hashes"]["stdin"] == hashlib.sha256(b"body").hexdigest()
        assert task["owner"] == KEY.address
        refused = put(served, signed_offer(key=STRANGER))
        assert refused.status_code == 403
        assert refused.json()["error"].startswith("Offer owner does not match server owner")
        # A missing private part is not noticed, as on os402.
        assert put(served, signed).status_code == 201
        assert served.call("/uploaded.cgi").status_code == 500


def with_executable(content, *, name="static", key=KEY):
    """Return a signed offer that runs the executable `content` on x86_64."""
    offer = offer_of("not asked", name=name)
    item = replace(offer.exec.executables["x86_64"], sha256=hashlib.sha256(content).hexdigest())
    offer = replace(offer, exec=replace(offer.exec, executables={"x86_64": item}))
    return sign(complete(offer, key.address), key)


STATIC = static_elf(b"A: b\r\n\r\nfrom the executable itself")
INTERPRETED = STATIC[:64] + (3).to_bytes(4, "little") + STATIC[68:]  # its only segment is PT_INTERP
SCRIPT = b"#!/bin/sh\ntouch taken\n"
SIGNED = signed_offer()
PRIVATE = signed_offer(exec={"stdin_private": True, "stdin_sha256": hashlib.sha256(b"frame").hexdigest()})
ELSEWHERE = signed_offer()
REFUSED = {
    "nothing": (b"", 400, "Failed to parse multipart"),
    "no offer": ([("config", b"{}")], 400, "Failed to parse config JSON: "),
    "an unsigned one": ([("config", json.dumps({"payload": SIGNED.offer.to_json(), "sha256": SIGNED.sha256}).encode())],
                        400, "missing field `k256`"),
    "another's signature": (
        [("config", signed_envelope_text(replace(SIGNED, k256=signed_offer(name="other").k256)).encode())],
        400,
        "Invalid signature: ",
    ),
    "an expired one": ([("config", signed_envelope_text(signed_offer(valid_until=5)).encode())], 400, "Offer has expired"),
    "another order": ([("stdin", b"x"), ("config", b"")], 400, "Config field must be sent first for signature"),
    "two": ([("config", signed_envelope_text(SIGNED).encode())] * 2, 400, "Config field must be sent first, not after"),
    "stdin of none": (
        [("config", signed_envelope_text(SIGNED).encode()), ("stdin", b"x")],
        400,
        "stdin uploaded but offer does not specify stdin_sha256",
    ),
    "another stdin": (
        [("config", signed_envelope_text(PRIVATE).encode()), ("stdin", b"x")],
        400,
        "stdin SHA256 mismatch: expected ",
    ),
    "an unknown part": (
        [("config", signed_envelope_text(SIGNED).encode()), ("more", b"x")],
        400,
        "Unsupported field: 'more'. Supported fields are: config, stdin, env, exe_<arch>",
    ),
    "an architecture of none": (
        [("config", signed_envelope_text(SIGNED).encode()), ("exe_riscv", b"x")],
        400,
        "Executable for architecture 'riscv' is not declared in offer. Valid architectures: ",
    ),
    "a script instead of an executable": (
        [("config", signed_envelope_text(with_executable(SCRIPT)).encode()), ("exe_x86_64", SCRIPT)],
        400,
        "Executable for architecture 'x86_64' is not a static ELF executable for it",
    ),
    "an executable that needs a loader": (
        [("config", signed_envelope_text(with_executable(INTERPRETED)).encode()), ("exe_x86_64", INTERPRETED)],
        400,
        "Executable for architecture 'x86_64' is not a static ELF executable for it",
    ),
    "another's offer": ([("config", signed_envelope_text(signed_offer(key=STRANGER)).encode())], 403, "Offer owner"),
    "the name of another's": (
        [("config", signed_envelope_text(signed_offer(name="hello")).encode())],
        403,
        "The name 'hello' is in use here, for an offer of another owner: 0x0000",
    ),
    "another executable": (
        [("config", signed_envelope_text(SIGNED).encode()), ("exe_x86_64", b"x")],
        400,
        "Executable SHA256 mismatch for architecture 'x86_64': expected ",
    ),
}  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize(("parts", "status", "error"), REFUSED.values(), ids=REFUSED)
def test_refused_uploads(parts, status, error, hello):
    before = hello.call("/offers").json()
    if isinstance(parts, bytes):
        answer = hello.call("/0", "PUT", content=parts)
    else:
        answer = hello.call("/0", "PUT", files=[(name, (name, content)) for name, content in parts])
    assert answer.status_code == status
    assert error in answer.json()["error"]
    assert hello.call("/offers").json() == before


@pytest.mark.skipif(platform.machine() != "x86_64", reason="its machine code is x86_64")
def test_an_uploaded_executable_is_what_runs(hello):
    """A static one, alone in its sandbox, as os402 has it."""
    signed = with_executable(STATIC)
    assert "is not available (no URL specified)" in put(hello, signed).json()["error"]
    assert put(hello, signed, exe_x86_64=STATIC).status_code == 201
    assert hello.call("/static.cgi").text == "from the executable itself"
    assert hello.call(f"/{hashlib.sha256(STATIC).hexdigest()}.exe").json()["count"] == 1


OWN = ("/", "/offers", "/hello", "/tasks/00", "/tasks/00/stdout.cgi", f"/{'0' * 64}.exe", "/hello.cgi/setup.exe")


@pytest.mark.once
@pytest.mark.parametrize(
    "host", ["evil.example:80", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:1"]
)
def test_every_address_is_for_a_name_of_loopback(host, hello):
    """A page of the Web can reach loopback by a name of its own (DNS rebinding)."""
    for path in (*OWN, "/hello.cgi", "/hello.cgi/path", "/absent", "/absent.cgi"):
        for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS"):
            answer = hello.call(path, method, headers={"Host": host})
            assert answer.status_code == 403, (path, method)
            assert method == "HEAD" or "localhost" in answer.json()["error"]
    assert put(hello, SIGNED, host=host).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: " ".join(next(iter(headers.items()))),
)
def test_a_page_of_another_origin_can_call_programs_and_nothing_else(headers, hello):
    for path in OWN:
        for method in ("GET", "HEAD"):
            answer = hello.call(path, method, headers=headers)
            assert answer.status_code == 403, (path, method)
            assert "access-control-allow-origin" not in answer.headers
    answer = hello.call(f"/{SIGNED.sha256}", "PUT", headers=headers, files=[("config", ("config", b""))])
    assert answer.status_code == 403
    assert hello.call(f"/{SIGNED.sha256}", "OPTIONS", headers=headers).status_code == 403
    called = hello.call("/hello.cgi", headers=headers)
    assert (called.status_code, called.headers["access-control-allow-origin"]) == (200, "*")
    assert hello.call("/hello.cgi", "OPTIONS", headers=headers).status_code == 204


def test_the_gateways_own_page_may_ask(hello):
    for headers in (
        {"Origin": hello.url},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Host": "localhost", "Origin": "http://localhost"},
    ):
        assert hello.call("/offers", headers=headers).status_code == 200


def test_the_gateways_own_answers_are_never_framed(hello):
    paths = (*OWN, "/absent.cgi")
    for answer in (hello.call("/", headers={"Accept": "text/html"}), *(hello.call(path) for path in paths)):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.once
def test_a_service_worker_cannot_have_the_whole_gateway(tmp_path):
    write_offer(tmp_path, "print('Service-Worker-Allowed: /\\r\\n\\r\\n', end='')", name="worker")
    with serving(tmp_path / "log", tmp_path) as served:
        headers = {"Service-Worker": "script"}
        assert served.call("/worker.cgi", headers=headers).status_code == 403
        assert served.call("/worker.cgi?x", headers=headers).status_code == 403
        assert served.call("/worker.cgix/x", headers=headers).status_code == 403
        below = served.call("/worker.cgi/sw.js", headers=headers)
        assert below.status_code == 200
        assert "service-worker-allowed" not in below.headers


@pytest.mark.once
def test_a_refused_upload_is_reported(tmp_path):
    with serving(tmp_path / "log", "--owner", "0x" + "1" * 40) as served:
        assert put(served, signed_offer(name="hello")).status_code == 403
        assert served.logged(" refused, 403: Offer owner does not match server owner: ")
        assert "warning: PUT /" in served.log.read_text()


@pytest.mark.once
def test_an_address_with_its_authority(tmp_path):
    """RFC 9112, 3.2.2: a server takes the absolute form of a client that takes it for a proxy."""
    path = write_offer(tmp_path, HELLO, name="hello")
    with serving(tmp_path.parent / "log-absolute", path) as served:
        port = urlsplit(served.url).port
        for authority, status in ((f"127.0.0.1:{port}", 200), (f"localhost:{port}", 200), ("evil.example", 403)):
            with socket.create_connection(("127.0.0.1", port), LIMIT) as connection:
                request = f"GET http://{authority}/hello.cgi?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
                connection.sendall(request.encode())
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
            assert (b"\r\n\r\nhello" in answer) is (status == 200)


@pytest.mark.once
def test_uploads_are_off_until_an_owner_is_told(tmp_path):
    write_offer(tmp_path, HELLO, name="hello")
    with serving(tmp_path / "log", tmp_path) as served:
        for signed in (SIGNED, signed_offer(key=STRANGER)):
            refused = put(served, signed)
            assert refused.status_code == 403
            assert refused.json()["error"].startswith("Uploads are off")
            assert "--owner ADDRESS" in refused.json()["error"]
        assert served.call("/uploaded").status_code == 404
        assert served.logged("uploads: off (--owner ADDRESS turns them on)")


@pytest.mark.once
def test_owners_that_the_gateway_is_told(tmp_path):
    """Several, and that of its key; a name stays with the owner who has it."""
    key = tmp_path / "key"
    key.write_text(SECRET)
    key.chmod(0o600)
    other = STRANGER.address.replace("a", "A")  # however it is spelled
    with serving(tmp_path / "log", "--key", f"@{key}", "--owner", other, "--owner", "0x" + "1" * 40) as served:
        assert put(served, signed_offer(name="mine")).status_code == 201
        assert put(served, signed_offer(name="theirs", key=STRANGER)).status_code == 201
        for name, by in (("mine", STRANGER), ("theirs", KEY)):
            taken = put(served, signed_offer("print()", name=name, key=by))
            assert taken.status_code == 403
            assert f"The name '{name}' is in use here" in taken.json()["error"]
        assert put(served, signed_offer("print('A: b\\r\\n\\r\\nnew', end='')", name="mine")).status_code == 201
        assert served.call("/mine.cgi").text == "new"
        assert served.call("/theirs.cgi").text == "hello"


@pytest.mark.once
def test_the_owner_that_a_project_names(tmp_path):
    """Who works on a project publishes to its gateway without a word more; an artifact's owner is anybody."""
    root = write_project(
        tmp_path / "sample",
        files={"sample/__init__.py": "", "sample/__main__.py": "print('A: b\\r\\n\\r\\none', end='')"},
        offer=f'{OFFER}owner = "{KEY.address}"\n',
    )
    with serving(tmp_path / "log", root, PIP_NO_INDEX="1") as served:
        assert put(served, signed_offer(name="sample")).status_code == 201
        assert put(served, signed_offer(key=STRANGER)).status_code == 403
    artifact = next(root.glob("dist/*.offer.json"))
    with serving(tmp_path / "log2", artifact) as served:
        assert "Uploads are off" in put(served, signed_offer()).json()["error"]


@pytest.mark.once
@pytest.mark.network
def test_greeter_published_called_and_verified(tmp_path):
    root = copy_fixture("greeter", tmp_path / "greeter")
    build(root, env=environment(pip=True)).succeeded()
    offer = root / "dist/greeter-0.1.0.offer.json"
    cli = [sys.executable, "-m", "hatch_os402.cli"]

    def output(*command):
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=root, env=os.environ | {"X402_KEY": SECRET}
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    output(*cli, "sign", str(offer))
    with serving(tmp_path / "log", "--owner", KEY.address) as served:
        address = output(*cli, "publish", str(offer), "-u", served.url).strip()
        assert address == f"{served.url}/greeter.cgi"
        (tmp_path / "body").write_bytes(b'{"name": "Zo\xc3\xab", "language": "fr"}')
        answer = output("curl", "-si", address, "--data-binary", f"@{tmp_path / 'body'}")
        assert json.loads(answer.partition("\n\n")[2])["message"].endswith("Zoë !")
        task = answer.partition("x-os402-task: id=")[2].split()[0]
        said = output(
            *(*cli, "verify", "--task", f"{served.url}/tasks/{task}", "--owner", KEY.address),
            *("--body", str(tmp_path / "body"), "--json", "dist/greeter-0.1.0"),
        )
        links = {link["name"]: link["holds"] for link in json.loads(said)["links"]}
        wanted = ("task id", "task's offer", "body", "stdout", "stdout signature", "stderr signature", "owner")
        assert [links[name] for name in wanted] == [True] * len(wanted)
        # Published once more, nothing is asked for: the offer and its executable are there.
        assert output(*cli, "publish", str(offer), "-u", served.url).strip() == address


@pytest.mark.once
def test_a_port_in_use(tmp_path, hello):
    port = hello.url.rpartition(":")[2]
    command = [sys.executable, "-m", "hatch_os402.cli", "serve", "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"127.0.0.1:{port} cannot be used: Address already in use" in done.stderr
    assert "--port 0" in done.stderr


def slow_call(served, answers):
    def call():
        try:
            answers.append(served.call("/slow.cgi").status_code)
        except httpx.HTTPError as error:
            answers.append(type(error).__name__)

    thread = threading.Thread(target=call)
    before = len(served.family())
    thread.start()
    assert soon(lambda: len(served.family()) > before)
    return thread


@pytest.mark.once
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_what_runs_and_leaves_nothing(how, tmp_path):
    write_offer(tmp_path, SLOW, name="slow")
    answers = []
    with serving(tmp_path / "log", tmp_path / "slow.offer.json") as served:
        thread = slow_call(served, answers)
        family = served.family()
        assert served.stop(how) == 0
        thread.join()
        assert alive(family) == set()
    assert answers == [503]


@pytest.mark.once
def test_kill_9_leaves_nothing(tmp_path):
    write_offer(tmp_path, SLOW, name="slow")
    answers = []
    with serving(tmp_path / "log", tmp_path / "slow.offer.json") as served:
        thread = slow_call(served, answers)
        family = served.family()
        assert len(family) == 3  # the gateway, its spawner, the program
        served.process.kill()
        thread.join()
        assert soon(lambda: alive(family) == set())
    assert answers[0] in {"RemoteProtocolError", "ReadError"}


@pytest.mark.once
def test_clients_that_go_away(hello):
    """Their tasks are killed, running or waiting for their turn, and the gateway goes on."""
    family = hello.family()
    clients = []
    address = ("127.0.0.1", int(hello.url.rpartition(":")[2]))
    for _ in range(40):
        client = socket.create_connection(address)
        client.sendall(b"POST /slow.cgi HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
        clients.append(client)
    assert soon(lambda: len(hello.family()) > len(family))
    for client in clients:
        client.close()
    assert hello.call("/hello.cgi").text == "hello"
    assert soon(lambda: hello.family() == family)


@pytest.mark.once
def test_nothing_leaks(hello):
    def situation():
        return {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in hello.family()}  # noqa: PTH208

    with httpx.Client(base_url=hello.url, timeout=LIMIT) as client:
        assert client.get("/hello.cgi").text == "hello"
        before = situation()
        for _ in range(60):
            assert client.get("/hello.cgi").text == "hello"
        assert soon(lambda: situation() == before)


@pytest.mark.once
def test_an_artifact_that_is_replaced(tmp_path):
    """Without --reload what was read at the start is served; with it, the new one, unless that is no good."""
    path = write_offer(tmp_path, HELLO, name="hello")
    with (
        serving(tmp_path.parent / "still", path) as still,
        serving(tmp_path.parent / "log", path, "--reload") as served,
    ):
        write_offer(tmp_path, HELLO.replace("hello", "new"), name="hello")
        assert soon(lambda: served.call("/hello.cgi").text == "new")
        assert served.logged("now serving hello (sha256 ")
        assert served.call("/offers").json()["count"] == 1
        path.write_bytes(b"{")
        assert served.logged("What was served before is served still.")
        assert served.call("/hello.cgi").text == "new"
        path.unlink()
        assert served.logged("there is no artifact")
        assert served.call("/hello.cgi").text == "new"
        write_offer(tmp_path, HELLO.replace("hello", "back"), name="hello")
        assert soon(lambda: served.call("/hello.cgi").text == "back")
        assert still.call("/hello.cgi").text == "hello"


@pytest.mark.once
def test_a_project_is_built_again_when_it_changes(tmp_path):
    module = "print('A: b\\r\\n\\r\\n%s', end='')\n"
    root = write_project(tmp_path / "sample", files={"sample/__init__.py": "", "sample/__main__.py": module % "one"})
    with serving(tmp_path / "log", root, "--reload", PIP_NO_INDEX="1") as served:
        assert served.call("/sample.cgi").text == "one"
        before = served.log.read_text()
        (root / "sample/__main__.py").write_text(module % "two")
        assert soon(lambda: served.call("/sample.cgi").text == "two")
        said = [line for line in served.log.read_text()[len(before) :].splitlines() if "/sample.cgi " not in line]
        assert len(said) == 1, said  # a line a save
        assert said[0].startswith("hatch-os402: sample/__main__.py changed: now serving sample (sha256 ")
        pyproject = (root / "pyproject.toml").read_text()
        (root / "pyproject.toml").write_text(pyproject + "[")
        assert served.logged("What was served before is served still.")
        assert served.call("/sample.cgi").text == "two"


@pytest.mark.once
def test_a_full_disk(tmp_path):
    """Small files alone can be written: an upload is refused, what is served stays, and nothing half is kept."""
    write_offer(tmp_path, HELLO, name="hello")
    content = STATIC + bytes(3_000_000)
    signed = with_executable(content, name="big")
    folder = tmp_path / "temporary"
    folder.mkdir()
    # The soft limit counts; what a program may write is set for itself.
    limited = (
        "import os, resource, sys; hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard)); os.execv(sys.argv[1], sys.argv[1:])"
    )
    wrapper = (sys.executable, "-c", limited)
    with serving(
        tmp_path / "log", tmp_path / "hello.offer.json", "--owner", KEY.address, wrapper=wrapper, TMPDIR=str(folder)
    ) as served:
        answer = put(served, signed, exe_x86_64=content)
        assert answer.status_code == 503
        assert answer.json() == {"error": "The body cannot be kept: File too large"}
        assert served.call("/hello.cgi").text == "hello"
        assert served.call("/big").status_code == 404
        assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert list(folder.iterdir()) == []


@pytest.mark.once
def test_what_is_not_there(tmp_path):
    for what, told in (("absent", "there is no artifact absent"), (".", "there are no artifacts in .")):
        command = [sys.executable, "-m", "hatch_os402.cli", "serve", "--port", "0", what]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert told in done.stderr
        assert "Traceback" not in done.stderr


def test_what_is_kept_of_tasks_is_bounded():
    from hatch_os402.gateway import tasks
    from hatch_os402.sandbox.execute import Outcome

    kept = tasks.Tasks()

    def add(number, *, size=1, retain=3600):
        task = tasks.Task(f"{number:064x}", "0" * 64, "0x" + "0" * 40, {}, 0, 0, retain)
        kept.begin(task)
        kept.end(task, Outcome(0, b"x" * size, b"", 0, 0, 0, 0.0))
        return task.id

    first = add(0)
    for number in range(1, tasks.MOST_TASKS):
        last = add(number)
    assert kept.get(first)
    last = add(tasks.MOST_TASKS)
    assert kept.get(first) is None
    assert kept.get(last)
    for number in range(3):
        last = add(10_000 + number, size=tasks.MOST_BYTES // 2)
    assert kept.get(last)
    assert len(kept._kept) == 2
    assert kept.get(add(1, retain=0)) is None
    old = add(2, retain=1)
    kept.get(old).completed_at -= 10
    for other in list(kept._kept)[:-1]:
        kept.forget(other)
    assert kept.get(old) is None
    assert kept._bytes == 0
