"""What messages ask of the vault zone is done once, in turn, and never for an erased vault."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from mydata_hub.errors import Damaged
from mydata_hub.own_vault.errands import run_errand
from mydata_hub.own_vault.folding import fold_segments
from mydata_hub.ports.messages import Message, due_messages, send
from mydata_hub.vault.announcements import segment_row
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.public_keys import read_recipient

from tests.unit.own_vault.own_world import ME, monthly
from tests.unit.own_vault.test_folding import Before, LostAnswer, erase
from tests.unit.vault.vault_world import ATTRIBUTION, NOW

FIRST = datetime(2026, 2, 1, tzinfo=UTC)
CONNECTION = ATTRIBUTION.connection_id


def asked(world, topic="open_vault", **body) -> Message:
    message = Message(message_id="m-1", topic=topic, body=body, due_at=NOW)
    world.tables.commit(send(message))
    return message


def waiting(world) -> list[str]:
    return [one.message_id for one in due_messages(world.tables, NOW)]


def test_a_vault_is_opened_once_however_often_it_is_asked_for(world):
    message = asked(world, vault_id="new")
    assert run_errand(world.room, message)
    made = read_recipient(world.tables, "new")
    assert not run_errand(world.room, message)
    assert read_recipient(world.tables, "new") == made
    assert waiting(world) == []


def test_an_erased_vault_is_not_opened_again(world):
    erase(world)
    assert run_errand(world.room, asked(world, vault_id=ME))
    assert waiting(world) == []
    assert world.row(secrets_row(ME)).values["state"] == "erased"


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("open_vault", {}),
        ("open_vault", {"vault_id": 7}),
        ("source_complete", {"vault_id": ME}),
        ("source_complete", {"vault_id": ME, "connection_id": CONNECTION, "at": "yesterday"}),
        ("source_complete", {"vault_id": ME, "connection_id": CONNECTION, "at": "2026-01-01"}),
    ],
)
def test_a_message_that_says_nothing_of_use_is_damaged(world, topic, body):
    message = asked(world, topic, **body)
    with pytest.raises(Damaged):
        run_errand(world.room, message)
    assert waiting(world) == ["m-1"]


def test_what_a_source_announced_is_folded_before_it_counts_as_complete(world):
    world.collected(*monthly())
    assert world.told(FIRST)
    profile = world.profile()
    assert profile.freshness == {CONNECTION: FIRST}
    assert profile.manifest_version == 1
    assert waiting(world) == []
    assert world.sweep().segments == 0


def test_what_cannot_be_read_keeps_its_source_from_being_complete(world):
    bad = world.collected(*monthly())
    row = world.row(segment_row(ME, bad.segment_id))
    world.put(row, {**row.values, "segment_version": "one"})
    with pytest.raises(Damaged):
        world.told(FIRST)
    assert world.profile().freshness == {}
    assert len(waiting(world)) == 1


def test_another_connections_segments_keep_a_source_from_nothing(world):
    world.collected(*(replace(one, connection_id="connection-2") for one in monthly()))
    assert world.told(FIRST)


def test_a_refused_segment_does_not_keep_a_source_waiting_for_ever(world):
    world.fold(world.collected(*monthly(), schema_hash=bytes(32)))
    assert world.told(FIRST)


def test_completeness_never_goes_back(world):
    assert world.told(FIRST)
    assert world.told(FIRST - timedelta(days=3))
    assert world.profile().freshness == {CONNECTION: FIRST}
    assert waiting(world) == []


def test_a_sync_without_news_still_moves_completeness_on(world):
    world.fold(world.collected(*monthly()))
    for days in range(3):
        assert world.told(FIRST + timedelta(days=days))
    assert world.profile().freshness == {CONNECTION: FIRST + timedelta(days=2)}
    assert world.vault(ME).values["manifest_version"] == 1


def test_completeness_for_an_erased_vault_is_settled_and_writes_nothing(world):
    erase(world)
    assert world.told(FIRST)
    assert world.vault(ME).values["profile_version"] == 0


def test_completeness_and_a_fold_at_once_both_come_true(world):
    other = world.collected(*(replace(one, connection_id="connection-2") for one in monthly()))
    room = replace(world.room, tables=Querying(world.tables, lambda: world.fold(other)))
    world.room = room
    assert world.told(FIRST)
    assert world.profile().freshness == {CONNECTION: FIRST}
    assert fold_segments(room, ME, [other.segment_id]).segments == 0


@pytest.mark.parametrize("happened", [False, True])
def test_a_lost_answer_is_read_again(world, happened):
    world.room = replace(world.room, tables=Lost(world.tables, happened=happened))
    assert world.told(FIRST) is not happened
    assert world.profile().freshness == {CONNECTION: FIRST}
    assert waiting(world) == []


class Querying(Before):
    def query(self, *args, **kwargs):
        return self.tables.query(*args, **kwargs)


class Lost(LostAnswer):
    def query(self, *args, **kwargs):
        return self.tables.query(*args, **kwargs)
