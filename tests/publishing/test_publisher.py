"""`hatch publish -p os402`: settings, files, and Hatch's own ways, without a process where none is needed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import click
import pytest
from support.artifactcraft import write_record
from support.offering import (
    EXECUTABLE,
    FRAME,
    KEY,
    PRIVATE_ENV,
    SECRET,
    STRANGER,
    dist,
    executable,
    greeter,
    private_env,
)
from support.os402server import Os402Server

import hatch_os402.offer
import hatch_os402.publishing
from hatch_os402.installation.command import install_command
from hatch_os402.plugin.hooks import hatch_register_publisher
from hatch_os402.plugin.publisher import Os402Publisher

PYPROJECT = """\
[project]
name = "greeter"
version = "0.1.0"
"""


class AbortedError(Exception):
    """What Hatch's `abort` does, without the exit."""


class FakeApp:
    verbosity = 0

    def __init__(self):
        self.out, self.err = [], []

    def display(self, text=""):
        self.out.append(text)

    def display_info(self, text=""):
        self.err.append(text)

    display_warning = display_error = display_info

    def abort(self, text=""):
        self.err.append(text)
        raise AbortedError(text)


@pytest.fixture
def server():
    with Os402Server(KEY.address) as running:
        yield running


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a built offer; the current folder is another one."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text(PYPROJECT)
    dist(root / "dist")
    executable(root)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for name in ("X402_KEY", "OS402_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr("sys.stdin", None)  # nobody to ask
    return root


@pytest.fixture
def run(project):
    """Return what publishes as Hatch would, and hands back its application; an abort is in `app.err`."""

    def ran(artifacts=(), config=None, plugin_config=None, verbosity=0, **options):
        app = FakeApp()
        app.verbosity = verbosity
        publisher = Os402Publisher(app, project, project / "cache", config or {}, plugin_config or {})
        given = {"no_prompt": False, "initialize_auth": False}
        given |= {name.replace("_", "-"): value for name, value in options.items()}
        try:
            publisher.publish([str(item) for item in artifacts], given)
        except AbortedError as error:
            app.aborted = str(error)
        else:
            app.aborted = None
        app.text = "\n".join(app.err)
        return app

    return ran


@pytest.fixture
def key(project, monkeypatch):
    monkeypatch.setenv("X402_KEY", SECRET)


def exe(project) -> str:
    return str(project / "python.elf")


def test_hatch_is_given_the_publisher():
    assert hatch_register_publisher() is Os402Publisher
    assert Os402Publisher.PLUGIN_NAME == "os402"


@pytest.mark.usefixtures("key")
def test_the_only_offer_of_dist_is_signed_and_published(server, project, run):
    app = run(url=server.url, exe=exe(project))
    assert app.aborted is None
    assert app.out == [f"{server.url}/greeter.cgi"]
    (stored,) = server.offers.values()
    assert stored.stdin == FRAME
    assert stored.envelope["payload"]["owner"] == KEY.address
    assert [price["payment_address"] for price in stored.envelope["payload"]["price"]] == [KEY.address]


@pytest.mark.usefixtures("key")
def test_without_an_owner_the_hash_changes_and_both_are_shown(server, project, run):
    before = json.loads((project / "dist/greeter-0.1.0.offer.json").read_text())["sha256"]
    app = run(url=server.url, exe=exe(project))
    (after,) = server.offers
    assert KEY.address in app.text
    assert app.text.index(before) < app.text.index(after)


def test_an_owner_that_is_not_the_keys_address_is_an_error_before_anything_is_sent(server, project, run, monkeypatch):
    monkeypatch.setenv("X402_KEY", SECRET)
    dist(project / "dist", greeter(owner=STRANGER.address))
    app = run(url=server.url, exe=exe(project))
    assert STRANGER.address in app.aborted
    assert KEY.address in app.aborted
    assert server.seen == []


def test_the_key_from_a_file(server, project, run):
    (project / "key").write_text(SECRET)
    (project / "key").chmod(0o600)
    assert run(url=server.url, exe=exe(project), key=f"@{project / 'key'}").aborted is None
    assert len(server.offers) == 1


def test_the_key_file_of_the_project_is_relative_to_the_project(server, project, run):
    (project / "key").write_text(SECRET)
    app = run(config={"key": "@key", "url": [server.url], "exe": "python.elf", "disable": False})
    assert app.aborted is None
    assert len(server.offers) == 1


@pytest.mark.parametrize("key", [SECRET, f"0x{SECRET}", "", "key"], ids=["digits", "0x", "empty", "key"])
def test_a_key_in_pyproject_is_refused_and_not_repeated(server, run, key):
    app = run(url=server.url, config={"key": key})
    assert "Field `tool.hatch.publish.os402.key` must be `@FILE`" in app.aborted
    assert SECRET not in app.text
    assert server.seen == []


def test_a_key_on_the_command_line_is_refused_and_not_repeated(server, run):
    app = run(url=server.url, key=SECRET)
    assert "process list" in app.aborted
    assert SECRET not in app.text


def test_without_a_key_and_nobody_to_ask(server, run):
    app = run(url=server.url)
    assert "private key is needed" in app.aborted
    assert server.seen == []


def test_a_signed_offer_beside_it_needs_no_key(server, project, run):
    dist(project / "dist", sign_it=True)
    app = run(url=server.url, exe=exe(project))
    assert app.aborted is None
    assert "signed before" in app.text


def test_the_same_key_again_is_no_new_owner(server, project, run, monkeypatch):
    monkeypatch.setenv("X402_KEY", SECRET)
    dist(project / "dist", sign_it=True)
    app = run(url=server.url, exe=exe(project))
    assert app.aborted is None
    assert "signed before" in app.text
    assert "is now its owner" not in app.text


def test_a_signed_offer_of_an_older_build_is_not_taken(server, project, run):
    dist(project / "dist", greeter(description="older"), sign_it=True)
    dist(project / "dist", greeter(description="newer"))
    app = run(url=server.url, exe=exe(project))
    assert "private key is needed" in app.aborted
    assert server.seen == []


def test_a_signed_offer_can_be_named(server, project, run):
    dist(project / "dist", sign_it=True)
    app = run([project / "dist/greeter-0.1.0.offer.signed.json"], url=server.url, exe=exe(project))
    assert app.aborted is None


def test_a_signed_offer_that_was_changed_is_not_sent(server, project, run):
    dist(project / "dist", sign_it=True)
    path = project / "dist/greeter-0.1.0.offer.signed.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Says hello", "Says bye"), encoding="utf-8")
    app = run([path], url=server.url, exe=exe(project))
    assert "does not hold" in app.aborted
    assert server.seen == []


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("ending", [".pyz", ".stdin", ".offer.json", ".build.json", ""])
def test_any_file_of_a_build_names_its_offer(server, project, run, ending):
    dist(project / "dist", greeter(name="other"), stem="other-2.0")
    app = run([project / f"dist/greeter-0.1.0{ending}"], url=server.url, exe=exe(project))
    assert app.out == [f"{server.url}/greeter.cgi"]


