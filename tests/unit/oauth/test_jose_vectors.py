"""Project Wycheproof's vectors of JWS and JWK through the code that reads assertions and proofs;
its files are not in this tree."""

from __future__ import annotations

import base64
import json

import pytest
from mydata_hub.errors import NotProven
from mydata_hub.oauth import jose

from tests.unit.vault.test_wycheproof import cases


def accepted(keys, token):
    """Whether a key set and a JWS pass what every assertion, proof and token passes."""
    try:
        imported = jose.import_key_set(json.dumps(keys))
        jose._require_signed(jose._extract(token), imported)
    except NotProven:
        return False
    return True


@pytest.mark.parametrize("name", ["json_web_signature_test", "json_web_key_test"])
def test_no_invalid_vector_passes_and_every_valid_one_of_our_algorithms_does(name):
    passed = refused = foreign = 0
    for group, case in cases(name):
        public = group.get("public") or group["private"]
        keys = public if "keys" in public else {"keys": [public]}
        about = f"{case['tcId']}: {group['comment']}, {case['comment']}"
        if case["result"] == "invalid":
            assert not accepted(keys, case["jws"]), about
            refused += 1
        elif accepted(keys, case["jws"]):
            passed += 1
        else:
            assert header_of(case["jws"])["alg"] not in jose.ALGORITHMS, about
            foreign += 1
    print(f"{name}: {passed} passed, {refused} refused, {foreign} of algorithms not admitted")
    assert refused > 15


def header_of(token):
    head = token.partition(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
