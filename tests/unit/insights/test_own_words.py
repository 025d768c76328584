"""What a person says of their own records holds at reading, and leaves every fold as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.collection.record import Record, RecordState
from mydata_hub.insights.advance import FOLDS, advance_profile, new_profile
from mydata_hub.insights.answers import answer_claim, see_insights
from mydata_hub.insights.catalogue import CATALOGUE, find_claim
from mydata_hub.insights.favourites import FAVOURITES, SPENDINGS
from mydata_hub.insights.fold import CARD, CONTRACTS
from mydata_hub.insights.offer_words import OFFER_WORDS
from mydata_hub.insights.own_words import (
    CORRECTIONS,
    DISPUTES,
    OWN_CATEGORIES,
    OWN_DISPUTES,
    list_corrections,
    list_disputes,
    own_view,
)
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.record_versions import SERIES, find_version
from mydata_hub.insights.reviews import APPEALS, DECISIONS
from mydata_hub.insights.series import mark_of
from mydata_hub.insights.sources import SOURCES

from tests.unit.insights import lives
from tests.unit.insights.lives import DAY, NOW


def profile_of(*records: Record, until=NOW) -> Profile:
    freshness = {record.connection_id: until for record in records}
    return advance_profile(new_profile("vault-1"), records, freshness, 1)


def further(profile: Profile, *records: Record) -> Profile:
    return advance_profile(profile, records, profile.freshness, profile.manifest_version + 1)


def dispute(profile: Profile, record: Record, name="d", at=NOW) -> Record:
    version = find_version(profile, record.dataset, mark_of(record.record_id))
    assert version is not None
    return lives.record(
        name,
        at,
        dataset=OWN_DISPUTES,
        amount_minor=None,
        counterparty=None,
        connection="own-1",
        body={**version.body(), "as_of": at.isoformat()},
    )


def correction(payee: str, category: str | None, at=NOW) -> Record:
    return lives.record(
        f"c-{mark_of(payee).hex()}",
        at,
        dataset=OWN_CATEGORIES,
        amount_minor=None,
        counterparty=None,
        connection="own-1",
        body={"payee": payee, "category": category, "as_of": at.isoformat()},
    )


def seen(profile: Profile, attribute: str):
    return next(one for one in see_insights(profile, NOW) if one.attribute.id == attribute).finding


def paid(profile: Profile) -> list:
    state = own_view(profile).folds[PAYMENTS.id].state
    return PAYMENTS.payments(state, collected_only=False)


def test_what_is_disputed_counts_no_more_in_the_persons_own_view():
    visits = lives.cafe_visits(lives.weekdays_before())
    profile = profile_of(*visits)
    assert seen(profile, "habits.cafe_time").cell is not None
    before = len(paid(profile))
    said = [dispute(profile, one, f"d-{number}") for number, one in enumerate(visits[:30])]
    after = further(profile, *said)
    assert len(paid(after)) == before - 30
    assert seen(after, "habits.cafe_time").cell is None


def test_the_folds_themselves_are_left_as_providers_told():
    visits = lives.cafe_visits(lives.weekdays_before())
    profile = profile_of(*visits)
    after = further(profile, dispute(profile, visits[0]))
    for fold in (*SERIES, SOURCES):
        assert after.folds[fold.id] == profile.folds[fold.id]


def test_partners_are_told_what_providers_told_where_a_dispute_could_better_nothing():
    visits = lives.cafe_visits(lives.weekdays_before(70))
    profile = profile_of(*visits)
    said = [dispute(profile, one, f"d-{number}") for number, one in enumerate(visits)]
    after = further(profile, *said)
    entry = find_claim("habits.cafe_morning")
    assert not entry.disputable
    assert answer_claim(after, entry, NOW) == answer_claim(profile, entry, NOW) == "yes"


OF_CONTRACTS = [
    ref
    for ref, entry in CATALOGUE.items()
    if entry.disputable and entry.claim.inputs == (CONTRACTS,)
]


@pytest.mark.parametrize("claim", OF_CONTRACTS)
def test_a_claim_that_a_dispute_could_better_has_no_answer_while_one_is_open(claim):
    contract = lives.contract("c")
    profile = profile_of(contract, until=NOW - DAY)
    entry = CATALOGUE[claim]
    assert answer_claim(profile, entry, NOW) != "no_answer"
    said = dispute(profile, contract)
    disputed = further(profile, said)
    assert answer_claim(disputed, entry, NOW) == "no_answer"
    taken_back = further(disputed, said.cancel())
    assert answer_claim(taken_back, entry, NOW) == answer_claim(profile, entry, NOW)


def test_a_dispute_of_other_records_leaves_such_a_claim_alone():
    visit = lives.cafe_visits(lives.weekdays_before())[0]
    profile = profile_of(lives.contract("c"), visit, until=NOW - DAY)
    disputed = further(profile, dispute(profile, visit))
    entry = find_claim("insurance.loss_free_years")
    assert answer_claim(disputed, entry, NOW) == answer_claim(profile, entry, NOW) != "no_answer"


def later(record: Record, **changes) -> Record:
    """The provider's next version of it."""
    body = {**record.body, "as_of": (NOW + timedelta(hours=1)).isoformat()}
    return replace(record, body={**body, **changes.pop("body", {})}, **changes)


