"""Every entry of the curated data, tried with the releases of today where os402 would run them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from support.buildproject import build, environment, write_project
from support.diskless import run_diskless
from support.wheelcraft import make_wheel

from hatch_os402.compatibility.curated import (
    droppable,
    environment_hints,
    incompatibilities,
    optional_extensions,
    replacements,
)
from hatch_os402.resolution.resolve import resolve
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.buildproject import Build

pytestmark = [pytest.mark.network, pytest.mark.once]

ASKED = {"sample/__init__.py": "", "sample/__main__.py": "import sys\nexec(sys.stdin.read())\n"}


def vendoring(folder: Path, dependencies) -> Build:
    root = write_project(folder, dependencies=sorted(dependencies), files=ASKED)
    return build(root, env=environment(pip=True)).succeeded()


ASKED_WITH = {"pbs-installer": "pbs-installer[install]"}
"""Which of their extras requires what they do without."""


@pytest.fixture(scope="module")
def curated(tmp_path_factory):
    """A program with everything that is known, which runs what it is sent."""
    requirers = {
        ASKED_WITH.get(name, name)
        for entry in droppable().values()
        for name in entry.requirers.keys() - entry.through.keys()
    }
    known = {*optional_extensions(), *incompatibilities(), *environment_hints(), *requirers}
    return vendoring(tmp_path_factory.mktemp("curated"), known | {"ruamel-yaml"})


def ran(built: Build, python: str, code: str, **variables: str):
    payload = json.loads(built[".offer.json"])["payload"]
    _, *arguments = payload["exec"]["args"]
    body = code.encode()
    cgi = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body))}
    env = payload["exec"]["env"] | cgi | variables
    return run_diskless(python, arguments, built[".stdin"] + body, env)


SPEEDUPS = {
    "google-crc32c": (
        "import warnings; warnings.simplefilter('ignore')\n"
        "import google_crc32c as g; c = g.Checksum(b'1234'); c.update(b'56789')\n"
        "print(hex(g.value(b'123456789')), c.hexdigest().decode(), g.implementation)"
    ),
    "immutables": "import immutables; m = immutables.Map(a=1).set('b', 2); print(sorted(m.items()), type(m).__module__)",
    "lazy-object-proxy": "import lazy_object_proxy as l; p = l.Proxy(lambda: [1, 2]); print(len(p), p + [3], l.Proxy is l.simple.Proxy)",
    "pymongo": (
        "import bson, pymongo; d = {'a': [1, 2.5, b'x', None], '_id': bson.ObjectId()}\n"
        "print(bson.decode(bson.encode(d)) == d, bson.has_c(), pymongo.has_c())"
    ),
    "ruamel-yaml-clib": (
        "import io\nfrom ruamel.yaml import YAML, main\ny, out = YAML(), io.StringIO()\n"
        "d = y.load('a: 1 # one'); d['b'] = [2]; y.dump(d, out)\nprint(out.getvalue().split(), YAML(typ='safe').load('[1, ~]'), main.CParser)"
    ),
    "setproctitle": "import setproctitle as s; s.setproctitle('other'); print(type(s.getproctitle()).__name__, s.setproctitle.__module__)",
    "thrift": (
        "from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated as P\n"
        "from thrift.transport.TTransport import TMemoryBuffer as B\n"
        "b = B(); p = P(b); p.writeMessageBegin('m', 1, 7); p.writeI64(-5)\n"
        "q = P(B(b.getvalue())); print(q.readMessageBegin(), q.readI64(), q._fast_decode)"
    ),
    "zope-hookable": "from zope.hookable import hookable, _py_hookable; h = hookable(len); h.sethook(max); print(h([3, 5]), h.original([1]), hookable is _py_hookable)",
    "zope-interface": (
        "from zope.interface import Interface, implementer, interface, providedBy\nfrom zope.interface.adapter import AdapterRegistry\n"
        "class I(Interface): pass\nclass J(Interface): pass\n@implementer(I)\nclass A: pass\n"
        "r = AdapterRegistry(); r.register([I], J, '', 'found')\n"
        "print(I.providedBy(A()), r.lookup1(providedBy(A()), J), interface.InterfaceBase is interface.InterfaceBasePy)"
    ),
    "zope-proxy": "from zope.proxy import ProxyBase, PyProxyBase, isProxy, removeAllProxies as r; p = ProxyBase([1]); print(p == [1], isProxy(p), type(r(p)).__name__, ProxyBase is PyProxyBase)",
    "markupsafe": "import markupsafe; print(markupsafe.escape('<'), markupsafe.Markup('<b>%s</b>') % '>')",
    "msgpack": "import msgpack; print(msgpack.unpackb(msgpack.packb({'a': [1, 2.5, b'x']})), msgpack.Packer.__module__)",
    "pyyaml": "import yaml; print(yaml.safe_load(yaml.safe_dump({'a': [1, None]})), yaml.__with_libyaml__)",
    "rapidfuzz": "from rapidfuzz import fuzz, process; print(fuzz.ratio('abc', 'abd') > 60, process.extractOne('a', ['b', 'a'])[0])",
    "tornado": "from tornado.util import _websocket_mask as mask; print(mask(b'abcd', b'xyz'))",
}
EXPECTED = {
    "google-crc32c": "0xe3069283 e3069283 python",
    "immutables": "[('a', 1), ('b', 2)] immutables.map",
    "lazy-object-proxy": "2 [1, 2, 3] True",
    "pymongo": "True False False",
    "ruamel-yaml-clib": "['a:', '1', '#', 'one', 'b:', '-', '2'] [1, None] None",
    "setproctitle": "str setproctitle",
    "thrift": "('m', 1, 7) -5 None",
    "zope-hookable": "5 1 True",
    "zope-interface": "True found True",
    "zope-proxy": "True True list True",
    "markupsafe": "&lt; <b>&gt;</b>",
    "msgpack": "{'a': [1, 2.5, b'x']} msgpack.fallback",
    "pyyaml": "{'a': [1, None]} False",
    "rapidfuzz": "True a",
    "tornado": repr(bytes(a ^ b for a, b in zip(b"abcd", b"xyz", strict=False))),
}


@pytest.mark.parametrize("name", optional_extensions())
def test_a_speedup_may_be_left_out(curated, python312, name):
    (entry,) = [item for item in curated.record["distributions"] if item["name"] == name]
    assert (entry["treatment"], bool(entry["left_out"])) == ("stripped", True)
    run = ran(curated, python312.path, SPEEDUPS[name])
    assert (run.returncode, run.stderr) == (0, b""), run
    assert run.stdout.decode().strip() == EXPECTED[name]


WITHOUT = {
    "huggingface-hub": (
        (
            "from huggingface_hub import HfApi, file_download, hf_hub_url\nfrom huggingface_hub.utils._runtime import is_xet_available\n"
            "print(hf_hub_url('a/b', 'c'), is_xet_available())"
        ),
        "https://huggingface.co/a/b/resolve/main/c False",
    ),
    "ipython": (
        (
            "from IPython.core.interactiveshell import InteractiveShell\nfrom IPython.core.inputtransformer2 import TransformerManager\n"
            "print(TransformerManager().transform_cell('%time 1').strip())"
        ),
        "get_ipython().run_line_magic('time', '1')",
    ),
    "keyring": (
        (
            "import keyring\nfrom keyring.backend import KeyringBackend\nfrom keyring.backends import SecretService\n"
            "class Own(KeyringBackend):\n    priority, kept = 1, {}\n"
            "    def set_password(self, *keys): self.kept[keys[:2]] = keys[2]\n"
            "    def get_password(self, *keys): return self.kept.get(keys)\n"
            "keyring.set_keyring(Own()); keyring.set_password('a', 'b', 'c')\n"
            "print(keyring.get_password('a', 'b'), SecretService.Keyring.viable)"
        ),
        "c False",
    ),
    "google-auth": (
        (
            "from google.api_core import exceptions, gapic_v1, page_iterator, path_template, rest_helpers, retry\n"
            "from google.auth import credentials\ncalls = []\n"
            "@retry.Retry(predicate=retry.if_transient_error, initial=0.001, maximum=0.001)\n"
            "def call():\n"
            "    calls.append(1)\n"
            "    if len(calls) < 3: raise exceptions.from_http_status(503, 'busy')\n"
            "    return path_template.expand('projects/{p}', p='a')\n"
            "print(call(), len(calls), type(exceptions.from_http_status(404, 'gone')).__name__, rest_helpers.flatten_query_params({'a': {'b': 1}}))"
        ),
        "projects/a 3 NotFound [('a.b', 1)]",
    ),
    "msal": (
        (
            "import json, msal\n"
            "class Answer:\n"
            "    status_code, headers = 200, {}\n"
            "    def __init__(self, **found): self.text = json.dumps(found)\n"
            "    def raise_for_status(self): pass\n"
            "class Http:\n"
            "    def get(self, url, **_):\n"
            "        ends = {key: 'https://login.microsoftonline.com/t/x' for key in ('authorization_endpoint', 'token_endpoint')}\n"
            "        return Answer(metadata=[], issuer='https://login.microsoftonline.com/t/v2.0', **ends)\n"
            "    def post(self, url, **_): return Answer(access_token='secret', token_type='Bearer', expires_in=3600)\n"
            "    def close(self): pass\n"
            "app = msal.ConfidentialClientApplication('id', client_credential='key', http_client=Http(),\n"
            "    authority='https://login.microsoftonline.com/t', token_cache=msal.SerializableTokenCache())\n"
            "for _ in range(2): token = app.acquire_token_for_client(['https://graph.microsoft.com/.default'])\n"
            "print(token['access_token'], token['token_source'], len(json.loads(app.token_cache.serialize())['AccessToken']))"
        ),
        "secret cache 1",
    ),
    "pyjwt": (
        (
            "import jwt; key = b'k' * 32\nfrom jwt.algorithms import has_crypto\n"
            "print(jwt.decode(jwt.encode({'a': 1}, key, algorithm='HS256'), key, algorithms=['HS256']), has_crypto)"
        ),
        "{'a': 1} False",
    ),
    "pbs-installer": (
        (
            "import io, tarfile\nfrom pathlib import Path\nfrom pbs_installer import _utils, get_download_link\n"
            "with tarfile.open('/tmp/a.tar.gz', 'w:gz') as archive:\n"
            "    item = tarfile.TarInfo('python/a.py'); item.size = 3; archive.addfile(item, io.BytesIO(b'x=1'))\n"
            "_utils.unpack_tar('/tmp/a.tar.gz', '/tmp/out', 'a.tar.gz')\n"
            "link = get_download_link('3.12', arch='x86_64', platform='linux')[0]\n"
            "print(link.implementation, Path('/tmp/out/a.py').read_text(), _utils.ZSTD_SUPPORT)"
        ),
        "cpython x=1 False",
    ),
    "opentelemetry-exporter-otlp": (
        (
            "import requests\nfrom opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\n"
            "from opentelemetry.sdk.trace import TracerProvider\nfrom opentelemetry.sdk.trace.export import SimpleSpanProcessor\n"
            "class Session(requests.Session):\n"
            "    def send(self, request, **_):\n"
            "        print(request.url, len(request.body) > 20)\n"
            "        answer = requests.Response(); answer.status_code, answer.request = 200, request; return answer\n"
            "provider = TracerProvider(shutdown_on_exit=False)\n"
            "provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint='https://x.example/v1/traces', session=Session())))\n"
            "with provider.get_tracer('t').start_as_current_span('s'): pass"
        ),
        "https://x.example/v1/traces True",
    ),
    "pandas-stubs": (
        "from importlib import metadata; print(metadata.metadata('pandas-stubs')['name'])",
        "pandas-stubs",
    ),
}


@pytest.mark.parametrize("name", droppable())
def test_what_is_dropped_is_done_without(curated, python312, name):
    (entry,) = [item for item in curated.record["distributions"] if item["name"] == name]
    assert entry["treatment"] == "dropped"
    assert set(entry["required_by"]) <= droppable()[name].requirers.keys()
    assert not [path for path in curated.members if path.lower().startswith(f"{name.replace('-', '_')}-")]
    for requirer in entry["required_by"]:
        code, expected = WITHOUT[requirer]
        run = ran(curated, python312.path, code)
        assert run.returncode == 0, run
        assert run.stdout.decode().strip() == expected


TROUBLES = {
    "apscheduler": (
        (
            "from datetime import timezone\nfrom apscheduler.schedulers.background import BackgroundScheduler\n"
            "BackgroundScheduler(timezone=timezone.utc).start()"
        ),
        "can't start new thread",
    ),
    "gitpython": ("import git; git.Git().version()", "GitCommandNotFound"),
    "gunicorn": (
        (
            "from gunicorn.app.base import BaseApplication\nfrom gunicorn.arbiter import Arbiter\n"
            "class App(BaseApplication):\n    load_config = load = lambda self: None\nArbiter(App()).run()"
        ),
        "",
    ),
    "pexpect": ("import pexpect; pexpect.spawn('/bin/ls')", "ExceptionPexpect"),
    "pyperclip": ("import pyperclip; pyperclip.copy('x')", "PyperclipException"),
    "python-magic": ("import magic; print(magic.__file__)", "ImportError"),
    "sh": ("import sh; sh.ls()", "CommandNotFound"),
}


@pytest.mark.parametrize("name", incompatibilities())
def test_what_is_pure_and_cannot_do_its_work(curated, python312, name):
    assert incompatibilities()[name].covers(Version(curated.vendored[name]))
    (entry,) = [item for item in curated.record["distributions"] if item["name"] == name]
    assert entry["treatment"] == "pure"
    code, why = TROUBLES[name]
    run = ran(curated, python312.path, code, GIT_PYTHON_REFRESH="quiet")
    assert run.returncode != 0, run.stdout
    assert why in run.stderr.decode()


SWITCHES = {
    "joblib": "import joblib; print(joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(-i) for i in range(3)))",
    "gitpython": "import git; print(git.Git.__name__)",
}


@pytest.mark.parametrize("name", environment_hints())
def test_a_variable_that_helps(curated, python312, name):
    switch = environment_hints()[name]
    assert switch.covers(Version(curated.vendored[name]))
    without = ran(curated, python312.path, SWITCHES[name])
    assert without.stderr
    run = ran(curated, python312.path, SWITCHES[name], **switch.environment)
    assert (run.returncode, run.stderr) == (0, b""), run
    assert run.stdout.decode().strip() == {"joblib": "[0, 1, 2]", "gitpython": "Git"}[name]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """What makes the wheel of a project that requires something, and a folder for the resolver."""

    def make(*requires):
        folder = tmp_path_factory.mktemp("project")
        return read_wheel(make_wheel(folder, "app", "1.0", {"app.py": ""}, requires=requires)), folder

    return make


# A resolution would read the metadata of each, which an index may have in the wheel alone: gigabytes.
NEWEST = """
import sys
from pip._internal.commands import create_command
command = create_command("download")
options, names = command.parse_args(sys.argv[1:])
with command.main_context():
    finder = command._build_package_finder(options, command.get_default_session(options))
    for name in names:
        listed = finder.find_all_candidates(name)
        newest = max(one.version for one in listed)
        print(name, *(one.link.filename for one in listed if one.version == newest))
"""


def test_what_has_a_replacement_has_no_pure_release_of_today():
    command = [sys.executable, "-c", NEWEST, "six", *replacements()]
    answer = subprocess.run(command, env=environment(pip=True), capture_output=True, text=True, check=True)
    files = {name: listed for name, *listed in map(str.split, answer.stdout.splitlines())}
    assert {"six", *replacements()} == {name for name, listed in files.items() if listed}
    assert {name for name, listed in files.items() if any(one.endswith("-none-any.whl") for one in listed)} == {"six"}


def test_every_replacement_is_pure(tmp_path):
    wanted = {line for entry in replacements().values() for line in entry.require}
    built = vendoring(tmp_path, wanted)
    treatments = {item["name"]: item["treatment"] for item in built.record["distributions"]}
    assert {treatments[canonicalize_name(Requirement(line).name)] for line in wanted} == {"pure"}


@pytest.mark.parametrize("name", [name for name, entry in replacements().items() if entry.parents])
def test_its_parents_do_without_it(project, name):
    for line in replacements()[name].parents:
        wheel, folder = project(line)
        assert name not in {pin.name for pin in resolve(wheel, extras=frozenset(), groups=(), workdir=folder).pins}
