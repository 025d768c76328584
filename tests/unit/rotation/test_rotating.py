"""Rotation: what each of the three does, that nothing is lost, and that nothing is left behind."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from mydata_hub.collection.record import Record
from mydata_hub.embedded.local_wrapping import is_under, master_key
from mydata_hub.embedded.root_key import read_root_key, renew_root_key
from mydata_hub.errors import BadInput, NotAllowed, NotFound, Taken
from mydata_hub.fields import ClaimRef
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.own_vault.folding import fold_segments
from mydata_hub.own_vault.turning import give_up_old_keys, turn_keys
from mydata_hub.ports.messages import settle
from mydata_hub.ports.tables import Delete, Key, VersionIs
from mydata_hub.release.ledger import Answer, Ledger
from mydata_hub.release.ledger_rows import encode_answers
from mydata_hub.rotation.asking import answer_operator
from mydata_hub.rotation.job import Kind, fetch_job, rotate_message
from mydata_hub.rotation.running import take_further
from mydata_hub.rotation.sealing_anew import seal_anew
from mydata_hub.transparency.events import pending_events
from mydata_hub.vault.erased_parts import Scope
from mydata_hub.vault.key_rows import secrets_row, tombstones
from mydata_hub.vault.public_keys import public_key_row, read_recipient
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segments import blob_name
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.accounts.conftest import memory_folder
from tests.unit.own_vault.own_world import ME, monthly, statement
from tests.unit.rotation.rotation_world import RotationWorld
from tests.unit.vault.vault_world import refused


def fill(world, payees: str = "abc", vault_id: str = ME):
    segments = [world.collected(*monthly(one, months=3), vault_id=vault_id) for one in payees]
    world.fold(*segments, vault_id=vault_id)


def erase(world, vault_id: str = ME):
    rows = world.tables.fetch_many(secrets_row(vault_id), public_key_row(vault_id))
    world.tables.commit(*tombstones(vault_id, rows, world.clock.now()))


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
    aside = world.collected(*monthly("aside"), count=1) if False else world.collected(*monthly("b"))
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
    assert (done.segments, done.failed) == (20, 0)
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


def left_of(records: Counter[bytes], behind: datetime) -> Counter[bytes]:
    kept = Counter(records)
    for one in records:
        if Record.decode(one).occurred_at < behind:
            del kept[one]
    return kept


class Rotations(RuleBasedStateMachine):
    """Whatever is collected, folded, asked and rotated in whatever order: the records are these."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = memory_folder()
        self.world = RotationWorld(Path(self._folder.__enter__()) / "hub")
        self.world.make(ME)
        self.model: Counter[bytes] = Counter()
        self.waiting: list[tuple[str, Counter[bytes]]] = []
        self.answers: dict[Key, bytes] = {}
        self.number = 0

    @rule(months=st.integers(1, 3))
    def collect(self, months):
        self.number += 1
        records = monthly(f"payee-{self.number}", months=months)
        # Under the keys of today, what was erased before is collected anew by nobody but this test.
        segment = self.world.collected(*records)
        self.waiting.append((segment.segment_id, Counter(one.encode() for one in records)))

    @rule(count=st.integers(1, 4))
    def fold(self, count):
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        done = fold_segments(self.world.room, ME, [name for name, _ in taken])
        assert done.refused == {}
        for _, records in taken:
            self.model += records

    @rule()
    def ask(self):
        self.number += 1
        told = {ClaimRef(f"c{self.number}@1"): Answer(symbol="yes", period="2026")}
        content = encode_answers(Ledger(answers=told))
        self.answers[self.world.tell_partner(content, f"group#{self.number}")] = content

    @rule(kind=st.sampled_from(Kind))
    def rotate(self, kind):
        if kind is Kind.WRAP:
            renew_root_key(self.world.folder)
        assert self.world.rotate(kind).failed == 0
        if kind is Kind.SEAL:
            for _, records in self.waiting:
                self.model += records
            self.waiting = []
            assert len(self.world.key_versions()) == 1

    @rule(months=st.integers(0, 2))
    def erase_days(self, months):
        """Erase the first months of all there is; what waits loses its share too."""
        behind = datetime(2025, 7 + months, 27, tzinfo=UTC)
        self.number += 1
        turn_keys(
            self.world.room,
            self.world.keys,
            ME,
            f"part-{self.number}",
            Scope(since=datetime(2025, 1, 1, tzinfo=UTC), until=behind),
        )
        self.model = left_of(self.model, behind)
        self.waiting = [(name, left_of(records, behind)) for name, records in self.waiting]
        until = self.world.clock.now() + timedelta(hours=1)
        assert seal_anew(self.world.resealer(), ME, until).done
        for _, records in self.waiting:
            self.model += records
        self.waiting = []
        assert len(self.world.key_versions()) == 1

    @rule()
    def new_process(self):
        world = self.world
        world.vault_keys = VaultKeys(world.tables, world.keys, world.clock)
        world.room = replace(world.room, keys=world.vault_keys)

    @invariant()
    def records_are_the_models(self):
        assert self.world.held() == self.model
        folded = [Record.decode(one) for one in self.model]
        assert self.world.profile().folds["payments"].state == PAYMENTS.fold(
            PAYMENTS.empty(), folded
        )
        assert (
            self.world.profile().manifest_version == self.world.vault(ME).values["manifest_version"]
        )
        for key, content in self.answers.items():
            assert self.world.told(key) == content

    def teardown(self):
        self.world.tables.close()
        self._folder.__exit__(None, None, None)


def test_after_any_sequence_the_records_of_a_vault_are_those_of_the_model():
    run_state_machine_as_test(
        Rotations, settings=settings(max_examples=8, stateful_step_count=12, deadline=None)
    )
