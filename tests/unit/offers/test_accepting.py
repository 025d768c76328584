"""Accepting an offer: one commit holds what is signed, charged, given, counted and told."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from mydata_hub.benefits.coupons import accepted_key
from mydata_hub.consent.deliveries import TOPIC, acceptance_of, fetch_deliveries
from mydata_hub.consent.grants import list_grants
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.errors import BadInput, Busy, HubError, NotAllowed, NotFound, Taken
from mydata_hub.oauth.authority import SigningKeys, secret_key
from mydata_hub.oauth.clients import change_client, suspend_client
from mydata_hub.offers.acceptance.accepting import (
    accept_freely,
    accept_offer,
    find_on_offer,
    prepare_acceptance,
)
from mydata_hub.offers.acceptance.tally import read_report
from mydata_hub.offers.acceptance.ticket import LIFETIME
from mydata_hub.offers.catalogue.shelf import fetch_offer, put_head, put_submitted
from mydata_hub.ports.messages import due_messages
from mydata_hub.release.ledger_rows import ledger_key, read_ledger

from tests.unit.offers.accepting_world import MODE, SUBWAY, Stall

DAY = timedelta(days=1)


@pytest.fixture
def stall(tmp_path):
    return Stall(tmp_path)


def state_of(stall):
    """Everything that an acceptance may have written, by table."""
    head, _ = fetch_offer(stall.tables, "bicycles.rides")
    due = due_messages(stall.tables, stall.now + 40 * DAY)
    return head.accepted, sum(message.topic == TOPIC for message in due)


def test_one_signature_makes_the_grant_and_all_that_goes_with_it_in_one_commit(stall):
    stall.shelve()
    passkey, session = stall.join()
    stall.tables.commits.clear()
    grant = stall.accept(passkey, session)
    commit = stall.tables.commits[-1]
    assert {change.key.table for change in commit} == {
        *("accounts", "grants", "events", "coupons", "offers"),
        *("ledger", "oauth", "deliveries", "outbox"),
    }
    assert grant.items == (SUBWAY, MODE)
    assert (grant.counterparty, grant.recipient_group) == ("bicycles", "rentals")
    assert (grant.max_bits, grant.frequency.count) == (5, 1)
    ledger = read_ledger(
        stall.tables.fetch_many(ledger_key(session.account_id, "rentals")).popitem()[1]
    )
    assert ledger.charged_to(grant.grant_id) == 45850
    assert ledger.prepaid == {grant.grant_id: (SUBWAY, MODE)}


def test_nothing_that_a_partner_sees_tells_the_moment_of_the_tap(stall):
    """Two who accept at different hours of one day leave the same dates behind."""
    stall.shelve()
    seen = []
    for hour in (0, 9, 23):
        stall.clock.at = datetime(2026, 11, 24, hour, 30, 17, tzinfo=UTC)
        grant = stall.accept(*stall.join())
        name = acceptance_of(grant.grant_id)
        news = fetch_deliveries(stall.tables, [name])[name]
        seen.append((grant.given_at, grant.expires_at, news.due_at))
    assert seen[0] == seen[1] == seen[2]
    given_at, expires_at, due_at = seen[0]
    assert due_at - given_at == DAY
    assert expires_at - due_at == 30 * DAY


def test_the_news_waits_for_the_end_of_the_window_and_brings_the_code_of_the_grant(stall):
    stall.shelve()
    grant = stall.accept(*stall.join())
    name = acceptance_of(grant.grant_id)
    news = fetch_deliveries(stall.tables, [name])[name]
    assert (news.offer, news.client_id) == ("bicycles.rides@1", "bicycles")
    key = secret_key("offer-code", news.code)
    assert stall.tables.fetch_many(key)[key].values["grant_id"] == grant.grant_id
    waiting = [one for one in due_messages(stall.tables, stall.now) if one.topic == TOPIC]
    assert waiting == []
    (due,) = [one for one in due_messages(stall.tables, news.due_at) if one.topic == TOPIC]
    assert due.due_at == news.due_at


def test_a_report_counts_days_that_are_over_and_nothing_of_today(stall):
    stall.shelve()
    for _ in range(3):
        stall.accept(*stall.join())
    assert read_report(stall.tables, "bicycles.rides", stall.now) == ()
    stall.clock.advance(DAY)
    stall.accept(*stall.join())
    (yesterday,) = read_report(stall.tables, "bicycles.rides", stall.now)
    assert (yesterday.day, yesterday.accepted, yesterday.redeemed) == ("2026-11-24", 3, 0)


def test_who_was_not_shown_an_offer_cannot_accept_it(stall, tmp_path):
    """The edge cannot know who matches; only a vault's ticket lets somebody in."""
    stall.shelve()
    passkey, session = stall.join()
    _, other = stall.join("다른 사람")
    strange = SigningKeys(LocalSigner(tmp_path / "data", "strange", "ES256"))
    tickets = {
        "none": "-",
        "no JWT": "x.y.z",
        "somebody else's": stall.ticket(other),
        "of another version": stall.ticket(session, offer="bicycles.rides@2"),
        "of another offer": stall.ticket(session, offer="rivals.rides@1"),
        "of another hub": stall.ticket(session, issuer="https://other.example"),
        "by another key": stall.ticket(session, keys=strange),
    }
    for ticket in tickets.values():
        with pytest.raises(NotAllowed, match="not shown"):
            stall.prepare_acceptance(session, ticket)
    late = stall.ticket(session)
    stall.clock.advance(LIFETIME)
    with pytest.raises(NotAllowed):
        stall.prepare_acceptance(session, late)
    assert list_grants(stall.tables, session.account_id) == ()
    assert stall.accept(passkey, session)


