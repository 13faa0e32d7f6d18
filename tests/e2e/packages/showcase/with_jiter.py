"""Whole and unfinished documents of JSON, by the substitute for its compiled code."""

import jiter


def facts():
    try:
        jiter.from_json(b'{"a": 1,\n "b" 2}')
    except ValueError as error:
        refused = str(error)
    return {
        "whole": jiter.from_json(b'{"a": [1, 2.5, null, true, "\\u00df"]}'),
        "unfinished": jiter.from_json(b'{"a": [1, 2', partial_mode=True),
        "text": jiter.from_json(b'["complete", "unfin', partial_mode="trailing-strings"),
        "decimal": str(jiter.from_json(b"1.10", float_mode="decimal")),
        "lossless": bytes(jiter.from_json(b"1.10", float_mode="lossless-float")).decode(),
        "refused": refused,
    }
