"""`hatch-os402 run`: small programs under the real sandbox, and what the command says of them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

import pytest
from support.artifactcraft import write_record
from support.buildproject import contents, write_project
from support.once import once_but
from support.programs import BIG, CASES, name_of, write_offer

from hatch_os402.cli import main
from hatch_os402.config.offer_options import OfferOptions
from hatch_os402.installation.command import python_command
from hatch_os402.offer.payload import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's")


@pytest.fixture
def run(capfdbinary, monkeypatch):
    """Run `hatch-os402 run …` and return its exit status, output and error output."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["run", *map(str, arguments)])
        out, err = capfdbinary.readouterr()
        if isinstance(ended.value.code, str):
            return 1, out, ended.value.code
        return ended.value.code or 0, out, err.decode()

    return run


# What they do is seen to by the server's rules, and by a CPython 3.12, whatever Python asks: each asks for one that
# answers, one that fails, one that is sent much, and one that is killed.
@pytest.mark.parametrize("case", once_but(list(CASES), "a status", "an error", "20 MB of stdin", "an endless wait"))
def test_programs(case, run, tmp_path):
    wanted, name = CASES[case], name_of(case)
    offer = write_offer(tmp_path, wanted.code, name=name, seconds=wanted.seconds)
    arguments = ["--sandbox", "-i", "-X", wanted.method]
    for header in wanted.send_headers or (("Host", "localhost:1"),):
        arguments += ["-H", ": ".join(header)]
    if wanted.sent:
        (tmp_path / "body").write_bytes(wanted.sent)
        arguments += ["-d", f"@{tmp_path / 'body'}"]
    code, out, err = run(offer, *([wanted.path] if wanted.path else []), *arguments)
    assert code == int(wanted.killed or not 200 <= wanted.status < 400), err
    assert wanted.reported in err
    if wanted.body is None:
        assert out == b""
        return
    if not wanted.reported:
        assert err == ""
    head, _, body = out.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    assert status.split()[1] == str(wanted.status)
    assert wanted.headers.items() <= dict(line.split(": ", 1) for line in lines).items()
    assert wanted.answered_with(body, name), body[-100:]


ECHO = (
    "import os, sys\nprint('Content-Type: text/plain\\r\\n\\r')\n"
    "print(os.environ['REQUEST_METHOD'], os.environ.get('CONTENT_TYPE'), sys.argv[1:], sys.stdin.read(), end='')"
)


@pytest.fixture
def echo(tmp_path):
    return write_offer(tmp_path, ECHO, name="echo", exec={"args_extendable": True})


HABITS = {
    "nothing": ([], "GET None [] "),
    "-d": (["-d", "a=1"], "POST application/x-www-form-urlencoded [] a=1"),
    "-d twice": (["-d", "a=1", "-d", "b=2"], "POST application/x-www-form-urlencoded [] a=1&b=2"),
    "-d, a method and a type": (["-X", "PUT", "-d", "x", "-H", "content-type: a/b"], "PUT a/b [] x"),
    "a header taken away": (["-d", "x", "-H", "Content-Type:"], "POST None [] x"),
    "--json-data": (["--json-data", "{}"], "POST application/json [] {}"),
    "arguments": (["--", "--one", "-d", "two"], "GET None ['--one', '-d', 'two'] "),
}


@pytest.mark.once
@pytest.mark.parametrize(("arguments", "answer"), HABITS.values(), ids=HABITS)
def test_habits_of_curl(arguments, answer, run, echo):
    assert run(echo, *arguments) == (0, answer.encode(), "")


STACK = "import resource; print('A: b\\n\\n', *resource.getrlimit(resource.RLIMIT_STACK), sep='', end='')"


@pytest.mark.parametrize(("option", "limit"), [({}, 1024**2), ({"stack": "4mb"}, 4 * 1024**2)])
def test_the_stack_that_the_option_sets_is_the_programs(run, tmp_path, option, limit):
    limits = Limits(**OfferOptions(option, tmp_path).values(Limits))
    offer = write_offer(tmp_path, STACK, name="stack", limits=limits)
    assert run(offer) == (0, f"{limit}{limit}".encode(), "")


