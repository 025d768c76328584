"""The trust score inside the vault: its laws, what a partner may learn of it, and when nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.collection.record import Provenance
from mydata_hub.insights.advance import advance_profile, with_gap
from mydata_hub.insights.answers import answer_claim, see_insights
from mydata_hub.insights.catalogue import CATALOGUE, find_claim
from mydata_hub.insights.claim import NO_ANSWER, AnswerPeriod, Sensitivity
from mydata_hub.insights.fold import BANK, BILLS, CARD, EFIN
from mydata_hub.insights.reviews import Outcome
from mydata_hub.insights.trust import CELLS, keep_score, own_score, standing_of
from mydata_hub.insights.trust_features import read_features
from mydata_hub.insights.trust_history import read_steps
from mydata_hub.scorecard.evaluate import score
from mydata_hub.scorecard.shipped import shipped_card

from tests.unit.insights.lives import DAY, NOW, at, contract, days_before
from tests.unit.insights.test_own_words import dispute, further
from tests.unit.insights.test_perturbation import LIFE, paid, ride
from tests.unit.insights.test_reviews import appeal, decision
from tests.unit.insights.test_trust_features import bill, bills, monthly, profile_of

TRUST = [entry for entry in CATALOGUE.values() if entry.attribute.id == "trust.tier"]
TIER = find_claim("trust.tier")


def told(profile, now=NOW):
    return {entry.claim.id: answer_claim(profile, entry, now) for entry in TRUST}


def total(records):
    found = own_score(profile_of(records), NOW)
    assert found is not None
    assert found.scored.total is not None
    return found.scored.total


# ------------------------------------------------------------------ what a partner may learn


def test_the_claims_are_four_on_one_attribute_with_care():
    assert {entry.claim.id for entry in TRUST} == {
        "trust.tier",
        "trust.at_least_600",
        "trust.at_least_650",
        "trust.at_least_700",
    }
    for entry in TRUST:
        assert entry.attribute is TIER.attribute
        assert entry.claim.attributes == ("trust.tier",)
        assert entry.disputable
        assert entry.appealable
        assert entry.claim.sensitivity is Sensitivity.SENSITIVE
        assert entry.claim.answer_period is AnswerPeriod.QUARTER
        # A known year, so that erasing a bad time does not better what is told.
        assert entry.claim.floor.window >= timedelta(days=330)
    assert TIER.attribute.cells == ("under_600", "600", "650", "700")


@pytest.mark.parametrize("late", [0, 1, 2, 4, 8])
def test_a_partner_is_told_the_tier_of_what_providers_told(late):
    records = [*(one for one in LIFE if one.dataset != BILLS), *bills(13, late=late)]
    profile = profile_of(records)
    scored = score(shipped_card(), read_features(profile, NOW, collected_only=True))
    cell = CELLS[scored.tier or 0]
    assert told(profile) == {
        "trust.tier": cell,
        **{
            f"trust.at_least_{tier}": "yes" if scored.total >= tier else "no"
            for tier in (600, 650, 700)
        },
    }


def test_what_the_person_brought_is_for_the_person_alone():
    late = bills(13, late=6)
    mine = [
        replace(one, provenance=Provenance.SELF_SUPPLIED, connection_id="own")
        for one in (*monthly("집주인", "rent", 13), *monthly("전력", "utilities", 13, day=25))
    ]
    assert told(profile_of([*late, *mine])) == told(profile_of(late))
    assert total([*late, *mine]) > total(late)


def test_while_a_record_is_disputed_or_an_appeal_is_open_nothing_is_told():
    records = bills(13, late=4)
    profile = profile_of(records)
    assert NO_ANSWER not in told(profile).values()
    disputed = further(profile, *(dispute(profile, one, one.record_id) for one in records[-4:]))
    assert set(told(disputed).values()) == {NO_ANSWER}
    # The person sees what it would be without them.
    assert own_score(profile, NOW).values["late_bills"] == 4
    assert own_score(disputed, NOW).values["late_bills"] == 0
    appealed = further(profile, appeal(reason="late_bills"))
    assert set(told(appealed).values()) == {NO_ANSWER}


def test_a_reason_that_a_reviewer_set_aside_counts_as_not_known():
    profile = further(profile_of(bills(13, late=3)), appeal(reason="late_bills"))
    after = further(profile, decision(Outcome.UPHELD, reason="late_bills"))
    found = own_score(after, NOW)
    assert found.values["late_bills"] is None
    assert found.scored.points_of("late_bills") == shipped_card().feature("late_bills").missing
    assert NO_ANSWER not in told(after).values()


def test_below_the_floor_of_the_card_there_is_no_score_and_what_is_missing_is_named():
    profile = profile_of(
        [
            paid(f"e-{day}", at(day, 12), "가게", "unknown", 9_000, dataset=EFIN)
            for day in days_before(400)
            if day.weekday() == 0
        ]
    )
    found = own_score(profile, NOW)
    assert found.scored.total is None
    assert found.scored.needed
    assert set(told(profile).values()) == {NO_ANSWER}
    (seen,) = [one for one in see_insights(profile, NOW) if one.attribute.id == "trust.tier"]
    assert seen.finding.cell is None
    assert "Too little is known" in seen.finding.explanation.en


def test_somebody_with_a_card_alone_has_a_score_of_less_confidence():
    alone, whole = own_score(profile_of(bills(13)), NOW), own_score(profile_of(LIFE), NOW)
    assert alone.scored.total is not None
    assert alone.scored.confidence < whole.scored.confidence
    assert NO_ANSWER not in told(profile_of(bills(13))).values()


@pytest.mark.parametrize("months", [4, 9])
def test_a_partner_is_told_nothing_of_less_than_a_year(months):
    profile = profile_of(bills(months))
    assert own_score(profile, NOW).scored.total is not None
    assert set(told(profile).values()) == {NO_ANSWER}


def test_a_time_that_was_erased_does_not_better_what_is_told():
    profile = profile_of([*bills(13, late=6)])
    assert set(told(with_gap(profile, NOW - 100 * DAY)).values()) == {NO_ANSWER}


def test_on_the_persons_own_page_the_tier_is_told_and_not_the_number():
    profile = profile_of(LIFE)
    (seen,) = [one for one in see_insights(profile, NOW) if one.attribute.id == "trust.tier"]
    assert seen.finding.explanation.en == f"Your trust score is at least {seen.finding.cell}."
    assert set(seen.finding.evidence) == {"confidence"}


# ------------------------------------------------------------------ its course


def test_folding_keeps_the_score_and_names_what_changed_it():
    records = bills(13)
    before = keep_score(profile_of(records), NOW)
    late = bill((NOW - 40 * DAY).date(), (NOW - 20 * DAY).date(), name="one-more", limit=None)
    later = NOW + DAY
    after = advance_profile(before, [late], dict.fromkeys(before.freshness, later), 2)
    after = keep_score(after, later)
    first, last = read_steps(after)
    assert first.causes == ()
    causes = {one.feature: (one.before, one.after) for one in last.causes}
    assert "late_bills" in causes
    assert last.score - first.score == sum(new - old for old, new in causes.values())
    assert last.score == own_score(after, later).scored.total


def test_a_card_older_than_one_that_was_used_is_refused():
    card = shipped_card()
    newer = replace(card, version=card.version + 1)
    profile = keep_score(profile_of(LIFE), NOW, newer)
    assert read_steps(profile)[-1].card_version == newer.version
    assert own_score(profile, NOW, card) is None
    assert own_score(profile, NOW, newer) is not None
    assert keep_score(profile, NOW + DAY, card) == profile
    assert set(told(profile).values()) == {NO_ANSWER}
    (seen,) = [one for one in see_insights(profile, NOW) if one.attribute.id == "trust.tier"]
    assert "older" in seen.finding.explanation.en


# ------------------------------------------------------------------ its laws


def some_life(seed):
    """A year and more of bills paid on time, late or not at all, with payments of any kind."""
    draw = random.Random(seed)
    made = []
    for day in days_before(400):
        if day.day == 14:
            made.append(some_bill(draw, day))
        if day.day == 21 and seed % 3:
            made.append(paid("pay", at(day, 7), "회사", "unknown", -3_300_000, dataset=BANK))
        if day.day == 5 and draw.random() < 0.9:
            made.append(paid("phone", at(day, 10), "통신사", "telecom", 55_000, dataset=CARD))
        for number in range(draw.randrange(3)):
            dataset, kind = (
                draw.choice((CARD, EFIN, BANK)),
                draw.choice(("cafe", "unknown", "rent")),
            )
            payee = f"가게 {draw.randrange(9)}"
            won = draw.randrange(1_000, 90_000)
            made.append(
                paid(f"any-{number}", at(day, 12, number), payee, kind, won, dataset=dataset)
            )
    return made


def some_bill(draw, due):
    limit = draw.choice((None, 500_000, 2_000_000))
    paid_on = draw.choice((due, due, due + 3 * DAY, due + draw.randrange(5, 60) * DAY, None))
    return bill(due, paid_on, won=draw.randrange(1, 900_000), limit=limit)


SEEDS = st.integers(0, 10**6)


@settings(max_examples=20)
@given(SEEDS, st.integers(5, 200))
def test_a_bill_paid_later_never_raises_the_score(seed, days):
    life = some_life(seed)
    before = total(life)
    draw = random.Random(seed)
    chosen = draw.choice([one for one in life if one.dataset == BILLS])
    due = chosen.occurred_at.date() + DAY
    body = {**chosen.body, "paid_on": draw.choice((None, (due + days * DAY).isoformat()))}
    paid_on = chosen.body["paid_on"]
    if paid_on is None or (body["paid_on"] is not None and body["paid_on"] < paid_on):
        body["paid_on"] = None
    assert (
        total([*(one for one in life if one is not chosen), replace(chosen, body=body)]) <= before
    )


@settings(max_examples=20)
@given(SEEDS, st.integers(110, 360))
def test_one_more_late_bill_never_raises_the_score(seed, ago):
    life = some_life(seed)
    due = (NOW - ago * DAY).date()
    late = bill(due, random.Random(seed).choice((None, due + 9 * DAY)), name="one-more")
    assert total([*life, late]) <= total(life)


@settings(max_examples=20)
@given(SEEDS)
def test_one_more_bill_paid_on_time_never_lowers_the_score(seed):
    """By card, so that the money is spent whether it is a bill or not."""
    life = [one for one in some_life(seed) if not one.record_id.startswith("phone")]
    phone = monthly("통신사", "telecom", 13, dataset=CARD)
    before = None
    for known in range(len(phone) + 1):
        now = total([*life, *phone[:known]])
        assert before is None or now >= before
        before = now


@settings(max_examples=20)
@given(SEEDS)
def test_reasons_add_up_to_the_score_and_causes_to_its_changes(seed):
    life = some_life(seed)
    profile = profile_of(life)
    scored = own_score(profile, NOW).scored
    assert scored.total == shipped_card().base_points + sum(one.points for one in scored.reasons)
    kept = keep_score(profile_of(life[: len(life) // 2]), NOW)
    kept = keep_score(replace(profile, folds={**kept.folds, **profile.folds}), NOW + DAY)
    scores = [one.score for one in read_steps(kept) if one.score is not None]
    changes = sum(one.after - one.before for step in read_steps(kept) for one in step.causes)
    assert scores[-1] - scores[0] == changes


@settings(max_examples=20)
@given(SEEDS)
def test_equal_people_who_differ_in_what_is_never_used_have_equal_scores(seed):
    """Ways, districts, contracts, kinds of shops and their names: nothing of it is looked at."""
    life, draw = some_life(seed), random.Random(seed)
    stations = ["망원", "합정", "강남", "잠실"]
    kinds = ("beauty", "culture", "travel", "unknown")
    other = [
        replace(one, category=draw.choice(kinds), counterparty=f"단체 {draw.randrange(99)}")
        if one.dataset in (CARD, EFIN) and one.category in ("cafe", "unknown")
        else one
        for one in life
    ]
    other += [ride(day, 8, 0, *draw.sample(stations, 2)) for day in days_before(200)]
    other += [contract("car", no_claim_years=draw.randrange(9))]
    values = own_score(profile_of(life), NOW).values
    assert own_score(profile_of(other), NOW).values == values
    assert total(other) == total(life)
    assert standing_of(own_score(profile_of(other), NOW).scored) == standing_of(
        own_score(profile_of(life), NOW).scored
    )