@pytest.mark.usefixtures("key")
def test_two_offers_can_be_named(server, project, run):
    other = dist(project / "dist", greeter(name="other"), stem="other-2.0")
    app = run([other, project / "dist/greeter-0.1.0.pyz"], url=server.url, exe=exe(project))
    assert app.out == [f"{server.url}/other.cgi", f"{server.url}/greeter.cgi"]


@pytest.mark.usefixtures("key")
def test_of_several_builds_in_a_folder_one_must_be_named(server, project, run):
    dist(project / "dist", stem="greeter-0.2.0")
    app = run([project / "dist"], url=server.url)
    assert "several builds" in app.aborted
    assert "greeter-0.1.0" in app.aborted
    assert server.seen == []


@pytest.mark.usefixtures("key")
def test_of_several_builds_of_the_project_the_newest_is_meant(server, project, run):
    other = dist(project / "dist", greeter(name="newer"), stem="greeter-0.2.0").with_name("greeter-0.2.0.build.json")
    os.utime(other, (4e9, 4e9))
    dist(project / "dist", greeter(name="foreign"), stem="other-9.9")
    app = run(url=server.url, exe=exe(project))
    assert app.out == [f"{server.url}/newer.cgi"]


@pytest.mark.usefixtures("key")
def test_no_offer_at_all(server, project, run):
    for path in (project / "dist").iterdir():
        path.unlink()
    assert "there is no build of" in run(url=server.url).aborted
    assert "there is no artifact missing.pyz" in run(["missing.pyz"], url=server.url).aborted


@pytest.mark.usefixtures("key")
def test_a_folder_that_the_project_chose(server, project, run):
    (project / "pyproject.toml").write_text(PYPROJECT + "[tool.hatch.build]\ndirectory = 'out'\n")
    (project / "dist").rename(project / "out")
    assert run(url=server.url, exe=exe(project)).aborted is None


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("content", ["", "[]", "{}", '{"payload": {"name": 1}}', "\udcff"])
def test_an_offer_file_that_is_none(server, project, run, content):
    path = project / "dist/greeter-0.1.0.offer.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    write_record(project / "dist")
    app = run(url=server.url)
    assert f"{path} is not an offer" in app.aborted


