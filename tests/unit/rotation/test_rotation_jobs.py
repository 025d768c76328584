"""A rotation on its way through the vaults: who may ask, and one that fails holds up no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.errors import BadInput, NotFound, Taken
from mydata_hub.ports.messages import settle
from mydata_hub.rotation.asking import answer_operator
from mydata_hub.rotation.job import Kind, fetch_job, rotate_message
from mydata_hub.rotation.running import take_further
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segments import blob_name

from tests.unit.own_vault.own_world import ME, monthly
from tests.unit.rotation.rotation_world import erase, fill


def test_a_segment_that_nobody_can_read_keeps_the_old_keys_and_holds_up_no_other_vault(world):
    world.make("vault-2")
    fill(world)
    fill(world, vault_id="vault-2")
    bad = world.tables.query("segments", ME).rows[0]
    world.blobs.delete(blob_name(ME, bad.key.sort, 1))
    others = world.held("vault-2")
    job = world.rotate(Kind.SEAL)
    assert (job.vaults, job.failed, job.failures) == (2, 1, (ME,))
    assert isinstance(world.failures[0], NotOpened)
    assert world.key_versions() == {1, 2}
    assert world.key_versions("vault-2") == {2}
    assert world.held("vault-2") == others


def test_what_was_put_aside_holds_nothing_up_and_is_opened_by_nothing(world):
    fill(world)
    aside = world.collected(*monthly("b"))
    row = world.row(
        next(
            row.key
            for row in world.tables.query("segments", ME).rows
            if row.key.sort == aside.segment_id
        )
    )
    world.put(row, {**row.values, "provider_id": "another"})
    assert world.fold(aside).refused == {Cause.ATTRIBUTION: 1}
    before = world.held()
    assert world.rotate(Kind.SEAL).failed == 0
    assert world.held() == before
    assert world.key_versions() == {2}


def test_an_erased_vault_is_passed_over(world):
    world.make("vault-2")
    fill(world, vault_id="vault-2")
    erase(world)
    for kind in Kind:
        job = world.rotate(kind)
        assert (job.vaults, job.failed) == (2, 0)
    assert world.key_versions("vault-2") == {3}


def test_one_vault_alone_is_rotated_where_one_is_named(world):
    world.make("vault-2")
    job = world.rotate(Kind.KEYS, "vault-2")
    assert job.vaults == 1
    assert (world.key_versions(), world.key_versions("vault-2")) == ({1}, {1, 2})
    assert world.rotate(Kind.KEYS, "nobody").failed == 1


def test_many_vaults_are_gone_through_page_by_page(world):
    for number in range(45):
        world.make(f"v{number}")
    job = world.rotate(Kind.KEYS)
    assert (job.vaults, job.changed) == (46, 46)
    assert all(world.key_versions(f"v{number}") == {1, 2} for number in range(45))


def test_asking_twice_begins_one_and_another_waits_its_turn(world):
    job = world.ask(Kind.SEAL)
    assert world.ask(Kind.SEAL).rotation_id == job.rotation_id
    with pytest.raises(Taken):
        world.ask(Kind.SEAL, ME)
    world.ask(Kind.KEYS, ME)
    world.run()
    assert world.ask(Kind.SEAL).rotation_id != job.rotation_id


def test_time_that_is_up_leaves_the_rest_to_a_message_of_its_own(world):
    fill(world, "abcdefghijklmnopqrst")
    before = world.held()
    job = world.ask(Kind.SEAL)

    class Hurried:
        """A clock by which every look costs a second."""

        def now(self):
            world.clock.advance(timedelta(seconds=1))
            return world.clock.now()

    for _ in range(100):
        world.once(world.workshop(clock=Hurried()), world.clock.now() + timedelta(seconds=2))
        if fetch_job(world.tables, job.rotation_id).ended_at:
            break
    done = fetch_job(world.tables, job.rotation_id)
    # The last run found nothing to replace, and yet the vault is one that was changed.
    assert (done.vaults, done.changed, done.segments, done.failed) == (1, 1, 20, 0)
    assert world.held() == before
    assert world.key_versions() == {2}


def test_a_message_that_was_settled_does_nothing(world):
    job = world.ask(Kind.KEYS)
    message = rotate_message(job.rotation_id, "another", world.clock.now())
    assert not take_further(world.workshop(), message, world.clock.now() + timedelta(hours=1))
    assert world.key_versions() == {1}
    assert settle(message).key.table == "outbox"


def test_an_operator_may_ask_these_things_and_no_others(world):
    def ask(**event):
        return answer_operator(world.tables, world.clock, world.entropy, event)

    begun = ask(rotate="keys", vault=ME)
    assert begun["state"] == "running"
    assert ask(running="keys") == ask(rotation=begun["rotation_id"]) == begun
    assert ask(running="seal") == {}
    world.run()
    assert ask(rotation=begun["rotation_id"])["state"] == "ended"
    assert ask(running="keys") == {}
    for wrong in (
        {},
        {"rotate": "all"},
        {"rotate": "keys", "more": 1},
        {"rotate": "keys", "vault": ""},
    ):
        with pytest.raises(BadInput):
            ask(**wrong)
    for unknown in ("running#keys", "0" * 32):
        with pytest.raises((NotFound, BadInput)):
            ask(rotation=unknown)
