"""Runs pip for the target. A script for a subprocess of its own: `python -I _pip_shim.py JOB.json`.

pip evaluates environment markers on the host, whatever `--python-version` says (pypa/pip#11664), and has no option for
"pure wheels first". So, before anything else of pip is imported, the marker environment and the list of supported tags
are replaced, and then the version that Requires-Python is decided on. Where pip does not look as `_pip_internals.py`
knows it, nothing is run (exit status 70): a build that stops is better than one that resolved for the wrong machine.

The job, JSON: `pip` (the folder of the package pip), `environment` (marker environment), `tags` (list of [interpreter,
abi, platform]), `settings` (names of pip's settings that may come from configuration files), `arguments` (of pip),
`requirements` (pairs of a requirement and its SHA256s; a file of requirements is never written, see _pip_addresses.py)
`transfers` (see _pip_transfers.py) and `answer` (a file for what this script has to say to the one that started it).
`environment` null leaves the target alone: pip then works for the Python that runs it. Three lists of canonical names
narrow or widen what pip may choose: `pure` (none-any wheels only), `without` (no release at all) and `source` (an sdist
where no wheel fits; ["*"] for every name; of those in `newest` the newest release, sdist or not, or the source at an
address that one of `requirers` gives). `built` has addresses, each with that of the wheel that was built of it. An
sdist is never built: its own PKG-INFO is its metadata. The answer has `passed_over`: name → the versions of sdists that
would have fitted. With `mark`, a run of `install` stops once it has resolved (see _pip_stop.py).
"""

import gc
import json
import os
import re
import sys

UNSUPPORTED = 70

_PLAIN = re.compile(r"[A-Za-z0-9._+!-]{1,255}")
"""A file name that is the same in an address. A longer one, of no file, could stand for as many tags as it likes."""


def _unsupported(reason):
    sys.stderr.write("os402: this pip is not supported: " + reason + "\n")
    sys.exit(UNSUPPORTED)


def main(path):
    with open(path, encoding="utf-8") as file:
        job = json.load(file)
    # Pages of an index become many small objects that stay: looking for garbage among them finds none.
    gc.set_threshold(100_000, 50, 100)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # an isolated Python leaves it out
    import _pip_addresses
    import _pip_internals
    import _pip_locking
    import _pip_stop
    import _pip_transfers

    sys.path[0] = job["pip"]
    try:
        if job["environment"] is not None:
            _be_the_target(job, _pip_internals.first())
        import pip

        internals = _pip_internals.others()
        _pip_addresses.without_programs(internals)
        failed = internals.exceptions.InstallationError
        _pip_transfers.install(_pip_transfers.Transfers(job["transfers"], job["answer"], failed), internals)
    except ImportError as error:
        _unsupported(str(error))

    named = (job.get(key, ()) for key in ("newest", "requirers", "built"))
    addresses = _pip_addresses.Addresses(job["answer"], failed, *named)
    if job["environment"] is not None:
        _resolve_for_the_target(job, internals)
        _pip_locking.install(job, internals)
        _judge_addresses(addresses, internals)  # what is built here was chosen by the user
        _name_markers(addresses, internals)
    internals.command.get_requirements = lambda *_arguments: _pip_addresses.requirements(job["requirements"], internals)
    if job.get("mark"):
        _pip_stop.install(job, internals)
    original = internals.parser._get_ordered_configuration_items

    def harmless(self):
        for key, value in original(self):
            if key == "uploaded-prior-to" and not hasattr(internals.cmdoptions, "uploaded_prior_to"):
                addresses.refuse(key, value, "setting", pip.__version__)
            if key in job["settings"]:
                yield key, value

    internals.parser._get_ordered_configuration_items = harmless
    return internals.cli.main(job["arguments"])


