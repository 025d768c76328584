"""Collecting page by page: sealed, announced once, stopped by a withdrawal, patient with faults."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta

import pytest
from mydata_hub.collection.collecting import LEASE
from mydata_hub.collection.connections import State
from mydata_hub.collection.errand import Errand
from mydata_hub.collection.provider_http import Tokens
from mydata_hub.collection.tokens import cursor_row, open_tokens, tokens_row
from mydata_hub.collection.wire import Setback
from mydata_hub.errors import Busy, Conflict, OutcomeUnknown, ProviderFailed

from tests.unit.collection.collecting_world import World
from tests.unit.collection.sample_pages import approval


def ids(records: list[bytes]) -> list[str]:
    return sorted(json.loads(record)["source_id"] for record in records)


def wanted(count: int = 8) -> list[str]:
    return [f"card-1:20260301:{number:08d}" for number in range(count)]


def intake_rows(world: World, connection_id: str) -> dict:
    return world.tables.fetch_many(tokens_row(connection_id), cursor_row(connection_id))


def test_each_record_is_announced_once_and_the_connection_is_complete(world, jiu) -> None:
    link = world.connect(jiu)
    (outcome,) = world.deliver()
    assert outcome.finished
    assert ids(world.opened(jiu)) == wanted()
    after = world.link(jiu)
    assert after.records == {"card.approvals": 8, "card.bills": 0}
    assert after.complete_at == world.clock.now()
    assert after.due_at == world.clock.now() + timedelta(days=0.95)
    assert world.asked() == []
    (told,) = world.told_complete()
    assert told["connection_id"] == link.connection_id
    assert told["vault_id"] == jiu.account_id


def test_events_tell_counts_and_nothing_that_was_collected(world, jiu) -> None:
    world.connect(jiu)
    world.deliver()
    events = sorted(world.events(jiu, "records_collected"), key=lambda event: event.row_version)
    told = [json.loads(event.payload) for event in events]
    assert told == [{"dataset": "card.approvals", "records": count} for count in (3, 3, 2)]
    assert len({event.row_version for event in events}) == 3
    assert {event.actor for event in events} == {"sample-card"}


def test_only_what_was_consented_to_is_asked_for(world, jiu) -> None:
    world.connect(jiu, datasets=("card.bills",))
    world.deliver()
    paths = {request.path for request in world.card.company.asked}
    assert paths == {"/v1/card/cards", "/v1/card/cards/bills"}
    assert world.opened(jiu) == []


def test_a_message_that_comes_again_changes_nothing(world, jiu) -> None:
    world.connect(jiu)
    (message,) = world.asked()
    world.run(Errand.told(message, by_stream=True))
    asked = len(world.card.company.asked)
    assert world.run(Errand.told(message, by_stream=True)) is None
    assert world.sweep() == []
    assert len(world.card.company.asked) == asked


def test_out_of_time_it_goes_on_where_it_was_by_a_message_of_its_own(world, jiu) -> None:
    world.connect(jiu)
    (message,) = world.asked()
    company, fetch = world.card.company, world.card.company.fetch

    def slow(request):
        world.clock.advance(timedelta(seconds=9))
        return fetch(request)

    company.fetch = slow
    first = world.run(Errand.told(message, by_stream=True))
    assert not first.finished
    assert first.setback is None
    (again,) = world.asked()
    assert again.message_id != message.message_id
    while world.asked():
        world.deliver()
    assert ids(world.opened(jiu)) == wanted()
    tokens = [request.fields.get("next_page") for request in company.asked]
    assert tokens.count("3") == 1


def test_while_a_run_is_alive_nobody_else_calls_the_provider(world, jiu) -> None:
    world.connect(jiu)
    (message,) = world.asked()
    company, fetch = world.card.company, world.card.company.fetch
    told = []

    def meanwhile(request):
        told.append(world.run(Errand(jiu.account_id, "sample-card")))
        return fetch(request)

    company.fetch = meanwhile
    assert world.run(Errand.told(message, by_stream=True)).finished
    assert set(told) == {None}
    assert ids(world.opened(jiu)) == wanted()


def test_after_a_crash_the_same_message_goes_on_at_once_and_the_sweep_when_the_lease_is_over(
    world, jiu
) -> None:
    world.connect(jiu)
    (message,) = world.asked()
    company, fetch = world.card.company, world.card.company.fetch

    def crash(request):
        if request.fields.get("next_page") == "3":
            raise KeyboardInterrupt
        return fetch(request)

    company.fetch = crash
    with pytest.raises(KeyboardInterrupt):
        world.run(Errand.told(message, by_stream=True))
    company.fetch = fetch
    assert world.sweep() == [None, None]
    world.clock.advance(LEASE)
    assert any(outcome and outcome.finished for outcome in world.sweep())
    assert ids(world.opened(jiu)) == wanted()


def test_a_redelivered_message_takes_its_own_lease_over(world, jiu) -> None:
    world.connect(jiu)
    (message,) = world.asked()
    company, fetch = world.card.company, world.card.company.fetch

    def crash(request):
        raise KeyboardInterrupt

    company.fetch = crash
    with pytest.raises(KeyboardInterrupt):
        world.run(Errand.told(message, by_stream=True))
    company.fetch = fetch
    assert world.run(Errand.told(message, by_stream=True)).finished


def test_a_withdrawal_stops_collection_at_the_next_page(world, jiu) -> None:
    world.connect(jiu)
    company, fetch = world.card.company, world.card.company.fetch

    def withdrawn(request):
        if request.fields.get("next_page") == "3":
            world.withdraw(jiu)
        return fetch(request)

    company.fetch = withdrawn
    assert world.deliver() == [None]
    # The page that was under way is not announced: the grant is part of its commit.
    assert ids(world.opened(jiu)) == wanted(3)
    link = world.link(jiu)
    assert (link.state, link.trouble, link.due_at) == (State.ENDED, "withdrawn", None)
    assert intake_rows(world, link.connection_id) == {}
    assert world.asked() == []
    assert world.sweep() == []


def test_after_a_withdrawal_nothing_is_called_and_the_tokens_are_forgotten(world, jiu) -> None:
    link = world.connect(jiu)
    world.withdraw(jiu)
    assert world.deliver() == [None]
    assert world.card.company.asked == []
    assert intake_rows(world, link.connection_id) == {}


def test_a_withdrawal_gives_the_provider_its_tokens_back_before_they_are_forgotten(
    world, jiu
) -> None:
    world.connect(jiu)
    world.withdraw(jiu)
    world.deliver()
    tokens = Tokens("access-code-1", "refresh-code-1")
    assert world.card.given_back == [("hub-at-card", tokens)]
    world.sweep()
    assert len(world.card.given_back) == 1


def test_a_provider_that_is_away_is_asked_again_and_nothing_is_collected_meanwhile(
    world, jiu
) -> None:
    link = world.connect(jiu)
    world.withdraw(jiu)
    away = [ProviderFailed(setback, "away") for setback in (Setback.UNAVAILABLE, Setback.TOO_SLOW)]
    world.card.unwilling = away
    world.deliver()
    waiting = world.link(jiu)
    assert (waiting.state, waiting.trouble) == (State.CONNECTED, "giving_back")
    assert waiting.due_at > world.clock.now()
    assert world.asked() == []
    for _ in range(2):
        world.clock.advance(timedelta(minutes=5))
        world.sweep()
    assert world.card.company.asked == []
    assert len(world.card.given_back) == 1
    assert world.link(jiu).state is State.ENDED
    assert intake_rows(world, link.connection_id) == {}


def test_a_provider_that_stays_away_is_given_up_after_a_day_and_its_tokens_are_forgotten(
    world, jiu
) -> None:
    link = world.connect(jiu)
    world.withdraw(jiu)
    world.card.unwilling = [ProviderFailed(Setback.UNAVAILABLE, "away") for _ in range(100)]
    world.deliver()
    tries = 1
    while world.link(jiu).state is not State.ENDED:
        world.clock.advance(timedelta(hours=1))
        tries += len(world.sweep())
    assert world.link(jiu).trouble == "withdrawn"
    assert 8 < tries < 40
    assert intake_rows(world, link.connection_id) == {}


def test_tokens_that_the_provider_does_not_know_any_more_count_as_given_back(world, jiu) -> None:
    world.connect(jiu)
    world.withdraw(jiu)
    world.card.unwilling = [ProviderFailed(Setback.REFUSED, "HTTP status 400")]
    world.deliver()
    assert world.link(jiu).state is State.ENDED


def test_a_withdrawal_in_the_middle_of_a_run_gives_the_tokens_back_too(world, jiu) -> None:
    world.connect(jiu)
    company, fetch = world.card.company, world.card.company.fetch

    def withdrawn(request):
        world.withdraw(jiu)
        return fetch(request)

    company.fetch = withdrawn
    world.deliver()
    assert len(world.card.given_back) == 1


def test_an_expired_consent_ends_the_connection(world, jiu) -> None:
    world.connect(jiu)
    world.deliver()
    world.clock.advance(timedelta(days=366))
    world.sweep()
    assert (world.link(jiu).state, world.link(jiu).trouble) == (State.ENDED, "expired")


def test_without_a_vault_it_waits(world) -> None:
    early = world.join(vault=False, name="Early")
    world.connect(early)
    assert world.deliver() == [None]
    assert (world.link(early).trouble, world.card.company.asked) == ("waiting", [])
    world.vaults.create_vault(early.account_id, world.entropy)
    world.clock.advance(timedelta(seconds=31))
    assert [outcome.finished for outcome in world.sweep()] == [True]
    assert world.link(early).trouble == ""


@pytest.mark.parametrize(
    "setback", [Setback.THROTTLED, Setback.UNAVAILABLE, Setback.TRUNCATED, Setback.MALFORMED]
)
def test_a_setback_leaves_the_cursor_unmoved_and_says_since_when(world, jiu, setback) -> None:
    link = world.connect(jiu)
    world.card.company.faults = [ProviderFailed(setback, "for a test")] * 4
    began = world.clock.now()
    (outcome,) = world.deliver()
    assert outcome.setback is setback
    assert cursor_row(link.connection_id) not in intake_rows(world, link.connection_id)
    failed = world.link(jiu)
    assert failed.trouble == setback.value
    assert failed.failing_since - began < timedelta(seconds=20)
    assert failed.complete_at is None
    assert failed.due_at > world.clock.now()
    world.card.company.faults = []
    world.clock.advance(timedelta(minutes=1))
    assert [one.finished for one in world.sweep()] == [True]
    mended = world.link(jiu)
    assert (mended.trouble, mended.failing_since, mended.failures) == ("", None, 0)
    assert ids(world.opened(jiu)) == wanted()


def test_it_comes_back_ever_later_and_no_earlier_than_it_was_asked_to(world, jiu) -> None:
    world.connect(jiu)
    pauses = []
    for _ in range(12):
        world.card.company.faults = [ProviderFailed(Setback.MALFORMED, "for a test")]
        (world.sweep() if pauses else world.deliver())
        pauses.append(world.link(jiu).due_at - world.clock.now())
        world.clock.advance(pauses[-1])
    assert pauses == sorted(pauses)
    assert pauses[-1] <= timedelta(hours=6)
    world.card.company.faults = [ProviderFailed(Setback.THROTTLED, "for a test", 40_000.0)]
    world.sweep()
    assert world.link(jiu).due_at == world.clock.now() + timedelta(seconds=40_000)


def test_what_fails_for_one_provider_holds_up_no_other(world, jiu) -> None:
    world.add_provider("other-card")
    world.connect(jiu)
    departure = world.leave(jiu, provider_id="other-card")
    assert world.come_back(departure, provider_id="other-card")
    world.card.company.faults = [ProviderFailed(Setback.MALFORMED, "for a test")]
    outcomes = world.deliver()
    assert sorted(outcome.finished for outcome in outcomes) == [False, True]


def test_a_provider_that_let_go_waits_for_the_person(world, jiu) -> None:
    link = world.connect(jiu)
    world.card.company.faults = [ProviderFailed(Setback.TOKEN_EXPIRED, "for a test")]
    world.card.company.renewal_fault = ProviderFailed(Setback.CONSENT_ENDED, "for a test")
    world.deliver()
    ended = world.link(jiu)
    assert (ended.state, ended.trouble) == (State.ENDED, "consent_ended")
    assert intake_rows(world, link.connection_id) == {}
    # Their consent still stands; agreeing anew takes its place.
    world.card.company.renewal_fault = None
    world.clock.advance(timedelta(minutes=1))
    assert world.connect(jiu).connection_id == link.connection_id


def test_renewed_tokens_are_kept_before_they_are_used(world, jiu) -> None:
    link = world.connect(jiu)
    company = world.card.company
    company.faults = [ProviderFailed(Setback.TOKEN_EXPIRED, "for a test")]
    company.renew = lambda: company.keep_tokens(Tokens("access-2", "refresh-2"))
    (outcome,) = world.deliver()
    assert outcome.finished
    key = tokens_row(link.connection_id)
    kept = open_tokens(world.box, link.connection_id, intake_rows(world, link.connection_id)[key])
    assert (kept.access, kept.refresh) == ("access-2", "refresh-2")


def test_the_next_sweep_counts_anew_and_a_correction_keeps_its_id(world, jiu) -> None:
    world.connect(jiu)
    world.deliver()
    world.card.company.approvals["card-1"][2] = approval(2, status="02")
    world.clock.advance(timedelta(days=1))
    assert [outcome.finished for outcome in world.sweep()] == [True]
    assert world.link(jiu).records["card.approvals"] == 8
    assert len(world.opened(jiu)) == 16
    assert len(set(ids(world.opened(jiu)))) == 8


class Stumbling:
    """Tables whose commits go wrong once: before they are done, or after."""

    def __init__(self, tables, commit_number: int, error: Exception, *, done: bool) -> None:
        self.tables, self.left, self.error, self.done = tables, commit_number, error, done

    def __getattr__(self, name):
        return getattr(self.tables, name)

    def commit(self, *changes):
        self.left -= 1
        if self.left:
            self.tables.commit(*changes)
            return
        if self.done:
            self.tables.commit(*changes)
        raise self.error


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize(
    ("error", "done"),
    [(Busy("x"), False), (OutcomeUnknown("x"), False), (OutcomeUnknown("x"), True)],
)
def test_a_commit_whose_answer_is_lost_loses_and_doubles_nothing(
    world, jiu, number, error, done
) -> None:
    world.connect(jiu)
    (message,) = world.asked()
    tables = world.tables
    world.tables = Stumbling(tables, number, error, done=done)
    with suppress(Busy, Conflict, OutcomeUnknown):
        world.run(Errand.told(message, by_stream=True))
    world.tables = tables
    world.run(Errand.told(message, by_stream=True))
    world.clock.advance(LEASE)
    world.sweep()
    assert ids(world.opened(jiu)) == wanted()
    assert world.link(jiu).complete_at is not None
    assert len(world.told_complete()) == 1
