"""The sequencer under crashes at every step and under a second one that runs at the same time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mydata_hub.errors import Conflict
from mydata_hub.ports.tables import Absent, Delete, Key, Put, VersionIs
from mydata_hub.transparency import sequencer
from mydata_hub.transparency.checkpoint import VerifierKey, verify_checkpoint
from mydata_hub.transparency.events import pending_events, record
from mydata_hub.transparency.leaf import Leaf
from mydata_hub.transparency.merkle import leaf_hash, root_of
from mydata_hub.transparency.sequencer import Log, sequence
from mydata_hub.transparency.tiles import ENTRIES, Edge, decode_bundle, tiles_of
from mydata_hub.transparency.verifier import verify_log
from tests.faults.sequencer_world import Crash, World, interleave

RUNS = 5_000
PLACED = "index"


def write_events(world, first, count):
    for number in range(first, first + count):
        event = an_event(number, world.tick())
        world.tables.commit(record(event, world.entropy))


class Stored:
    """A finished log as a verifier's source."""

    def __init__(self, world):
        self._world = world

    def get(self, name):
        if name == "checkpoint":
            return self._world.tables.rows[sequencer.CHECKPOINT][0].values["note"]
        return self._world.blobs.get(name)

    def tile_names(self):
        return list(self._world.blobs.names("tile/"))


def entries_of(world, size):
    return [
        entry
        for bundle in tiles_of(size)
        if bundle.level == ENTRIES
        for entry in decode_bundle(bundle, world.blobs.stored[bundle.path])
    ]


def judge(world, key):
    """What is wrong with a finished log: lost, doubled, overwritten, gone back, unverified."""
    wrong = []
    rows = [row for row, _ in world.tables.rows.values() if row.key.table == "events"]
    sizes = [size for size, _ in world.tables.checkpoints]
    entries = entries_of(world, sizes[-1])
    for row in rows:
        leaf = Leaf(
            tag=row.values["tag"],
            person=row.values["person_commitment"],
            audit=row.values["audit_commitment"],
        ).encode()
        count = entries.count(leaf)
        if count == 0:
            wrong.append("lost")
        if count > 1:
            wrong.append("doubled")
        index = row.values.get(PLACED)
        if index is None or index >= len(entries) or entries[index] != leaf:
            wrong.append("misplaced")
    if len(entries) != len(rows):
        wrong.append("foreign entries")
    if world.blobs.overwrites:
        wrong.append("overwritten")
    if sizes != sorted(set(sizes)):
        wrong.append("checkpoint went back")
    hashes = [leaf_hash(entry) for entry in entries]
    for size, note in world.tables.checkpoints:
        if verify_checkpoint(note, key).root != root_of(hashes[:size]):
            wrong.append("checkpoints disagree")
    if verify_log(Stored(world), key).findings:
        wrong.append("not verified")
    return wrong
