"""Perturbation: other dates, currencies and names tell the same life, and chance tells none."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from mydata_hub.collection.record import Record
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.amounts import MEAL
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.fold import BANK, BILLS, CARD, EFIN, HOLDINGS, TRIPS
from mydata_hub.insights.payments import CATEGORIES
from mydata_hub.insights.rhythm import RHYTHMS

from tests.unit.insights.lives import DAY, NOW, at, contract, days_before, record

DAYS = 400


def whole_life() -> list[Record]:
    """The life of the design, with everything that a question asks for."""
    told = [contract("car", started_on="2025-09-14", ends_on="2026-09-13")]
    for day in days_before(DAYS):
        told += week(day) + month(day)
    return told


def week(day: date) -> list[Record]:
    """What a day has by its place in the week."""
    weekday = day.weekday()
    chicken = paid("chicken", at(day, 19, 30), "치킨집", "chicken", 21_000, dataset=EFIN)
    if weekday > 4:
        groceries = paid("groceries", at(day, 11), "시장", "groceries", 52_000)
        return [groceries] if weekday == 5 else []
    return [
        paid("coffee", at(day, 8, 5), "카페 하루", "cafe", 4_500),
        paid("lunch", at(day, 12, 10 + weekday), "김밥 나라", "restaurant", 10_000),
        ride(day, 7, 20, "망원", "경복궁"),
        ride(day, 18, 30, "경복궁", "망원"),
        *([chicken] if weekday in (1, 4) else []),
    ]


def month(day: date) -> list[Record]:
    """What a day has by its place in the month."""
    due = {"due_on": day.isoformat(), "paid_on": day.isoformat(), "limit_minor": 2_000_000}
    heat = 20_000 + 6_000 * day.month
    by_day = {
        3: [paid("film", at(day, 3), "영화 구독", "subscription", 13_500)],
        5: [paid("rent", at(day, 9), "집주인", "rent", 650_000, dataset=BANK)],
        14: [paid("bill", at(day, 0), None, "unknown", 700_000, dataset=BILLS, **due)],
        18: [paid("phone", at(day, 10), "통신사", "telecom", 55_000, dataset=BANK)],
        20: [other("fund", at(day, 1), HOLDINGS, {"value_minor": 4_000_000})],
        21: [paid("pay", at(day, 7), "회사", "unknown", -3_300_000, dataset=BANK)],
        25: [
            paid("power", at(day, 10), "전력", "utilities", 31_000, dataset=BANK),
            paid("gas", at(day, 10), "가스", "utilities", heat, dataset=BANK),
        ],
    }
    return by_day.get(day.day, [])


def paid(
    name: str,
    when: datetime,
    payee: str | None,
    category: str,
    won: int,
    dataset: str = CARD,
    **body: Any,
) -> Record:
    """A payment, or an income where it is below 0; on the connection of its dataset."""
    return record(
        f"{name}-{when:%Y%m%d}",
        when,
        dataset=dataset,
        amount_minor=-won,
        counterparty=payee,
        category=category,
        connection=f"connection-{dataset.replace('.', '-')}",
        body=body,
    )


def other(name: str, when: datetime, dataset: str, body: dict[str, Any]) -> Record:
    return record(
        f"{name}-{when:%Y%m%d%H%M}",
        when,
        dataset=dataset,
        amount_minor=None,
        counterparty=None,
        connection=f"connection-{dataset.replace('.', '-')}",
        body=body,
    )


def ride(day: date, hour: int, minute: int, start: str, end: str, mode: str = "subway") -> Record:
    body: dict[str, Any] = {"mode": mode, "transfers": 2, "distance_m": 11_400}
    legs = [{"from": start, "to": end}]
    return other("ride", at(day, hour, minute), TRIPS, body | {"legs": legs})


def ask(records: list[Record], now: datetime = NOW) -> dict[str, str]:
    fresh = dict.fromkeys({one.connection_id for one in records}, now)
    profile = advance_profile(new_profile("vault-1"), records, fresh, 1)
    return {entry.claim.id: answer_claim(profile, entry, now) for entry in CATALOGUE.values()}


LIFE = whole_life()
FOUND = ask(LIFE)


def test_the_whole_life_of_the_design_is_found_in_full():
    assert (
        FOUND
        | {
            "habits.cafe_time": "7_to_9",
            "habits.lunch_price": "80_to_149",
            "habits.deliveries": "1_to_2",
            "payments.bill_day": "21_to_31",
            "payments.pays_rent": "yes",
            "payments.rent_day": "1_to_10",
            "payments.rent_share": "under_20",
            "payments.telecom_price": "3_to_5",
            "payments.utilities_price": "under_10",
            "payments.pays_telecom": "yes",
            "payments.subscriptions": "1",
            "payments.price_change": "unchanged",
            "payments.no_late_bills": "yes",
            "payments.card_utilisation": "30_to_60",
            "payments.holds_investments": "yes",
            "income.monthly": "yes",
            "income.pay_day": "21_to_31",
            "income.saving_rate": "30_or_more",
            "life.new_employer": "no",
            "life.moved": "no",
            "commute.window": "7_to_8",
            "commute.days": "3_or_more",
            "commute.transfers": "2_or_more",
            "mobility.home_district": "seoul_mapo",
            "mobility.work_district": "seoul_jongno",
            "mobility.trips": "8_to_12",
            "mobility.distance": "60_to_149",
            "insurance.renewal": "181_or_more",
            "spending.rhythm_cafe": "weekly",
            "spending.rhythm_restaurant": "weekly",
            "spending.rhythm_delivery": "weekly",
            "spending.rhythm_groceries": "weekly",
            "spending.rhythm_taxi": "not_at_all",
        }
        == FOUND
    )


def moved(told: Record, by: timedelta) -> Record:
    """The record on another day, with the days that its body tells."""
    body = {
        name: (date.fromisoformat(value) + by).isoformat() if name.endswith("_on") else value
        for name, value in told.body.items()
    }
    return replace(told, occurred_at=told.occurred_at + by, body=body)


DATED = {"payments.bill_day", "payments.rent_day", "income.pay_day"}


# The calendar comes back after 28 years; after 52 weeks all but the days of the month do.
@pytest.mark.parametrize(
    ("days", "but"),
    [
        (-10_227, set()),
        (364, DATED),
        (-28, DATED),
    ],
)
def test_the_same_life_on_other_dates_gives_the_same_answers(days, but):
    by = timedelta(days=days)
    found = ask([moved(told, by) for told in LIFE], NOW + by)
    assert {name: found[name] for name in found.keys() - but} == {
        name: FOUND[name] for name in FOUND.keys() - but
    }


@pytest.mark.parametrize("currency", sorted(set(MEAL) - {"KRW"}))
def test_the_same_life_in_another_currency_gives_the_same_answers(currency):

    def scaled(won: int) -> int:
        return round(won * MEAL[currency] / MEAL["KRW"])

    def elsewhere(told: Record) -> Record:
        if told.amount_minor is None:
            return told
        limits = {name: scaled(told.body[name]) for name in told.body.keys() & {"limit_minor"}}
        amount = scaled(told.amount_minor)
        return replace(told, amount_minor=amount, currency=currency, body=told.body | limits)

    assert ask([elsewhere(told) for told in LIFE]) == FOUND


def test_the_same_life_with_other_merchants_gives_the_same_answers():
    names = sorted({told.counterparty for told in LIFE if told.counterparty})
    renamed = [
        replace(told, counterparty=f"가게 {names.index(told.counterparty)}")
        if told.counterparty
        else told
        for told in LIFE
    ]
    assert ask(renamed) == FOUND


# ------------------------------------------------------------------ somebody who lives at random

# What a life at random has, too: sums and counts, and the facts that a contract would tell.
MEASURED = {
    *("spending.eating_out", "spending.groceries", "mobility.trips", "mobility.distance"),
    *("mobility.drives_car", "life.car_bought", "income.monthly"),
    *(f"spending.rhythm_{category}" for category in RHYTHMS),
}
NOTHING = {NO_ANSWER, "none", "0", "no", "unchanged"}


def random_life(seed: int) -> list[Record]:
    """Payments, incomes and trips at any time, of anything, anywhere."""
    draw = random.Random(seed)
    told: list[Record] = []
    for number in range(900):
        when = NOW - draw.random() * 300 * DAY
        dataset = draw.choice((CARD, CARD, EFIN, BANK))
        payee, category = f"가게 {draw.randrange(60)}", draw.choice(("unknown", *CATEGORIES))
        sign = -1 if dataset == BANK and draw.random() < 0.2 else 1
        won = sign * draw.randrange(1_000, 300_000, 10)
        told.append(paid(f"any-{number}", when, payee, category, won, dataset=dataset))
    stations = ["망원", "합정", "강남", "잠실", "시청", "판교", "신촌", "노원", "목동", "성수"]
    for _ in range(500):
        when = NOW - draw.random() * 300 * DAY
        start, end = draw.sample(stations, 2)
        mode = draw.choice(("subway", "bus", "car", "walk"))
        told.append(ride(when.date(), when.hour, when.minute, start, end, mode))
    return told


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_found_in_somebody_who_lives_at_random(seed):
    found = Counter(
        name
        for name, answer in ask(random_life(seed)).items()
        if name not in MEASURED and answer not in NOTHING
    )
    assert not found
