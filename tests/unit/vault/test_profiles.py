"""Profiles under seal: today's opens beside today's manifest, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mydata_hub.errors import BadInput, Damaged, LimitExceeded
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.ports.tables import Row
from mydata_hub.vault.manifest import Manifest, read_manifest
from mydata_hub.vault.profiles import open_profile, seal_profile, write_vault
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.vault_keys import ProfileSecret

from tests.unit.vault.test_manifest import EMPTY, entry, fold
from tests.unit.vault.vault_world import World, refused


def opened(world: World, row: Row | None = None, vault_id: str = "vault-1") -> bytes | None:
    """As the release gate does it, which holds the profile secret alone."""
    row = row or world.vault(vault_id)
    manifest = read_manifest(vault_id, row)
    return open_profile(manifest, row, world.vault_keys.profile_secret(vault_id))


def test_before_the_first_fold_there_is_no_profile(world: World):
    assert opened(world) is None


def test_each_fold_leaves_the_next_profile(world: World):
    fold(world, entry("a"))
    assert opened(world) == b"profile 1"
    fold(world, entry("b"))
    assert opened(world) == b"profile 2"


def test_a_profile_of_yesterday_is_refused_in_todays_row(world: World):
    fold(world, entry("a"))
    yesterday = world.vault("vault-1")
    fold(world, entry("b"))
    today = world.vault("vault-1")
    for names in (("profile",), ("profile", "profile_version")):
        old = {name: yesterday.values[name] for name in names}
        mixed = replace(today, values={**today.values, **old})
        refused(Cause.SEALED, lambda m=mixed: opened(world, m))


@pytest.mark.parametrize("name", ["manifest_version", "segments", "key_version", "profile_version"])
def test_a_changed_head_does_not_pass_beside_the_profile(world: World, name: str):
    fold(world, entry("a"))
    row = world.vault("vault-1")
    changed = replace(row, values={**row.values, name: row.values[name] + 1})
    refused(Cause.SEALED, lambda: opened(world, changed))


def test_a_removed_profile_is_missing_not_new(world: World):
    fold(world, entry("a"))
    row = world.vault("vault-1")
    bare = replace(row, values={**row.values, "profile": None})
    refused(Cause.MISSING, lambda: opened(world, bare))
    reset = replace(row, values={**row.values, "profile": None, "profile_version": 0})
    refused(Cause.MISSING, lambda: opened(world, reset))
    with pytest.raises(Damaged):
        opened(world, replace(row, values={**row.values, "profile_version": None}))


def test_one_persons_profile_does_not_open_for_another(world: World):
    fold(world, entry("a"))
    fold(world, entry("a"), vault_id="vault-2")
    mine, theirs = world.vault("vault-1"), world.vault("vault-2")
    mixed = replace(mine, values={**mine.values, "profile": theirs.values["profile"]})
    refused(Cause.SEALED, lambda: opened(world, mixed))
    refused(Cause.SEALED, lambda: opened(world, replace(theirs, key=mine.key)))


def test_each_byte_of_a_sealed_profile_counts(world: World):
    fold(world, entry("a"))
    row = world.vault("vault-1")
    sealed: bytes = row.values["profile"]
    for at in range(len(sealed)):
        flipped = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        changed = replace(row, values={**row.values, "profile": flipped})
        refused(Cause.SUITE if at < 3 else Cause.SEALED, lambda c=changed: opened(world, c))
    for kept in (0, 2, 3, 20, 35, 60, 67, 80, len(sealed) - 1):
        cut = replace(row, values={**row.values, "profile": sealed[:kept]})
        with pytest.raises(NotOpened):
            opened(world, cut)


def test_a_profile_version_never_goes_back_or_skips(world: World):
    fold(world, entry("a"))
    row, secret = world.vault("vault-1"), world.vault_keys.records_secret("vault-1")
    manifest = read_manifest("vault-1", row)
    assert write_vault(row, manifest, secret, 2, b"sealed").values["profile_version"] == 2
    for version in (0, 1, 3):
        with pytest.raises(BadInput):
            write_vault(row, manifest, secret, version, b"sealed")
    with pytest.raises(BadInput):
        write_vault(row, replace(manifest, version=0), secret, 2, b"sealed")


def test_a_profile_that_would_not_fit_the_row_is_a_limit():
    secret = ProfileSecret(key_version=1, key=bytes(32))
    noise = SystemEntropy().token(140_000)
    with pytest.raises(LimitExceeded):
        seal_profile(noise, 1, EMPTY, secret, SystemEntropy())
    assert seal_profile(noise[:128_000], 1, EMPTY, secret, SystemEntropy())


def test_sealing_a_profile_twice_uses_two_keys():
    secret = ProfileSecret(key_version=1, key=bytes(32))
    manifest: Manifest = EMPTY
    first, second = (seal_profile(b"p", 1, manifest, secret, SystemEntropy()) for _ in range(2))
    assert first[35:67] != second[35:67]
