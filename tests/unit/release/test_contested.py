"""While a person disputes a record, what it could better is `no_answer` at its usual price."""

from __future__ import annotations

from mydata_hub.insights.claim import NO_ANSWER

from tests.unit.insights.lives import contract
from tests.unit.insights.test_own_words import dispute, profile_of

CLAIM = "insurance.loss_free_3_years@1"
PURPOSE = {"purpose": "mobility_service", "items": (CLAIM, "insurance.car_cover@1")}


def test_a_contested_answer_leaves_the_gate_charged_and_shaped_like_any_other(asked):
    told = contract("car")
    said = dispute(profile_of(told), told)
    plain = asked.vault("vault-plain", [told])
    contested = asked.vault("vault-contested", [told, said])
    grant, _ = asked.consent(**PURPOSE)
    answers = {}
    for vault in (plain, contested):
        answered = asked.ask(grant, CLAIM, vault=vault)
        answers[vault] = asked.told(answered)[0][CLAIM], asked.bits(answered), len(answered.body)
    (symbol, bits, size), (other, other_bits, other_size) = answers.values()
    assert (symbol, other) == ("yes", NO_ANSWER)
    assert (bits, size) == (other_bits, other_size)


def test_a_question_that_a_dispute_could_not_better_is_answered_as_providers_told(asked):
    told = contract("car")
    said = dispute(profile_of(told), told)
    vault = asked.vault("vault-contested", [told, said])
    grant, _ = asked.consent(**PURPOSE)
    answered = asked.ask(grant, "insurance.car_cover@1", vault=vault)
    assert asked.told(answered)[0] == {"insurance.car_cover@1": "yes"}
