"""Whoever sealed to a key that was turned meanwhile seals anew: nothing comes to lie under it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from mydata_hub.collection.collecting import collect
from mydata_hub.collection.errand import Errand
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.own_vault.strongroom import Strongroom
from mydata_hub.own_vault.turning import give_up_old_keys, turn_keys
from mydata_hub.release.question import Question
from mydata_hub.rotation.kept_answers import reseal_answers
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.accounts.conftest import memory_folder
from tests.unit.collection.collecting_world import World as CollectingWorld
from tests.unit.own_vault.own_world import ME, statement
from tests.unit.release.world import LOGICAL, MORE, MORNING, Hub, regular_life


class Turning:
    """Blobs that let the vault's keys be turned while the first one is put."""

    def __init__(self, blobs, turn):
        self.blobs, self.turns = blobs, [turn]

    def __getattr__(self, name):
        return getattr(self.blobs, name)

    def put_if_absent(self, name, content):
        if self.turns:
            self.turns.pop()()
        self.blobs.put_if_absent(name, content)


@pytest.fixture
def folder():
    with memory_folder() as made:
        yield Path(made)


def room_of(tables, keys, clock, entropy) -> Strongroom:
    return Strongroom(
        tables=tables, blobs=None, keys=keys, trusted={}, clock=clock, entropy=entropy
    )


def test_a_page_that_was_sealed_to_the_old_key_is_sealed_anew_and_announced_once(folder):
    world = CollectingWorld(folder)
    jiu = world.join()
    world.connect(jiu)
    room = room_of(world.tables, world.vaults, world.clock, world.entropy)

    def turn():
        turn_keys(room, world.vaults._keys, jiu.account_id, "act")

    at = replace(world.collector(), blobs=Turning(world.blobs, turn))
    (asked,) = world.asked()
    outcome = collect(at, Errand.told(asked, by_stream=True), world.clock.now() + timedelta(50))
    assert outcome.finished
    rows = world.tables.query("segments", jiu.account_id).rows
    assert {row.values["key_version"] for row in rows} == {2}
    records = [json.loads(record)["record_id"] for record in world.opened(jiu)]
    assert len(records) == len(set(records)) == 8
    assert len(list(world.blobs.names("segments/"))) == len(rows) + 1


def test_a_statement_that_was_sealed_to_the_old_key_is_sealed_anew(world):
    def turn():
        turn_keys(world.room, world.keys, ME, "act")

    done = world.bring(statement(), blobs=Turning(world.blobs, turn))
    assert (done.lines, done.segments) == (8, 1)
    assert world.sealed_under() == {2}
    world.sweep()
    assert len(world.held_records()) == 8


def answering(folder: Path):
    hub = Hub(folder)
    hub.vault(records=regular_life())
    # What turns keys sees a table that the gate does not.
    names = {name: f"{name.title()}Table" for name in (*LOGICAL, *MORE, "segments")}
    tables = SqliteTables(folder / "all", names, hub.clock)
    keys = VaultKeys(tables, hub.kms.keys, hub.clock)
    return hub, room_of(tables, keys, hub.clock, hub.desk.entropy)


def ledger_versions(hub):
    rows = hub.store.query("ledger", "vault-1", prefix="group#").rows
    return {int.from_bytes(row.values["answers"][1:5]) for row in rows}


def test_an_answer_that_was_kept_under_the_old_key_is_kept_anew(folder):
    hub, room = answering(folder)
    grant, _ = hub.consent()
    hub.tables.before.append(lambda: turn_keys(room, hub.kms.keys, "vault-1", "act"))
    told, body = hub.told(hub.ask(grant))
    assert told == {MORNING: "yes"}
    assert body["bits"] == "1.5850"
    assert ledger_versions(hub) == {2}
    assert len(hub.released(grant.subject)) == 1


def test_frozen_answers_outlive_their_key_and_a_repeated_request_is_answered_anew_for_nothing(
    folder,
):
    hub, room = answering(folder)
    grant, _ = hub.consent()
    first = hub.ask(grant, key="k")
    assert hub.ask(grant, key="k").body == first.body
    turn_keys(room, hub.kms.keys, "vault-1", "act")
    assert reseal_answers(room, "vault-1") == 1
    assert reseal_answers(room, "vault-1") == 0
    assert ledger_versions(hub) == {2}
    assert give_up_old_keys(room, "vault-1")
    assert not give_up_old_keys(room, "vault-1")
    again = hub.ask(grant, key="k")
    assert hub.told(again)[0] == hub.told(first)[0]
    assert hub.bits(again) == "0.0000"
    assert not again.repeated
    # From now on it is remembered under the key of today.
    once_more = hub.ask(grant, key="k")
    assert once_more.repeated
    assert once_more.body == again.body
    question = Question(claims=(), idempotency_key="k").key("bicycles")
    kept = hub.store.fetch_many(question, secrets_row("vault-1"))[question]
    assert int.from_bytes(kept.values["response"][1:5]) == 2


def test_answers_that_are_to_be_forgotten_are_frozen_no_more_and_stay_charged(folder):
    hub, room = answering(folder)
    grant, _ = hub.consent()
    hub.ask(grant)
    turn_keys(room, hub.kms.keys, "vault-1", "act")
    reseal_answers(room, "vault-1", lambda claim: claim == MORNING)
    assert hub.bits(hub.ask(grant)) == "1.5850"
    (row,) = hub.store.query("ledger", "vault-1", prefix="group#").rows
    assert len(row.values["charges"]) == 2
