"""The metaschemas of every draft, found in the package's own data."""

from jsonschema_specifications import REGISTRY


def facts():
    schema = REGISTRY.contents("https://json-schema.org/draft/2020-12/schema")
    resolved = REGISTRY.resolver("https://json-schema.org/draft/2020-12/schema").lookup("meta/core")
    return {
        "drafts": sorted(uri for uri in REGISTRY if uri.endswith("schema")),
        "vocabularies": sorted(schema["$vocabulary"]),
        "resolved": resolved.contents["$id"],
    }