def test_body_from_stdin(run, echo, monkeypatch):
    import io

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("grün".encode())))
    assert run(echo, "-d", "-")[1].decode().endswith(" grün")


def test_the_programs_own_errors_and_the_summary(run, tmp_path):
    offer = write_offer(tmp_path, "import sys; print('A: b\\n\\nout'); print('why', file=sys.stderr)", name="talks")
    assert run(offer) == (0, b"out\n", "why\n")
    code, out, err = run(offer, "-v")
    assert (code, out) == (0, b"out\n")
    for word in (
        "why\n",
        "status   200, exit 0",
        "time     ",
        "memory   ",
        "output   10 bytes of 1,048,576",
        "price    ",
    ):
        assert word in err
    assert "CPython 3.12" in err


def test_held_stdin_shows_what_waits_for_its_end(run, tmp_path):
    """On os402 another task may hold the pipe open (`pipe` without CLOEXEC): a program must not wait for its end."""
    offer = write_offer(tmp_path, "import sys; sys.stdin.read(); print('A: b\\n\\nout')", name="waits", seconds=1)
    assert run(offer, "-d", "x")[:2] == (0, b"out\n")
    code, out, err = run(offer, "-d", "x", "--hold-stdin")
    assert (code, out) == (1, b"")
    assert "killed after 1 second, the whole" in err


