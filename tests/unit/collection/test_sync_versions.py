"""Of all that is told of one fact, in whatever order and however often, one version holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.collection.sync import Batch
from mydata_hub.collection.versions import newest
from mydata_hub.errors import BadInput, Conflict

from tests.unit.collection.sample_pages import CardCompany, approval, connect
from tests.unit.collection.sync_desk import Desk, clean_run, company


def _told(number: int, version: int) -> dict[str, Any]:
    """A row in one of its versions: booked, corrected once or twice, cancelled."""
    changes: list[dict[str, Any]] = [
        {},
        {"status": "03", "modified_amt": 4000, "trans_dtime": "20260305"},
        {"status": "03", "modified_amt": 3000, "trans_dtime": "20260306"},
        {"status": "02", "trans_dtime": "20260307"},
    ]
    return approval(number, **changes[version])


@settings(deadline=None, max_examples=80)
@given(
    told=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), max_size=30),
    data=st.data(),
    page_rows=st.integers(1, 7),
)
def test_duplicated_reordered_and_interrupted_delivery_gives_the_records_of_a_clean_run(
    told: list[tuple[int, int]], data: st.DataObject, page_rows: int
) -> None:
    rows = [_told(number, version) for number, version in told]
    wanted = clean_run(CardCompany({"c1": rows}, page_rows=page_rows))
    order = data.draw(
        st.permutations(rows + data.draw(st.lists(st.sampled_from(rows or [{}]))) if rows else [])
    )
    provider = CardCompany({"c1": order}, page_rows=page_rows)
    stops = data.draw(st.lists(st.booleans(), max_size=20))
    desk = Desk()
    kills = iter(stops)

    def killed(batch: Batch) -> None:
        if next(kills, False):
            # Half of the kills come after the commit: the caller never learns of it.
            if data.draw(st.booleans()):
                desk.kept.append(batch)
            raise Conflict(0, "connections")

    desk.before_keep = killed
    connection, finished = connect(provider), False
    while not finished:
        try:
            finished = desk.run(replace(connection, cursor=desk.cursor())).finished
        except Conflict:
            finished = bool(desk.kept) and desk.kept[-1].fresh_at is not None

    assert desk.held() == wanted


@given(st.permutations([(1, 0), (1, 1), (1, 2), (1, 3), (1, 0)]))
def test_which_version_holds_does_not_depend_on_the_order(order: list[tuple[int, int]]) -> None:
    provider = CardCompany({"c1": [_told(*told) for told in order]})
    (record,) = clean_run(provider).values()

    assert not record.counts


@given(st.permutations([(1, 0), (1, 1), (1, 2)]))
def test_of_two_corrections_the_later_one_holds(order: list[tuple[int, int]]) -> None:
    for amounts in ((4000, 3000), (3000, 4000)):
        rows = [_told(*told) for told in order]
        for row in rows:
            if row["status"] == "03":
                row["modified_amt"] = amounts[row["trans_dtime"] == "20260306"]
        (record,) = clean_run(CardCompany({"c1": rows})).values()

        assert record.amount_minor == -amounts[1]


def test_versions_of_different_records_are_not_compared() -> None:
    one, other = clean_run(company(2)).values()
    with pytest.raises(BadInput):
        newest(one, other)


def test_the_same_fact_has_the_same_id_in_every_run_and_another_per_connection() -> None:
    first, again = clean_run(company(3)), clean_run(company(3))
    desk = Desk()
    desk.run(connect(company(3), name="another"))

    assert first == again
    assert not first.keys() & desk.held().keys()
