"""Vault keys: two secrets apart, made once, opened for minutes, and gone at once when erased."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.errors import (
    BadInput,
    Busy,
    Conflict,
    Damaged,
    OutcomeUnknown,
)
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.ports.tables import Change, Key, Put, Row, VersionIs
from mydata_hub.vault import vault_keys
from mydata_hub.vault.key_rows import (
    Purpose,
    check_live,
    secrets_row,
    tombstones,
    wrapped_secrets,
    wrapping_context,
)
from mydata_hub.vault.manifest import vault_row
from mydata_hub.vault.public_keys import public_key_row, read_recipient
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.vault.vault_world import NOW, World, refused


class CountingKeys:
    """The keys port of the laptop, with its calls and contexts written down."""

    def __init__(self, keys: LocalKeys) -> None:
        self._keys = keys
        self.unwrapped: list[Mapping[str, str]] = []

    def wrap(self, secret: bytes, context: Mapping[str, str]) -> bytes:
        return self._keys.wrap(secret, context)

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        self.unwrapped.append(context)
        return self._keys.unwrap(wrapped, context)


@pytest.fixture
def counting(world: World) -> CountingKeys:
    return CountingKeys(world.keys)


def opener(world: World, keys: CountingKeys, *purposes: Purpose) -> VaultKeys:
    allowed = frozenset(purposes or Purpose)
    return VaultKeys(world.tables, keys, world.clock, purposes=allowed)


def erase(world: World, vault_id: str) -> None:
    keys = (secrets_row(vault_id), public_key_row(vault_id))
    world.tables.commit(*tombstones(vault_id, world.tables.fetch_many(*keys), world.clock.now()))


def test_making_a_vault_twice_gives_the_same_vault(world: World):
    first = world.vault_keys.create_vault("vault-9", world.entropy)
    again = world.vault_keys.create_vault("vault-9", world.entropy)
    assert first == again == read_recipient(world.tables, "vault-9")
    assert world.vault_keys.records_secret("vault-9").public_key == first.public_key


def test_vaults_and_purposes_share_no_secret(world: World):
    secrets = [
        value
        for vault_id in ("vault-1", "vault-2")
        for value in (
            world.vault_keys.profile_secret(vault_id).key,
            world.vault_keys.records_secret(vault_id).manifest_key,
            world.vault_keys.records_secret(vault_id).public_key,
        )
    ]
    assert len(set(secrets)) == len(secrets)


def test_whoever_races_to_make_a_vault_all_get_one(world: World):
    ready, made, errors = threading.Barrier(8), [], []

    def make() -> None:
        keys = VaultKeys(world.tables, world.keys, world.clock)
        ready.wait()
        try:
            made.append(keys.create_vault("raced", SystemEntropy()))
        except Busy as error:  # an engine may ask for another try
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) + len(errors) == 8
    assert len({recipient.public_key for recipient in made}) == 1
    assert world.vault_keys.records_secret("raced").public_key == made[0].public_key


class Unsure:
    """Tables whose answer to a commit is lost: after it, before it, or always."""

    def __init__(self, world: World, *, applied: bool, times: int) -> None:
        self._world, self._applied, self._left = world, applied, times

    def fetch_many(self, *keys: Key) -> Mapping[Key, Row]:
        return self._world.tables.fetch_many(*keys)

    def commit(self, *changes: Change) -> None:
        self._left -= 1
        if self._left < 0 or self._applied:
            self._world.tables.commit(*changes)
        if self._left >= 0:
            raise OutcomeUnknown("the answer was lost")


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_makes_no_second_vault(world: World, applied: bool):
    unsure = VaultKeys(Unsure(world, applied=applied, times=1), world.keys, world.clock)
    made = unsure.create_vault("vault-9", world.entropy)
    assert made == read_recipient(world.tables, "vault-9")
    assert world.row(secrets_row("vault-9")).version == 1


def test_a_vault_that_cannot_be_made_says_so(world: World):
    never = VaultKeys(Unsure(world, applied=False, times=99), world.keys, world.clock)
    with pytest.raises(Busy):
        never.create_vault("vault-9", world.entropy)
    with pytest.raises(BadInput):
        never.create_vault("not an id", world.entropy)


def test_a_vault_that_was_never_made_does_not_open(world: World):
    refused(Cause.NO_VAULT, lambda: world.vault_keys.profile_secret("vault-9"))
    refused(Cause.NO_VAULT, lambda: read_recipient(world.tables, "vault-9"))


def test_a_function_opens_only_for_its_purposes(world: World, counting: CountingKeys):
    answer = opener(world, counting, Purpose.PROFILE)
    assert answer.profile_secret("vault-1").key_version == 1
    refused(Cause.PURPOSE, lambda: answer.records_secret("vault-1"))
    assert [context["purpose"] for context in counting.unwrapped] == ["profile"]


def test_the_context_names_no_vault_and_differs_for_each(world: World, counting: CountingKeys):
    keys = opener(world, counting)
    for vault_id in ("vault-1", "vault-2"):
        keys.profile_secret(vault_id)
        keys.records_secret(vault_id)
    assert not any("vault-" in text for context in counting.unwrapped for text in context.values())
    assert len({tuple(context.items()) for context in counting.unwrapped}) == 4


def test_a_wrong_context_does_not_open(world: World):
    stored = wrapped_secrets(world.row(secrets_row("vault-1")), 1)
    right = wrapping_context("vault-1", stored.nonce, 1, Purpose.RECORDS)
    assert len(world.keys.unwrap(stored.wrapped[Purpose.RECORDS], right)) == 64
    wrong = [
        wrapping_context("vault-2", stored.nonce, 1, Purpose.RECORDS),
        wrapping_context("vault-1", bytes(32), 1, Purpose.RECORDS),
        wrapping_context("vault-1", stored.nonce, 2, Purpose.RECORDS),
        wrapping_context("vault-1", stored.nonce, 1, Purpose.PROFILE),
    ]
    for context in wrong:
        with pytest.raises(Exception, match="do not open") as caught:
            world.keys.unwrap(stored.wrapped[Purpose.RECORDS], context)
        assert caught.type.__name__ == "Unopenable"


def rewrite(world: World, vault_id: str, values: Mapping[str, object]) -> None:
    row = world.row(secrets_row(vault_id))
    world.tables.commit(Put(key=row.key, values=values, when=VersionIs(row.version)))


def test_keys_moved_to_another_persons_row_do_not_open(world: World):
    rewrite(world, "vault-1", world.row(secrets_row("vault-2")).values)
    refused(Cause.SEALED, lambda: world.vault_keys.profile_secret("vault-1"))
    other = world.row(secrets_row("vault-2"))
    refused(Cause.FOREIGN, lambda: world.vault_keys.profile_secret("vault-1", row=other))


def test_secrets_swapped_between_purposes_do_not_open(world: World):
    row = world.row(secrets_row("vault-1"))
    held = row.values["versions"]["1"]
    swapped = {**held, "profile": held["records"], "records": held["profile"]}
    rewrite(world, "vault-1", {**row.values, "versions": {"1": swapped}})
    refused(Cause.SEALED, lambda: world.vault_keys.profile_secret("vault-1"))
    refused(Cause.SEALED, lambda: world.vault_keys.records_secret("vault-1"))


def test_another_root_key_opens_nothing(world: World, tmp_path: Path):
    elsewhere = VaultKeys(world.tables, LocalKeys(tmp_path / "other", "vaults"), world.clock)
    refused(Cause.SEALED, lambda: elsewhere.profile_secret("vault-1"))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"state": "resting"},
        {"state": "live"},
        {"state": "live", "key_version": 0, "versions": {}},
        {"state": "live", "key_version": 1, "versions": None},
        {"state": "live", "key_version": 1, "versions": {"1": None}},
        {"state": "live", "key_version": 1, "versions": {"1": {"nonce": b"", "profile": b""}}},
    ],
)
def test_a_damaged_row_of_keys_is_damage_or_opens_nothing(
    world: World, values: Mapping[str, object]
):
    rewrite(world, "vault-1", values)
    with pytest.raises((Damaged, NotOpened)):
        world.vault_keys.profile_secret("vault-1")


@pytest.mark.parametrize(("purpose", "size"), [(Purpose.PROFILE, 31), (Purpose.RECORDS, 63)])
def test_a_secret_of_another_length_is_damage(world: World, purpose: Purpose, size: int):
    row = world.row(secrets_row("vault-1"))
    stored = wrapped_secrets(row, 1)
    context = wrapping_context("vault-1", stored.nonce, 1, purpose)
    held = {**row.values["versions"]["1"], purpose.value: world.keys.wrap(bytes(size), context)}
    rewrite(world, "vault-1", {**row.values, "versions": {"1": held}})
    with pytest.raises(Damaged):
        getattr(world.vault_keys, f"{purpose}_secret")("vault-1")


def test_a_damaged_public_key_is_named_before_anything_is_sealed(world: World):
    row = world.row(public_key_row("vault-1"))
    values = {**row.values, "public_key": bytes(10)}
    world.tables.commit(Put(key=row.key, values=values, when=VersionIs(row.version)))
    with pytest.raises(Damaged):
        read_recipient(world.tables, "vault-1")


def test_a_secret_is_unwrapped_once_in_five_minutes(world: World, counting: CountingKeys):
    keys = opener(world, counting)
    for _ in range(3):
        keys.profile_secret("vault-1")
    world.clock.advance(timedelta(minutes=4, seconds=59))
    keys.profile_secret("vault-1")
    assert len(counting.unwrapped) == 1
    world.clock.advance(timedelta(seconds=1))
    keys.profile_secret("vault-1")
    assert len(counting.unwrapped) == 2


def test_a_clock_that_was_set_back_keeps_nothing_longer(world: World, counting: CountingKeys):
    keys = opener(world, counting)
    keys.profile_secret("vault-1")
    world.clock.advance(timedelta(seconds=-1))
    keys.profile_secret("vault-1")
    assert len(counting.unwrapped) == 2


def test_unwrapped_secrets_are_bounded_in_number(world: World, counting: CountingKeys):
    keys = opener(world, counting)
    for index in range(vault_keys.CACHED_SECRETS + 20):
        vault_id = f"many-{index}"
        row = world.row(secrets_row("vault-1"))
        stored = wrapped_secrets(row, 1)
        context = wrapping_context(vault_id, stored.nonce, 1, Purpose.PROFILE)
        held = {**row.values["versions"]["1"], "profile": world.keys.wrap(bytes(32), context)}
        fresh = Row(secrets_row(vault_id), 1, {**row.values, "versions": {"1": held}})
        keys.profile_secret(vault_id, row=fresh)
    assert len(keys._unwrapped._held) == vault_keys.CACHED_SECRETS
    world.clock.advance(timedelta(minutes=6))
    keys.profile_secret("vault-1")
    assert len(keys._unwrapped._held) == 1


def test_an_unwrapped_secret_serves_only_the_row_it_came_from(world: World, counting: CountingKeys):
    keys = opener(world, counting)
    keys.profile_secret("vault-1")
    row = world.row(secrets_row("vault-1"))
    held = {**row.values["versions"]["1"], "profile": b"other wrapped bytes"}
    rewrite(world, "vault-1", {**row.values, "versions": {"1": held}})
    refused(Cause.SEALED, lambda: keys.profile_secret("vault-1"))


def test_erasure_counts_at_once_whatever_is_still_unwrapped(world: World, counting: CountingKeys):
    keys = opener(world, counting)
    keys.profile_secret("vault-1")
    keys.records_secret("vault-1")
    keys.profile_secret("vault-2")
    erase(world, "vault-1")
    refused(Cause.ERASED, lambda: keys.profile_secret("vault-1"))
    refused(Cause.ERASED, lambda: keys.records_secret("vault-1"))
    refused(Cause.ERASED, lambda: read_recipient(world.tables, "vault-1"))
    assert [name[0] for name in keys._unwrapped._held] == ["vault-2"]
    assert world.row(secrets_row("vault-1")).values.keys() == {"state", "erased_at"}
    assert world.row(public_key_row("vault-1")).values.keys() == {"state", "erased_at"}


def test_an_erased_vault_never_comes_back(world: World):
    erase(world, "vault-1")
    refused(Cause.ERASED, lambda: world.vault_keys.create_vault("vault-1", world.entropy))
    erase(world, "never-made")
    refused(Cause.ERASED, lambda: world.vault_keys.create_vault("never-made", world.entropy))


def test_erasing_twice_keeps_the_first_instant(world: World):
    erase(world, "vault-1")
    world.clock.advance(timedelta(days=1))
    keys = (secrets_row("vault-1"), public_key_row("vault-1"))
    rows = world.tables.fetch_many(*keys)
    assert tombstones("vault-1", rows, world.clock.now()) == ()
    assert {row.values["erased_at"] for row in rows.values()} == {NOW.isoformat()}


def test_a_commit_that_raced_with_an_erasure_leaves_nothing_behind(world: World):
    row = world.vault("vault-1")
    late = Put(key=vault_row("vault-1"), values=row.values, when=VersionIs(row.version))
    world.tables.commit(late, check_live("vault-1"))
    erase(world, "vault-1")
    row = world.vault("vault-1")
    late = Put(key=vault_row("vault-1"), values=row.values, when=VersionIs(row.version))
    with pytest.raises(Conflict):
        world.tables.commit(late, check_live("vault-1"))


def test_secrets_do_not_show_when_printed(world: World):
    shown = repr(world.vault_keys.profile_secret("vault-1"))
    shown += repr(world.vault_keys.records_secret("vault-1"))
    assert shown == "ProfileSecret(key_version=1)RecordsSecret(key_version=1)"
