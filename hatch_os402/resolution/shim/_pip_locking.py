"""What a lock needs of pip, for the shim: the versions of an earlier lock, and all files of the releases it chooses.

The job has `prefer` (pairs of a canonical name and the version that is taken where it fits, although there is a newer
one) and `listing`: the file for a JSON object, name → the wheels of the chosen release, those of other platforms
included. Each is an object with `filename`, `url`, `origin` (the page or folder that listed it), `sha256`,
`requires_python`, `yanked`, and, where the index says it, `size` (bytes) and `uploaded` (its text); else null.

Beside the listing, with `.origins` in place of `.json`, is written who serves each name: name → page of an index → name
and SHA256 of each of its wheels that are of the chosen release.
"""

import json
import os

_stated = {}  # address → size and upload time, as the index states them


def install(job, internals):
    """Let pip prefer what the job prefers, and note every link that it looks at. `internals`: of `_pip_internals`."""
    if job.get("prefer"):
        _prefer(dict(job["prefer"]), internals)
    if job.get("listing"):
        job["pages"] = {}
        _note_links(job, job.setdefault("links", {}), internals)


def _prefer(versions, internals):
    evaluator, canonicalize_name = internals.evaluator, internals.names.canonicalize_name
    applicable = evaluator.get_applicable_candidates

    def preferred_last(self, candidates):
        found = applicable(self, candidates)  # sorted, the best one last
        wanted = versions.get(canonicalize_name(found[0].name)) if found else None
        return sorted(found, key=lambda one: str(one.version) == wanted) if wanted else found

    evaluator.get_applicable_candidates = preferred_last


def _note_links(job, links, internals):
    finder, canonicalize_name = internals.finder, internals.names.canonicalize_name
    make, from_json = finder.make_link_evaluator, internals.link.from_json.__func__

    def make_noting(self, project_name):
        made = make(self, project_name)
        evaluate = made.evaluate_link
        name = canonicalize_name(project_name)
        known = links.setdefault(name, {})

        def noting(link):
            job["pages"].setdefault(name, {}).setdefault(str(link.comes_from or ""), [])
            if link.is_wheel:
                known[link.url_without_fragment, link.comes_from] = link
            return evaluate(link)

        made.evaluate_link = noting
        return made

    def stated(cls, file_data, page_url, *arguments, **keywords):
        link = from_json(cls, file_data, page_url, *arguments, **keywords)
        if link is not None:
            _stated[link.url_without_fragment] = file_data.get("size"), file_data.get("upload-time")
        return link

    finder.make_link_evaluator = make_noting
    internals.link.from_json = classmethod(stated)


def write_listing(job, report, internals):
    """Write the job's listing, of the releases in `report`, pip's."""
    names, found = internals.names, {}
    for item in report["install"]:
        name = names.canonicalize_name(item["metadata"]["name"])
        version = internals.versions.Version(item["metadata"]["version"])
        for link in job["links"].get(name, {}).values():
            try:
                release = names.parse_wheel_filename(link.filename)[:2]
            except names.InvalidWheelFilename:
                continue
            if release == (name, version):
                found.setdefault(name, []).append(_described(link))
                page = job["pages"][name].setdefault(str(link.comes_from or ""), [])
                page.append([link.filename, link._hashes.get("sha256")])
    os.makedirs(os.path.dirname(job["listing"]), exist_ok=True)
    with open(job["listing"], "w", encoding="utf-8") as file:
        json.dump(found, file)
    chosen = {names.canonicalize_name(item["metadata"]["name"]) for item in report["install"]}
    with open(job["listing"].removesuffix(".json") + ".origins", "w", encoding="utf-8") as file:
        json.dump({name: pages for name, pages in job["pages"].items() if name in chosen}, file)


def _described(link):
    size, uploaded = _stated.get(link.url_without_fragment, (None, None))
    return {
        "filename": link.filename,
        "url": link.url_without_fragment,
        "origin": str(link.comes_from or ""),
        "sha256": link._hashes.get("sha256"),
        "requires_python": link.requires_python,
        "yanked": link.is_yanked,
        "size": size if isinstance(size, int) else None,
        "uploaded": uploaded if isinstance(uploaded, str) else None,
    }
