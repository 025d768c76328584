"""The manifest: what is replayed, missing, replaced, foreign or of yesterday has its name."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.errors import Conflict, Damaged, LimitExceeded
from mydata_hub.ports.tables import Key, Put, Row, VersionIs
from mydata_hub.vault import manifest_pages
from mydata_hub.vault.key_rows import check_live
from mydata_hub.vault.manifest import NO_PAGE, PAGES, Manifest, authenticate, vault_row
from mydata_hub.vault.manifest_pages import (
    DROPPED,
    Entry,
    advance,
    all_page_rows,
    compare_held,
    page_row,
    read_entries,
)
from mydata_hub.vault.profiles import open_profile, seal_profile, write_vault
from mydata_hub.vault.refusal import Cause

from tests.unit.vault.vault_world import World, refused

EMPTY = Manifest(vault_id="vault-1", version=0, key_version=1, segments=0, pages=NO_PAGE * PAGES)


def entry(segment_id: str, version: int = 1, content: bytes = b"sealed") -> Entry:
    digest = hashlib.sha256(content + segment_id.encode()).digest()
    return Entry(
        segment_id=segment_id, version=version, key_version=1, dataset="payments", digest=digest
    )


def fold(world: World, *take: Entry, drop: tuple[str, ...] = (), vault_id: str = "vault-1") -> None:
    """What a fold commits, without its records."""
    records_secret = world.vault_keys.records_secret(vault_id)
    profile_secret = world.vault_keys.profile_secret(vault_id)
    row = world.vault(vault_id)
    manifest = authenticate(vault_id, row, records_secret)
    named = {page_row(vault_id, item.segment_id) for item in take}
    named |= {page_row(vault_id, segment_id) for segment_id in drop}
    manifest, changes = advance(manifest, world.tables.fetch_many(*named), take=take, drop=drop)
    version = row.values["profile_version"] + 1
    profile = f"profile {version}".encode()
    sealed = seal_profile(profile, version, manifest, profile_secret, world.entropy)
    head = write_vault(row, manifest, records_secret, version, sealed)
    world.tables.commit(head, *changes, check_live(vault_id))


def state(world: World, vault_id: str = "vault-1") -> tuple[Manifest, Mapping[Key, Row]]:
    secret = world.vault_keys.records_secret(vault_id)
    manifest = authenticate(vault_id, world.vault(vault_id), secret)
    return manifest, world.tables.fetch_many(*all_page_rows(vault_id))


def test_a_new_vault_has_an_empty_authentic_manifest(world: World):
    manifest, pages = state(world)
    assert (manifest, pages) == (EMPTY, {})
    assert compare_held(manifest, pages, {}) == {}


def test_what_was_taken_up_is_listed(world: World):
    taken = [entry(f"s{index}") for index in range(40)]
    fold(world, *taken[:25])
    fold(world, *taken[25:])
    manifest, pages = state(world)
    assert (manifest.version, manifest.segments) == (2, 40)
    held = {item.segment_id: item.digest for item in taken}
    assert compare_held(manifest, pages, held) == {}


def test_a_missing_a_foreign_and_a_replaced_segment_are_each_named(world: World):
    fold(world, entry("a"), entry("b"), entry("c"))
    fold(world, drop=("c",))
    manifest, pages = state(world)
    held = {"b": bytes(range(32)), "c": entry("c").digest, "x": entry("x").digest}
    assert compare_held(manifest, pages, held) == {
        "a": Cause.MISSING,
        "b": Cause.REPLACED,
        "c": Cause.REPLAYED,
        "x": Cause.FOREIGN,
    }


def test_an_old_segment_cannot_be_taken_up_again(world: World):
    fold(world, entry("a"))
    fold(world, entry("a", version=2, content=b"under a new key"))
    for old in (entry("a"), entry("a", version=2), entry("a", version=2, content=b"other")):
        refused(Cause.REPLAYED, lambda o=old: fold(world, o))
    refused(Cause.REPLAYED, lambda: fold(world, entry("b"), entry("b")))
    assert state(world)[0].segments == 1


def test_a_dropped_segment_cannot_come_back(world: World):
    fold(world, entry("a"), entry("b"))
    fold(world, drop=("a",))
    refused(Cause.REPLAYED, lambda: fold(world, entry("a")))
    refused(Cause.FOREIGN, lambda: fold(world, drop=("never-there",)))
    manifest, pages = state(world)
    assert manifest.segments == 1
    page = int(page_row("vault-1", "a").sort.removeprefix("page#"))
    assert read_entries(manifest, pages, page)["a"].digest == DROPPED
    fold(world, drop=("a",))
    assert state(world)[0].segments == 1


def test_of_two_folds_at_once_one_must_start_again(world: World):
    secret = world.vault_keys.records_secret("vault-1")
    row = world.vault("vault-1")
    manifest = authenticate("vault-1", row, secret)
    fold(world, entry("a"))
    following, changes = advance(manifest, {}, take=[entry("b")])
    head = write_vault(row, following, secret, 1, b"sealed")
    with pytest.raises(Conflict):
        world.tables.commit(head, *changes)
    assert state(world)[0].segments == 1


@pytest.mark.parametrize("name", ["manifest_version", "key_version", "segments"])
def test_each_field_of_the_head_is_authenticated(world: World, name: str):
    fold(world, entry("a"))
    row = world.vault("vault-1")
    secret = world.vault_keys.records_secret("vault-1")
    changed = replace(row, values={**row.values, name: row.values[name] + 1})
    refused(Cause.MANIFEST, lambda: authenticate("vault-1", changed, secret))


def test_each_byte_of_hashes_and_tag_is_authenticated(world: World):
    fold(world, entry("a"))
    row = world.vault("vault-1")
    secret = world.vault_keys.records_secret("vault-1")
    for name in ("pages", "tag"):
        for at in range(len(row.values[name])):
            flipped = bytearray(row.values[name])
            flipped[at] ^= 1
            changed = replace(row, values={**row.values, name: bytes(flipped)})
            refused(Cause.MANIFEST, lambda c=changed: authenticate("vault-1", c, secret))
    bare = replace(row, values={**row.values, "tag": None})
    refused(Cause.MANIFEST, lambda: authenticate("vault-1", bare, secret))


def test_another_persons_manifest_is_foreign(world: World):
    fold(world, entry("a"))
    secret = world.vault_keys.records_secret("vault-1")
    theirs = world.vault("vault-2")
    refused(Cause.FOREIGN, lambda: authenticate("vault-1", theirs, secret))
    posing = replace(theirs, key=vault_row("vault-1"))
    refused(Cause.MANIFEST, lambda: authenticate("vault-1", posing, secret))
    refused(Cause.MISSING, lambda: authenticate("vault-1", None, secret))


def test_a_malformed_head_is_damage(world: World):
    row = world.vault("vault-1")
    secret = world.vault_keys.records_secret("vault-1")
    for wrong in ({"pages": b""}, {"segments": -1}, {"manifest_version": None}, {"pages": "x"}):
        damaged = replace(row, values={**row.values, **wrong})
        with pytest.raises(Damaged):
            authenticate("vault-1", damaged, secret)


def test_a_page_of_yesterday_a_changed_and_a_missing_one_are_refused(world: World):
    fold(world, entry("a"))
    _, yesterday = state(world)
    fold(world, entry("a", version=2))
    manifest, pages = state(world)
    key = page_row("vault-1", "a")
    page = int(key.sort.removeprefix("page#"))
    assert read_entries(manifest, pages, page)["a"].version == 2
    refused(Cause.MANIFEST, lambda: read_entries(manifest, yesterday, page))
    refused(Cause.MISSING, lambda: read_entries(manifest, {}, page))
    refused(Cause.MISSING, lambda: advance(manifest, {}, take=[entry("a", version=3)]))
    changed = {key: replace(pages[key], values={"entries": pages[key].values["entries"] + b" "})}
    refused(Cause.MANIFEST, lambda: compare_held(manifest, changed, {}))
    swapped = {key: replace(pages[key], values={"entries": b"[]"})}
    refused(Cause.MANIFEST, lambda: read_entries(manifest, swapped, page))
    # A page where the head knows of none is refused as well.
    other = Key(key.table, key.partition, f"page#{(page + 1) % PAGES:02d}")
    slipped_in = {**pages, other: replace(pages[key], key=other)}
    refused(Cause.MANIFEST, lambda: compare_held(manifest, slipped_in, {}))


def test_a_head_of_yesterday_does_not_pass_beside_todays_pages(world: World):
    fold(world, entry("a"))
    yesterday = world.vault("vault-1")
    fold(world, entry("a", version=2))
    secret = world.vault_keys.records_secret("vault-1")
    old = authenticate("vault-1", yesterday, secret)
    _, pages = state(world)
    refused(Cause.MANIFEST, lambda: compare_held(old, pages, {}))


def test_a_full_page_is_a_limit():
    full = manifest_pages.MAX_ENTRIES_PER_PAGE
    numbered = (f"s{index}" for index in itertools.count())
    same = (name for name in numbered if page_row("vault-1", name).sort == "page#07")
    entries = [entry(name) for name in itertools.islice(same, full + 1)]
    manifest, _ = advance(EMPTY, {}, take=entries[:full])
    assert manifest.segments == full
    with pytest.raises(LimitExceeded):
        advance(EMPTY, {}, take=entries)


def test_the_largest_page_fits_a_row():
    ids = [f"{index:08d}" + "x" * 120 for index in range(1000)]
    wide = [
        replace(entry(name), dataset=".".join(["d" * 32] * 4), version=2**53 - 1, key_version=99)
        for name in ids
    ]
    encoded_bytes = sum(
        len(advance(EMPTY, {}, take=[item])[1][0].values["entries"]) for item in wide[:10]
    )
    assert encoded_bytes / 10 * manifest_pages.MAX_ENTRIES_PER_PAGE < 400 * 1024


ACTS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 4), st.booleans()), max_size=25
)


@settings(max_examples=60)
@given(ACTS)
def test_the_manifest_agrees_with_a_plain_dictionary(acts: list[tuple[str, int, bool]]):
    manifest, rows, plain = EMPTY, {}, {}
    for name, version, dropping in acts:
        if dropping and name in plain:
            manifest, changes = advance(manifest, rows, drop=[name])
            plain[name] = (plain[name][0], DROPPED)
        elif not dropping and version > plain.get(name, (0,))[0]:
            manifest, changes = advance(manifest, rows, take=[entry(name, version)])
            plain[name] = (version, entry(name, version).digest)
        else:
            continue
        for put in changes:
            before = rows.get(put.key)
            assert put.when == VersionIs(before.version) if before else before is None
            rows[put.key] = Row(put.key, (before.version if before else 0) + 1, put.values)
    held = {name: digest for name, (_, digest) in plain.items() if digest != DROPPED}
    assert compare_held(manifest, rows, held) == {}
    assert manifest.segments == len(held)


def test_a_forged_page_needs_the_manifest_key(world: World):
    """Who can write the table but holds no key cannot list a segment."""
    fold(world, entry("a"))
    manifest, pages = state(world)
    forged, (put,) = advance(manifest, pages, take=[entry("forged")])
    row = world.vault("vault-1")
    values = {**row.values, "pages": forged.pages, "segments": 2, "manifest_version": 2}
    world.tables.commit(Put(key=row.key, values=values, when=VersionIs(row.version)), put)
    refused(Cause.MANIFEST, lambda: state(world))
    answer = world.vault_keys.profile_secret("vault-1")
    shown = world.vault("vault-1")
    refused(Cause.SEALED, lambda: open_profile(forged, shown, answer))
