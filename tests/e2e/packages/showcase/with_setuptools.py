"""pkg_resources: resources as bytes and as a path, distributions, requirements, entry points, the working set."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # that it is deprecated
    import pkg_resources


def facts():
    with open(pkg_resources.resource_filename("showcase", "data/text.txt"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    flask = pkg_resources.get_distribution("flask")
    names = {distribution.key for distribution in pkg_resources.working_set}
    try:
        pkg_resources.require("flask>99")
    except pkg_resources.VersionConflict as error:
        conflict = str(error.req)
    try:
        pkg_resources.require("no-such-distribution")
    except pkg_resources.DistributionNotFound as error:
        absent = str(error.req)
    (script,) = (point for point in pkg_resources.iter_entry_points("console_scripts", "showcase"))
    return {
        "bytes": pkg_resources.resource_string("showcase", "data/text.txt").decode(),
        "path": lines,
        "stream": pkg_resources.resource_stream("showcase", "static/style.css").readline().decode(),
        "exists": [pkg_resources.resource_exists("showcase", name) for name in ("data/text.txt", "data/none")],
        "folder": pkg_resources.resource_isdir("showcase", "templates"),
        "names": sorted(pkg_resources.resource_listdir("showcase", "templates")),
        "flask requires": {"werkzeug", "jinja2", "click"} <= {item.key for item in flask.requires()},
        "all of flask": "markupsafe" in {item.key for item in pkg_resources.require("flask")},
        "metadata": flask.has_metadata("METADATA") and flask.get_metadata("METADATA").startswith("Metadata-Version:"),
        "script": [script.name, script.module_name, script.load().__name__],
        "working set": {"showcase", "flask", "pyyaml", "charset-normalizer"} <= names,
        "conflict": conflict,
        "absent": absent,
    }
