"""What a refusal says to do: only what is true of the project that it refuses."""

from __future__ import annotations

import pytest

from hatch_os402.compatibility.advice import NOTHING_KNOWN, beside_fixes, known_advice
from hatch_os402.compatibility.findings import DistributionReport, Finding, Remedy

CRYPTO = 'Use hashlib, hmac, secrets and ssl of the standard library, or "rsa" and "ecdsa", which are pure Python.'
PYTHON = "replaces its compiled code by Python."


def report(*chain: str, version: str = "1.0") -> DistributionReport:
    return DistributionReport(chain[-1], version, "", "native", (("app", *chain),))


def beside(item: DistributionReport, kind: str, *lines: str) -> str:
    remedies = (Remedy(kind, lines),)
    finding = Finding("error", "native-code", item.name, "", advice=known_advice(item), remedies=remedies)
    return beside_fixes(finding, item)


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (("cryptography",), CRYPTO),
        (("azure-identity", "cryptography"), CRYPTO),
        (
            ("google-auth", "cryptography"),
            f'Require "google-auth<2.48", which does not need it. Or use{CRYPTO.removeprefix("Use")}',
        ),
        (
            ("gcsfs", "google-auth", "cryptography"),
            (
                '"google-auth<2.48" does not need it, but here gcsfs requires google-auth: it takes a release of gcsfs '
                "that allows that, or another distribution than gcsfs."
            ),
        ),
        (("rpds-py",), f'`substitutes = ["rpds-py"]` {PYTHON}'),
        (("jsonschema-path", "referencing", "rpds-py"), f'`substitutes = ["rpds-py"]` {PYTHON}'),
        (
            ("jsonschema", "rpds-py"),
            f'Require "jsonschema<4.18", which does not need it. `substitutes = ["rpds-py"]` {PYTHON}',
        ),
        (("unheard-of",), ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_release_of_what_requires_it_is_named_where_that_requires_it(chain, expected):
    assert known_advice(report(*chain)) == expected


def test_a_substitute_is_named_for_the_releases_that_it_is_for():
    assert f'`substitutes = ["jiter"]` {PYTHON}' in known_advice(report("openai", "jiter", version="0.19.0"))
    assert "`substitutes" not in known_advice(report("openai", "jiter", version="0.99"))
    assert known_advice(report("rpds-py", version="2027.1")) == ""


def test_what_a_fix_says_is_not_said_again():
    item = report("jsonschema", "rpds-py")
    assert (
        beside(item, "substitute", 'substitutes = ["rpds-py"]')
        == 'Or require "jsonschema<4.18", which does not need it.'
    )
    assert beside(item, "parent", "jsonschema<4.18") == f'`substitutes = ["rpds-py"]` {PYTHON}'
    item = report("gcsfs", "google-auth", "cryptography")
    assert beside(item, "parent", "google-auth<2.48") == ""
    assert beside(item, "parent", "gcsfs<1") == ""
    assert beside(item, "parent", "other<1") == known_advice(item)
    assert beside(report("cryptography"), "replacement", "rsa") == (
        "Or use hashlib, hmac, secrets and ssl of the standard library."
    )


def test_what_is_not_of_the_known_stays():
    item = report("strange")
    finding = Finding(
        "error", "native-code", "strange", "", advice="Say so.", remedies=(Remedy("release", ("strange<1",)),)
    )
    assert beside_fixes(finding, item) == beside_fixes(finding, None) == "Say so."
    finding = Finding("error", "native-code", "strange", "", advice=NOTHING_KNOWN)
    assert beside_fixes(finding, item) == NOTHING_KNOWN
