from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pip._internal.models.wheel import Wheel
from pip._vendor.packaging.tags import Tag
from support.once import once_but

from hatch_os402.errors import ResolutionError
from hatch_os402.resolution import pip_job
from hatch_os402.resolution.pip_errors import explain, read_answer
from hatch_os402.resolution.pip_process import run_pip
from hatch_os402.resolution.pip_settings import environment
from hatch_os402.resolution.shim import _pip_shim
from hatch_os402.resolution.target import Target

if TYPE_CHECKING:
    from pathlib import Path

X86 = Target("x86_64")


NEEDED = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CERT", "PIP_CLIENT_CERT",
    "PIP_PROXY", "PIP_TRUSTED_HOST", "PIP_CONFIG_FILE", "PIP_CACHE_DIR", "PIP_KEYRING_PROVIDER", "PIP_RETRIES",
    "PIP_TIMEOUT", "PIP_UPLOADED_PRIOR_TO", "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
    "NETRC", "HOME", "PATH", "TMPDIR", "LANG", "LC_ALL", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
    "PYTHON_KEYRING_BACKEND", "KEYRING_PROPERTY_X", "DBUS_SESSION_BUS_ADDRESS", "SYSTEMROOT", "APPDATA",
)  # fmt: skip
WITHHELD = (
    # What would change the result.
    "PIP_PYTHON", "PIP_NO_DEPS", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIREMENT", "PIP_GROUP",
    "PIP_CONSTRAINT", "PIP_REQUIRE_HASHES", "PIP_PRE", "PIP_NO_BINARY", "PIP_PLATFORM", "PIP_IMPLEMENTATION",
    "PIP_REPORT", "PIP_DRY_RUN", "pip_user", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONHASHSEED",
    # Secrets, of names that are known and of one that nobody knows.
    "X402_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HATCH_INDEX_AUTH", "UV_PUBLISH_TOKEN", "TWINE_PASSWORD",
    "SSH_AUTH_SOCK", "ANYTHING_ELSE", "GIT_SSH_COMMAND",
)  # fmt: skip


class TestEnvironment:
    @pytest.mark.parametrize("name", NEEDED)
    def test_what_pip_needs_reaches_it(self, name):
        assert environment({name: "x"})[name] == "x"

    @pytest.mark.parametrize("name", WITHHELD)
    def test_nothing_else_does(self, name):
        assert name not in environment({name: "x"})

    def test_pip_is_quiet_and_never_asks(self):
        assert environment({}).items() >= {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}.items()


UNREACHABLE = """\
os402-unfetched: https://example.com/simple/idna/\tconnection error: NewConnectionError(...): refused
ERROR: Could not find a version that satisfies the requirement idna (from versions: none)
ERROR: No matching distribution found for idna
"""
CONFLICT = """\
INFO: pip is looking at multiple versions of a
ERROR: Cannot install a 1.0 and b==2 because these package versions have conflicting dependencies.

The conflict is caused by:
    a 1.0 depends on b<2
    The user requested b==2

To fix this you could try to:
1. loosen the range of package versions you've specified
"""
HASHES = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, please.
    idna==3.0 from file:///x/idna-3.0-py3-none-any.whl:
        Expected sha256 0000
             Got        1111

