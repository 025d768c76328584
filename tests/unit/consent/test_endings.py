"""Every end of a release grant leaves, in its own commit, the news of it for the partner."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from mydata_hub.consent import endings
from mydata_hub.consent.deliveries import TOPIC, DeliveryState, InitiatedBy, fetch_deliveries
from mydata_hub.consent.endings import (
    ERASURE_JITTER,
    Reason,
    end_changes,
    erase_grants,
    revoke_grant,
    withdraw_grant,
)
from mydata_hub.consent.grants import fetch_grant, grant_key
from mydata_hub.consent.pairwise import pairwise_subject
from mydata_hub.errors import Busy
from mydata_hub.ports.messages import due_messages


def messages(world, within=timedelta()):
    due = due_messages(world.tables, world.now + within)
    return [message for message in due if message.topic == TOPIC]


def news_of(world, grant):
    return fetch_deliveries(world.tables, [grant.grant_id])[grant.grant_id]


def withdraw(world, session, grant):
    withdraw_grant(world.desk, session, grant.grant_id)


def revoke_for_the_hub(world, session, grant):
    revoke_grant(world.desk, grant.grant_id, "hub")


def revoke_for_the_partner(world, session, grant):
    revoke_grant(world.desk, grant.grant_id, grant.counterparty)


def erase(world, session, grant):
    erase_grants(world.desk, session.account_id)


ENDS = {
    withdraw: InitiatedBy.PERSON,
    revoke_for_the_hub: InitiatedBy.HUB,
    revoke_for_the_partner: InitiatedBy.PARTNER,
    erase: InitiatedBy.PERSON,
}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_each_end_tells_the_partner_once_in_the_commit_that_ends_the_grant(world, end):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    world.tables.commits.clear()
    end(world, session, grant)
    end(world, session, grant)
    (commit,) = world.tables.commits
    assert {change.key.table for change in commit} == {"grants", "events", "deliveries", "outbox"}
    news = news_of(world, grant)
    assert news.initiated_by == ENDS[end]
    assert (news.client_id, news.state, news.tries) == ("bicycles", DeliveryState.WAITING, 0)
    (message,) = messages(world, ERASURE_JITTER)
    assert message.due_at == news.due_at


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_commit_that_is_refused_ends_nothing_and_tells_nobody(world, end):
    passkey, session = world.join()
    grant = world.give(passkey, session)

    def busy():
        raise Busy("throttled")

    world.tables.before.append(busy)
    with pytest.raises(Busy):
        end(world, session, grant)
    assert fetch_grant(world.tables, grant.grant_id) == grant
    assert fetch_deliveries(world.tables, [grant.grant_id]) == {}
    assert messages(world, ERASURE_JITTER) == []


def test_what_the_courier_reads_names_nobody_but_as_the_partner_does(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    subject, changes = pairwise_subject(world.desk, grant)
    world.tables.commit(*changes)
    withdraw(world, session, grant)
    assert news_of(world, grant).subject == subject
    (message,) = messages(world)
    assert message.body == {"grant_id": grant.grant_id}
    rows = world.tables.query("deliveries", grant.grant_id).rows
    assert len(rows) == 1
    for private in (session.account_id, "지우", "trust_tier"):
        assert private not in repr((message, rows))


def test_the_end_of_a_collection_is_no_partner_s_business(world):
    passkey, session = world.join()
    grant = world.give(passkey, session, world.collecting())
    withdraw(world, session, grant)
    assert fetch_deliveries(world.tables, [grant.grant_id]) == {}
    assert messages(world) == []


def test_an_erasure_ends_what_has_not_ended_the_expired_too_and_keeps_the_first_ends(world):
    passkey, session = world.join()
    expired = world.give(passkey, session)
    gone = world.give(passkey, session)
    collecting = world.give(passkey, session, world.collecting())
    withdraw(world, session, gone)
    first = news_of(world, gone)
    world.clock.advance(timedelta(days=90))
    ended = erase_grants(world.desk, session.account_id)
    assert {grant.grant_id for grant in ended} == {expired.grant_id, collecting.grant_id}
    assert {grant.ended_as for grant in ended} == {"withdrawn"}
    assert news_of(world, gone) == first


def test_partners_hear_of_an_erasure_at_hours_that_have_nothing_to_do_with_each_other(world):
    passkey, session = world.join()
    grants = [
        world.give(passkey, session, world.proposal(counterparty=f"partner-{number}"))
        for number in range(24)
    ]
    erase_grants(world.desk, session.account_id)
    assert messages(world) == []
    delays = [(news_of(world, grant).due_at - world.now) / ERASURE_JITTER for grant in grants]
    assert len(set(delays)) == len(delays)
    # Of 24 even draws, all in one half: one time in eight million.
    assert 0 <= min(delays) < 0.5 < max(delays) < 1


def test_the_changes_of_an_end_go_into_somebody_else_s_commit(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    key = grant_key(grant.grant_id)
    row = world.tables.fetch_many(key)[key]
    changes = end_changes(world.desk, row, Reason.ERASED, session.account_id)
    assert fetch_grant(world.tables, grant.grant_id) == grant
    world.tables.commit(*changes)
    row = world.tables.fetch_many(key)[key]
    assert end_changes(world.desk, row, Reason.ERASED, session.account_id) == ()
    assert news_of(world, grant).erased


def test_nothing_else_in_the_tree_writes_a_grant():
    """So there is no way to end one past this place; giving and amending are the other ways to
    write one."""
    package = Path(endings.__file__).parents[1]
    writers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"\bput_grant\(|BY_CLIENT: \(", path.read_text("utf-8"))
    }
    assert writers == {"consent/amending.py", "consent/endings.py", "consent/grants.py"}