# Where settings come from.


@pytest.mark.usefixtures("key")
def test_options_win_over_the_variable_over_the_project_over_the_user(server, project, run, monkeypatch):
    """The servers that lose are addresses of nobody; a request to one would fail the publication."""
    nobody = "http://127.0.0.1:1"
    given = {"exe": exe(project)}
    assert run(plugin_config={"url": server.url}, **given).aborted is None
    assert run(plugin_config={"url": nobody}, config={"url": server.url}, **given).aborted is None
    monkeypatch.setenv("OS402_URL", server.url)
    assert run(config={"url": nobody}, **given).aborted is None
    monkeypatch.setenv("OS402_URL", nobody)
    assert run(url=server.url, **given).aborted is None


@pytest.mark.usefixtures("key")
def test_no_server(run):
    assert "no server to publish to" in run().aborted


@pytest.mark.usefixtures("key")
def test_several_servers_separated_by_commas(server, project, run):
    with Os402Server(KEY.address) as other:
        app = run(url=f"{server.url}/,{other.url}, {server.url}", exe=exe(project))
        assert app.out == [f"{server.url}/greeter.cgi", f"{other.url}/greeter.cgi"]


@pytest.mark.usefixtures("key")
def test_several_servers_by_repeating_the_option(server, project, run):
    """Hatch keeps the last value of a repeated option; the others are in its own command line."""
    with Os402Server(KEY.address) as other:
        raw = (f"url={server.url}", f"url={other.url}", f"exe={exe(project)}")
        with click.Context(click.Command("publish")) as context:
            context.params["options"] = raw
            app = run(url=other.url, exe=exe(project))
        assert app.out == [f"{server.url}/greeter.cgi", f"{other.url}/greeter.cgi"]


@pytest.mark.usefixtures("key")
def test_one_server_of_two_refuses(server, project, run):
    with Os402Server(STRANGER.address) as refusing:
        app = run(url=f"{refusing.url},{server.url}", exe=exe(project))
    assert app.out == [f"{server.url}/greeter.cgi"]
    assert "takes only offers of its own owner" in app.text
    assert app.aborted == (
        f"os402: not everything was published: {refusing.url} failed; what is listed above is published"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ulr": "x"}, "Option `ulr` is not known; did you mean `url`?"),
        ({"wholly": "x"}, "Option `wholly` is not known; there are url,"),
        ({"limit": "lots"}, "Option `limit` must be"),
        ({"dry-run": "maybe"}, "Option `dry-run` must be given alone"),
        ({"exe": ""}, "Option `exe` must name a file"),
        ({"config": {"urls": []}}, "Field `tool.hatch.publish.os402.urls` is not known; did you mean `url`?"),
        ({"config": {"url": [1]}}, "Field `tool.hatch.publish.os402.url` must be a string or an array of strings"),
        ({"config": {"env": ["x"]}}, "Field `tool.hatch.publish.os402.env` must be a string"),
        ({"plugin_config": {"nope": 1}}, "Field `publish.os402.nope` is not known"),
        ({"plugin_config": {"key": SECRET}}, "Field `publish.os402.key` must be `@FILE`"),
    ],
)
@pytest.mark.usefixtures("key")
def test_wrong_settings(server, run, options, message):
    app = run(**{"url": server.url, **options})
    assert message in app.aborted
    assert SECRET not in app.text
    assert server.seen == []


@pytest.mark.usefixtures("key")
def test_a_limit_in_words(server, project, run):
    app = run(url=server.url, exe=exe(project), limit="10kb")
    assert "larger than 10,240 bytes" in app.text
    assert app.aborted


# Private environment and executables.


@pytest.mark.usefixtures("key")
def test_a_private_environment_is_that_of_pyproject(server, project, run):
    dist(project / "dist", greeter(**private_env()))
    table = '[tool.hatch.build.targets.os402.offer]\nenv = { TOKEN = "wörd" }\nenv-private = true\n'
    (project / "pyproject.toml").write_text(PYPROJECT + table, encoding="utf-8")
    assert run(url=server.url, exe=exe(project)).aborted is None
    (stored,) = server.offers.values()
    assert json.loads(stored.env) == PRIVATE_ENV


@pytest.mark.usefixtures("key")
def test_a_private_environment_from_a_file(server, project, run):
    dist(project / "dist", greeter(**private_env()))
    (project / "env.json").write_text(json.dumps(PRIVATE_ENV))
    assert run(url=server.url, exe=exe(project), env=str(project / "env.json")).aborted is None
    assert "cannot be read" in run(url=server.url, env=str(project / "none.json")).aborted