def test_an_offer_is_accepted_once_by_one_person(stall):
    stall.shelve()
    passkey, session = stall.join()
    stall.accept(passkey, session)
    before = state_of(stall)
    with pytest.raises(Taken):
        stall.accept(passkey, session)
    assert state_of(stall) == before
    assert len(list_grants(stall.tables, session.account_id)) == 1


@pytest.mark.parametrize("stock", [1, 2])
def test_no_more_accept_an_offer_than_there_are_of_it(stall, stock):
    """Eight at once, each with a sheet that was read while there still were some."""
    stall.shelve(stock=stock)
    ready = []
    for _ in range(8):
        passkey, session = stall.join()
        prepared = stall.prepare_acceptance(session)
        answer = stall.sign(passkey, prepared)
        ready.append((session, stall.on_offer(), prepared.approval, answer))
    outcomes, start = [], threading.Barrier(8)

    def race(one):
        start.wait()
        for _ in range(20):
            try:
                grant = accept_offer(stall.counter, *one)
            except Busy:
                continue
            except Taken:
                grant = None
            outcomes.append(grant)
            return

    threads = [threading.Thread(target=race, args=(one,)) for one in ready]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in outcomes if one]) == stock
    assert len(outcomes) == 8
    head, _ = fetch_offer(stall.tables, "bicycles.rides")
    assert head.accepted == stock
    with pytest.raises(Taken):
        stall.on_offer()


def test_a_commit_that_is_refused_gives_charges_counts_and_tells_nothing(stall):
    stall.shelve()
    passkey, session = stall.join()
    prepared = stall.prepare_acceptance(session)
    answer = stall.sign(passkey, prepared)
    before = state_of(stall)

    def busy():
        raise Busy("throttled")

    stall.tables.before = [busy]
    with pytest.raises(Busy):
        accept_offer(stall.counter, session, stall.on_offer(), prepared.approval, answer)
    assert state_of(stall) == before
    assert list_grants(stall.tables, session.account_id) == ()
    key = accepted_key(session.account_id, "bicycles.rides@1")
    assert key not in stall.tables.fetch_many(key)
    # Nothing was used up either: the same signature makes the grant.
    assert accept_offer(stall.counter, session, stall.on_offer(), prepared.approval, answer)


def test_what_would_pass_the_cap_of_the_partners_group_is_not_accepted(stall):
    """Five acceptances of 4.585 bits fit into 24, the sixth does not, and says so."""
    passkey, session = stall.join()
    for number in range(6):
        name = f"bicycles.rides-{number}"
        stall.shelve(offer_id=name)
        stall.on_offer = lambda name=name: _find(stall, name)
        stall.ticket = lambda session, name=name: _ticket(stall, session, name)
        if number < 5:
            stall.accept(passkey, session)
            continue
        with pytest.raises(NotAllowed, match="learn no more"):
            stall.accept(passkey, session)
    assert len(list_grants(stall.tables, session.account_id)) == 5


def _find(stall, name):
    return find_on_offer(stall.desk, name)


def _ticket(stall, session, name):
    return Stall.ticket(stall, session, offer=f"{name}@1")


def gone_since(stall, change):
    """A sheet that was read before something changed."""
    stall.shelve()
    passkey, session = stall.join()
    on_offer = stall.on_offer()
    prepared = stall.prepare_acceptance(session)
    answer = stall.sign(passkey, prepared)
    change()
    with pytest.raises(HubError) as refused:
        accept_offer(stall.counter, session, on_offer, prepared.approval, answer)
    assert list_grants(stall.tables, session.account_id) == ()
    return refused.value


