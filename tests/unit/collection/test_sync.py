"""The sync engine: pages resume, repeat, fail and mend without losing or doubling a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.collection import cursor as cursors
from mydata_hub.collection.cursor import Cursor, read_cursor
from mydata_hub.collection.record import Record
from mydata_hub.collection.sync import (
    MAX_DELAY_S,
    MAX_TRIES,
    Batch,
    Connection,
    Outcome,
    Syncer,
    collect_page,
    delay_s,
)
from mydata_hub.collection.versions import newest, settle
from mydata_hub.collection.wire import Setback
from mydata_hub.errors import BadInput, Conflict, Damaged, ProviderFailed
from mydata_hub.ports.clock import SetClock

from tests.unit.collection.sample_pages import NOW, CardCompany, approval, connect


class Desk:
    """Keeps batches as the intake function would, and counts the seconds it waited."""

    def __init__(self, minutes: float = 10) -> None:
        self.clock = SetClock(NOW)
        self.until = NOW + timedelta(minutes=minutes)
        self.waits: list[float] = []
        self.kept: list[Batch] = []
        self.before_keep: Callable[[Batch], None] = lambda _: None

    def keep(self, batch: Batch) -> None:
        self.before_keep(batch)
        self.kept.append(batch)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    def syncer(self) -> Syncer:
        return Syncer(clock=self.clock, chance=lambda: 0.5, wait=self.wait, until=self.until)

    def run(self, connection: Connection) -> Outcome:
        return self.syncer().run(connection, self.keep)

    def held(self) -> dict[str, Record]:
        return settle(record for batch in self.kept for record in batch.records)

    def cursor(self) -> Cursor:
        """The committed cursor, through the values of a row, as the next run reads it."""
        return read_cursor(self.kept[-1].cursor.to_values()) if self.kept else Cursor()


def company(count: int = 10, **more: Any) -> CardCompany:
    return CardCompany({"c1": [approval(n) for n in range(count)]}, **more)


def clean_run(provider: CardCompany) -> dict[str, Record]:
    desk = Desk()
    assert desk.run(connect(provider)).finished
    return desk.held()


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


PASSING = (Setback.THROTTLED, Setback.UNAVAILABLE, Setback.TRUNCATED, Setback.TOO_SLOW)


@pytest.mark.parametrize("setback", PASSING)
def test_a_setback_that_passes_is_waited_for(setback: Setback) -> None:
    desk = Desk()
    provider = company(4, faults=[ProviderFailed(setback, "again later")])

    assert desk.run(connect(provider)).finished
    assert desk.waits == [0.5]


@pytest.mark.parametrize("setback", PASSING)
def test_a_setback_that_stays_ends_the_run_with_the_cursor_unmoved(setback: Setback) -> None:
    desk = Desk()
    provider = company(4)
    desk.before_keep = lambda _: provider.faults.extend(
        ProviderFailed(setback, "again later") for _ in range(MAX_TRIES)
    )

    outcome = desk.run(connect(provider))

    assert outcome.setback is setback
    assert len(desk.waits) == MAX_TRIES - 1
    assert (outcome.pages, desk.cursor().token) == (1, None)
    assert desk.run(replace(connect(provider), cursor=desk.cursor())).setback is setback


@pytest.mark.parametrize("setback", sorted(set(Setback) - set(PASSING) - {Setback.TOKEN_EXPIRED}))
def test_a_setback_that_waiting_does_not_mend_is_told_at_once(setback: Setback) -> None:
    desk = Desk()
    outcome = desk.run(connect(company(4, faults=[ProviderFailed(setback, "no")])))

    assert outcome.setback is setback
    assert desk.waits == []
    assert desk.kept == []


def test_retry_after_is_kept_to() -> None:
    desk = Desk()
    throttled = ProviderFailed(Setback.THROTTLED, "HTTP status 429", retry_after_s=7)

    assert desk.run(connect(company(1, faults=[throttled]))).finished
    assert desk.waits == [7.5]


def test_a_long_retry_after_is_left_to_the_next_run() -> None:
    desk = Desk()
    throttled = ProviderFailed(Setback.THROTTLED, "HTTP status 429", retry_after_s=600)
    outcome = desk.run(connect(company(1, faults=[throttled])))

    assert (outcome.setback, outcome.retry_after_s) == (Setback.THROTTLED, 600)
    assert desk.waits == []


def test_a_wait_that_would_outlast_the_run_is_not_begun() -> None:
    desk = Desk(minutes=0.1)
    throttled = ProviderFailed(Setback.THROTTLED, "HTTP status 429", retry_after_s=20)

    assert desk.run(connect(company(1, faults=[throttled]))).setback is Setback.THROTTLED
    assert desk.waits == []


def test_an_expired_token_is_renewed_once() -> None:
    expired = ProviderFailed(Setback.TOKEN_EXPIRED, "HTTP status 401")
    provider = company(4, faults=[expired])
    assert Desk().run(connect(provider)).finished
    assert provider.renewals == 1

    provider = company(4, faults=[expired, expired])
    assert Desk().run(connect(provider)).setback is Setback.TOKEN_EXPIRED
    assert provider.renewals == 1


def test_a_token_that_is_not_renewed_ends_the_run_as_the_provider_says() -> None:
    provider = company(4, faults=[ProviderFailed(Setback.TOKEN_EXPIRED, "HTTP status 401")])
    provider.renewal_fault = ProviderFailed(Setback.CONSENT_ENDED, "the token is not renewed")

    assert Desk().run(connect(provider)).setback is Setback.CONSENT_ENDED


def test_a_page_token_that_the_provider_forgot_starts_the_feed_again() -> None:
    provider = company(10)
    desk = Desk()
    desk.before_keep = lambda batch: (
        provider.faults.append(ProviderFailed(Setback.REFUSED, "HTTP status 400"))
        if batch.cursor.token == "6" and len(desk.kept) < 4
        else None
    )

    assert desk.run(connect(provider)).finished
    assert desk.held() == clean_run(company(10))


def test_other_providers_go_on() -> None:
    broken = company(3, faults=[b"<html>"])
    desk = Desk()
    outcomes = desk.syncer().run_all(
        [connect(broken, name="a"), connect(company(3), name="b")], desk.keep
    )

    assert [(o.connection_id, o.setback, o.finished) for o in outcomes] == [
        ("a", Setback.MALFORMED, False),
        ("b", None, True),
    ]


def test_a_malformed_page_in_the_middle_moves_nothing() -> None:
    provider = company(10)
    desk = Desk()
    desk.before_keep = lambda batch: (
        provider.faults.append(b'{"rsp_code":"00000","approved_list":7}')
        if batch.cursor.token == "6"
        else None
    )

    assert desk.run(connect(provider)).setback is Setback.WRONG_TYPE
    assert desk.cursor().token == "6"
    desk.before_keep = lambda _: None
    assert desk.run(replace(connect(provider), cursor=desk.cursor())).finished
    assert desk.held() == clean_run(company(10))


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_delays_are_bounded_and_spread(attempt: int, chance: float) -> None:
    assert 0 <= delay_s(attempt, chance) <= MAX_DELAY_S
    assert delay_s(attempt, 1.0) <= delay_s(attempt + 1, 1.0)


@pytest.mark.parametrize("values", [{"source": 3}, {"pages": "x"}, {"sources": [1]}])
def test_a_cursor_row_that_is_none_is_damaged(values: dict[str, Any]) -> None:
    with pytest.raises(Damaged):
        read_cursor(values)


def test_a_cursor_between_sweeps_has_no_window() -> None:
    with pytest.raises(Damaged):
        Cursor().window()


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


def test_nothing_is_asked_when_time_is_up_already() -> None:
    provider = company(3)
    assert Desk(minutes=0).run(connect(provider)) == Outcome(connection_id="connection-1")
    assert provider.asked == []


def test_a_feed_that_a_release_no_longer_has_begins_the_sweep_anew() -> None:
    old = Cursor(sweep_at=datetime.isoformat(NOW), feed="points", sources=("c1",), token="9")
    batch = collect_page(replace(connect(company(3)), cursor=old), NOW)

    assert batch.cursor.feed == "approvals"