@pytest.mark.usefixtures("key")
def test_a_private_environment_that_changed_since_the_build(server, project, run):
    dist(project / "dist", greeter(**private_env()))
    table = '[tool.hatch.build.targets.os402.offer]\nenv = { TOKEN = "new" }\nenv-private = true\n'
    (project / "pyproject.toml").write_text(PYPROJECT + table)
    assert "not the one that the offer was built with" in run(url=server.url, exe=exe(project)).aborted
    assert server.seen == []


@pytest.mark.usefixtures("key")
def test_an_executable_comes_from_the_cache(server, run, tmp_path, monkeypatch):
    monkeypatch.setenv("HATCH_OS402_CACHE_DIR", str(tmp_path / "cache"))
    place = tmp_path / "cache/runtime" / hashlib.sha256(EXECUTABLE).hexdigest() / "python"
    place.parent.mkdir(parents=True)
    place.write_bytes(EXECUTABLE)
    assert run(url=server.url).aborted is None
    assert server.parts() == [("config", "stdin", "exe_x86_64")]


@pytest.mark.usefixtures("key")
def test_an_executable_that_is_not_the_offers(server, project, run):
    (project / "python.elf").write_bytes(b"MZqFpD" + EXECUTABLE)
    app = run(url=server.url, exe=exe(project))
    assert "is none of the offer's executables" in app.aborted
    assert "cannot be read" in run(url=server.url, exe=str(project / "missing")).aborted


@pytest.mark.usefixtures("key")
def test_a_frame_that_lies_elsewhere(server, project, run):
    (project / "dist/greeter-0.1.0.stdin").rename(project / "frame")
    assert "is not beside the offer" in run(url=server.url, exe=exe(project)).aborted
    assert run(url=server.url, exe=exe(project), stdin=str(project / "frame")).aborted is None


# A dry run.


def test_a_dry_run_needs_no_key_and_sends_nothing(server, run):
    app = run(url=server.url, dry_run="")
    assert app.aborted is None
    assert "nothing was sent" in app.text
    assert "no owner yet" in app.text
    assert f"{len(FRAME):,} bytes" in app.text
    assert server.seen == []


@pytest.mark.parametrize("dry_run", ["true", "false"])
@pytest.mark.usefixtures("key")
def test_what_is_larger_than_the_limit_is_refused_before_anybody_is_asked(server, run, dry_run):
    app = run(url=server.url, limit="100", dry_run=dry_run)
    assert "nothing is sent: the upload is larger than 100 bytes" in app.aborted
    assert server.seen == []


@pytest.mark.usefixtures("key")
def test_a_dry_run_with_a_key_shows_the_hash_that_would_be_published(server, project, run):
    shown = run(url=server.url, dry_run="true", exe=exe(project)).text
    run(url=server.url, exe=exe(project), dry_run="false")
    (sha256,) = server.offers
    assert f"PUT {server.url}/{sha256}" in shown


# When something is wrong with us.


@pytest.mark.usefixtures("key")
def test_what_should_not_happen_is_told_without_local_variables(server, run, monkeypatch):
    def broken(*_arguments, **_options):
        raise RuntimeError("surprise")

    monkeypatch.setattr("hatch_os402.publishing.publish.find_artifacts", broken)
    app = run(url=server.url)
    assert "this is a bug in hatch-os402" in app.aborted
    assert "RuntimeError: surprise" in app.aborted
    assert "Traceback" not in app.text
    assert SECRET not in app.text


@pytest.mark.usefixtures("key")
def test_without_the_extra_it_says_how_to_get_it(server, run, monkeypatch):
    for package, name in ((hatch_os402.publishing, "publish"), (hatch_os402.publishing, "client")):
        monkeypatch.delattr(package, name, raising=False)
        monkeypatch.delitem(sys.modules, f"{package.__name__}.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "httpx", None)
    app = run(url=server.url)
    assert "'httpx'" in app.aborted
    assert app.aborted.endswith(install_command("publish"))


def test_a_build_needs_neither_hatch_nor_the_extras():
    """The build environment has none of them."""
    code = (
        "import sys\n"
        "for name in ('hatch', 'httpx', 'click', 'rich', 'eth_keys', 'eth_hash', 'eth_keyfile'): sys.modules[name] = None\n"
        "from hatch_os402.plugin import hooks\n"
        "hooks.hatch_register_builder(); hooks.hatch_register_build_hook()\n"
        "import hatch_os402.build.pipeline"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONWARNINGS": "error"})
