"""What ends a grant, who may end it, and what that leaves behind."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mydata_hub.consent.endings import revoke_grant, withdraw_all, withdraw_grant
from mydata_hub.consent.grant import GrantKind, GrantState
from mydata_hub.consent.grants import (
    fetch_consent,
    fetch_grant,
    grant_key,
    list_client_grants,
    list_grants,
    read_grant,
    still,
)
from mydata_hub.errors import Busy, Conflict, Damaged, NotFound
from mydata_hub.ports.tables import Absent, Key, Put, Row, VersionIs


def test_a_withdrawn_grant_says_when_and_by_whom_and_is_in_the_log(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    ended = withdraw_grant(world.desk, session, grant.grant_id)
    assert fetch_grant(world.tables, grant.grant_id) == ended
    assert (ended.version, ended.ended_at, ended.ended_as) == (2, world.now, "withdrawn")
    (event,) = world.events(session.account_id, "consent_withdrawn")
    assert (event.actor, event.row_version) == (session.account_id, 2)
    assert fetch_consent(world.tables, grant.grant_id)[0].consent_id == grant.grant_id


def test_withdrawing_again_changes_nothing(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    first = withdraw_grant(world.desk, session, grant.grant_id)
    world.clock.advance(timedelta(hours=1))
    assert withdraw_grant(world.desk, session, grant.grant_id) == first
    assert len(world.events(session.account_id, "consent_withdrawn")) == 1


def test_nobody_withdraws_what_somebody_else_gave(world):
    passkey, session = world.join()
    _, stranger = world.join("민서")
    grant = world.give(passkey, session)
    for grant_id in (grant.grant_id, "unknown"):
        with pytest.raises(NotFound, match="there is no such grant"):
            withdraw_grant(world.desk, stranger, grant_id)
    assert fetch_grant(world.tables, grant.grant_id) == grant


@pytest.mark.parametrize("actor", ["hub", "bicycles"])
def test_the_hub_and_the_partner_revoke_and_the_log_says_who(world, actor):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    ended = revoke_grant(world.desk, grant.grant_id, actor)
    assert ended.ended_as == "revoked"
    (event,) = world.events(session.account_id, "consent_revoked")
    assert event.actor == actor


def test_another_partner_cannot_revoke(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    for grant_id in (grant.grant_id, "unknown"):
        with pytest.raises(NotFound):
            revoke_grant(world.desk, grant_id, "insurer")


def test_the_first_end_stays(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    withdraw_grant(world.desk, session, grant.grant_id)
    assert revoke_grant(world.desk, grant.grant_id, "hub").ended_as == "withdrawn"


def test_a_grant_expires_by_itself_and_nothing_is_written(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    world.clock.advance(timedelta(days=90))
    kept = fetch_grant(world.tables, grant.grant_id)
    assert kept == grant
    assert kept.state(world.now) is GrantState.EXPIRED


def test_a_person_sees_every_grant_that_was_given(world):
    passkey, session = world.join()
    other, other_session = world.join("민서")
    given_ = {world.give(passkey, session).grant_id for _ in range(3)}
    theirs = world.give(other, other_session)
    assert {grant.grant_id for grant in list_grants(world.tables, session.account_id)} == given_
    assert list_grants(world.tables, other_session.account_id) == (theirs,)


def test_a_partner_s_grants_are_found_by_its_client_id(world):
    passkey, session = world.join()
    first = world.give(passkey, session)
    world.clock.advance(timedelta(seconds=1))
    second = world.give(passkey, session)
    world.give(passkey, session, world.proposal(counterparty="insurer"))
    ended = withdraw_grant(world.desk, session, first.grant_id)
    assert list_client_grants(world.tables, "bicycles") == (ended, second)


def test_withdrawing_all_ends_what_is_active_of_that_kind(world):
    passkey, session = world.join()
    released, collected = (
        world.give(passkey, session),
        world.give(passkey, session, world.collecting()),
    )
    gone = withdraw_grant(world.desk, session, world.give(passkey, session).grant_id)
    ended = withdraw_all(world.desk, session, GrantKind.RELEASE)
    assert [grant.grant_id for grant in ended] == [released.grant_id]
    assert [grant.grant_id for grant in withdraw_all(world.desk, session)] == [collected.grant_id]
    assert fetch_grant(world.tables, gone.grant_id) == gone


def use(world, grant, number):
    """What a release does: it commits on the grant that it read."""
    world.tables.tables.commit(
        still(grant), Put(key=Key("oauth", f"use#{number}"), values={}, when=Absent())
    )


def test_what_read_the_grant_before_the_withdrawal_commits_nothing_after_it(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    use(world, grant, 1)
    withdraw_grant(world.desk, session, grant.grant_id)
    with pytest.raises(Conflict):
        use(world, grant, 2)


def test_of_uses_and_a_withdrawal_at_once_none_commits_after_the_withdrawal(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    started, order, lock = threading.Barrier(9), [], threading.Lock()

    def ask(thread):
        started.wait()
        for number in range(20):
            before = world.tables.fetch_many(grant_key(grant.grant_id))
            withdrawn = next(iter(before.values())).version == 2
            try:
                use(world, grant, f"{thread}-{number}")
            except Conflict:
                continue
            except Busy:
                continue
            with lock:
                order.append(withdrawn)

    def withdraw():
        started.wait()
        withdraw_grant(world.desk, session, grant.grant_id)

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(8)]
    threads.append(threading.Thread(target=withdraw))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fetch_grant(world.tables, grant.grant_id).ended_as == "withdrawn"
    # Nobody who saw the withdrawal before the commit got anything through.
    assert not any(order)


def test_a_row_that_holds_another_grant_is_damage(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    key = grant_key(grant.grant_id)
    values = world.tables.fetch_many(key)[key].values
    for row in (
        Row(key, 2, values),
        Row(grant_key("other"), 1, values),
        Row(key, 1, {"grant": b"{}"}),
        Row(key, 1, {}),
    ):
        with pytest.raises(Damaged):
            read_grant(row)


def test_a_grant_row_without_its_consent_is_damage(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    with pytest.raises(NotFound):
        fetch_consent(world.tables, "unknown")
    key = grant_key(grant.grant_id)
    ended = replace(grant, version=2)
    world.tables.commit(Put(key=key, values={"grant": ended.encode()}, when=VersionIs(1)))
    with pytest.raises(Damaged):
        fetch_consent(world.tables, grant.grant_id)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.sampled_from(["withdraw", "revoke", "wait"]), max_size=6))
def test_whatever_happens_a_grant_never_comes_back(world, acts):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    ended = False
    for act in acts:
        match act:
            case "withdraw":
                withdraw_grant(world.desk, session, grant.grant_id)
            case "revoke":
                revoke_grant(world.desk, grant.grant_id, "hub")
            case _:
                world.clock.advance(timedelta(days=40))
        now = fetch_grant(world.tables, grant.grant_id)
        assert not (ended and now.state(world.now) is GrantState.ACTIVE)
        assert now.version == 1 + (now.ended_at is not None)
        ended = now.state(world.now) is not GrantState.ACTIVE
