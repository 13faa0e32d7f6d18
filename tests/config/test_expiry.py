from __future__ import annotations

import os
import subprocess
from datetime import datetime, timezone

import pytest

from hatch_os402.config.expiry import commit_time, decide_expiry
from hatch_os402.config.offer_options import OfferOptions
from hatch_os402.errors import OfferError

DAY = 86400
NOW = 1_800_000_000


def git(folder, *arguments, date=1_700_000_000):
    environ = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "GIT_COMMITTER_DATE": f"{date} +0200",
        "GIT_AUTHOR_DATE": "1600000000 +0000",
    }
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, env=environ, stdout=subprocess.DEVNULL)


@pytest.fixture
def commit(tmp_path):
    (tmp_path / "pyproject.toml").write_text("")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "x")
    return tmp_path


def decided(folder, table=None, environ=None):
    validity = decide_expiry(OfferOptions(table or {}, folder), folder, environ or {}, NOW)
    return validity.until, validity.origin


def test_valid_until_as_written(commit):
    table = {"valid-until": datetime(2030, 1, 1, tzinfo=timezone.utc)}
    assert decided(commit, table, {"SOURCE_DATE_EPOCH": "5"}) == (1893456000, "valid-until")


def test_source_date_epoch_comes_before_the_commit(commit):
    assert decided(commit, {"valid-for": "2d"}, {"SOURCE_DATE_EPOCH": "1000"}) == (1000 + 2 * DAY, "SOURCE_DATE_EPOCH")


def test_the_committers_time_of_head(commit):
    assert decided(commit) == (1_700_000_000 + 90 * DAY, "commit")


def test_a_folder_below_the_repository_that_is_tracked(commit):
    sub = commit / "packages/app"
    sub.mkdir(parents=True)
    (sub / "pyproject.toml").write_text("")
    assert commit_time(sub) is None
    git(commit, "add", ".")
    git(commit, "commit", "-q", "-m", "y", date=1_700_000_500)
    assert commit_time(sub) == 1_700_000_500


def test_a_repository_without_a_commit(tmp_path):
    (tmp_path / "pyproject.toml").write_text("")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    assert decided(tmp_path) == (NOW + 90 * DAY, "clock")


def test_no_repository_or_no_git(tmp_path, commit, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert decided(commit) == (NOW + 90 * DAY, "clock")


def test_only_the_clock_is_not_reproducible(commit, tmp_path_factory):
    origins = {}
    nowhere = tmp_path_factory.mktemp("no-repository")
    for root, table, environ in [
        (commit, {"valid-until": NOW}, {}),
        (commit, {}, {"SOURCE_DATE_EPOCH": "1"}),
        (commit, {}, {}),
        (nowhere, {}, {}),
    ]:
        validity = decide_expiry(OfferOptions(table, root), root, environ, NOW)
        origins[validity.origin] = validity.reproducible
    assert origins == {"valid-until": True, "SOURCE_DATE_EPOCH": True, "commit": True, "clock": False}


def test_expired_as_the_server_sees_it(tmp_path):
    for until, expired in [(NOW - 1, True), (NOW, False)]:
        assert decide_expiry(OfferOptions({"valid-until": until}, tmp_path), tmp_path, {}, NOW).expired is expired


@pytest.mark.parametrize("value", ["", "-1", "1.5", "yesterday", "٣", "9" * 30, "4354819200"])
def test_source_date_epoch_that_is_no_time(tmp_path, value):
    with pytest.raises(OfferError, match="SOURCE_DATE_EPOCH must be a number of seconds"):
        decided(tmp_path, environ={"SOURCE_DATE_EPOCH": value})


def test_settings_of_git_do_not_matter(commit):
    """git shows the signature of a signed commit before the time that was asked for, when the user wants it so."""
    text = subprocess.run(["git", "cat-file", "commit", "HEAD"], cwd=commit, capture_output=True, check=True).stdout
    head, _, message = text.partition(b"\n\n")
    signature = b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n aGVsbG8=\n -----END PGP SIGNATURE-----"
    created = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
        input=b"\n".join((head, signature, b"", message)),
        cwd=commit,
        capture_output=True,
        check=True,
    )
    git(commit, "update-ref", "HEAD", created.stdout.decode().strip())
    git(commit, "config", "log.showSignature", "true")
    (commit / "gpg").write_text("#!/bin/sh\necho 'gpg: Signature made long ago' >&2\nexit 1\n")
    (commit / "gpg").chmod(0o755)
    git(commit, "config", "gpg.program", str(commit / "gpg"))
    shown = subprocess.run(
        ["git", "log", "-1", "--format=%ct", "HEAD"], cwd=commit, capture_output=True, check=True, text=True
    ).stdout
    assert shown.splitlines() == ["gpg: Signature made long ago", "1700000000"]
    assert commit_time(commit) == 1_700_000_000


def test_another_repository_in_the_environment_does_not_matter(commit, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("other")))
    assert commit_time(commit) == 1_700_000_000


def test_gits_configuration_in_the_environment_arrives(commit, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "nonsense")  # git refuses to run with it
    assert commit_time(commit) is None


def test_git_is_told_no_secret(tmp_path, monkeypatch):
    fake = tmp_path / "git"
    fake.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("X402_KEY", "a secret")
    assert commit_time(tmp_path) is None
    assert "a secret" not in (tmp_path / "seen").read_text()
