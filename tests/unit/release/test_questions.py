"""What may be asked of the gate at all."""

from __future__ import annotations

import pytest
from mydata_hub.errors import BadInput
from mydata_hub.release.question import MAX_ASKED, read_question

from tests.unit.release.world import MORNING, TIME


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ([], "k"),
        ({}, "k"),
        ({"claims": []}, "k"),
        ({"claims": MORNING}, "k"),
        ({"claims": [1]}, "k"),
        ({"claims": [""]}, "k"),
        ({"claims": ["x" * 161]}, "k"),
        ({"claims": [MORNING] * (MAX_ASKED + 1)}, "k"),
        ({"claims": [MORNING], "anew": 1}, "k"),
        ({"claims": [MORNING], "threshold": 3}, "k"),
        ({"claims": [MORNING]}, None),
        ({"claims": [MORNING]}, ""),
        ({"claims": [MORNING]}, "a b"),
        ({"claims": [MORNING]}, "ü"),
        ({"claims": [MORNING]}, "x" * 256),
    ],
)
def test_a_malformed_question_is_named_by_its_field(body, key):
    with pytest.raises(BadInput):
        read_question(body, key)


def test_a_well_formed_question_is_read_as_it_is():
    question = read_question({"claims": [MORNING, TIME], "anew": True}, "key-1")
    assert (question.claims, question.idempotency_key) == ((MORNING, TIME), "key-1")
    assert question.anew
    assert not read_question({"claims": [MORNING]}, "key-1").anew


def test_a_claim_named_twice_is_malformed(asked):
    with pytest.raises(BadInput):
        asked.ask(asked.grant, MORNING, "habits.cafe_morning")
