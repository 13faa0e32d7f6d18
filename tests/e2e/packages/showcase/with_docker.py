"""Settings of the home folder: credentials for registries, proxies, contexts; what a build would send, as an archive."""

import base64
import json
import os
import tarfile
import tempfile
from pathlib import Path

import docker
from docker.utils.config import load_general_config


def facts():
    home = Path(os.path.expanduser("~"))
    (home / ".docker").mkdir()
    auths = {"registry.example": {"auth": base64.b64encode("me:gehöim".encode()).decode()}}
    (home / ".docker" / "config.json").write_text(json.dumps({"auths": auths, "HttpHeaders": {"X": "1"}}))
    found = [docker.auth.load_config().get_all_credentials(), load_general_config()["HttpHeaders"]]
    context = Path(tempfile.mkdtemp())
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (context / "kept.txt").write_text("kept")
    (context / "left.log").write_text("left")
    (context / ".dockerignore").write_text("*.log\n")
    with (
        docker.utils.tar(str(context), exclude=["*.log"], fileobj=tempfile.TemporaryFile()) as sent,
        tarfile.open(fileobj=sent) as archive,
    ):
        found.append(sorted(archive.getnames()))
    try:
        docker.from_env().ping()
    except docker.errors.DockerException as error:
        found.append(type(error).__name__)
    return found
