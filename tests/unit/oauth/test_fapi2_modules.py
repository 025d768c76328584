"""Every module of the OpenID Foundation's FAPI 2.0 conformance suite is held by a test or excused.

A test says with the marker `fapi2` which modules' rule it holds. What is excused, and why, stands
here; the list of modules is not in this tree (`MYDATA_FAPI2_MODULES` names it), so without it only
the two halves are held to each other.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
DEFAULT = TESTS.parents[1] / "shared" / "fapi2-modules.txt"
PREFIX = "fapi2-security-profile-final-"

SIGNED = "FAPI 2.0 Message Signing: this server takes no request objects (request_not_supported)"
OPENID = "OpenID Connect: this server issues no ID token and has no claims parameter"
COUNTRY = "a profile of another country (Australia, Brazil, United Kingdom)"
EXCUSED = {
    "ensure-request-object-with-multiple-aud-succeeds": SIGNED,
    "ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted": SIGNED,
    "ensure-request-object-without-exp-fails": SIGNED,
    "ensure-request-object-without-nbf-fails": SIGNED,
    "ensure-expired-request-object-fails": SIGNED,
    "ensure-request-object-with-bad-aud-fails": SIGNED,
    "ensure-request-object-with-exp-over-60-fails": SIGNED,
    "ensure-request-object-with-nbf-over-60-fails": SIGNED,
    "ensure-signed-request-object-with-RS256-fails": SIGNED,
    "ensure-request-object-signature-algorithm-is-not-none": SIGNED,
    "ensure-request-object-with-invalid-signature-fails": SIGNED,
    "ensure-matching-key-in-authorization-request": SIGNED,
    "ensure-unsigned-request-at-par-endpoint-fails": SIGNED,
    "par-authorization-request-containing-request_uri": SIGNED,
    "test-claims-parameter-identity-claims": OPENID,
    "ensure-server-handles-non-matching-intent-id": COUNTRY,
    "test-essential-acr-sca-claim": COUNTRY,
    "brazil-ensure-bad-payment-signature-fails": COUNTRY,
    "australia-connectid-ensure-invalid-purpose-fails": COUNTRY,
    "australia-connectid-test-claims-parameter-idtoken-identity-claims": COUNTRY,
    "australia-connectid-ensure-request-object-with-exp-over-10-fails": COUNTRY,
    "australia-connectid-ensure-request-object-with-nbf-over-15-fails": COUNTRY,
}


def test_every_module_is_held_by_a_test_or_excused_and_none_is_both():
    covered, excused = set(marked()), {PREFIX + name for name in EXCUSED}
    assert not covered & excused
    assert listed() == covered | excused


def test_the_marks_name_modules_as_the_suite_does():
    covered = set(marked())
    assert len(covered) > 50
    assert all(name.startswith(PREFIX) for name in covered)


def listed() -> set[str]:
    path = Path(os.environ.get("MYDATA_FAPI2_MODULES", DEFAULT))
    if not path.is_file():
        pytest.skip("the list of FAPI 2.0 conformance modules is not on this machine")
    return {line.split()[1] for line in path.read_text().splitlines() if line.strip()}


def marked() -> Iterator[str]:
    """The names in every mark; a mark on something that is no test counts for nothing."""
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text()
        if "mark.fapi2" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fapi2":
                        yield from (str(ast.literal_eval(argument)) for argument in mark.args)
