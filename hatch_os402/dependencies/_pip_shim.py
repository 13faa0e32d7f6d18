"""Runs pip for the target. A script for a subprocess of its own: `python -I _pip_shim.py JOB.json`.

pip evaluates environment markers on the host, whatever `--python-version` says (pypa/pip#11664), and has no option for
"pure wheels first". So, before anything else of pip is imported, two functions are replaced: the marker environment and
the list of supported tags. Where pip does not look as it is known here, nothing is run (exit status 70): a build that
stops is better than one that resolved for the wrong machine.

The job, JSON: `pip` (the folder of the package pip), `environment` (marker environment), `tags` (list of [interpreter,
abi, platform]), `settings` (names of pip's settings that may come from configuration files), `arguments` (of pip).
"""

import json
import sys

UNSUPPORTED = 70


def _unsupported(reason):
    sys.stderr.write("os402: this pip is not supported: " + reason + "\n")
    sys.exit(UNSUPPORTED)


def main(path):
    with open(path, encoding="utf-8") as file:
        job = json.load(file)
    sys.path.insert(0, job["pip"])
    try:
        from pip._vendor.packaging import markers, tags  # first: the others copy names out of these modules
        from pip._internal.utils import compatibility_tags
    except ImportError as error:
        _unsupported(str(error))

    if not callable(getattr(markers, "default_environment", None)):
        _unsupported("it has no markers.default_environment")
    if markers.default_environment().keys() != job["environment"].keys():
        _unsupported("its marker names are " + ", ".join(sorted(markers.default_environment())))
    markers.default_environment = lambda: dict(job["environment"])

    supported = [tags.Tag(*tag) for tag in job["tags"]]
    if not callable(getattr(compatibility_tags, "get_supported", None)):
        _unsupported("it has no compatibility_tags.get_supported")
    compatibility_tags.get_supported = lambda *_arguments, **_keywords: list(supported)

    try:
        from pip._internal.cli import main as cli, parser
        from pip._internal.distributions import sdist
        from pip._internal.exceptions import InstallationError
        from pip._internal.index import collector
        from pip._internal.models.installation_report import InstallationReport  # noqa: F401

        original = parser.ConfigOptionParser._get_ordered_configuration_items
        sdist.SourceDistribution.prepare_distribution_metadata  # noqa: B018
    except (ImportError, AttributeError) as error:
        _unsupported(str(error))

    def refuse_to_build(self, *_arguments, **_keywords):
        raise InstallationError("os402-source-only: " + str(self.req))

    sdist.SourceDistribution.prepare_distribution_metadata = refuse_to_build

    def tell(link, reason, **_how):
        sys.stderr.write("os402-unfetched: " + str(link) + "\t" + " ".join(str(reason).split()) + "\n")

    if hasattr(collector, "_handle_get_simple_fail"):  # pip itself says it with -vv only; it is for a message alone
        collector._handle_get_simple_fail = tell

    def harmless(self):
        return ((key, value) for key, value in original(self) if key in job["settings"])

    parser.ConfigOptionParser._get_ordered_configuration_items = harmless
    return cli.main(job["arguments"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
