"""What a reviewer decided holds at reading, for partners as for the person, and no fold changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.collection.record import Provenance, Record, RecordState
from mydata_hub.insights.advance import FOLDS
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.insurance import CONTRACTS_FOLD
from mydata_hub.insights.own_words import list_disputes, own_view
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.record_versions import find_version
from mydata_hub.insights.reviews import (
    APPEALS,
    DECISIONS,
    HUB_DECISIONS,
    OWN_APPEALS,
    Outcome,
    list_decisions,
    open_reasons,
    reason_mark,
    reviewed_view,
    set_aside,
)
from mydata_hub.insights.series import mark_of

from tests.unit.insights import lives
from tests.unit.insights.lives import DAY, NOW
from tests.unit.insights.test_own_words import dispute, further, later, profile_of

LOSS_FREE = find_claim("insurance.loss_free_years")
MINUTE = timedelta(minutes=1)


def appeal(name="a-1", reason="late_bills", at=NOW) -> Record:
    return said(name, OWN_APPEALS, at, Provenance.SELF_SUPPLIED, appeal=name, reason=reason)


def decision(
    outcome: Outcome,
    profile: Profile | None = None,
    about: Record | None = None,
    at=NOW + MINUTE,
    provenance=Provenance.REVIEWED,
    **more,
) -> Record:
    body = {"appeal": "a-1", "reason": "late_bills", "outcome": outcome.value, **more}
    body |= dict.fromkeys(("dataset", "mark", "state", "told_at", "facts"))
    if about is not None:
        version = find_version(profile, about.dataset, mark_of(about.record_id))
        body |= version.body()
    name = f"{body['appeal']}-{at.timestamp()}-{body['mark']}"
    return said(name, HUB_DECISIONS, at, provenance, **body)


def said(name, of, at, provenance, **body) -> Record:
    return lives.record(
        name,
        at,
        dataset=of,
        amount_minor=None,
        counterparty=None,
        connection="own-1",
        provenance=provenance,
        body={**body, "as_of": at.isoformat()},
    )


@pytest.fixture
def contested():
    """A contract, its profile, and the profile in which the person disputes it."""
    contract = lives.contract("c", as_of=(NOW - DAY).isoformat())
    profile = profile_of(contract, until=NOW - DAY)
    return contract, profile, further(profile, dispute(profile, contract))


def counted(profile: Profile) -> int:
    return len(
        list(CONTRACTS_FOLD.rows(profile.folds[CONTRACTS_FOLD.id].state, collected_only=True))
    )


def test_what_is_upheld_counts_no_more_for_partners_or_the_person(contested):
    contract, profile, disputed = contested
    assert answer_claim(disputed, LOSS_FREE, NOW) == "no_answer"
    after = further(disputed, decision(Outcome.UPHELD, profile, contract))
    (dispute_now,) = list_disputes(after)
    assert (dispute_now.open, dispute_now.outcome, dispute_now.left_out) == (
        False,
        Outcome.UPHELD,
        True,
    )
    assert (counted(after), counted(reviewed_view(after)), counted(own_view(after))) == (1, 0, 0)
    # Nothing contests the claim any more; without the contract it says what it would without it.
    assert answer_claim(after, LOSS_FREE, NOW) != answer_claim(profile, LOSS_FREE, NOW)


def test_what_is_rejected_counts_again_for_both(contested):
    contract, profile, disputed = contested
    after = further(disputed, decision(Outcome.REJECTED, profile, contract))
    (dispute_now,) = list_disputes(after)
    assert (dispute_now.open, dispute_now.left_out) == (False, False)
    assert (counted(reviewed_view(after)), counted(own_view(after))) == (1, 1)
    assert answer_claim(after, LOSS_FREE, NOW) == answer_claim(profile, LOSS_FREE, NOW)


def test_whoever_contests_once_more_after_a_decision_asks_for_another(contested):
    contract, profile, disputed = contested
    rejected = further(disputed, decision(Outcome.REJECTED, profile, contract))
    again = further(rejected, dispute(profile, contract, "d-2", at=NOW + 2 * MINUTE))
    assert [one.open for one in list_disputes(again)] == [True, False]
    assert answer_claim(again, LOSS_FREE, NOW) == "no_answer"
    upheld = decision(Outcome.UPHELD, profile, contract, at=NOW + 3 * MINUTE)
    assert counted(reviewed_view(further(again, upheld))) == 0


def test_a_decision_ends_with_the_version_that_it_is_of(contested):
    contract, profile, disputed = contested
    after = further(disputed, decision(Outcome.UPHELD, profile, contract))
    told = further(after, later(contract, state=RecordState.CORRECTED))
    assert counted(reviewed_view(told)) == 1
    assert [one.left_out for one in list_disputes(told)] == [False]


@pytest.mark.parametrize("provenance", [Provenance.SELF_SUPPLIED, Provenance.COLLECTED])
def test_nobody_but_a_reviewer_decides(contested, provenance):
    contract, profile, disputed = contested
    forged = decision(Outcome.UPHELD, profile, contract, provenance=provenance)
    assert list_decisions(further(disputed, forged)) == []


def test_an_appeal_is_open_until_it_is_decided_or_taken_back():
    profile = profile_of(lives.contract("c"))
    opened = further(profile, appeal())
    assert open_reasons(opened) == {reason_mark("late_bills")}
    assert open_reasons(further(opened, appeal().cancel())) == set()
    for outcome in Outcome:
        assert open_reasons(further(opened, decision(outcome))) == set()
    assert open_reasons(further(opened, decision(Outcome.UPHELD, appeal="a-2"))) != set()


def test_an_appealable_claim_has_no_answer_while_an_appeal_is_open(contested):
    _, profile, _ = contested
    entry = replace(LOSS_FREE, appealable=True)
    opened = further(profile, appeal())
    assert answer_claim(opened, entry, NOW) == "no_answer"
    assert answer_claim(opened, LOSS_FREE, NOW) == answer_claim(profile, LOSS_FREE, NOW)
    decided = further(opened, decision(Outcome.REJECTED))
    assert answer_claim(decided, entry, NOW) == answer_claim(profile, entry, NOW)


def test_a_reason_is_set_aside_by_the_latest_decision_without_a_record(contested):
    contract, profile, disputed = contested
    late = reason_mark("late_bills")
    assert set_aside(further(disputed, decision(Outcome.UPHELD, profile, contract))) == set()
    upheld = further(disputed, decision(Outcome.UPHELD))
    assert set_aside(upheld) == {late}
    rejected = decision(Outcome.REJECTED, appeal="a-2", at=NOW + 2 * MINUTE)
    assert set_aside(further(upheld, rejected)) == set()


@given(order=st.permutations(range(4)), again=st.integers(0, 3))
def test_appeals_and_decisions_hold_in_every_order_and_however_often_they_come(order, again):
    contract = lives.contract("c", as_of=(NOW - DAY).isoformat())
    profile = profile_of(contract)
    told = [
        appeal(),
        dispute(profile, contract),
        decision(Outcome.UPHELD, profile, contract),
        decision(Outcome.REJECTED),
    ]
    straight = further(profile, *told)
    shuffled = profile
    for place in (*order, again):
        shuffled = further(shuffled, told[place])
    for fold in (APPEALS, DECISIONS):
        assert shuffled.folds[fold.id] == straight.folds[fold.id]
    assert list_disputes(shuffled) == list_disputes(straight)


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "perhaps"},
        {"outcome": "upheld", "dataset": "own.disputes", "mark": "00" * 6},
        {"outcome": "upheld", "dataset": "card.bills", "mark": "zz"},
    ],
)
def test_a_decision_that_names_nothing_says_nothing(body):
    profile = profile_of(lives.contract("c"))
    full = {"appeal": "a-1", "reason": "late_bills", "state": "booked"}
    full |= {"told_at": NOW.isoformat(), "facts": "1:00000000", **body}
    told = said("x", HUB_DECISIONS, NOW, Provenance.REVIEWED, **full)
    assert list_decisions(further(profile, told)) == []


def test_every_fold_is_among_those_that_are_folded():
    assert {APPEALS.id, DECISIONS.id} <= set(FOLDS)