@pytest.mark.parametrize(
    ("next_version", "is_open"),
    [
        (lambda one: later(one), True),  # the same once more, at a later look
        (lambda one: later(one, body={"no_claim_years": 9}), False),
        (lambda one: later(one, state=RecordState.CORRECTED), False),
        (lambda one: later(one, state=RecordState.CANCELLED), False),
        (lambda one: replace(one, body={**one.body, "no_claim_years": 9}), True),  # no later one
    ],
)
def test_a_dispute_ends_when_the_provider_tells_another_version(next_version, is_open):
    contract = lives.contract("c", as_of=(NOW - DAY).isoformat())
    profile = profile_of(contract)
    disputed = further(profile, dispute(profile, contract))
    told = further(disputed, next_version(contract))
    assert [one.open for one in list_disputes(told)] == [is_open]
    # And the other way round: what was said may be folded after what the provider told.
    behind = further(further(profile, next_version(contract)), dispute(profile, contract))
    assert [one.open for one in list_disputes(behind)] == [is_open]


def test_a_dispute_outlives_the_place_of_its_record():
    visit = lives.cafe_visits([lives.days_before(50)[0]])[0]
    profile = profile_of(visit)
    disputed = further(profile, dispute(profile, visit))
    many = [
        lives.record(f"n-{number}", NOW - DAY - number * timedelta(minutes=1))
        for number in range(PAYMENTS.capacities[CARD] + 1)
    ]
    full = further(disputed, *many)
    assert find_version(full, CARD, mark_of(visit.record_id)) is None
    assert [one.open for one in list_disputes(full)] == [True]


def test_a_payees_category_is_corrected_for_payments_before_and_after():
    old = lives.record("a", NOW - 30 * DAY, counterparty="하루 상회")
    profile = further(profile_of(old), correction("하루  상회", "cafe"))
    new = lives.record("b", NOW - DAY, counterparty="하루 상회", amount_minor=-9000)
    elsewhere = lives.record("c", NOW - DAY, counterparty="다른 집")
    after = further(profile, new, elsewhere)
    assert sorted(str(one.category) for one in paid(after)) == ["None", "cafe", "cafe"]
    state = after.folds[PAYMENTS.id].state
    told = PAYMENTS.payments(state, collected_only=True)
    assert {one.category for one in told} == {None}


def test_a_correction_finds_the_payee_through_all_accounts():
    visits = [
        lives.debit(f"d-{account}", lives.days_before(9)[0], "월세", body={"account": account})
        for account in ("one", "two")
    ]
    profile = further(profile_of(*visits), correction("월세", "rent"))
    assert [one.category for one in paid(profile)] == ["rent", "rent"]


def test_the_latest_correction_holds_and_can_be_given_up():
    visit = lives.record("a", NOW - DAY, counterparty="Haru", category="bakery")
    profile = profile_of(visit)
    words = [
        correction("Haru", "cafe", NOW),
        correction("Haru", "unknown", NOW + timedelta(minutes=1)),
        correction("Haru", None, NOW + timedelta(minutes=2)),
    ]
    held = []
    for count in range(1, 4):
        after = further(profile, *reversed(words[:count]))
        held.append((paid(after)[0].category, len(list_corrections(after))))
    assert held == [("cafe", 1), (None, 1), ("bakery", 0)]


@given(st.permutations(range(4)), st.lists(st.integers(0, 3), max_size=4))
def test_words_hold_in_every_order_and_however_often_they_come(order, again):
    visits = lives.cafe_visits(lives.weekdays_before()[:2])
    profile = profile_of(*visits)
    first, second = (dispute(profile, one, f"d-{n}") for n, one in enumerate(visits))
    words = [first, second, first.cancel(), correction("Cafe Haru", "bakery")]
    clean = further(profile, *words)
    mixed = profile
    for place in [*order, *again]:
        mixed = further(mixed, words[place])
    assert mixed.folds == clean.folds
    assert [(one.category) for one in paid(mixed)] == ["bakery"]


@pytest.mark.parametrize(
    "body",
    [
        {"mark": "zz"},
        {"mark": "00"},
        {"facts": "1"},
        {"facts": "999:00000000"},
        {"dataset": "own.disputes"},
        {"told_at": "yesterday"},
        {"told_at": "1900-01-01T00:00:00+00:00"},
        {"state": "cancelled"},
    ],
)
def test_a_dispute_that_names_nothing_says_nothing(body):
    visit = lives.cafe_visits(lives.weekdays_before())[0]
    profile = profile_of(visit)
    said = dispute(profile, visit)
    after = further(profile, replace(said, body={**said.body, **body}))
    assert list_disputes(after) == []
    assert len(paid(after)) == 1


def test_no_fold_is_forgotten_where_a_dispute_leaves_records_out():
    said = (DISPUTES, CORRECTIONS, APPEALS, DECISIONS, OFFER_WORDS, FAVOURITES, SPENDINGS)
    kept = (SOURCES, *said, *SERIES)
    assert sorted(FOLDS) == sorted(fold.id for fold in kept)
