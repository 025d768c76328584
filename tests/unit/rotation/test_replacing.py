"""Sealing again: the same records under another key, by a signer that can bring nothing in."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from mydata_hub.errors import Busy, Conflict
from mydata_hub.own_vault.folding import fold_segments
from mydata_hub.own_vault.replacing import delete_leftovers, replace_segments
from mydata_hub.own_vault.turning import turn_keys
from mydata_hub.ports.tables import Absent, Put, VersionIs
from mydata_hub.vault.announcements import announce, segment_row
from mydata_hub.vault.erased_parts import Scope
from mydata_hub.vault.public_keys import read_recipient
from mydata_hub.vault.refusal import Cause
from mydata_hub.vault.segment import Segment
from mydata_hub.vault.segments import blob_name, read_envelope, seal_segment, store_segment

from tests.unit.own_vault.own_world import ME, monthly, statement, transaction
from tests.unit.vault.vault_world import NOW, batch, refused


def filled(world, payees: str = "abcdefghij"):
    """As many segments as payees, folded."""
    segments = [world.collected(*monthly(payee, months=3)) for payee in payees]
    world.fold(*segments)
    return [one.segment_id for one in segments]


def turned(world, by: str = "first"):
    assert turn_keys(world.room, world.keys, ME, by)


def test_what_was_sealed_again_is_the_same_under_the_new_key(world):
    names = filled(world)
    world.bring(statement())
    world.sweep()
    before, profile = world.held(), world.profile()
    rows = {row.key.sort: row.values for row in world.tables.query("segments", ME).rows}
    turned(world)
    assert world.sealed_under() == {1}
    done = replace_segments(world.resealer(), ME, names[:8])
    assert (done.segments, done.dropped, done.records_left_out) == (8, 0, 0)
    replace_segments(world.resealer(), ME, list(rows))
    replace_segments(world.resealer(), ME, names)
    assert world.held() == before
    for row in world.tables.query("segments", ME).rows:
        was = rows[row.key.sort]
        same = ("provider_id", "connection_id", "grant_id", "dataset", "count", "announced_at")
        assert [row.values[name] for name in same] == [was[name] for name in same]
    assert world.profile().folds == profile.folds
    assert world.profile().freshness == profile.freshness


def test_both_provenances_keep_theirs(world):
    filled(world, "ab")
    world.bring(statement())
    world.sweep()
    turned(world)
    names = [row.key.sort for row in world.tables.query("segments", ME).rows]
    replace_segments(world.resealer(), ME, names)
    assert world.sealed_under() == {2}
    assert Counter(one.provenance for one in world.held_records()) == {
        "collected": 6,
        "self_supplied": 8,
    }


def test_again_changes_nothing_and_under_the_present_key_nothing_is_touched(world):
    names = filled(world, "abc")
    head = world.vault(ME)
    assert replace_segments(world.resealer(), ME, names).segments == 0
    turned(world)
    assert replace_segments(world.resealer(), ME, names).segments == 3
    assert replace_segments(world.resealer(), ME, names).segments == 0
    assert world.vault(ME).version == head.version + 2


def test_a_segment_that_waits_or_was_put_aside_is_left_alone(world):
    (name,) = filled(world, "a")
    waiting = world.collected(*monthly("waits"))
    aside = world.collected(*monthly("aside"))
    world.blobs.delete(blob_name(ME, aside.segment_id, 1))
    world.fold(aside)
    turned(world)
    done = replace_segments(world.resealer(), ME, [name, waiting.segment_id, aside.segment_id])
    assert done.segments == 1
    assert world.fold(waiting).segments == 1


def test_the_old_segment_cannot_be_played_back(world):
    (name,) = filled(world, "a")
    row = world.row(segment_row(ME, name))
    turned(world)
    replace_segments(world.resealer(), ME, [name])
    now = world.row(segment_row(ME, name))
    old = {**row.values, "state": "unfolded"}
    world.tables.commit(Put(key=now.key, values=old, when=VersionIs(now.version)))
    done = fold_segments(world.room, ME, [name])
    assert done.refused == {Cause.REPLAYED: 1}


def test_a_segment_by_the_resealing_key_that_is_announced_is_refused(world):
    recipient = read_recipient(world.tables, ME)
    given = batch(records=tuple(one.encode() for one in monthly("forged")))
    given = replace(given, dataset="bank.transactions")
    forged = seal_segment(given, recipient, world.reseal_signer, world.entropy)
    digest = store_segment(world.blobs, forged)
    world.tables.commit(announce(forged, digest, world.clock.now()))
    assert world.fold(forged).refused == {Cause.SIGNER: 1}
    assert world.held() == Counter()


def scope(first: datetime, behind: datetime) -> Scope:
    return Scope(since=first, until=behind)


def test_records_that_were_erased_are_gone_and_a_segment_without_any_is_dropped(world):
    # Three months each: July to September, and January to March.
    one = world.collected(*monthly("a", months=3))
    late = [transaction(f"b-{n}", datetime(2026, 1, 25, 3, tzinfo=UTC), n, "b") for n in range(2)]
    two = world.collected(*late)
    world.fold(one, two)
    erased = scope(datetime(2025, 8, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    assert turn_keys(world.room, world.keys, ME, "act", erased)
    done = replace_segments(world.resealer(), ME, [one.segment_id, two.segment_id])
    assert (done.segments, done.dropped, done.records_left_out) == (1, 1, 4)
    assert [record.source_id for record in world.held_records()] == ["a-0"]
    assert len(world.tables.query("segments", ME).rows) == 1
    # The replaced one is nobody's; the dropped one opens for as long as its key is there.
    assert delete_leftovers(world.room, ME) == 1
    assert len(world.blobs_of()) == 2


def test_what_was_dropped_does_not_come_back(world):
    (name,) = filled(world, "a")
    row = world.row(segment_row(ME, name))
    turn_keys(world.room, world.keys, ME, "act", Scope(until=NOW, dataset="bank.transactions"))
    replace_segments(world.resealer(), ME, [name])
    assert world.tables.query("segments", ME).rows == ()
    values = {**row.values, "state": "unfolded"}
    world.tables.commit(Put(key=row.key, values=values, when=Absent()))
    assert fold_segments(world.room, ME, [name]).refused == {Cause.REPLAYED: 1}


def test_a_version_whose_name_somebody_took_is_passed_over(world):
    (name,) = filled(world, "a")
    before = world.held()
    world.blobs.put_if_absent(blob_name(ME, name, 2), b"what a killed run left")
    turned(world)
    replace_segments(world.resealer(), ME, [name])
    assert world.row(segment_row(ME, name)).values["segment_version"] == 3
    assert world.held() == before


def test_a_listed_segment_that_was_exchanged_is_not_sealed_again(world):
    one, two = filled(world, "ab")
    row, other = (world.row(segment_row(ME, name)) for name in (one, two))
    world.put(row, {**row.values, "digest": other.values["digest"]})
    turned(world)
    refused(Cause.REPLACED, lambda: replace_segments(world.resealer(), ME, [one]))
    world.blobs.delete(blob_name(ME, two, 1))
    refused(Cause.MISSING, lambda: replace_segments(world.resealer(), ME, [two]))


def test_what_was_sealed_again_says_who_sealed_it_and_for_whom_it_was_collected(world):
    (name,) = filled(world, "a")
    turned(world)
    replace_segments(world.resealer(), ME, [name])
    row = world.row(segment_row(ME, name))
    assert row.values["grant_id"] == "grant-1"
    (signer,) = world.room.resealers
    segment = Segment.decode(world.blobs.get(blob_name(ME, name, 2)))
    assert read_envelope(segment.sealed).signer == signer


def test_others_who_are_always_first_make_it_busy(world):
    (name,) = filled(world, "a")
    turned(world)

    class Always:
        def __getattr__(self, attribute):
            return getattr(world.tables, attribute)

        def commit(self, *_changes):
            raise Conflict(0, "vaults")

    with pytest.raises(Busy):
        replace_segments(world.resealer(tables=Always()), ME, [name])
