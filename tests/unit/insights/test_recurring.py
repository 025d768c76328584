"""Recurring payments: what counts as one, and what the person reads of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.insights.moments import day_of
from mydata_hub.insights.payments import PAYMENTS, Payment
from mydata_hub.insights.recurring import RECURRING, find_streams

from tests.unit.insights.lives import DAY, NOW, at, debit

MONTHS = [date(2025, month, 25) for month in range(8, 13)] + [date(2026, 1, 25), date(2026, 2, 25)]


def paid(*days_and_amounts: tuple[int, int], payee: bytes = b"payee") -> list[Payment]:
    return [Payment(day * 1440, payee, amount, None) for day, amount in days_and_amounts]


def monthly(count: int, amount: int = 100, start: int = 1000) -> list[tuple[int, int]]:
    return [(start + 30 * number, amount) for number in range(count)]


def answer(records, now=NOW):
    return RECURRING.answer(PAYMENTS.fold(PAYMENTS.empty(), records), now, collected_only=True)


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ([0, 30, 60], True),
        ([0, 30], False),
        ([0, 7, 14, 21], False),
        ([0, 91, 182, 273], False),
        ([0, 25, 50], True),
        ([0, 24, 48], False),
        ([0, 36, 72], True),
        ([0, 37, 74], False),
        # Weekends and holidays move it; one month is missed among five.
        ([0, 33, 60, 91, 119], True),
        ([0, 30, 60, 120, 150], True),
        # Less than 70 % of the gaps are near the usual one.
        ([0, 30, 60, 100, 110, 140, 155], False),
    ],
)
def test_a_recurring_payment_has_about_a_month_between_its_days(days, found):
    streams = find_streams(paid(*[(1000 + day, 100) for day in days]))
    assert [len(stream.days) for stream in streams] == [len(days)] * found


def test_equal_payments_of_one_day_are_one_day():
    assert not find_streams(paid((1000, 100), (1000, 100), (1030, 100)))


def test_a_price_rise_continues_the_stream_at_the_new_price():
    (stream,) = find_streams(paid(*monthly(4), *monthly(2, 120, 1120)))
    assert (len(stream.days), stream.amount_minor) == (6, 120)


@pytest.mark.parametrize(
    "others",
    [
        # A price that doubles is another thing,
        monthly(2, 200, 1120),
        # and so is one that changes all the time,
        [(1120, 110), (1150, 120), (1180, 130), (1210, 120)],
        # and shopping at the same place in between.
        [(1001, 90), (1005, 80)],
    ],
)
def test_other_payments_to_the_payee_stay_apart_from_the_stream(others):
    (stream,) = find_streams(paid(*monthly(4), *others))
    assert (len(stream.days), stream.amount_minor) == (4, 100)


def test_a_price_seen_fewer_than_three_times_makes_no_stream_with_another():
    assert not find_streams(paid(*monthly(2), *monthly(2, 120, 1060)))


def test_amounts_that_never_repeat_are_no_stream():
    assert not find_streams(paid(*[(1000 + 30 * n, 100 + n) for n in range(6)]))


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 3)), max_size=30), st.randoms())
def test_streams_do_not_depend_on_the_order_of_payments(told, random):
    payments = paid(*told)
    shuffled = list(payments)
    random.shuffle(shuffled)
    assert find_streams(shuffled) == find_streams(payments)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 3)), max_size=30),
    st.integers(0, 10_000),
    st.integers(2, 1000),
)
def test_shifted_dates_and_another_currency_unit_give_the_same_streams(told, shift, scale):
    shape = [len(stream.days) for stream in find_streams(paid(*told))]
    moved = paid(*[(day + shift, amount * scale) for day, amount in told])
    assert sorted(len(stream.days) for stream in find_streams(moved)) == sorted(shape)


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (date(2026, 1, 25), date(2026, 2, 25)),
        (date(2026, 12, 25), date(2027, 1, 25)),
        # The end of the month comes earlier in February; a holiday does not move it for good.
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2028, 1, 31), date(2028, 2, 29)),
        (date(2026, 2, 28), date(2026, 3, 30)),
    ],
)
def test_the_next_one_is_due_on_the_usual_day_of_the_next_month(last, due):
    day = max(last.day, due.day)
    earlier = [last.replace(day=1) - DAY]
    earlier.append(earlier[0].replace(day=1) - DAY)
    before = [day_of(found.replace(day=min(day, found.day))) for found in reversed(earlier)]
    (stream,) = find_streams(paid(*[(found, 100) for found in [*before, day_of(last)]]))
    assert stream.due == due


def test_the_person_reads_which_payments_recur_and_when_the_next_is_due():
    finding = answer([debit(f"phone-{on}", on) for on in MONTHS])
    assert finding.cell == "1_to_2"
    assert finding.evidence == {
        "count": 1,
        "streams": [
            {
                "payee": "통신사",
                "cadence": "monthly",
                "amount_minor": 55_000,
                "amount_band": "3_to_9",
                "currency": "KRW",
                "times": 7,
                "gap_days": 31,
                "last_on": "2026-02-25",
                "due_on": "2026-03-25",
            }
        ],
    }
    assert "통신사" in finding.explanation.ko
    assert "25" in finding.explanation.en


@pytest.mark.parametrize(
    ("count", "cell"), [(0, "0"), (2, "1_to_2"), (3, "3_to_5"), (5, "3_to_5"), (6, "6_or_more")]
)
def test_the_count_falls_into_its_published_cell(count, cell):
    records = [
        debit(f"{payee}-{on}", on, f"payee {payee}") for payee in range(count) for on in MONTHS
    ]
    assert answer(records).cell == cell


def test_a_monthly_fee_without_a_counterparty_recurs_too():
    fees = [
        debit(f"fee-{on}", on, None, 1460, body={"kind": "fee", "memo": "statement"})
        for on in MONTHS
    ]
    assert answer(fees).evidence["streams"][0]["payee"] == "fee statement"


def test_a_payment_that_has_stopped_does_not_count_any_more():
    records = [debit(f"phone-{on}", on) for on in MONTHS[:4]]
    assert answer(records, at(MONTHS[3], 12)).cell == "1_to_2"
    assert answer(records, at(MONTHS[3], 12) + 46 * DAY).cell == "1_to_2"
    assert answer(records, at(MONTHS[3], 12) + 47 * DAY).cell == "0"


def test_a_cancelled_payment_and_what_lies_in_the_future_do_not_count():
    told = [debit(f"phone-{on}", on) for on in MONTHS[-3:]]
    assert answer(told).cell == "1_to_2"
    assert answer([*told, told[1].cancel()]).cell == "0"
    assert answer(told, at(MONTHS[-1]) - timedelta(hours=1)).cell == "0"


def test_income_and_records_without_an_amount_are_no_payments():
    income = [debit(f"pay-{on}", on, amount_minor=-3_000_000) for on in MONTHS]
    assert answer(income).cell == "0"
