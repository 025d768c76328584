"""Car cover: what a contract says today, and silence where there is none."""

from __future__ import annotations

import pytest
from mydata_hub.insights.insurance import CAR_COVER, CONTRACTS_FOLD, LOSS_FREE

from tests.unit.insights.lives import NOW, contract


def ask(insight, *contracts):
    state = CONTRACTS_FOLD.fold(CONTRACTS_FOLD.empty(), contracts)
    return insight.answer(state, NOW, collected_only=True)


@pytest.mark.parametrize(
    ("told", "cell"),
    [
        ({}, "in_force"),
        ({"ends_on": "2026-03-02"}, "in_force"),
        ({"ends_on": "2026-03-01"}, "not_in_force"),
        ({"started_on": "2026-03-02"}, "in_force"),
        ({"started_on": "2026-03-03"}, "not_in_force"),
        ({"started_on": "0001-01-01"}, "in_force"),
        ({"status": "lapsed"}, "not_in_force"),
        ({"status": "upcoming", "started_on": "2026-03-02"}, "in_force"),
        ({"status": "upcoming", "started_on": "2026-03-03"}, "not_in_force"),
        ({"ends_on": None}, "in_force"),
        ({"ends_on": "some day", "started_on": 7}, "in_force"),
        ({"kind": "home"}, None),
    ],
)
def test_a_car_contract_is_in_force_by_its_status_and_both_its_days(told, cell):
    assert ask(CAR_COVER, contract("one", **told)).cell == cell


def test_of_several_contracts_one_in_force_is_enough():
    finding = ask(CAR_COVER, contract("old", status="lapsed"), contract("new"))
    assert finding.cell == "in_force"
    assert finding.evidence == {"contracts": 2, "in_force": 1, "next_end_on": "2026-05-31"}


def test_what_the_person_reads_tells_cover_no_cover_and_no_contract_apart():
    cases = [contract("one"), contract("one", status="lapsed"), contract("one", kind="home")]
    told = [ask(CAR_COVER, case).explanation for case in cases]
    assert len({wording.ko for wording in told}) == len({wording.en for wording in told}) == 3


@pytest.mark.parametrize(
    ("years", "cell"),
    [
        (0, "0"),
        (1, "1_to_2"),
        (2, "1_to_2"),
        (3, "3_to_5"),
        (5, "3_to_5"),
        (6, "6_to_10"),
        (10, "6_to_10"),
        (11, "11_or_more"),
        (10**6, "11_or_more"),
        (None, None),
        (-1, None),
        (True, None),
    ],
)
def test_the_years_without_a_loss_fall_into_their_published_band(years, cell):
    assert ask(LOSS_FREE, contract("one", no_claim_years=years)).cell == cell


def test_of_several_contracts_in_force_the_fewest_years_count():
    finding = ask(LOSS_FREE, contract("a", no_claim_years=12), contract("b", no_claim_years=2))
    assert finding.cell == "1_to_2"
    assert "2 years" in finding.explanation.en


def test_a_contract_not_in_force_tells_no_years():
    finding = ask(LOSS_FREE, contract("one", status="lapsed"))
    assert finding.cell is None
    assert "no answer" in finding.explanation.en