def on_a_terminal(*arguments):
    """Return what a terminal gets of `hatch-os402 run ARGUMENTS`."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "hatch_os402.cli", "run", *map(str, arguments)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how Linux says that nobody has the other end any more
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert process.wait() == 0, shown
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.once
def test_a_program_does_not_command_the_terminal(run, tmp_path):
    out, err = b"\x1b]0;taken\x07 gr\xc3\xbcn\n\xff", b"\x1b[2J\xc2\x9b1m\n"
    offer = write_offer(
        tmp_path, f"import os; os.write(1, b'A: b\\r\\n\\r\\n' + {out!r}); os.write(2, {err!r})", name="evil"
    )
    assert run(offer) == (0, out, err.decode())  # a pipe gets the bytes
    shown = on_a_terminal(offer)
    assert "\\x1b]0;taken\\x07 grün\n\\xff" in shown
    assert "\\x1b[2J\\x9b1m\n" in shown
    assert not set(shown) & {"\x1b", "\x07", "\x9b"}


FRAMING = {
    "too long": (
        "Content-Length: 99",
        1,
        "four",
        "Content-Length is 99, and its body has 4 bytes: callers wait for the rest.",
    ),
    "no number": ("Content-Length: x", 0, "four", "Content-Length 'x' is no number: send none."),
    "chunked": ("Transfer-Encoding: chunked", 1, "", "closes the connection without an answer: send none"),
}


@pytest.mark.once
@pytest.mark.parametrize(("header", "status", "body", "reported"), FRAMING.values(), ids=FRAMING)
def test_framing_that_is_wrong(header, status, body, reported, run, tmp_path):
    """What a caller gets of it, and why; a server that is asked by HEAD sends no body, and waits for none."""
    offer = write_offer(tmp_path, f"print('{header}\\r\\n\\r\\nfour', end='')", name="framed")
    code, out, err = run(offer)
    assert (code, out) == (status, body.encode())
    assert reported in err
    if header == "Content-Length: 99":
        assert run(offer, "-X", "HEAD") == (0, b"", "")


USAGE = {
    "a path without a slash": (["x"], "the path must begin with a slash, and it is 'x'."),
    "a path that is not encoded": (["/a b"], "must be percent-encoded"),
    "a header without a colon": (["-H", "x"], "a header is NAME:VALUE, and 'x' is none."),
    "two bodies": (["--json-data", "{}", "-d", "x"], "--json-data and -d are two bodies"),
    "a body that is not there": (["-d", "@/absent"], "the body /absent cannot be read: No such file"),
    "building an artifact": (["--build"], "--build is for a project"),
    "an unknown option": (["--frobnicate"], "No such option"),
}


@pytest.mark.once
@pytest.mark.parametrize(("arguments", "reported"), USAGE.values(), ids=USAGE)
def test_wrong_usage(arguments, reported, run, echo):
    code, out, err = run(echo, *arguments)
    assert (code, out) == (2, b"")
    assert reported in err


@pytest.mark.once
def test_arguments_that_no_caller_can_give(run, tmp_path):
    offer = write_offer(tmp_path, ECHO, name="strict")
    code, _, err = run(offer, "--", "more")
    assert code == 2
    assert "set `args-extendable = true`" in err


@pytest.mark.once
def test_what_is_not_there_or_not_of_the_build(run, tmp_path):
    assert "there is no artifact" in run(tmp_path / "absent.stdin")[2]
    assert "there is no artifact" in run(tmp_path / "absent")[2]
    assert f"there are no artifacts in {tmp_path}" in run(tmp_path)[2]
    offer = write_offer(tmp_path, "pass", name="private", exec={})
    content = json.loads(offer.read_bytes())
    content["payload"]["exec"] |= {"stdin_sha256": "00" * 32, "stdin_private": True}
    del content["sha256"]
    offer.write_text(json.dumps(content))
    assert "os402 would run the offer without its program" in run(offer)[2]
    (tmp_path / "private.stdin").write_bytes(b"else")
    assert "interrupted build" in run(tmp_path / "private.stdin")[2]
    write_record(tmp_path, "private")
    assert "is not what the offer was made with" in run(tmp_path / "private.stdin")[2]


def test_what_is_no_python_has_no_stand_in(run, tmp_path):
    offer = write_offer(tmp_path, "", name="other", exec={"args": ("tool", "--now")})
    code, out, err = run(offer)
    assert (code, out) == (1, b"")
    assert "The offer runs something else than Python" in err


def test_a_runtime_that_is_named(run, echo, python312):
    assert run(echo, "--runtime", python312.path) == (0, b"GET None [] ", "")
    code, _, err = run(echo, "--runtime", "/etc/passwd")
    assert code == 1
    assert "is not an executable file of this machine" in err


def test_without_a_3_12_the_running_python_is_taken_with_a_warning(run, echo, monkeypatch):
    monkeypatch.setattr("hatch_os402.runtime.discovery.find_compiler", lambda *_: None)
    code, out, err = run(echo)
    assert (code, out) == (0, b"GET None [] ")
    assert "There is no CPython 3.12 on this machine" in err
    assert f"`{python_command('3.12')}` gets one" in err


def test_without_the_sandbox(run, tmp_path):
    offer = write_offer(tmp_path, "text = open('/etc/passwd').read(1); print('A: b\\n'); print(text)", name="reads")
    assert run(offer, "--no-sandbox")[0] == 0
    assert "PermissionError" in run(offer)[2]


RESTRICTED = ("unshare", "-rU", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"', "sh")


@pytest.mark.once
def test_what_the_kernel_does_not_allow_is_said(tmp_path):
    """In a user namespace that allows no other, as where an administrator forbids them."""
    offer = write_offer(tmp_path, "print('A: b\\n'); print(open('/etc/passwd').read(1))", name="reads")

    def run(*arguments):
        command = [*RESTRICTED, sys.executable, "-m", "hatch_os402.cli", "run", str(offer), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    code, err = run()
    assert code == 0
    assert "sandbox incomplete: namespaces are restricted (" in err
    assert "kernel.apparmor_restrict_unprivileged_userns" in err
    assert "PermissionError" in err  # Landlock holds still
    code, err = run("--sandbox")
    assert code == 1
    assert err.startswith(
        "hatch-os402: os402's sandbox cannot be reproduced on this machine: namespaces are restricted"
    )


@pytest.mark.once
def test_a_project_is_built_when_something_changed(run, tmp_path):
    main_module = 'print("A: b\\n\\n%s")\n'
    root = write_project(
        tmp_path / "sample", files={"sample/__init__.py": "", "sample/__main__.py": main_module % "one"}
    )
    code, out, err = run(root)
    assert (code, out) == (0, b"one\n")
    assert "there is no build in" in err
    code, out, err = run(root)
    assert (code, out) == (0, b"one\n")
    assert "building" not in err
    (root / "sample/__main__.py").write_text(main_module % "two")
    code, out, err = run(root, "-v")
    assert (code, out) == (0, b"two\n")
    assert "changed" in err
    (root / "sample/__main__.py").write_text("print(\n")
    (root / "pyproject.toml").write_text("[project\n")
    code, out, err = run(root)
    assert (code, out) == (1, b"")
    assert "cannot be read" in err


@pytest.mark.once
def test_a_project_is_run_from_where_its_build_goes(run, tmp_path, monkeypatch):
    """Hatch's variable HATCH_BUILD_LOCATION moves the artifacts; those of an earlier build in `dist` are not run."""
    main_module = 'print("A: b\\n\\n%s")\n'
    root = write_project(
        tmp_path / "sample", files={"sample/__init__.py": "", "sample/__main__.py": main_module % "in dist"}
    )
    assert run(root)[1] == b"in dist\n"
    before = contents(root / "dist")
    (root / "sample/__main__.py").write_text(main_module % "elsewhere")
    monkeypatch.setenv("HATCH_BUILD_LOCATION", str(tmp_path / "elsewhere"))
    assert run(root, "--build")[:2] == (0, b"elsewhere\n")
    assert run(root)[:2] == (0, b"elsewhere\n")
    assert contents(root / "dist") == before
    assert (tmp_path / "elsewhere/sample-0.1.0.pyz").exists()


