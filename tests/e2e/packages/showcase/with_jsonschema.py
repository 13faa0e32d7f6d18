"""Every metaschema checks a schema; what is wrong with a document, and where; formats; references."""

import json

from jsonschema import Draft202012Validator, FormatChecker, RefResolver, SchemaError, validators
from jsonschema.exceptions import best_match

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "when": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "uniqueItems": True},
    },
    "$defs": {"tag": {"enum": ["a", "b"]}},
}


def facts():
    Draft202012Validator.check_schema(SCHEMA)
    checker = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    document = {"name": "", "when": "2024-02-30", "tags": ["a", "c", "a"]}
    try:
        Draft202012Validator.check_schema({"type": "nothing"})
    except SchemaError as error:
        refused = list(error.absolute_path)
    drafts = {}
    for draft in (3, 4, 6, 7, 201909, 202012):
        validator = getattr(validators, f"Draft{draft}Validator")
        validator.check_schema(validator.META_SCHEMA)
        drafts[draft] = validator({"type": "integer"}).is_valid(1)
    remote = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
    return {
        "errors": sorted(f"{error.json_path}: {error.message}" for error in checker.iter_errors(document)),
        "best": best_match(checker.iter_errors({})).message,
        "refused": refused,
        "drafts": drafts,
        "a metaschema by its address": Draft202012Validator(remote).is_valid({"type": 5}),
        "resolved": json.dumps(RefResolver.from_schema(SCHEMA).resolve("#/$defs/tag")[1]),
    }
