"""Answers: the floor they imply, and what only the person sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.collection.record import Provenance
from mydata_hub.errors import BadInput, FormatUnknown
from mydata_hub.insights.advance import (
    FOLDS,
    advance_profile,
    fold_afresh,
    fold_state,
    is_outdated,
    new_profile,
)
from mydata_hub.insights.answers import answer_claim, see_insights
from mydata_hub.insights.catalogue import ATTRIBUTES, CATALOGUE, find_claim
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.fold import BANK, CARD, EFIN, HOLDINGS
from mydata_hub.insights.profile import FoldState, Profile
from mydata_hub.insights.rhythm import RHYTHMS
from mydata_hub.insights.sources import SOURCES, complete_until

from tests.unit.insights.lives import (
    DAY,
    NOW,
    at,
    cafe_visits,
    contract,
    days_before,
    debit,
    record,
    trip,
    weekdays_before,
)

# The life of the design: coffee at 8, the subway with two transfers, bills on the 25th, a car.
LIFE = [
    *cafe_visits(weekdays_before(70), 8, 5),
    *[trip(f"trip-{day}", at(day, 7, 30)) for day in weekdays_before(70)],
    *[
        debit(f"{payee}-{day}", day, payee, 30_000)
        for payee in ("gas", "power", "water")
        for day in days_before(150)
        if day.day == 25
    ],
    contract("car"),
]
FRESH = {"connection-1": NOW}


def profile_of(records=LIFE, freshness=FRESH):
    return advance_profile(new_profile("vault-1"), records, freshness, 1)


def cells_of(profile):
    """What the person sees, by attribute."""
    return {seen.attribute.id: seen.finding.cell for seen in see_insights(profile, NOW)}


def ask(name, profile=None, now=NOW):
    return answer_claim(profile or profile_of(), find_claim(name), now)


FOUND = {
    "payments.recurring_count": "3_to_5",
    "payments.pays_rent": "no",
    "payments.repays_loan": "no",
    "payments.pays_premium": "no",
    "payments.pays_telecom": "no",
    "habits.cafe_time": "7_to_9",
    "habits.cafe_morning": "yes",
    "spending.eating_out": "50_or_more",
    "spending.groceries": "under_10",
    "commute.mode": "subway",
    "commute.by_subway": "yes",
    "commute.transfers": "2_or_more",
    "commute.window": "7_to_8",
    "commute.days": "3_or_more",
    "mobility.trips": "3_to_7",
    "insurance.car_cover": "yes",
    "insurance.loss_free_years": "3_to_5",
    "insurance.loss_free_3_years": "yes",
    "insurance.renewal": "61_to_180",
    "insurance.lapsed_cover": "no",
    "insurance.overlapping_cover": "no",
}
FOUND |= {f"spending.rhythm_{category}": "not_at_all" for category in RHYTHMS}
FOUND |= {"spending.rhythm_cafe": "weekly"}
# What this life has no records of, or not for long enough.
SILENT = {entry.claim.id for entry in CATALOGUE.values()} - FOUND.keys()


def test_what_the_records_of_a_life_tell_is_answered_and_of_the_rest_nothing_is():
    found = {entry.claim.id: answer_claim(profile_of(), entry, NOW) for entry in CATALOGUE.values()}
    assert found == FOUND | dict.fromkeys(SILENT, NO_ANSWER)


def test_every_answer_is_in_its_alphabet_even_for_an_empty_profile():
    for entry in CATALOGUE.values():
        assert answer_claim(new_profile("vault-1"), entry, NOW) == NO_ANSWER
    for seen in see_insights(new_profile("vault-1"), NOW):
        assert seen.finding.cell is None
        assert seen.complete_until is None
        assert "Nothing is connected" in seen.finding.explanation.en


def test_an_answer_needs_sources_that_are_fresh():
    stale = {"connection-1": NOW}
    assert ask("habits.cafe_time", profile_of(freshness=stale), NOW + 7 * DAY) == "7_to_9"
    assert ask("habits.cafe_time", profile_of(freshness=stale), NOW + 7.01 * DAY) == NO_ANSWER
    assert ask("insurance.car_cover", profile_of(freshness=stale), NOW + 34 * DAY) == "yes"
    assert ask("habits.cafe_time", profile_of(freshness={})) == NO_ANSWER


def test_days_that_have_not_arrived_yet_are_not_days_without_the_habit():
    barely = cafe_visits(weekdays_before(70)[:10] + weekdays_before(56)[:24] + weekdays_before(7))
    profile = profile_of(barely)
    assert ask("habits.cafe_time", profile, NOW + 6 * DAY) == ask("habits.cafe_time", profile)


def test_an_answer_needs_sources_that_cover_its_window():
    short = cafe_visits(weekdays_before(55))
    assert ask("habits.cafe_time", profile_of(short)) == NO_ANSWER
    assert ask("habits.cafe_time", profile_of(short + cafe_visits(days_before(57)[:1]))) == "7_to_9"


def test_a_window_ends_where_the_data_does_so_no_day_before_it_is_counted_as_missed():
    begun = cafe_visits(weekdays_before(60))
    assert ask("habits.cafe_time", profile_of(begun, {"connection-1": NOW - 3 * DAY})) == "7_to_9"
    late = {"connection-1": NOW - 6 * DAY}
    assert ask("habits.cafe_time", profile_of(begun, late)) == NO_ANSWER


def test_a_fact_that_was_read_in_this_very_second_is_told():
    holding = record("h", NOW, dataset=HOLDINGS, amount_minor=None, body={"value_minor": 7})
    assert ask("payments.holds_investments", profile_of([holding])) == "yes"
    # Its collection began a minute earlier, and up to then it is complete.
    begun = {"connection-1": NOW - timedelta(minutes=1)}
    assert ask("payments.holds_investments", profile_of([holding], begun)) == "yes"


def test_a_habit_is_read_from_the_datasets_that_its_claim_names():
    at_bank = [replace(one, dataset=BANK) for one in cafe_visits(weekdays_before(70), 8, 5)]
    first = record("first", at(days_before(70)[0]))
    assert ask("habits.cafe_time", profile_of([*at_bank, first])) == "none"


def test_an_answer_needs_as_many_sources_as_its_floor_says():
    entry = find_claim("habits.cafe_time")
    two = replace(entry, claim=replace(entry.claim, floor=replace(entry.claim.floor, sources=2)))
    assert answer_claim(profile_of(), two, NOW) == NO_ANSWER
    other = [
        record("other", at(days_before(70)[0], 3), dataset=EFIN, connection="connection-2"),
    ]
    second = {**FRESH, "connection-2": NOW - DAY}
    assert answer_claim(profile_of(LIFE + other, second), two, NOW) == "7_to_9"
    # A connection that delivers something else is none of its sources.
    bank = [replace(one, dataset=BANK) for one in other]
    assert answer_claim(profile_of(LIFE + bank, second), two, NOW) == NO_ANSWER


def test_where_a_full_series_has_let_go_of_days_in_the_window_nothing_is_answered():
    def busy(a_day):
        shopping = [
            record(f"busy-{day}-{number}", at(day, 12, number))
            for day in days_before(70)
            for number in range(a_day)
        ]
        return profile_of([*LIFE, *shopping])

    assert ask("habits.cafe_time", busy(6)) == "7_to_9"
    # All the visits of some 50 days are there, of which most are weekdays with one.
    assert cells_of(busy(7))["habits.cafe_time"] == "7_to_9"
    assert ask("habits.cafe_time", busy(7)) == NO_ANSWER
    assert ask("commute.mode", busy(7)) == "subway"


def test_an_answer_holds_for_the_instant_up_to_which_all_its_sources_are_complete():
    both = [
        record("one", NOW - 80 * DAY, connection="connection-1"),
        record("two", NOW - 80 * DAY, connection="connection-2"),
    ]
    state = SOURCES.fold(SOURCES.empty(), both)
    freshness = {"connection-1": NOW - DAY, "connection-2": NOW - 3 * DAY}
    floor = find_claim("habits.cafe_time").claim.floor

    def until(**more):
        return complete_until(state, freshness, (CARD,), NOW, collected_only=True, **more)

    assert until(floor=floor) == NOW - 3 * DAY
    # The person sees whatever there is.
    assert until() == NOW - DAY


def test_a_partner_is_told_nothing_that_the_person_supplied_and_the_person_sees_it():
    supplied = [replace(told, provenance=Provenance.SELF_SUPPLIED) for told in LIFE]
    profile = profile_of(supplied)
    assert {answer_claim(profile, entry, NOW) for entry in CATALOGUE.values()} == {NO_ANSWER}
    assert cells_of(profile) == cells_of(profile_of())
    assert cells_of(profile)["commute.mode"] == "subway"
    # Nor does it add to what a provider has told.
    told = record("first", at(days_before(70)[0]))
    assert ask("habits.cafe_time", profile_of([*supplied, told])) == "none"


def test_the_person_sees_old_statements_as_of_the_day_they_end():
    then, later = see_insights(profile_of(), NOW), see_insights(profile_of(), NOW + 900 * DAY)
    assert [seen.finding for seen in then] == [seen.finding for seen in later]
    delivered = [seen for seen in later if seen.complete_until is not None]
    assert len(delivered) > 30
    for seen in delivered:
        assert seen.complete_until == NOW
        assert seen.finding.evidence or seen.finding.cell is None
    assert [seen.attribute for seen in then] == list(ATTRIBUTES.values())


def test_freshness_from_the_future_counts_as_now():
    profile = profile_of(freshness={"connection-1": NOW + DAY})
    assert see_insights(profile, NOW)[0].complete_until == NOW
    assert ask("habits.cafe_time", profile) == "7_to_9"


def test_a_source_of_an_unknown_connection_or_dataset_is_none():
    state = SOURCES.fold(SOURCES.empty(), [record("one", NOW, dataset="other.dataset")])
    assert state == SOURCES.empty()
    assert SOURCES.since(state, "connection-1", CARD, collected_only=False) is None
    assert SOURCES.let_go_until(state, CARD) is None


def test_a_profile_of_an_older_fold_answers_nothing_until_it_is_folded_afresh():
    profile = profile_of()
    old = replace(profile, folds={**profile.folds, "payments": FoldState(version=1, state={})})
    fold = replace(FOLDS["payments"], version=2)
    assert fold_state(old, fold) == fold.empty()
    missing = replace(profile, folds={"trips": profile.folds["trips"]})
    assert is_outdated(missing)
    assert not is_outdated(profile)
    assert ask("habits.cafe_time", missing) == NO_ANSWER
    with pytest.raises(BadInput, match="afresh"):
        advance_profile(missing, LIFE, FRESH, 2)
    again = fold_afresh(missing, LIFE, FRESH, 2)
    assert again.folds == profile.folds
    assert again.version == missing.version + 1


def test_a_profile_of_a_newer_fold_is_not_read():
    profile = profile_of()
    newer = replace(profile, folds={**profile.folds, "payments": FoldState(version=99, state={})})
    with pytest.raises(FormatUnknown, match="payments"):
        ask("habits.cafe_time", newer)


def test_a_profile_never_goes_back_to_an_older_manifest():
    profile = advance_profile(profile_of(), [], {}, 7)
    assert profile.freshness == FRESH
    with pytest.raises(BadInput, match="manifest"):
        advance_profile(profile, [], {}, 6)


def test_in_pieces_and_through_its_bytes_a_profile_comes_out_the_same():
    whole = profile_of()
    profile = new_profile("vault-1")
    for version, start in enumerate(range(0, len(LIFE), 17), start=1):
        profile = advance_profile(profile, LIFE[start : start + 17], FRESH, version)
        profile = Profile.decode(profile.encode())
    assert profile.folds == whole.folds


def test_a_profile_full_of_the_longest_names_stays_below_64_kb():
    begin = NOW - timedelta(days=40)
    told = [
        record(
            f"{dataset}-{number}",
            begin + timedelta(days=number % 3, minutes=number),
            dataset=dataset,
            counterparty=f"{dataset}{number // 3}" + "가" * 200,
            amount_minor=-(2**53 - 1),
        )
        for dataset in FOLDS["payments"].inputs
        for number in range(399)
    ]
    told += [trip(f"trip-{n}", begin + timedelta(hours=n)) for n in range(400)]
    told += [contract(f"contract-{n}") for n in range(60)]
    profile = profile_of(told)
    assert len(profile.folds["payments"].state["names"]) > 150
    assert 20_000 < len(profile.encode()) < 64 * 1024
