"""Streams: the rhythm, the days and the size of bills, and what is too little to tell them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.insights import streams
from mydata_hub.insights.amounts import BANDS, MEAL, amount_band
from mydata_hub.insights.bills import MONTHLY, QUARTERLY, WEEKLY, YEARLY, find_bills
from mydata_hub.insights.fold import BANK, Finding
from mydata_hub.insights.moments import day_of
from mydata_hub.insights.paying import SUBSCRIPTION_COUNT
from mydata_hub.insights.payments import PAYMENTS, Payment

from tests.unit.insights.lives import DAY, NOW, at, record

TODAY = NOW.date()


def paid(
    category: str, days_ago: Iterable[int], won: int = 50_000, payee: str = "가", **more: Any
) -> list[Any]:
    return [
        record(
            f"{category}-{payee.encode().hex()}-{ago}",
            at(TODAY - ago * DAY, 10),
            dataset=BANK,
            amount_minor=-won,
            counterparty=payee,
            category=category,
            **more,
        )
        for ago in days_ago
    ]


def pay(won: int = 3_000_000, days_ago: Iterable[int] = (10, 40, 70, 100)) -> list[Any]:
    return paid("unknown", days_ago, -won, "회사")


def ask(insight: Any, *records: Any) -> Finding:
    state = PAYMENTS.fold(PAYMENTS.empty(), records)
    return insight.answer(state, NOW, collected_only=True)


def every(gap: int, times: int, last: int = 5) -> list[int]:
    return [last + gap * number for number in range(times)]


# ------------------------------------------------------------------ rhythms


@pytest.mark.parametrize(
    ("gap", "times", "cadence"),
    [
        *[(7, 6, WEEKLY), (7, 5, None), (9, 8, None)],
        *[(30, 3, MONTHLY), (30, 2, None), (45, 5, None)],
        *[(91, 3, QUARTERLY), (91, 2, None), (84, 3, QUARTERLY), (98, 3, QUARTERLY)],
        *[(83, 4, None), (99, 4, None)],
        *[(365, 2, YEARLY), (355, 2, YEARLY), (376, 2, YEARLY), (354, 2, None), (377, 2, None)],
    ],
)
def test_a_stream_has_the_rhythm_of_its_gaps_from_its_least_of_payments_on(gap, times, cadence):
    payments = [
        Payment(ago * 1440, b"payee", 50_000, "insurance", "KRW") for ago in every(gap, times)
    ]
    assert [bill.cadence for bill in find_bills(payments, ("insurance",))] == (
        [cadence] if cadence else []
    )


@pytest.mark.parametrize(("second", "found"), [(140, 1), (141, 0), (60, 1), (59, 0)])
def test_two_payments_a_year_apart_are_one_stream_only_at_about_one_price(second, found):
    payments = [
        Payment(1440 * day, b"payee", amount, "insurance", "KRW")
        for day, amount in [(0, 100), (365, second)]
    ]
    assert len(find_bills(payments, ("insurance",))) == found


@pytest.mark.parametrize(
    ("days_ago", "cell"),
    [
        *[(every(30, 4), "monthly"), (every(91, 3), "quarterly"), (every(365, 2), "yearly")],
        # Long overdue: the monthly one over 15 days, that of a quarter, that of a year.
        *[(every(30, 4, 46), None), (every(91, 3, 107), None), (every(365, 2, 381), None)],
        *[(every(30, 4, 45), "monthly"), (every(365, 2, 380), "yearly")],
        *[(every(7, 8), None), (every(30, 2), None), ([5], None), ([], None)],
    ],
)
def test_the_rhythm_of_premiums_is_told_while_they_go_on(days_ago, cell):
    finding = ask(streams.PREMIUM_CADENCE, *paid("insurance", days_ago))
    assert finding.cell == cell


def test_of_two_premiums_the_faster_rhythm_is_told_and_both_are_seen_with_their_next_date():
    finding = ask(
        streams.PREMIUM_CADENCE,
        *paid("insurance", every(365, 2, 100), 684_000, "자동차"),
        *paid("insurance", every(30, 5), 45_000, "실손"),
    )
    assert finding.cell == "monthly"
    shown = {one["payee"]: one for one in finding.evidence["bills"]}
    assert {name: one["cadence"] for name, one in shown.items()} == {
        "": "yearly",  # paid twice: a name is kept from three payments on
        "실손": "monthly",
    }
    assert shown["실손"]["amount_band"] == "3_to_9"
    assert shown[""]["amount_band"] == "30_to_99"
    last = TODAY - 5 * DAY
    assert last < date.fromisoformat(shown["실손"]["due_on"]) <= last + 36 * DAY
    assert shown[""]["due_on"][:4] == str((TODAY + 265 * DAY).year)


def test_what_is_yearly_does_not_come_and_go_in_questions_that_look_back_a_year():
    for last in (1, 20, 100, 300):
        yearly = [
            record(f"y-{ago}", at(TODAY - ago * DAY), category="subscription", amount_minor=-9_900)
            for ago in every(365, 2, last)
        ]
        assert ask(SUBSCRIPTION_COUNT, *yearly).cell == "0"


# ------------------------------------------------------------------ rent


@pytest.mark.parametrize(("day", "cell"), [(1, "1_to_10"), (10, "1_to_10"), (11, "11_to_20")])
def test_rent_is_told_by_the_third_of_the_month_it_goes_out_in(day, cell):
    dates = [date(2025, 10, day), date(2025, 11, day), date(2025, 12, day), date(2026, 1, day)]
    dates.append(date(2026, 2, day))
    finding = ask(streams.RENT_DAY, *paid("rent", [(TODAY - on).days for on in dates]))
    assert finding.cell == cell
    assert finding.evidence["bills"][0]["due_on"] == f"2026-03-{day:02d}"


def test_rent_without_a_month_of_its_own_has_no_day():
    assert ask(streams.RENT_DAY, *paid("rent", [3, 10, 50, 75])).cell is None
    assert ask(streams.RENT_DAY).cell is None


@pytest.mark.parametrize(
    ("won", "cell"),
    [
        *[(599_999, "under_20"), (600_000, "20_to_39"), (1_199_999, "20_to_39")],
        *[(1_200_000, "40_or_more"), (4_000_000, "40_or_more")],
    ],
)
def test_rent_is_told_as_a_share_of_pay(won, cell):
    finding = ask(streams.RENT_SHARE, *pay(), *paid("rent", every(30, 4), won))
    assert finding.cell == cell
    assert finding.evidence["percent"] == won // 30_000


def test_without_pay_or_rent_or_one_currency_there_is_no_share():
    rent = paid("rent", every(30, 4), 600_000)
    assert ask(streams.RENT_SHARE, *rent).cell is None
    assert ask(streams.RENT_SHARE, *pay()).cell is None
    abroad = [replace(one, currency="USD") for one in rent]
    assert ask(streams.RENT_SHARE, *pay(), *abroad).cell is None


# ------------------------------------------------------------------ sizes


@pytest.mark.parametrize(
    ("insight", "category", "won", "cell"),
    [
        (streams.TELECOM_PRICE, "telecom", 29_999, "under_3"),
        (streams.TELECOM_PRICE, "telecom", 30_000, "3_to_5"),
        (streams.TELECOM_PRICE, "telecom", 59_999, "3_to_5"),
        (streams.TELECOM_PRICE, "telecom", 60_000, "6_or_more"),
        (streams.UTILITIES_PRICE, "utilities", 99_999, "under_10"),
        (streams.UTILITIES_PRICE, "utilities", 100_000, "10_to_29"),
        (streams.UTILITIES_PRICE, "utilities", 299_999, "10_to_29"),
        (streams.UTILITIES_PRICE, "utilities", 300_000, "30_or_more"),
    ],
)
def test_what_a_class_costs_is_told_in_simple_meals(insight, category, won, cell):
    assert ask(insight, *paid(category, every(30, 4), won)).cell == cell


def test_all_bills_of_a_class_are_one_sum_and_one_dear_winter_does_not_move_it():
    heat = paid("utilities", every(30, 4, 35), 40_000, "가스")
    winter = paid("utilities", [5], 400_000, "가스")
    power = paid("utilities", every(30, 5), 50_000, "전력")
    finding = ask(streams.UTILITIES_PRICE, *heat, *winter, *power)
    assert (finding.cell, finding.evidence["usual_minor"]) == ("under_10", 90_000)


def test_a_currency_without_a_price_of_a_meal_has_no_size():
    abroad = [replace(one, currency="CHF") for one in paid("telecom", every(30, 4))]
    finding = ask(streams.TELECOM_PRICE, *abroad)
    assert finding.cell is None
    assert finding.evidence["bills"][0]["amount_band"] is None


@given(st.integers(0, 10_000_000), st.sampled_from(sorted(MEAL)))
def test_a_larger_amount_is_never_in_a_smaller_band(amount, currency):
    order = list(BANDS.values())
    places = [order.index(amount_band(each, currency) or "") for each in (amount, 2 * amount + 1)]
    assert all(before <= after for before, after in pairwise(places))


@given(st.permutations(range(5)), st.integers(-400, 400))
def test_order_and_shift_of_payments_change_no_rhythm(order, shift):
    days = [day_of(date(2020, 1, 1)) + shift + 91 * place for place in order]
    payments = [Payment(day * 1440, b"payee", 700, "insurance", "KRW") for day in days]
    (bill,) = find_bills(payments, ("insurance",))
    assert (bill.cadence, len(bill.days)) == (QUARTERLY, 5)
