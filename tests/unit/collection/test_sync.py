"""A sweep of the sync engine: pages resume, repeat and end, no record is lost or kept twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from mydata_hub.collection import cursor as cursors
from mydata_hub.collection.cursor import Cursor, read_cursor
from mydata_hub.collection.sync import Batch, Outcome, collect_page
from mydata_hub.collection.wire import Setback
from mydata_hub.errors import Conflict, Damaged

from tests.unit.collection.sample_pages import NOW, CardCompany, approval, connect
from tests.unit.collection.sync_desk import Desk, clean_run, company


def test_a_sweep_asks_every_card_with_consent_page_by_page() -> None:
    provider = CardCompany({"c1": [approval(n) for n in range(7)], "c2": [approval(70)]})
    desk = Desk()

    outcome = desk.run(connect(provider))

    assert outcome.finished
    assert outcome.records == {"card.approvals": 8, "card.bills": 0}
    assert outcome.pages == 1 + 3 + 1 + 1
    assert all("not-consented" not in request.path for request in provider.asked)
    assert [request.fields.get("next_page") for request in provider.asked][:4] == [
        *(None, None, "3", "6")
    ]


def test_freshness_is_the_instant_the_sweep_began() -> None:
    desk = Desk()
    desk.before_keep = lambda _: desk.clock.advance(timedelta(seconds=7))

    assert desk.run(connect(company())).fresh_at == NOW


def test_the_next_sweep_looks_back_for_late_records_and_cancellations() -> None:
    provider = company(2)
    desk = Desk()
    desk.run(connect(provider))
    late = [approval(0, status="02", trans_dtime="20260311"), approval(1), approval(500)]
    provider.approvals = {"c1": late}
    desk.clock.advance(timedelta(days=1))
    desk.until += timedelta(days=1)

    desk.run(replace(connect(provider), cursor=desk.cursor()))

    assert sorted(record.counts for record in desk.held().values()) == [False, True, True]
    assert [provider.asked[place].fields["from_date"] for place in (1, -2)] == [
        *("20240309", "20260129")
    ]


def test_a_run_out_of_time_goes_on_at_the_page_where_it_stopped() -> None:
    provider = company(10)
    desk = Desk(minutes=3)
    desk.before_keep = lambda _: desk.clock.advance(timedelta(minutes=1))
    first = desk.run(connect(provider))
    desk.until += timedelta(hours=1)

    second = desk.run(replace(connect(provider), cursor=desk.cursor()))

    assert not first.finished
    assert first.setback is None
    assert second.finished
    pages = [request.fields.get("next_page") for request in provider.asked]
    assert pages == [None, None, "3", "6", "9", None]
    assert desk.held() == clean_run(company(10))


def test_a_page_that_could_not_be_committed_is_collected_again() -> None:
    provider = company(10)
    desk = Desk()

    def lose(batch: Batch) -> None:
        if batch.before.token == "6":
            raise Conflict(0, "connections")

    desk.before_keep = lose
    with pytest.raises(Conflict):
        desk.run(connect(provider))
    desk.before_keep = lambda _: None

    assert desk.run(replace(connect(provider), cursor=desk.cursor())).finished
    assert desk.held() == clean_run(company(10))


def test_a_page_that_comes_twice_is_counted_and_not_kept_twice() -> None:
    def again(rows: list[Any], following: str | None, token: str) -> tuple[list[Any], str | None]:
        # Token "3" gives the first page once more.
        return ([approval(n) for n in range(3)] if token == "3" else rows), following

    desk = Desk()
    outcome = desk.run(connect(company(9, twist=again)))

    assert outcome.repeated == 3
    assert outcome.records["card.approvals"] == 6


def test_a_row_that_comes_twice_on_a_page_is_kept_once() -> None:
    desk = Desk()
    provider = CardCompany({"c1": [approval(1), approval(1), approval(2)]})

    assert desk.run(connect(provider)).repeated == 1
    assert len(desk.held()) == 2


@pytest.mark.parametrize("back_to", ["0x", "3", "6"])
def test_pages_that_go_in_circles_end_in_a_setback(back_to: str) -> None:
    def circle(rows: list[Any], following: str | None, token: str) -> tuple[list[Any], str | None]:
        return rows, (back_to.strip("x") if token == "6" and back_to != "0x" else following)

    desk = Desk()
    outcome = desk.run(connect(company(12, twist=circle)))

    if back_to == "0x":
        assert outcome.finished
        return
    assert outcome.setback is Setback.REPEATING
    assert desk.cursor().token == "6"
    assert desk.waits == []


def test_pages_without_end_are_bounded() -> None:
    def endless(_: list[Any], __: str | None, token: str) -> tuple[list[Any], str | None]:
        return [], str(int(token) + 1)

    desk = Desk()
    provider = company(1, twist=endless)

    assert desk.run(connect(provider)).setback is Setback.REPEATING
    assert len(provider.asked) == cursors.MAX_PAGES + 1
    assert len(desk.cursor().seen) <= 2 * 8 * cursors.MAX_PAGES


def test_more_cards_than_anyone_has_are_refused() -> None:
    desk = Desk()
    provider = CardCompany({f"c{n}": [] for n in range(cursors.MAX_SOURCES + 1)})

    assert desk.run(connect(provider)).setback is Setback.TOO_LARGE


@pytest.mark.parametrize("values", [{"source": 3}, {"pages": "x"}, {"sources": [1]}])
def test_a_cursor_row_that_is_none_is_damaged(values: dict[str, Any]) -> None:
    with pytest.raises(Damaged):
        read_cursor(values)


def test_a_cursor_between_sweeps_has_no_window() -> None:
    with pytest.raises(Damaged):
        Cursor().window()


def test_nothing_is_asked_when_time_is_up_already() -> None:
    provider = company(3)
    assert Desk(minutes=0).run(connect(provider)) == Outcome(connection_id="connection-1")
    assert provider.asked == []


def test_a_feed_that_a_release_no_longer_has_begins_the_sweep_anew() -> None:
    old = Cursor(sweep_at=datetime.isoformat(NOW), feed="points", sources=("c1",), token="9")
    batch = collect_page(replace(connect(company(3)), cursor=old), NOW)

    assert batch.cursor.feed == "approvals"
