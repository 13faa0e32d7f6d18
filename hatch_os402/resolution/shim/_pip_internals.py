"""pip's private names, for the shim: the only module that knows where they are, and what they must look like.

pip has no public way to say what is the target, so the shim replaces functions of pip's. Each name stands here with the
parameters and attributes that are relied on. A pip in which one of them is another is not run. The test
`tests/resolution/test_pip_contract.py` compares this list with every release from the floor in pyproject.toml on.

As a program, `python -I _pip_internals.py FOLDER_OR_WHEEL`, it checks the pip in there and writes what it misses.
"""

import importlib
import os
import sys

FIRST = {
    # The others copy names out of these modules: they are loaded, and changed, before anything else of pip is.
    "markers": ("pip._vendor.packaging.markers", "", {"default_environment": ()}),
    "tags": ("pip._vendor.packaging.tags", "", {"Tag": ("interpreter", "abi", "platform")}),
    "compatibility_tags": ("pip._internal.utils.compatibility_tags", "", {"get_supported": None}),
}
"""Key → module, class in it (or none), and the names that are used with the parameters that they begin with.

Parameters are without `self` and `cls`; None stands for any."""

OTHERS = {
    "cli": ("pip._internal.cli.main", "", {"main": ("args",)}),
    "cmdoptions": ("pip._internal.cli.cmdoptions", "", {}),
    "parser": ("pip._internal.cli.parser", "ConfigOptionParser", {"_get_ordered_configuration_items": ()}),
    "configuration": ("pip._internal.configuration", "", {"get_configuration_files": ()}),
    "command": ("pip._internal.cli.req_command", "RequirementCommand", {"get_requirements": None}),
    "exceptions": ("pip._internal.exceptions", "", {"InstallationError": None}),
    "collector": ("pip._internal.index.collector", "", {"_get_simple_response": ("url",)}),
    "finder": (
        "pip._internal.index.package_finder",
        "PackageFinder",
        {
            "find_all_candidates": ("project_name",),
            "make_link_evaluator": ("project_name",),
            "find_links": None,
            "index_urls": None,
        },
    ),
    "link_evaluator": ("pip._internal.index.package_finder", "LinkEvaluator", {"evaluate_link": ("link",)}),
    "evaluator": (
        "pip._internal.index.package_finder",
        "CandidateEvaluator",
        {"get_applicable_candidates": ("candidates",)},
    ),
    "package_finder": ("pip._internal.index.package_finder", "", {"parse_links": ("page",)}),
    "link": (
        "pip._internal.models.link",
        "Link",
        {
            "from_json": ("file_data", "page_url"),
            "is_wheel": None,
            "is_yanked": None,
            "url_without_fragment": None,
            "filename": None,
        },
    ),
    "report": ("pip._internal.models.installation_report", "InstallationReport", {"to_dict": ()}),
    "sdist": (
        "pip._internal.distributions.sdist",
        "SourceDistribution",
        {"prepare_distribution_metadata": None},
    ),
    "requirement": ("pip._internal.req.req_install", "InstallRequirement", {"__init__": ("req", "comes_from")}),
    "requirement_set": ("pip._internal.req.req_set", "RequirementSet", {}),
    "constructors": ("pip._internal.req.constructors", "", {"install_req_from_req_string": ("req_string",)}),
    "resolver": ("pip._internal.resolution.resolvelib.resolver", "Resolver", {"resolve": ("root_reqs",)}),
    "requires_python": (
        "pip._internal.resolution.resolvelib.candidates",
        "RequiresPythonCandidate",
        {"__init__": ("py_version_info",)},
    ),
    "link_candidate": (
        "pip._internal.resolution.resolvelib.candidates",
        "LinkCandidate",
        {"__init__": ("link", "template")},
    ),
    "preparer": (
        "pip._internal.operations.prepare",
        "RequirementPreparer",
        {"prepare_linked_requirements_more": ("reqs",)},
    ),
    "names": (
        "pip._vendor.packaging.utils",
        "",
        {"canonicalize_name": ("name",), "parse_wheel_filename": ("filename",), "InvalidWheelFilename": None},
    ),
    "versions": ("pip._vendor.packaging.version", "", {"Version": ("version",)}),
    "marker": ("pip._vendor.packaging.markers", "Marker", {"evaluate": ("environment",)}),
    "requirements": ("pip._vendor.packaging.requirements", "", {"Requirement": ("requirement_string",)}),
    "vcs": ("pip._internal.vcs", "vcs", {"unregister": ("name",), "all_schemes": None}),
    "connections": (
        "pip._vendor.urllib3.connectionpool",
        "HTTPConnectionPool",
        {"_make_request": ("conn", "method", "url")},
    ),
    "response": ("pip._vendor.urllib3.response", "HTTPResponse", {"stream": None}),
}

ATTRIBUTES = {
    "link": ("_hashes", "comes_from", "requires_python"),
    "link_evaluator": ("_formats",),
    "requirement": ("link", "local_file_path", "needs_more_preparation", "req"),
    "requirement_set": ("requirements",),
    "resolver": ("factory",),
}
"""Key → what the class gives its instances when they are made."""


class Internals:
    """The modules and classes of `FIRST` and `OTHERS`, by their keys."""

    def __init__(self, table):
        for key, (module, within, used) in table.items():
            setattr(self, key, _found(module, within, used, ATTRIBUTES.get(key, ())))


def first():
    """Return what must be changed before the rest of pip is loaded. Raises `ImportError`."""
    return Internals(FIRST)


def others():
    """Return the rest. Raises `ImportError`."""
    return Internals(OTHERS)


def _found(module, within, used, attributes):
    try:
        owner = importlib.import_module(module)
        owner = getattr(owner, within) if within else owner
    except (ImportError, AttributeError) as error:
        raise ImportError(str(error)) from error
    where = within or module
    for name, parameters in used.items():
        value = getattr(owner, name, None)
        if value is None:
            raise ImportError(f"{where} has no {name}")
        if parameters is not None and (has := _parameters(value)) is not None and has[: len(parameters)] != parameters:
            raise ImportError(f"{where}.{name} takes {', '.join(has) or 'nothing'}, not {', '.join(parameters)}")
    made = getattr(getattr(owner, "__init__", None), "__code__", None)
    if missing := [name for name in attributes if made is not None and name not in made.co_names]:
        raise ImportError(f"{where} has no {', '.join(missing)}")
    return owner


def _parameters(value):
    """Return the names of the positional parameters of a function, or of a class, without self; None if unknown."""
    function = value.__init__ if isinstance(value, type) else getattr(value, "__func__", value)
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    named = code.co_varnames[: code.co_argcount]
    return named[1:] if named[:1] in (("self",), ("cls",)) else named


def main(place):
    """Check the pip in `place`; return the exit status."""
    sys.path.insert(0, os.path.abspath(place))
    try:
        first()
        others()
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    import pip

    sys.stdout.write(pip.__version__ + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
