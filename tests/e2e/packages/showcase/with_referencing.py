"""A registry of schemas, found by reference, by anchor and by retrieval."""

from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012


def facts():
    tree = {
        "$id": "https://example.com/tree",
        "$defs": {"leaf": {"$anchor": "leaf", "type": "string"}},
        "$ref": "#leaf",
    }
    retrieved = []

    def retrieve(uri):
        retrieved.append(uri)
        return Resource.from_contents({"type": "integer"}, default_specification=DRAFT202012)

    registry = Registry(retrieve=retrieve).with_resource(
        "https://example.com/tree",
        Resource.from_contents(tree | {"$schema": "https://json-schema.org/draft/2020-12/schema"}),
    )
    resolver = registry.crawl().resolver("https://example.com/tree")
    try:
        resolver.lookup("#nosuch")
    except Unresolvable as error:
        refused = type(error).__name__
    return {
        "anchor": resolver.lookup("#leaf").contents["type"],
        "pointer": resolver.lookup("#/$defs/leaf/type").contents,
        "retrieved": [resolver.lookup("https://example.com/other").contents, retrieved],
        "refused": refused,
    }