@pytest.mark.once
def test_the_project_of_the_current_folder_and_a_path_alone(run, tmp_path, monkeypatch):
    module = 'import os\nprint("A: b\\n\\n" + os.environ["PATH_INFO"], os.environ["QUERY_STRING"], end="")\n'
    root = write_project(tmp_path / "sample", files={"sample/__init__.py": "", "sample/__main__.py": module})
    monkeypatch.chdir(root / "sample")
    assert run()[:2] == (0, b"/ ")
    assert run("/hello?name=Alice")[:2] == (0, b"/hello name=Alice")
    assert run("..", "/hello")[:2] == (0, b"/hello ")
    assert run("../dist", "/hello")[:2] == (0, b"/hello ")


def test_the_body_is_sent_as_it_is(run, tmp_path):
    offer = write_offer(tmp_path, "import os, sys, hashlib; print('A: b\\n'); "
                        "print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())", name="sums")  # fmt: skip
    import hashlib

    (tmp_path / "body").write_bytes(BIG[:300] + b"\r\n\0")
    assert (
        run(offer, "-d", f"@{tmp_path / 'body'}")[1].decode().strip()
        == hashlib.sha256(BIG[:300] + b"\r\n\0").hexdigest()
    )


@pytest.mark.once
def test_a_body_and_a_status_line_share_no_line(run, tmp_path):
    offer = write_offer(tmp_path, "print('A: b\\r\\n\\r\\nout', end='')", name="short")
    assert run(offer, "-v")[1] == b"out"  # two pipes: what the program wrote, and nothing else
    assert "out\nhatch-os402: status   200" in on_a_terminal(offer, "-v").replace("\x1b[0m", "")
    command = [sys.executable, "-m", "hatch_os402", "run", str(offer)]
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    assert "out\nhatch-os402: status   200" in subprocess.run([*command, "-v"], check=True, **both).stdout
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == b"out"


STATUSES = [(200, 0), (302, 0), (399, 0), (400, 1), (500, 1)]


@pytest.mark.parametrize(("status", "expected"), once_but(STATUSES, (400, 1)))
def test_exit_status_of_an_answer(run, tmp_path, status, expected):
    offer = write_offer(tmp_path, f"print('Status: {status}\\r\\nLocation: /x\\r\\n\\r\\n', end='')", name="status")
    assert run(offer)[0] == expected
