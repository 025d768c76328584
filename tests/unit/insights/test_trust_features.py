"""The numbers behind the trust score: what each counts, when unknown, and what none ever sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from mydata_hub.collection.record import Provenance
from mydata_hub.insights.advance import advance_profile, new_profile, with_gap
from mydata_hub.insights.fold import BANK, BILLS, CARD, EFIN, HOLDINGS, TRIPS
from mydata_hub.insights.trust_features import FEATURES, INPUTS, RESTS_ON, read_features
from mydata_hub.scorecard.features import HUB_FEATURES

from tests.unit.insights.lives import DAY, NOW, at, contract, days_before, record
from tests.unit.insights.test_forbidden import NAMES
from tests.unit.insights.test_perturbation import LIFE, other, paid, ride

NOTHING = dict.fromkeys(FEATURES)


def profile_of(records, now=NOW, fresh=None):
    told = dict.fromkeys({one.connection_id for one in records}, fresh or now)
    return advance_profile(new_profile("vault-1"), records, told, 1)


def features(records, now=NOW, *, collected_only=True, fresh=None):
    return read_features(profile_of(records, now, fresh), now, collected_only=collected_only)


def bill(
    due: date, paid_on: date | None, won: int = 700_000, limit: int | None = 2_000_000, **told
):
    """A card's bill of a month."""
    body = {
        "month": f"{due:%Y-%m}",
        "due_on": due.isoformat(),
        "paid_on": paid_on and paid_on.isoformat(),
        "as_of": NOW.isoformat(),
        "limit_minor": limit,
    }
    name = f"bill-{due}-{told.pop('name', '')}"
    return record(
        name,
        at(due),
        dataset=BILLS,
        amount_minor=-won,
        counterparty=None,
        connection="connection-card",
        body=body,
        **told,
    )


def bills(months: int = 12, late: int = 0, **told):
    """A bill on the 14th of each month; the latest `late` ones were paid ten days late."""
    days = [day for day in days_before(months * 31) if day.day == 14]
    return [
        bill(day, day + (10 * DAY if at >= len(days) - late else 0 * DAY), **told)
        for at, day in enumerate(days)
    ]


def test_every_feature_is_one_that_the_card_may_read_and_there_is_no_other():
    assert FEATURES.keys() == HUB_FEATURES.keys()


def test_the_life_of_the_design_has_every_feature():
    assert features(LIFE) == {
        "late_bills": 0,
        "overdue_now": 0,
        "utilisation_percent": 35,
        # Rent, phone, power and gas, each month of the last twelve.
        "regular_bills_paid": 48,
        "payment_weeks": 26,
        "saving_percent": 75,
        "holds_investments": 1,
        "history_months": 13,
    }


def test_without_any_source_nothing_is_known():
    assert features([]) == NOTHING


def test_what_is_not_fresh_counts_as_not_known():
    assert features(LIFE, fresh=NOW - 36 * DAY) == NOTHING
    # Another source may be fresh.
    profile = profile_of(LIFE)
    stale = {one: NOW - 36 * DAY for one in profile.freshness if "bank" in one}
    found = read_features(
        replace(profile, freshness={**profile.freshness, **stale}), NOW, collected_only=True
    )
    assert found["saving_percent"] is None
    # What went out by card is still there: no bill of the design's life does.
    assert found["regular_bills_paid"] == 0
    assert found["late_bills"] == 0


@pytest.mark.parametrize("late", [0, 1, 3, 5])
def test_bills_paid_late_are_counted_for_a_year(late):
    found = features(bills(24, late=late))
    assert found["late_bills"] == late
    assert found["overdue_now"] == 0


def test_a_bill_of_more_than_a_year_ago_is_forgiven():
    told = bills(24)
    old = next(one for one in told if one.occurred_at < NOW - 366 * DAY)
    due = date.fromisoformat(old.body["due_on"])
    late = replace(old, body={**old.body, "paid_on": (due + 60 * DAY).isoformat()})
    assert features([late, *told[1:]])["late_bills"] == 0


@pytest.mark.parametrize(("days", "late"), [(0, 0), (4, 0), (5, 1), (40, 1)])
def test_a_weekend_is_not_late(days, late):
    told = bills(12)
    due = date.fromisoformat(told[3].body["due_on"])
    told[3] = replace(
        told[3], body={**told[3].body, "paid_on": (due + timedelta(days=days)).isoformat()}
    )
    assert features(told)["late_bills"] == late


@pytest.mark.parametrize(
    ("days", "months"), [(3, 0), (5, 1), (30, 1), (31, 2), (200, 7), (500, 17)]
)
def test_the_oldest_unpaid_bill_tells_how_many_months_are_overdue(days, months):
    today = date(2026, 3, 2)
    paid_ones = [one for one in bills(24) if one.occurred_at < NOW - 5 * DAY]
    found = features([*paid_ones, bill(today - days * DAY, None, name="open")])
    assert found["overdue_now"] == months
    assert found["late_bills"] == (1 if 4 < days <= 365 else 0)


def test_a_bill_that_asks_for_nothing_is_never_late():
    assert (
        features([*bills(12), bill(date(2025, 6, 14), None, won=0, name="zero")])["overdue_now"]
        == 0
    )


