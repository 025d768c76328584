"""Notices: one for every passkey, once, and each seen by its own holder."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.accounts.notices import (
    KEPT,
    MAX_LISTED,
    TOPIC,
    acknowledge_notice,
    deliver_notices,
    list_notices,
)
from mydata_hub.errors import Conflict, Damaged, NotFound
from mydata_hub.ports.messages import Message, due_messages, send
from mydata_hub.ports.tables import Absent, Key, Put, VersionIs


@pytest.fixture
def told(world):
    """A person with two passkeys and one notice for each: gives the session of the first."""
    _, joined = world.join()
    world.phone = world.add(joined.session)
    assert world.deliver() == 1
    return joined.session


def a_message(world, **body):
    return Message(
        message_id="m1",
        topic=TOPIC,
        body={"account_id": "a", "kind": "passkey_added", "passkey_ids": ["p"]} | body,
        due_at=world.clock.now(),
    )


def test_a_notice_says_what_happened_when_and_to_whom(world, told):
    (notice,) = list_notices(world.desk, told)
    assert (notice.kind, notice.at, notice.passkey_id, notice.acknowledged) == (
        "passkey_added",
        world.clock.now(),
        told.passkey_id,
        False,
    )


def test_acknowledging_counts_for_one_passkey_and_the_first_time(world, told):
    (notice,) = list_notices(world.desk, told)
    acknowledge_notice(world.desk, told, notice.notice_id)
    first_at = world.clock.now()
    world.clock.advance(timedelta(minutes=1))
    acknowledge_notice(world.desk, told, notice.notice_id)
    assert list_notices(world.desk, told)[0].acknowledged_at == first_at
    (of_phone,) = list_notices(world.desk, world.sign_in(world.phone).session)
    assert of_phone.notice_id == notice.notice_id
    assert not of_phone.acknowledged


def test_two_who_acknowledge_at_once_agree(world, told):
    (notice,) = list_notices(world.desk, told)
    world.tables.before = [lambda: acknowledge_notice(world.desk, told, notice.notice_id)]
    acknowledge_notice(world.desk, told, notice.notice_id)
    assert list_notices(world.desk, told)[0].acknowledged


@pytest.mark.parametrize("notice_id", ["", "unknown", "\ud800", "x" * 5000])
def test_a_notice_that_is_not_there_cannot_be_acknowledged(world, told, notice_id):
    with pytest.raises(NotFound):
        acknowledge_notice(world.desk, told, notice_id)


def test_a_notice_of_another_account_cannot_be_acknowledged(world, told):
    (notice,) = list_notices(world.desk, told)
    _, stranger = world.join()
    with pytest.raises(NotFound):
        acknowledge_notice(world.desk, stranger.session, notice.notice_id)


def test_a_message_that_comes_twice_has_one_effect(world):
    message = a_message(world)
    world.tables.commit(send(message))
    assert deliver_notices(world.tables, message, world.clock.now())
    before = world.tables.query("notices", "a").rows
    world.clock.advance(timedelta(hours=1))
    assert not deliver_notices(world.tables, message, world.clock.now())
    assert world.tables.query("notices", "a").rows == before
    assert len(before) == 1


def test_a_message_whose_notices_are_there_without_it_is_not_passed_over(world):
    message = a_message(world)
    world.tables.commit(send(message))
    deliver_notices(world.tables, message, world.clock.now())
    world.tables.commit(send(message))
    with pytest.raises(Conflict):
        deliver_notices(world.tables, message, world.clock.now())


@pytest.mark.parametrize(
    "body",
    [{"kind": "birthday"}, {"account_id": None}, {"passkey_ids": None}, {"passkey_ids": 3}],
)
def test_a_message_that_says_nothing_sensible_is_damaged_and_stays(world, body):
    message = a_message(world, **body)
    if body == {"account_id": None}:
        message = Message(
            message_id="m1", topic=TOPIC, body={"kind": "passkey_added"}, due_at=message.due_at
        )
    world.tables.commit(send(message))
    with pytest.raises(Damaged):
        deliver_notices(world.tables, message, world.clock.now())
    assert list(due_messages(world.tables, world.clock.now())) == [message]


def test_the_newest_fifty_are_listed_and_none_is_kept_for_ever(world, told):
    for number in range(MAX_LISTED + 5):
        world.clock.advance(timedelta(microseconds=1))
        world.tables.commit(
            send(
                Message(
                    message_id=f"m{number}",
                    topic=TOPIC,
                    body={
                        "account_id": told.account_id,
                        "kind": "passkey_removed",
                        "passkey_ids": [told.passkey_id],
                    },
                    due_at=world.clock.now(),
                )
            )
        )
        world.deliver()
    listed = list_notices(world.desk, told)
    assert [one.at for one in listed] == sorted((one.at for one in listed), reverse=True)
    assert (len(listed), listed[0].at) == (MAX_LISTED, world.clock.now())
    world.clock.advance(KEPT)
    assert list_notices(world.desk, told) == ()


@pytest.mark.parametrize("spoilt", [{"kind": "birthday"}, {"at": "soon"}, {"at": None}])
def test_a_notice_row_that_is_none_is_damaged(world, told, spoilt):
    (row,) = world.tables.query("notices", told.account_id, prefix=told.passkey_id).rows
    world.tables.commit(
        Put(key=row.key, values={**row.values, **spoilt}, when=VersionIs(row.version))
    )
    with pytest.raises(Damaged):
        list_notices(world.desk, told)


def test_a_notice_row_without_a_kind_is_damaged(world, told):
    key = Key("notices", told.account_id, f"{told.passkey_id}#x")
    world.tables.commit(Put(key=key, values={}, when=Absent()))
    with pytest.raises(Damaged):
        list_notices(world.desk, told)