def _judge_addresses(addresses, internals):
    """Ask `addresses` wherever pip makes something of one, before it does: of a requirement, and of a candidate."""
    require, make = internals.requirement.__init__, internals.link_candidate.__init__

    def checked_requirement(self, req, comes_from, *arguments, **keywords):
        require(self, addresses.check_requirement(req, comes_from), comes_from, *arguments, **keywords)

    def checked_candidate(self, link, template, *arguments, **keywords):
        addresses.check_link(link, template)
        make(self, link, template, *arguments, **keywords)

    internals.requirement.__init__ = checked_requirement
    internals.link_candidate.__init__ = checked_candidate


def _name_markers(addresses, internals):
    """Let a marker that nothing can decide (`os_name ~= "x"`) end the run with the requirement that has it.

    pip ends in a traceback for it, which names neither that nor the distribution.
    """
    evaluate, kind = internals.marker.evaluate, internals.requirements.Requirement

    def decided(self, *arguments, **keywords):
        try:
            return evaluate(self, *arguments, **keywords)
        except (ValueError, KeyError) as error:
            having = (one for one in gc.get_objects() if isinstance(one, kind) and one.marker is self)
            why = "there is no " + str(error) + " outside of a lock" if isinstance(error, KeyError) else str(error)
            addresses.refuse(str(next(having, self)), why, "marker", "")

    internals.marker.evaluate = decided


def _be_the_target(job, internals):
    markers, tags = internals.markers, internals.tags
    if markers.default_environment().keys() != job["environment"].keys():
        _unsupported("its marker names are " + ", ".join(sorted(markers.default_environment())))
    markers.default_environment = lambda: dict(job["environment"])
    supported = [tags.Tag(*tag) for tag in job["tags"]]
    internals.compatibility_tags.get_supported = lambda *_arguments, **_keywords: list(supported)


def _resolve_for_the_target(job, internals):
    _choose(job, internals)
    failed, decide = internals.exceptions.InstallationError, internals.requires_python.__init__
    internals.sdist.prepare_distribution_metadata = _instead_of_building(job, failed)
    # Some releases of pip let the host's version decide what a wheel's own Requires-Python says.
    version = tuple(map(int, job["environment"]["python_full_version"].split(".")))
    internals.requires_python.__init__ = lambda self, _: decide(self, version)
    if not job.get("listing"):
        _pass_over_other_platforms(job["tags"], internals.link)

    def tell(link, reason, **_how):
        sys.stderr.write("os402-unfetched: " + str(link) + "\t" + " ".join(str(reason).split()) + "\n")

    if hasattr(internals.collector, "_handle_get_simple_fail"):  # pip itself says it with -vv; it is for a message
        internals.collector._handle_get_simple_fail = tell


def _pass_over_other_platforms(tags, link):
    """Let pip make nothing of the wheels of a page that are for other platforms than `tags`; it would reject each.

    Most files of an index are such wheels, and to make a link of each is most of what a resolution computes.
    """
    from_json, supported = link.from_json.__func__, frozenset(map(tuple, tags))

    def fitting(cls, file_data, page_url, *arguments, **keywords):
        if is_elsewhere(file_data.get("url"), supported):
            return None
        return from_json(cls, file_data, page_url, *arguments, **keywords)

    link.from_json = classmethod(fitting)


def is_elsewhere(url, supported):
    """Whether `url`, of a file on a page, ends with the name of a wheel that has none of the `supported` tags.

    Where the name has to be decoded first, pip is left to judge.
    """
    if not isinstance(url, str) or not url.endswith(".whl") or not _PLAIN.fullmatch(url.rpartition("/")[2]):
        return False
    parts = url.rpartition("/")[2][: -len(".whl")].lower().split("-")
    if len(parts) not in (5, 6):
        return False
    interpreters, abis, platforms = (part.split(".") for part in parts[-3:])
    return not any(
        (interpreter, abi, platform) in supported
        for interpreter in interpreters
        for abi in abis
        for platform in platforms
    )


def _instead_of_building(job, error):
    def prepare_distribution_metadata(self, *_arguments, **_keywords):
        requirement = self.req.req
        # An address of source that was not allowed was refused before.
        known = requirement is not None and (job["newest"] if requirement.url else job["source"])
        self.req.metadata_directory = _own_metadata(self.req.source_dir) if known else None
        if self.req.metadata_directory is None:
            raise error("os402-source-only: " + str(self.req))

    return prepare_distribution_metadata