"""


@pytest.mark.parametrize(
    ("output", "status", "expected"),
    [
        (
            "ERROR: os402-source-only: foo @ file:///x from file:///x (from app @ file:///tmp/a.whl->-r /tmp/r.txt (line 1))\n",
            1,
            ["foo @ file:///x is only to be had", "Replace the address"],
        ),
        (
            "error: connection-failed\n\n× Failed to connect to x while fetching y\n╰─> [Errno 111] refused\n\nhint: Are you?\n",
            1,
            ["could not be reached while x-ing", "Failed to connect to x", "[Errno 111] refused"],
        ),
        (
            UNREACHABLE,
            1,
            ["index could not be reached while x-ing (looking for idna)", "NewConnectionError", "PIP_INDEX_URL"],
        ),
        (CONFLICT, 1, ["requirements contradict each other", "a 1.0 depends on b<2"]),
        (HASHES, 1, ["not the one that was promised", "Expected sha256 0000", "Got        1111"]),
        (
            "os402-unfetched: https://example.com/nope/\t404 Client Error: x\nERROR: No matching distribution found for nope>=9\n",
            1,
            ["no wheel found for 'nope>=9' on CPython 3.12.3, linux"],
        ),
        (
            "ERROR: os402-source-only: foo==1 from x\n",
            1,
            ["foo==1 is only to be had as source", "PIP_FIND_LINKS"],
        ),
        (
            "os402: this pip is not supported: because\n",
            70,
            ["this pip is not supported: because", "another release of pip"],
        ),
        ("ERROR: something new\n", 2, ["pip failed (exit status 2) while x-ing", "something new"]),
        ("", 9, ["pip failed (exit status 9)"]),
    ],
    ids=[
        "source at an address",
        "diagnostic",
        "unreachable",
        "conflict",
        "hashes",
        "missing",
        "source",
        "unsupported",
        "unknown",
        "silent",
    ],
)
def test_explain(output, status, expected):
    error = explain(output, status, "x-ing")
    assert isinstance(error, ResolutionError)
    for text in expected:
        assert text in error.message
    assert "loosen the range" not in error.message
    assert error.details == output


def test_our_temporary_files_are_not_the_users_business(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ResolutionError) as caught:
        run_pip(["download", "-d", str(tmp_path / "d")], X86, tmp_path, requirements=[("nope", ())], doing="trying")
    assert "no wheel found for 'nope'" in caught.value.message
    assert str(tmp_path) not in caught.value.message


def test_without_pip(monkeypatch, tmp_path):
    monkeypatch.setattr(pip_job, "find_spec", lambda _: None)
    with pytest.raises(ResolutionError, match="pip is not installed beside hatch-os402"):
        run_pip(["--version"], X86, tmp_path, requirements=[], doing="x")


LACKING = [
    (
        "pip/_vendor/packaging/markers",
        "def default_environment():\n    return {'new_marker': ''}\n",
        "marker names",
    ),
    ("pip/_vendor/packaging/markers", "", "default_environment"),
    ("pip/_vendor/packaging/requirements", "", "Requirement"),
    ("pip/_internal/utils/compatibility_tags", "", "get_supported"),
    ("pip/_internal/cli/parser", "class ConfigOptionParser: pass\n", "_get_ordered_configuration_items"),
    ("pip/_internal/distributions/sdist", "class SourceDistribution: pass\n", "prepare_distribution_metadata"),
    ("pip/_internal/exceptions", "", "InstallationError"),
    ("pip/_internal/resolution/resolvelib/candidates", "", "RequiresPythonCandidate"),
    (
        "pip/_internal/resolution/resolvelib/candidates",
        "class RequiresPythonCandidate:\n    def __init__(self, py_version_info): pass\n",
        "LinkCandidate",
    ),
    (
        "pip/_internal/resolution/resolvelib/candidates",
        "class RequiresPythonCandidate:\n    def __init__(self, version): pass\n",
        "RequiresPythonCandidate.__init__ takes version, not py_version_info",
    ),
    (
        "pip/_internal/operations/prepare",
        "class RequirementPreparer: pass\n",
        "prepare_linked_requirements_more",
    ),
    (
        "pip/_internal/resolution/resolvelib/resolver",
        "class Resolver:\n    def __init__(self): pass\n    def resolve(self, root_reqs): pass\n",
        "Resolver has no factory",
    ),
    ("pip/_internal/index/package_finder", "", "PackageFinder"),
    ("pip/_internal/models/link", "class Link: pass\n", "from_json"),
    ("pip/_vendor/urllib3/connectionpool", "class HTTPConnectionPool: pass\n", "_make_request"),
    ("pip/_vendor/urllib3/response", "class HTTPResponse: pass\n", "stream"),
    ("pip/_internal/req/req_install", "", "InstallRequirement"),
    ("pip/_internal/cli/req_command", "class RequirementCommand: pass\n", "get_requirements"),
    ("pip/_internal/vcs/__init__", "", "vcs"),
    (
        "pip/_internal/vcs/__init__",
        "class Systems(dict):\n    all_schemes = ()\n    def unregister(self, name): pass\nvcs = Systems(git=1)\n",
        "version control systems",
    ),
]
"""Module of pip, its text, and what the shim says that it lacks."""


class TestShimRefusesAPipThatItDoesNotKnow:
    """A fake package `pip`, which lacks one thing after the other."""

    FILES = {  # noqa: RUF012
        "pip/__init__.py": "",
        "pip/_vendor/__init__.py": "",
        "pip/_vendor/packaging/__init__.py": "",
        "pip/_vendor/packaging/markers.py": (
            f"def default_environment():\n    return dict.fromkeys({sorted(X86.environment)})\n"
            "class Marker:\n    def evaluate(self, environment): pass\n"
        ),
        "pip/_vendor/packaging/requirements.py": (
            "class Requirement:\n    def __init__(self, requirement_string): pass\n"
        ),
        "pip/_vendor/packaging/utils.py": (
            "class InvalidWheelFilename(ValueError): pass\ndef canonicalize_name(name): return name.lower()\n"
            "def parse_wheel_filename(filename): pass\n"
        ),
        "pip/_vendor/packaging/version.py": "class Version:\n    def __init__(self, version): pass\n",
        "pip/_vendor/packaging/tags.py": "class Tag:\n    def __init__(self, interpreter, abi, platform): pass\n",
        "pip/_internal/__init__.py": "",
        "pip/_internal/utils/__init__.py": "",
        "pip/_internal/utils/compatibility_tags.py": "def get_supported(): pass\n",
        "pip/_internal/cli/__init__.py": "",
        "pip/_internal/cli/cmdoptions.py": "",
        "pip/_internal/cli/main.py": "def main(args):\n    print('ran', *args)\n    return 3\n",
        "pip/_internal/cli/parser.py": "class ConfigOptionParser:\n    def _get_ordered_configuration_items(self): pass\n",
        "pip/_internal/distributions/__init__.py": "",
        "pip/_internal/distributions/sdist.py": "class SourceDistribution:\n    def prepare_distribution_metadata(self): pass\n",
        "pip/_internal/exceptions.py": "class InstallationError(Exception): pass\n",
        "pip/_internal/index/__init__.py": "",
        "pip/_internal/index/collector.py": "def _get_simple_response(url): pass\n",
        "pip/_internal/index/package_finder.py": (
            "def parse_links(page): pass\nclass PackageFinder:\n    find_links = index_urls = ()\n"
            "    def find_all_candidates(self, project_name): pass\n    make_link_evaluator = find_all_candidates\n"
            "class LinkEvaluator:\n    def __init__(self):\n        self._formats = None\n    def evaluate_link(self, link): pass\n"
            "class CandidateEvaluator:\n    def get_applicable_candidates(self, candidates): pass\n"
        ),
        "pip/_internal/models/link.py": (
            "class Link:\n    is_wheel = is_yanked = url_without_fragment = filename = ''\n    def __init__(self):\n"
            "        self._hashes = self.comes_from = self.requires_python = None\n"
            "    @classmethod\n    def from_json(cls, file_data, page_url): pass\n"
        ),
        "pip/_vendor/urllib3/__init__.py": "",
        "pip/_vendor/urllib3/connectionpool.py": (
            "class HTTPConnectionPool:\n    def _make_request(self, conn, method, url): pass\n"
        ),
        "pip/_vendor/urllib3/response.py": "class HTTPResponse:\n    def stream(self): pass\n",
        "pip/_internal/models/__init__.py": "",
        "pip/_internal/models/installation_report.py": "class InstallationReport:\n    def to_dict(self): pass\n",
        "pip/_internal/resolution/__init__.py": "",
        "pip/_internal/resolution/resolvelib/__init__.py": "",
        "pip/_internal/resolution/resolvelib/candidates.py": (
            "class RequiresPythonCandidate:\n    def __init__(self, py_version_info): pass\n"
            "class LinkCandidate:\n    def __init__(self, link, template): pass\n"
        ),
        "pip/_internal/resolution/resolvelib/resolver.py": (
            "class Resolver:\n    def __init__(self):\n        self.factory = None\n    def resolve(self, root_reqs): pass\n"
        ),
        "pip/_internal/operations/__init__.py": "",
        "pip/_internal/operations/prepare.py": (
            "class RequirementPreparer:\n    def prepare_linked_requirements_more(self, reqs): pass\n"
        ),
        "pip/_internal/configuration.py": "def get_configuration_files(): pass\n",
        "pip/_internal/req/__init__.py": "",
        "pip/_internal/req/req_install.py": (
            "class InstallRequirement:\n    def __init__(self, req, comes_from):\n"
            "        self.link = self.local_file_path = self.needs_more_preparation = self.req = None\n"
        ),
        "pip/_internal/req/req_set.py": (
            "class RequirementSet:\n    def __init__(self):\n        self.requirements = {}\n"
        ),
        "pip/_internal/req/constructors.py": "def install_req_from_req_string(req_string): pass\n",
        "pip/_internal/cli/req_command.py": "class RequirementCommand:\n    def get_requirements(self): pass\n",
        "pip/_internal/vcs/__init__.py": (
            "class Systems(dict):\n    def unregister(self, name): del self[name]\n    all_schemes = property(list)\nvcs = Systems(git=1)\n"
        ),
    }

    def ran(self, folder: Path, changes=None):
        for name, text in (self.FILES | (changes or {})).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        job = folder / "job.json"
        content = {
            "pip": str(folder),
            "environment": X86.environment,
            "tags": [],
            "settings": [],
            "pure": [],
            "without": [],
            "source": [],
            "newest": [],
            "arguments": ["a", "b"],
            "requirements": [],
            "answer": str(folder / "answer.json"),
            "transfers": {"parent": os.getpid(), "status": str(folder / "status.json")},
        }
        job.write_text(json.dumps(content))
        command = [sys.executable, "-I", _pip_shim.__file__, str(job)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_one_that_has_everything_runs(self, tmp_path):
        finished = self.ran(tmp_path)
        assert (finished.returncode, finished.stdout.strip()) == (3, "ran a b")

    @pytest.mark.parametrize(("module", "text", "reason"), once_but(LACKING, *LACKING[::5]))
    def test_one_that_lacks_something_does_not(self, tmp_path, module, text, reason):
        finished = self.ran(tmp_path, {f"{module}.py": text})
        assert finished.returncode == _pip_shim.UNSUPPORTED
        assert finished.stdout == ""
        assert finished.stderr.startswith("os402: this pip is not supported: ")
        assert reason in finished.stderr

    def test_a_setting_that_it_does_not_know_is_no_setting_to_ignore(self, tmp_path):
        """pip before 26.0 takes no notice of `uploaded-prior-to`, and would resolve to newer files."""
        asking = {
            "pip/__init__.py": "__version__ = '25.0'\n",
            "pip/_internal/cli/main.py": (
                "from pip._internal.cli.parser import ConfigOptionParser\n"
                "def main(args):\n    print(list(ConfigOptionParser()._get_ordered_configuration_items()))\n"
            ),
            "pip/_internal/cli/parser.py": (
                "class ConfigOptionParser:\n    def _get_ordered_configuration_items(self):\n"
                "        return [('uploaded-prior-to', '2026-01-01')]\n"
            ),
        }
        assert self.ran(tmp_path, asking).returncode == 1
        told = json.loads((tmp_path / "answer.json").read_text())
        message = explain("", 1, "x-ing", told).message
        assert message.startswith("pip 25.0 does not know the setting uploaded-prior-to (2026-01-01)")
        assert "PIP_UPLOADED_PRIOR_TO" in message
        assert (
            self.ran(tmp_path, {**asking, "pip/_internal/cli/cmdoptions.py": "uploaded_prior_to = 1\n"}).returncode == 0
        )


ELSEWHERE = (
    "a-1.0-cp312-cp312-win_amd64.whl", "a-1.0-1-cp312-cp312-win_amd64.whl", "a-1.0-cp311-cp311-manylinux2014_x86_64.whl",
    "a-1.0-cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl", "a-1.0-cp313-cp313t-manylinux2014_x86_64.whl",
    "a-1.0-cp38.cp39-cp38.cp39-manylinux1_x86_64.whl", "a-1.0-py2-none-any.whl", "a-1.0-pp310-pypy310_pp73-any.whl",
    "A-1.0-CP312-CP312-WIN32.whl", "a-1.0+l.1-cp312-cp312-macosx_11_0_arm64.whl", "a-1!2.0-cp27-cp27mu-win32.whl",
)  # fmt: skip
FITTING = (
    "a-1.0-py3-none-any.whl", "a-1.0-py2.py3-none-any.whl", "a-1.0-1build-py3-none-any.whl", "a-1.0-cp312-none-any.whl",
    "a-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "a-1.0-cp38-abi3-manylinux2014_x86_64.whl",
    "a-1.0-cp311.cp312-cp311.cp312-manylinux1_x86_64.whl", "A-1.0-CP312-CP312-Manylinux2014_X86_64.whl",
    "a-1.0-py3-none-manylinux2014_x86_64.whl",
)  # fmt: skip
"""Names of wheels, as an index lists them: those that pip rejects for their tags on x86_64, and those that it takes."""


class TestWheelsForOtherPlatforms:
    SUPPORTED = frozenset((tag.interpreter, tag.abi, tag.platform) for tag in X86.tags)

    @pytest.mark.parametrize("name", [*ELSEWHERE, *FITTING])
    def test_what_is_passed_over_is_what_pip_rejects_for_its_tags(self, name):
        tags = [Tag(*tag) for tag in self.SUPPORTED]
        assert Wheel(name).supported(tags) is (name in FITTING)
        found = _pip_shim.is_elsewhere(f"https://example.com/files/cp312-x/{name}", self.SUPPORTED)
        assert found is (name in ELSEWHERE)
        assert _pip_shim.is_elsewhere(name, self.SUPPORTED) is found

    @pytest.mark.parametrize(
        "url",
        [
            None,
            7,
            "",
            ".whl",
            "https://example.com/a-1.0.tar.gz",
            "https://example.com/a-1.0-win_amd64.whl",
            "https://example.com/a-b-1.0-1-cp312-cp312-win_amd64.whl",
            "https://example.com/a-1.0-cp312-cp312-win%5Famd64.whl",
            "https://example.com/a-1.0-cp312-cp312-win_amd64.whl#egg=a",
            "https://example.com/get?file=a-1.0-cp312-cp312-win_amd64.whl",
            f"https://example.com/a-1.0-{'-'.join(['.'.join(['x'] * 5000)] * 3)}.whl",
        ],
        ids=lambda url: repr(url)[:70],
    )
    def test_what_is_not_plainly_such_a_wheel_is_left_to_pip(self, url):
        assert not _pip_shim.is_elsewhere(url, self.SUPPORTED)

    def test_no_link_is_made_of_them(self):
        made = []

        class Link:
            @classmethod
            def from_json(cls, file_data, _page_url, page=None):
                made.append((cls, file_data["url"], page))
                return "link"

        class Derived(Link):
            pass

        _pip_shim._pass_over_other_platforms([list(tag) for tag in sorted(self.SUPPORTED)], Link)
        urls = [f"https://example.com/{name}" for name in (*ELSEWHERE, *FITTING, "a-1.0.tar.gz")]
        found = [Derived.from_json({"url": url}, "https://example.com/", page="p") for url in urls]
        assert found == [None] * len(ELSEWHERE) + ["link"] * (len(FITTING) + 1)
        assert made == [(Derived, url, "p") for url in urls[len(ELSEWHERE) :]]


@pytest.mark.parametrize(
    "reported",
    [
        {"passed_over": {}, "sources": {}},
        {"why": "something new"},
        {"why": None, "name": "a"},
        {"why": "vcs"},
        {"why": "large", "most": None},
        {"why": "unbuilt"},
        {"why": ["vcs"]},
    ],
    ids=str,
)
def test_whatever_the_shim_says_is_an_error_in_words(reported):
    error = explain("ERROR: something new\n", 2, "x-ing", reported)
    assert isinstance(error, ResolutionError)
    assert error.message


@pytest.mark.parametrize("text", ["[]", "1", "null", "{", ""])
def test_an_answer_that_is_none_is_empty(tmp_path, text):
    (tmp_path / "answer").write_text(text)
    assert read_answer(tmp_path / "answer") == {}