def test_an_offer_that_was_withdrawn_meanwhile_is_not_accepted(stall):
    def withdraw():
        head, _ = fetch_offer(stall.tables, "bicycles.rides")
        stall.tables.commit(put_head(replace(head, approved=None)))

    assert isinstance(gone_since(stall, withdraw), NotFound)
    with pytest.raises(NotFound):
        stall.on_offer()


def test_what_is_over_or_not_begun_or_of_a_suspended_partner_cannot_be_accepted(stall):
    stall.shelve()
    for at in (stall.now - 2 * DAY, stall.now + 30 * DAY):
        now, stall.clock.at = stall.now, at
        with pytest.raises(NotFound):
            stall.on_offer()
        stall.clock.at = now
    suspend_client(stall.desk, "bicycles")
    with pytest.raises(NotFound):
        stall.on_offer()


def test_a_signature_for_one_offer_accepts_no_other(stall):
    stall.shelve()
    stall.shelve(offer_id="bicycles.other")
    passkey, session = stall.join()
    prepared = stall.prepare_acceptance(session)
    answer = stall.sign(passkey, prepared)
    other = _find(stall, "bicycles.other")
    with pytest.raises(BadInput, match="another offer"):
        accept_offer(stall.counter, session, other, prepared.approval, answer)


def test_an_offer_that_tells_nothing_is_taken_by_a_tap_and_told_to_nobody(stall):
    stall.shelve(discloses=())
    _, session = stall.join()
    stall.accept_freely(session)
    assert state_of(stall) == (1, 0)
    assert list_grants(stall.tables, session.account_id) == ()
    with pytest.raises(Taken):
        stall.accept_freely(session)


def test_an_offer_that_tells_something_is_not_taken_by_a_tap(stall):
    stall.shelve()
    _, session = stall.join()
    with pytest.raises(BadInput, match="passkey"):
        stall.accept_freely(session)
    assert state_of(stall) == (0, 0)


def signed_sheet(stall, passkey, session, name="bicycles.rides"):
    """A sheet that was read and signed, and not sent off yet."""
    on_offer = _find(stall, name)
    prepared = prepare_acceptance(
        stall.counter, session, on_offer, _ticket(stall, session, name), locale="ko", wording="예"
    )
    return on_offer, prepared.approval, stall.sign(passkey, prepared)


def test_of_two_sheets_of_one_offer_the_second_is_refused_in_its_commit(stall):
    stall.shelve()
    passkey, session = stall.join()
    first, second = (signed_sheet(stall, passkey, session) for _ in range(2))
    accept_offer(stall.counter, session, *first)
    before = state_of(stall)
    with pytest.raises(Taken):
        accept_offer(stall.counter, session, *second)
    assert state_of(stall) == before


def test_a_cap_that_was_reached_after_the_sheet_was_signed_is_kept_in_the_commit(stall):
    passkey, session = stall.join()
    sheets = []
    for number in range(6):
        stall.shelve(offer_id=f"bicycles.rides-{number}")
        sheets.append(signed_sheet(stall, passkey, session, f"bicycles.rides-{number}"))
    for sheet in sheets[:5]:
        accept_offer(stall.counter, session, *sheet)
    with pytest.raises(NotAllowed, match="learn no more"):
        accept_offer(stall.counter, session, *sheets[5])
    assert len(list_grants(stall.tables, session.account_id)) == 5


def test_a_tap_takes_the_version_that_was_read_and_no_newer_one(stall):
    """The newer one may tell something, which nobody has signed."""
    stall.shelve(discloses=())
    _, session = stall.join()
    on_offer, ticket = stall.on_offer(), stall.ticket(session)
    head, _ = fetch_offer(stall.tables, "bicycles.rides")
    stall.tables.commit(put_head(replace(head, approved=2, latest=2)))
    with pytest.raises(NotFound):
        accept_freely(stall.counter, session, on_offer, ticket)
    accepted = accepted_key(session.account_id, "bicycles.rides@1")
    assert stall.tables.fetch_many(accepted) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"purposes": ("personal_offers",)},
        {"claims": ("commute.mode",)},
        {"suspended": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_its_partner_may_not_ask_any_more_cannot_be_accepted(stall, change):
    stall.shelve()
    assert stall.on_offer()
    change_client(stall.desk, "bicycles", **change)
    with pytest.raises(NotFound):
        stall.on_offer()


def test_what_would_mean_something_else_today_cannot_be_accepted(stall):
    stall.shelve()
    head, found = fetch_offer(stall.tables, "bicycles.rides", 1)
    stall.tables.commit(put_submitted(replace(found[1], condition="0" * 64)))
    assert head.approved == 1
    with pytest.raises(NotFound):
        stall.on_offer()