def _choose(job, internals):
    """Let pip find what the job's lists say, and nothing else."""
    finder, evaluator, canonicalize_name = internals.finder, internals.evaluator, internals.names.canonicalize_name
    find, evaluate = finder.find_all_candidates, finder.make_link_evaluator
    applicable = evaluator.get_applicable_candidates
    pure, without, source, newest = (set(job[key]) for key in ("pure", "without", "source", "newest"))
    passed_over = job["passed_over"] = {}

    def find_allowed(self, project_name):
        name = canonicalize_name(project_name)
        if job.setdefault("finder", self) is self and not self.index_urls:
            sys.stderr.write("os402-no-index\n")
        job["finder"] = self
        if name in without:
            return []
        found = find(self, project_name)
        return [one for one in found if one.link.filename.endswith("-none-any.whl")] if name in pure else found

    def evaluate_source_too(self, project_name):
        made = evaluate(self, project_name)
        name = canonicalize_name(project_name)
        if source & {"*", name}:
            made._formats = frozenset({"binary", "source"})
        else:
            made.evaluate_link = _noting_source(made, passed_over.setdefault(name, set()))
        return made

    def wheels_first(self, candidates):
        if candidates and canonicalize_name(candidates[0].name) in newest:
            return applicable(self, candidates)
        return applicable(self, [one for one in candidates if one.link.is_wheel]) or applicable(self, candidates)

    finder.find_all_candidates = find_allowed
    finder.make_link_evaluator = evaluate_source_too
    evaluator.get_applicable_candidates = wheels_first


def _noting_source(evaluator, versions):
    """Return `evaluate_link` of `evaluator`, which adds to `versions` those of sdists that would do but for that."""
    evaluate_link = evaluator.evaluate_link
    wheels_only = evaluator._formats

    def noting(link):
        result = evaluate_link(link)
        if not link.is_wheel and result[0].name == "format_unsupported":
            evaluator._formats = frozenset({"binary", "source"})
            try:
                kind, version = evaluate_link(link)
            finally:
                evaluator._formats = wheels_only
            if kind.name == "candidate":
                versions.add(str(version))
        return result

    return noting


def _own_metadata(folder):
    """Return a folder of metadata made of what an unpacked sdist says of itself, or None when it says nothing.

    `Requires-Dist` of PKG-INFO counts when the format is 2.2 or later (PEP 643); before, setuptools wrote
    `requires.txt` beside it, whose unconditional lines are taken.
    """
    try:
        with open(os.path.join(folder, "PKG-INFO"), "rb") as file:
            content = file.read()
    except OSError:
        return None
    if b"\nRequires-Dist:" not in content:
        head, separator, rest = content.partition(b"\n\n")
        lines = [b"Requires-Dist: " + line for line in _listed_requirements(folder)]
        content = b"\n".join([head.rstrip(), *lines]) + separator + rest
    headers = {}
    for line in content.decode("utf-8", "replace").split("\n\n")[0].splitlines():
        key, _, value = line.partition(": ")
        headers.setdefault(key, value.strip())
    # Older releases of pip take name and version from the folder's name.
    stem = headers.get("Name", "").replace("-", "_") + "-" + headers.get("Version", "")
    if not re.fullmatch(r"[\w.+!-]+", stem):
        return None
    made = os.path.join(folder, stem + ".dist-info")
    os.makedirs(made, exist_ok=True)
    with open(os.path.join(made, "METADATA"), "wb") as file:
        file.write(content)
    return made


def _listed_requirements(folder):
    found = []
    for name in sorted(os.listdir(folder)):
        try:
            with open(os.path.join(folder, name, "requires.txt"), "rb") as file:
                text = file.read()
        except OSError:
            continue
        if name.endswith(".egg-info"):
            found += [
                line.strip() for line in text.split(b"\n[")[0].splitlines() if line.strip()[:1] not in (b"", b"[")
            ]
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
