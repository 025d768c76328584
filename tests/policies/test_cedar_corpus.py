"""The public Cedar corpus decides the same through our wrapper; opt-in, since it is fetched.

`MYDATA_CEDAR_CORPUS` names a checkout of cedar-policy/cedar-integration-tests whose
corpus-tests.tar.gz is unpacked beside it.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from mydata_hub.errors import BadInput
from mydata_hub.release.cedar import UNDECIDED, Decided, Engine

CORPUS = os.environ.get("MYDATA_CEDAR_CORPUS")
# What the gate adds to Cedar's own decision: an error is a refusal.
AS_WRITTEN = {"allow": True, "deny": False}


def test_a_clean_decision_alone_lets_anything_through():
    assert Decided(True, ("P01",)).failing == ()
    assert Decided(True, ("P01",), errors=1).failing == (UNDECIDED,)
    assert Decided(False, ("P02", "P03")).failing == ("P02", "P03")
    assert Decided(False, ()).failing == (UNDECIDED,)


def cases(root):
    for folder in ("corpus-tests", "tests"):
        for path in sorted((root / folder).rglob("*.json")):
            if not path.name.endswith(".entities.json"):
                yield json.loads(path.read_text("utf-8"))


def outcome(root, case):
    """How many requests of a case decide as it says, and how many do not."""
    policies, schema, entities = (
        (root / case[name]).read_text("utf-8") for name in ("policies", "schema", "entities")
    )
    try:
        engine = Engine(policies, schema)
    except BadInput:
        # The gate would not start with them; Cedar decides by them all the same.
        engine = Engine(policies, None)
        if case["shouldValidate"]:
            return Counter(wrong=len(case["requests"]))
    requests = [
        {name: request[name] for name in ("principal", "action", "resource", "context")}
        for request in case["requests"]
    ]
    counted, loose = Counter(), Engine(policies, None)
    for request, asked, found in zip(
        case["requests"], requests, engine.decide(requests, entities), strict=True
    ):
        if _outside(found) and not request.get("validateRequest", True):
            # The gate refuses what does not keep to the schema; here the case says not to look.
            (found,) = loose.decide([asked], entities)
        said = (
            AS_WRITTEN[request["decision"]],
            tuple(sorted(request["reason"])),
            len(request["errors"]),
        )
        same = (found.allowed, found.reasons, found.errors) == said
        clean = (not found.failing) is (said[0] and not said[2])
        counted["same" if same and clean else "wrong"] += 1
    return counted


def _outside(found):
    return found.errors and not found.allowed and not found.reasons


if CORPUS:  # a test that is not asked for is not skipped either

    @pytest.mark.timeout(3000)
    def test_the_public_corpus_is_decided_as_it_says():
        counted = Counter()
        for case in cases(Path(CORPUS)):
            counted += outcome(Path(CORPUS), case)
            counted["cases"] += 1
        print(dict(counted))
        assert counted["wrong"] == 0
        assert counted["same"] > 60_000
