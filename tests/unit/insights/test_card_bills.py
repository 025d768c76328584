"""Card bills: what of the limit they used, told only where every bill of the time tells it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.collection.record import Provenance, Record
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.answers import answer_claim, see_insights
from mydata_hub.insights.card_bills import (
    ARREARS,
    BILLS_FOLD,
    UTILISATION,
    card_bills,
    utilisation_percent,
)
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.fold import BILLS
from mydata_hub.insights.moments import local_day, minute_of

from tests.unit.insights.lives import DAY, NOW, at, record

TODAY = local_day(minute_of(NOW))
CLAIM = find_claim("payments.card_utilisation")


def bill(
    ago: int, won: int | None = 300_000, limit: Any = 1_000_000, *, name: str = "", **more: Any
) -> Record:
    """The bill that was due so many days before today."""
    due: date = NOW.date() - ago * DAY
    told = {"month": f"{due:%Y-%m}", "due_on": str(due), "paid_on": str(due), "as_of": str(NOW)}
    return record(
        f"bill-{name}{ago}",
        at(due),
        dataset=BILLS,
        amount_minor=None if won is None else -won,
        counterparty=None,
        body=told | {"limit_minor": limit} | more.pop("body", {}),
        **more,
    )


def fold(*bills: Record) -> Any:
    return BILLS_FOLD.fold(BILLS_FOLD.empty(), bills)


def used(*bills: Record) -> int | None:
    return utilisation_percent(fold(*bills), TODAY, collected_only=True)


def quarter(*won: int | None, limit: Any = 1_000_000) -> list[Record]:
    return [bill(10 + 30 * place, each, limit) for place, each in enumerate(won)]


@pytest.mark.parametrize(
    ("won", "percent", "cell"),
    [
        *[((0, 0, 0), 0, "under_30"), ((290_000, 300_000, 309_999), 29, "under_30")],
        *[((290_000, 300_000, 310_000), 30, "30_to_60"), ((590_000,) * 3, 59, "30_to_60")],
        *[((600_000,) * 3, 60, "60_to_90"), ((899_999,) * 3, 89, "60_to_90")],
        *[((900_000,) * 3, 90, "90_or_more"), ((1_200_000,) * 3, 120, "90_or_more")],
    ],
)
def test_three_bills_tell_the_published_band_of_the_limit(won, percent, cell):
    bills = quarter(*won)
    assert used(*bills) == percent
    finding = UTILISATION.answer(fold(*bills), NOW, collected_only=True)
    assert finding.cell == cell
    assert finding.evidence == {"percent": percent}


@pytest.mark.parametrize("limit", [None, 0, -5, True, "1000000"])
def test_a_bill_that_tells_no_limit_silences_the_band_and_is_not_guessed(limit):
    bills = [*quarter(300_000, 300_000), bill(70, 300_000, limit)]
    finding = UTILISATION.answer(fold(*bills), NOW, collected_only=True)
    assert finding.cell is None
    assert "no answer" in finding.explanation.en


def test_records_of_the_first_schema_have_no_limit_and_abstain():
    old = [bill(ago, body={"month": "2026-01"}, limit=None) for ago in (10, 40, 70)]
    for one in old:
        one.body.pop("limit_minor")
    assert used(*old) is None
    assert ARREARS.answer(fold(*old), NOW, collected_only=True).cell == "0"


@pytest.mark.parametrize(
    "bills",
    [
        [],
        quarter(1, 1),
        [bill(10), bill(11), bill(40), bill(41)],
        [*quarter(1, 1), bill(97)],
        [*quarter(1, 1), bill(-1)],
        [*quarter(1, 1), bill(70, None)],
        [*quarter(1, 1, 1), bill(75, body={"due_on": None}, name="undated")],
    ],
)
def test_too_few_bills_or_one_without_amount_or_day_tell_nothing(bills):
    assert used(*bills) is None


def test_of_more_bills_the_last_three_months_count():
    assert used(*quarter(0, 0), bill(96, 900_000)) == 30
    assert used(*quarter(0, 0, 0), bill(96, 900_000)) == 0


def test_bills_of_two_companies_stand_beside_both_limits():
    other = [bill(10 + 30 * place, 0, 3_000_000, name="other-") for place in range(3)]
    assert used(*quarter(800_000, 800_000, 800_000), *other) == 20


def test_a_bill_in_ones_favour_uses_nothing_and_is_never_late():
    mine = bill(40, -50_000, body={"paid_on": None})
    state = fold(bill(10, 600_000), mine, bill(70, 600_000))
    assert utilisation_percent(state, TODAY, collected_only=True) == 40
    assert ARREARS.answer(state, NOW, collected_only=True).evidence == {"bills": 2, "late": 0}


def test_what_the_person_brought_themselves_is_no_partners_business():
    own = [bill(ago, provenance=Provenance.SELF_SUPPLIED) for ago in (10, 40, 70)]
    assert used(*own) is None
    assert utilisation_percent(fold(*own), TODAY, collected_only=False) == 30


def test_the_claim_tells_the_band_and_neither_limit_nor_amount_nor_percent():
    profile = advance_profile(
        new_profile("vault-1"), quarter(300_000, 400_000, 500_000), {"connection-1": NOW}, 1
    )
    assert answer_claim(profile, CLAIM, NOW) == "30_to_60"
    assert set(CLAIM.claim.alphabet) == {"under_30", "30_to_60", "60_to_90", "90_or_more"} | {
        "no_answer"
    }
    seen = next(one for one in see_insights(profile, NOW) if one.attribute is CLAIM.attribute)
    assert seen.finding.evidence["percent"] == 40
    assert answer_claim(profile, CLAIM, NOW + 36 * DAY) == "no_answer"


@given(st.permutations([*quarter(123_456, 0, 999_999), bill(70, 1).cancel()]))
def test_bills_in_any_order_give_the_same_bills_back(bills):
    told = card_bills(fold(*bills), collected_only=True)
    assert told == card_bills(fold(*quarter(123_456, 0)), collected_only=True)
    assert [one.amount_minor for one in told] == [0, 123_456]
