"""What each rotation does: nothing is lost or left behind, and what is put back opens."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from mydata_hub.embedded.local_wrapping import is_under, master_key
from mydata_hub.embedded.root_key import read_root_key, renew_root_key
from mydata_hub.errors import NotAllowed
from mydata_hub.own_vault.turning import give_up_old_keys, turn_keys
from mydata_hub.ports.tables import Delete, Key, VersionIs
from mydata_hub.rotation.job import Kind
from mydata_hub.transparency.events import pending_events
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.public_keys import read_recipient
from mydata_hub.vault.refusal import Cause

from tests.unit.accounts.conftest import memory_folder
from tests.unit.own_vault.own_world import ME, monthly, statement
from tests.unit.rotation.rotation_world import fill
from tests.unit.vault.vault_world import refused


def test_turned_keys_seal_what_is_new_and_open_what_is_old(world):
    fill(world)
    key = world.tell_partner(b"told under the first key")
    before = world.held()
    job = world.rotate(Kind.KEYS)
    assert (job.vaults, job.changed, job.failed) == (1, 1, 0)
    assert job.ended_at
    assert read_recipient(world.tables, ME).key_version == 2
    assert world.key_versions() == {1, 2}
    assert world.held() == before
    assert world.told(key) == b"told under the first key"
    late = world.collected(*monthly("late", months=3))
    assert late.key_version == 2
    world.fold(late)
    assert world.sealed_under() == {1, 2}
    assert world.held() == before + Counter(one.encode() for one in monthly("late", months=3))


def test_sealing_anew_leaves_nothing_under_an_old_key(world):
    fill(world, "abcdefghij")
    world.bring(statement())
    waiting = world.collected(*monthly("waits"))
    key = world.tell_partner(json.dumps({}).encode())
    before = world.held() + Counter(one.encode() for one in monthly("waits"))
    before += Counter(record.encode() for record in brought(world))
    old = {one: world.blobs.get(one) for one in world.blobs_of()}
    job = world.rotate(Kind.SEAL)
    assert (job.vaults, job.changed, job.segments, job.failed) == (1, 1, 12, 0)
    assert world.held() == before
    assert world.key_versions() == world.sealed_under() == {2}
    assert world.told(key) == b"{}"
    assert not set(world.blobs_of()) & set(old)
    assert len(world.blobs_of()) == 12
    refused(Cause.KEY_VERSION, lambda: world.vault_keys.records_secret(ME, key_version=1))
    assert waiting.key_version == 1


def brought(world):
    """What a statement holds, by folding it in a copy of the world."""
    with memory_folder() as folder:
        copy = world.copied(Path(folder) / "copy")
        copy.sweep()
        found = [one for one in copy.held_records() if one.provenance == "self_supplied"]
        copy.tables.close()
    return found


def test_a_new_wrapping_touches_nothing_but_the_row_of_keys(world):
    fill(world)
    before, head = world.held(), world.vault(ME)
    renew_root_key(world.folder)
    job = world.rotate(Kind.WRAP)
    assert (job.changed, job.segments) == (1, 0)
    assert world.vault(ME) == head
    root = read_root_key(world.folder)
    master = master_key(root, "vaults")
    (wrapped,) = world.row(secrets_row(ME)).values["versions"].values()
    assert is_under(master, wrapped["profile"])
    assert is_under(master, wrapped["records"])
    assert world.held() == before
    again = world.rotate(Kind.WRAP)
    assert (again.vaults, again.changed) == (1, 0)


def test_each_is_an_event_of_its_own_commit(world):
    fill(world, "a")
    world.rotate(Kind.SEAL)
    renew_root_key(world.folder)
    world.rotate(Kind.WRAP)
    kinds = [kind for kind in world.events() if kind != "records_folded"]
    assert kinds == [
        "records_resealed",
        "vault_keys_given_up",
        "vault_keys_rewrapped",
        "vault_keys_turned",
    ]
    # Each advance of a vault's row is one event that names the version it wrote.
    keys = [Key("events", one.event_id) for one in pending_events(world.tables)]
    told = [json.loads(row.values["personal"]) for row in world.tables.fetch_many(*keys).values()]
    named = sorted(one["row_version"] for one in told if one["row"]["table"] == "vaults")
    assert named == list(range(2, world.vault(ME).version + 1))


def test_old_keys_are_not_given_up_while_something_lies_under_them(world):
    fill(world, "a")
    waiting = world.collected(*monthly("waits"))
    turn_keys(world.room, world.keys, ME, "act")
    with pytest.raises(NotAllowed):
        give_up_old_keys(world.room, ME)
    assert world.key_versions() == {1, 2}
    assert world.fold(waiting).segments == 1


def test_the_same_act_turns_keys_once(world):
    assert turn_keys(world.room, world.keys, ME, "act")
    assert not turn_keys(world.room, world.keys, ME, "act")
    assert world.key_versions() == {1, 2}
    assert turn_keys(world.room, world.keys, ME, "another")
    assert world.key_versions() == {1, 2, 3}


def test_what_is_still_unwrapped_in_memory_hides_no_rotation(world):
    fill(world, "a")
    warm = world.vault_keys.records_secret(ME)
    assert world.vault_keys.records_secret(ME) is warm
    world.rotate(Kind.SEAL)
    assert world.vault_keys.records_secret(ME).key_version == 2
    refused(Cause.KEY_VERSION, lambda: world.vault_keys.records_secret(ME, key_version=1))
    held = world.vault_keys._unwrapped._held
    assert [name for name in held if name[2] == 1 and name[1] == "records"] == []


def test_a_vault_that_was_put_back_behind_a_turn_opens_and_goes_on_under_the_present_key(world):
    """What `mydata restore` does: the rows of the vault of then, the keys of today."""
    fill(world, "ab")
    rows = {row.key: row.values for row in world.tables.query("vaults", ME).rows}
    segments = {row.key: row.values for row in world.tables.query("segments", ME).rows}
    before = world.held()
    world.rotate(Kind.KEYS)
    fill(world, "c")
    for key, values in {**rows, **segments}.items():
        world.put(world.row(key), values)
    for table in ("vaults", "segments"):
        for row in world.tables.query(table, ME).rows:
            if row.key not in {**rows, **segments}:
                world.tables.commit(Delete(row.key, VersionIs(row.version)))
    assert world.vault(ME).values["key_version"] == 1
    assert world.held() == before
    late = world.collected(*monthly("late", months=2))
    assert world.fold(late).segments == 1
    assert world.vault(ME).values["key_version"] == 2
    assert world.rotate(Kind.SEAL).failed == 0
    assert world.held() == before + Counter(one.encode() for one in monthly("late", months=2))


def test_keys_that_were_put_back_alone_are_told_apart_before_they_are_given_up(world):
    fill(world, "ab")
    rows = {row.key: row.values for row in world.tables.query("vaults", ME).rows}
    world.rotate(Kind.KEYS)
    for key, values in rows.items():
        world.put(world.row(key), values)
    # Its segments are sealed anew, and with the last of them the head; a vault without any too.
    assert world.rotate(Kind.SEAL).failed == 0
    assert world.vault(ME).values["key_version"] == 3
    assert world.key_versions() == {3}