def test_where_a_bill_does_not_tell_when_it_was_due_late_bills_are_not_known():
    told = bills(12)
    told[3] = replace(told[3], body={**told[3].body, "due_on": None})
    assert features(told)["late_bills"] is None


def test_bills_of_a_few_weeks_tell_nothing_of_a_year():
    assert features(bills(2))["late_bills"] is None


def test_the_use_of_the_limit_is_that_of_the_last_three_bills():
    assert features(bills(12, won=500_000, limit=2_000_000))["utilisation_percent"] == 25


def monthly(payee, category, months, dataset=BANK, day=5, won=50_000):
    return [
        paid(f"{category}-{day}", at(on, 9), payee, category, won, dataset=dataset)
        for on in days_before(months * 31)
        if on.day == day
    ]


def test_regular_bills_are_counted_by_payee_and_month_and_others_are_not():
    told = [
        *monthly("집주인", "rent", 13),
        *monthly("전력", "utilities", 13, day=25),
        *monthly("구독", "subscription", 13, day=9),
        paid("once", at(date(2025, 12, 1)), "보험사", "insurance", 684_000, dataset=BANK),
    ]
    assert features(told)["regular_bills_paid"] == 24


def test_what_was_let_go_is_filled_up_and_what_never_was_is_not():
    """The bank's series holds 320 rows: a busy account is remembered for months only."""
    rent = monthly("집주인", "rent", 13)
    busy = [
        paid(f"shop-{number}", at(day, 10 + number), "가게", "groceries", 5_000, dataset=BANK)
        for day in days_before(390)
        for number in range(2)
    ]
    # 160 days hold five rents, which is eleven in a year.
    assert features([*rent, *busy])["regular_bills_paid"] == 11
    # Somebody who came four months ago has paid four.
    assert features(monthly("집주인", "rent", 4))["regular_bills_paid"] == 4


def test_a_memory_of_a_few_days_tells_of_no_habit():
    busy = [
        paid(
            f"shop-{number}",
            at(day, 8) + number * timedelta(minutes=30),
            "가게",
            "unknown",
            5_000,
            BANK,
        )
        for day in days_before(100)
        for number in range(10)
    ]
    assert features(busy)["regular_bills_paid"] is None


def test_weeks_with_an_e_payment_are_counted_once_each():
    told = [
        paid(f"efin-{number}", at(day, 12 + number), "가게", "unknown", 9_000, dataset=EFIN)
        for day in days_before(190)
        if day.weekday() == 2 and (NOW.date() - day).days > 70
        for number in range(3)
    ]
    assert features(told)["payment_weeks"] == 16


def test_self_supplied_records_are_for_the_person_alone():
    mine = [
        replace(one, provenance=Provenance.SELF_SUPPLIED, connection_id="own") for one in bills(12)
    ]
    assert features(mine) == NOTHING
    assert features(mine, collected_only=False)["late_bills"] == 0
    # Nor do they better what a provider told.
    late = bills(12, late=4)
    mine_too = monthly("집", "rent", 13)
    better = [replace(one, provenance=Provenance.SELF_SUPPLIED) for one in mine_too]
    assert features([*late, *better]) == features(late)


def test_an_erased_time_is_no_history():
    profile = with_gap(profile_of(LIFE), NOW - 100 * DAY)
    found = read_features(profile, NOW, collected_only=True)
    assert found["history_months"] == 3


def test_the_length_of_history_is_that_of_money_and_not_of_ways_or_contracts():
    old = [ride(date(2020, 1, 6), 8, 0, "망원", "시청"), contract("car")]
    assert features([*bills(12), *old])["history_months"] == features(bills(12))["history_months"]


# ------------------------------------------------------------------ what they never see


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_rests_on_the_records_that_it_names_and_on_no_others(feature):
    told = set(RESTS_ON[feature])
    only = [one for one in LIFE if one.dataset in told]
    without = [one for one in LIFE if one.dataset not in told]
    assert features(only)[feature] == features(LIFE)[feature]
    assert features(without)[feature] is None


def test_no_feature_reads_where_somebody_goes_or_what_they_are_insured_for():
    assert set(INPUTS) == {CARD, EFIN, BANK, BILLS, HOLDINGS}
    assert set().union(*RESTS_ON.values()) == set(INPUTS)
    assert RESTS_ON.keys() == FEATURES.keys()
    assert features([one for one in LIFE if one.dataset in INPUTS]) == features(LIFE)


REGULAR = {"utilities", "telecom", "rent", "insurance"}


def elsewhere(one):
    """The same payment somewhere else, for something else: no bill, and at another hour."""
    if one.dataset == TRIPS:
        return other("ride", one.occurred_at, TRIPS, {**one.body, "mode": "car", "legs": []})
    if one.dataset not in (CARD, EFIN) or one.category in REGULAR:
        return one
    return replace(one, category="beauty", occurred_at=one.occurred_at.replace(minute=59))


@pytest.mark.parametrize(("kind", "name"), NAMES[::5])
def test_people_who_differ_in_places_shops_and_what_may_not_be_inferred_have_equal_features(
    kind, name
):
    changed = [
        replace(one, counterparty=name) if one.dataset in (CARD, EFIN) else one
        for one in map(elsewhere, LIFE)
    ]
    assert changed != LIFE
    assert features(changed) == features(LIFE)
