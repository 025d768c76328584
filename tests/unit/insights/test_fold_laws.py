"""The laws of folds: what arrives decides, never how it arrives."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.canonical import check_json
from mydata_hub.collection.record import Provenance, Record, RecordState
from mydata_hub.collection.versions import settle
from mydata_hub.insights.advance import FOLDS
from mydata_hub.insights.fold import (
    BANK,
    BILLS,
    CARD,
    CONTRACTS,
    EFIN,
    HOLDINGS,
    TRIPS,
    Fold,
    State,
    step,
)
from mydata_hub.insights.moments import minute_of
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.series import SeriesFold

from tests.unit.insights.lives import DAY, KOREA, record

START = datetime(2026, 1, 1, tzinfo=KOREA)
# Folds that let go of records after a few, so that short histories meet the cut.
SMALL = [
    replace(PAYMENTS, capacities={CARD: 4, BANK: 3}),
    SeriesFold(
        id="small",
        version=1,
        capacities={CARD: 2, TRIPS: 3},
        layout=struct.Struct(">B"),
        facts_of=lambda told: (len(told.category),) if told.category != "cafe" else None,
    ),
]
AMPLE = list(FOLDS.values())
DATASETS = st.sampled_from([CARD, EFIN, BANK, TRIPS, CONTRACTS, BILLS, HOLDINGS, "other.dataset"])
BODIES = st.sampled_from(
    [
        {},
        {"mode": "subway", "transfers": 2},
        {"mode": "bus", "transfers": -1},
        {"mode": "bike", "distance_m": 900, "legs": [{"from": "망원", "to": "합정"}]},
        {"due_on": "2026-01-14", "paid_on": "2026-01-20"},
        {"value_minor": 7, "kind": "401"},
        {"kind": "car", "status": "active", "started_on": "2026-01-01", "no_claim_years": 3},
        {"kind": "fee", "memo": "statement", "account": "own-1"},
    ]
)


@st.composite
def versions(draw: st.DrawFn, name: str, *, moves: bool = False) -> list[Record]:
    """One record as it was booked and, perhaps, corrected and cancelled, any of it repeatedly."""
    dataset, hour = draw(DATASETS), draw(st.integers(0, 2400))
    provenance = draw(st.sampled_from(Provenance))
    connection = draw(st.sampled_from(["connection-1", "connection-2"]))
    states = draw(st.lists(st.sampled_from(RecordState), min_size=1, max_size=4))
    told_at = st.integers(0, 3).map(lambda days: (START + timedelta(days=days)).isoformat())
    return [
        record(
            name,
            START + timedelta(hours=hour + (draw(st.integers(0, 48)) if moves else 0)),
            dataset=dataset,
            amount_minor=draw(st.sampled_from([None, 700, -100, -100, -200])),
            counterparty=draw(st.sampled_from([None, "가게", "Shop  A"])),
            category=draw(st.sampled_from(["unknown", "cafe"])),
            state=state,
            provenance=provenance,
            connection=connection,
            body={**draw(BODIES), "as_of": draw(told_at if moves else st.none() | told_at)},
        )
        for state in states
    ]


def histories(*, moves: bool = False) -> st.SearchStrategy[list[Record]]:
    return st.integers(0, 9).flatmap(
        lambda count: st.tuples(
            *[versions(f"record-{number}", moves=moves) for number in range(count)]
        ).map(lambda told: [version for one in told for version in one])
    )


def delivered(draw: st.DrawFn, history: list[Record]) -> list[list[Record]]:
    """The history in any order, with anything twice, in pieces."""
    again = draw(st.lists(st.sampled_from(history), max_size=8)) if history else []
    order = draw(st.permutations(history + again))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=4)))
    return [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]


def folded(fold: Fold, pieces: list[list[Record]]) -> State:
    state = fold.empty()
    for piece in pieces:
        state = fold.fold(state, piece)
    return state


@settings(max_examples=60)
@given(st.data())
def test_any_order_duplication_and_interruption_gives_the_state_of_a_clean_run(data):
    history = data.draw(histories())
    pieces = delivered(data.draw, history)
    for fold in AMPLE + SMALL:
        assert folded(fold, pieces) == folded(fold, [history]), fold.id


@settings(max_examples=60)
@given(st.data())
def test_with_room_left_a_correction_may_also_move_a_record_in_time(data):
    history = data.draw(histories(moves=True))
    pieces = delivered(data.draw, history)
    for fold in AMPLE:
        assert folded(fold, pieces) == folded(fold, [history]), fold.id


@settings(max_examples=60)
@given(st.data())
def test_a_state_can_be_stepped_record_by_record_and_a_batch_is_no_more_than_its_steps(data):
    history = data.draw(histories())
    for fold in AMPLE + SMALL:
        state = fold.empty()
        for told in history:
            before = repr(state)
            following = step(fold, state, told)
            assert repr(state) == before
            state = following
        assert state == folded(fold, [history]), fold.id
        check_json("folds", state)


@settings(max_examples=60)
@given(histories(), st.data())
def test_what_is_cancelled_was_never_counted(history, data):
    names = sorted({told.record_id for told in history})
    gone = set(data.draw(st.lists(st.sampled_from(names), unique=True))) if names else set()
    cancelled = [told.cancel() for told in history if told.record_id in gone]
    kept = [told for told in history if told.record_id not in gone]
    for fold in (PAYMENTS, FOLDS["trips"], FOLDS["contracts"], FOLDS["bills"], FOLDS["holdings"]):
        for collected_only in (True, False):
            with_them = fold.rows(
                fold.fold(fold.empty(), history + cancelled), collected_only=collected_only
            )
            without = fold.rows(fold.fold(fold.empty(), kept), collected_only=collected_only)
            assert list(with_them) == list(without)


@given(histories(), st.data())
def test_of_several_versions_the_one_holds_that_the_collection_would_keep(history, data):
    # Versions from different instants: ties are broken elsewhere by bytes that a row has not.
    apart = [
        replace(told, body={**told.body, "as_of": (START + timedelta(days=number)).isoformat()})
        for number, told in enumerate(history)
    ]
    order = data.draw(st.permutations(apart))
    for fold in AMPLE[1:]:
        held = fold.fold(fold.empty(), list(settle(order).values()))
        for collected_only in (True, False):
            assert list(fold.rows(held, collected_only=collected_only)) == list(
                fold.rows(fold.fold(fold.empty(), order), collected_only=collected_only)
            )


@pytest.mark.parametrize("as_of", ["no instant", 7, "9999-12-31T23:59:59+00:00", "1900-01-01"])
def test_an_instant_that_cannot_be_read_or_kept_fails_no_fold(as_of):
    told = record("one", START, body={"as_of": as_of})
    assert len(PAYMENTS.payments(folded(PAYMENTS, [[told, told]]), collected_only=True)) == 1


def test_a_record_that_later_says_nothing_is_taken_back_and_stays_so():
    visit = record("one", START)
    income = replace(visit, amount_minor=4500, body={"as_of": (START + DAY).isoformat()})
    for pieces in ([[visit], [income]], [[income], [visit]]):
        assert not PAYMENTS.payments(folded(PAYMENTS, pieces), collected_only=True)


def test_records_of_other_datasets_leave_the_very_state_as_it_is():
    state = PAYMENTS.empty()
    assert PAYMENTS.fold(state, [record("one", START, dataset="other.dataset")]) is state


def test_a_full_series_keeps_the_latest_and_says_since_when_it_is_complete():
    fold = SMALL[0]
    told = [record(f"record-{day}", START + timedelta(days=day)) for day in range(6)]
    half = folded(fold, [told[:3]])
    assert fold.let_go_until(half, CARD) is None
    assert fold.let_go_until(half, TRIPS) is None
    full = folded(fold, [told])
    kept = [row.minute for row in fold.rows(full, collected_only=True)]
    assert kept == [minute_of(each.occurred_at) for each in told[2:]]
    assert fold.let_go_until(full, CARD) == min(kept)


def test_a_payee_is_named_from_its_third_equal_payment_until_one_is_taken_back():
    told = [record(f"record-{day}", START + timedelta(days=day)) for day in range(3)]
    two, three = folded(PAYMENTS, [told[:2]]), folded(PAYMENTS, [told])
    assert list(two["names"]) == []
    (payment, *_) = PAYMENTS.payments(three, collected_only=True)
    assert PAYMENTS.payee(three, payment.payee) == ("Cafe Haru", "KRW")
    assert folded(PAYMENTS, [told, [told[0].cancel()]])["names"] == {}


def test_a_payee_without_a_name_is_known_by_its_account_its_kind_or_its_category():
    def name(**more):
        told = [
            record(f"r{day}", START + timedelta(days=day), counterparty=None, **more)
            for day in range(3)
        ]
        ((named, _),) = folded(PAYMENTS, [told])["names"].values()
        return named

    assert name(body={"counter_account": "110-1", "kind": "transfer"}) == "110-1"
    assert name(body={"kind": "fee", "memo": "statement"}) == "fee statement"
    assert name(body={"kind": 7, "memo": None}) == "unknown"
    assert name(body={"memo": "가" * 200}) == "가" * 16
