"""The tamper drill: a log through the real sequencer, and every stored thing damaged in every way.

Whoever damages here owns the stores: checksums are right, and only what the log signed is out of
reach. Each object that was touched must be named, and no other.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from click.testing import CliRunner
from mydata_hub.cli.main import main
from mydata_hub.config import SequenceLogSettings
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.ports.tables import Key, Put, Row, VersionIs
from mydata_hub.transparency.checkpoint import COSIGNATURE, VerifierKey, verify_checkpoint
from mydata_hub.transparency.events import record
from mydata_hub.transparency.fsck import check_log
from mydata_hub.transparency.merkle import leaf_hash
from mydata_hub.transparency.openings import OpeningFiles
from mydata_hub.transparency.published import CHECKPOINT, COSIGNED, PublishedLog
from mydata_hub.transparency.sequencer import HEAD, Log, sequence
from mydata_hub.transparency.signing import cosign, sign_checkpoint
from mydata_hub.transparency.tiles import ENTRIES, Tile, decode_bundle, encode_bundle, tiles_of
from mydata_hub.transparency.verifier import verify_log
from mydata_hub.wiring import tables_for

from tests.faults.sequencer_world import Crash, Faults, MemoryBlobs, World, an_event
from tests.faults.test_sequencer import write_events
from tests.unit.answer.answer_world import Laptop
from tests.unit.transparency.growing_log import SeededSigner

SIZE = 600
STRIDE = 25
WITNESS_SIGNER = SeededSigner(9)
WITNESS = VerifierKey.of("witness.example/w1", WITNESS_SIGNER.public_key(), COSIGNATURE)


class Store:
    """Everything a hub keeps of its log, which can be copied and damaged."""

    def __init__(self, size=SIZE):
        self.world = World(Log, 5)
        for first in range(0, size, 200):
            write_events(self.world, first, min(200, size - first))
            self.world.tables.catch_up()
            sequence(self.world.log)
        row = self.world.tables.rows[CHECKPOINT]
        self.key = VerifierKey.parse(row.values["key"])
        note, now = row.values["note"], self.world.clock.now()
        line = cosign(note.partition(b"\n\n")[0] + b"\n", WITNESS, WITNESS_SIGNER, now)
        values = {"size": size, "note": note + line.encode(), "at": now.isoformat()}
        self.world.tables.rows[COSIGNED] = Row(COSIGNED, 1, values)
        self.rows = dict(self.world.tables.rows)
        self.blobs = dict(self.world.blobs.stored)
        self.openings = dict(self.world.openings.stored)

    def events(self):
        """The keys of the events, in the order of their places."""
        keys = [key for key in self.rows if key.table == "events"]
        return sorted(keys, key=lambda key: self.rows[key].values["index"])

    def run(self, rows=None, blobs=None, openings=None):
        """What the product's check finds in these stores."""
        memory = MemoryBlobs(Faults())
        memory.stored = self.blobs if blobs is None else blobs
        opened = MemoryBlobs(Faults())
        opened.stored = self.openings if openings is None else openings
        rows = self.world.tables.rows = self.rows if rows is None else rows
        return check_log(
            PublishedLog(self.world.tables, memory, SetClock(self.world.clock.now())),
            lambda: [(key.partition, row) for key, row in rows.items() if key.table == "events"],
            {self.key.public},
            OpeningFiles(opened),
        )

    def check(self, rows=None, blobs=None, openings=None):
        """The names of what is wrong; a list, so that none is told twice."""
        return [name for name, _ in self.run(rows, blobs, openings).problems]


@pytest.fixture(scope="module")
def store():
    return Store()


def with_values(row, **values):
    kept = {name: value for name, value in (dict(row.values) | values).items() if value is not None}
    return replace(row, values=kept)


def flipped(content, at=0):
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_a_log_as_it_was_written_is_sound(store):
    assert store.check() == []
    assert verify_log(stored(store), store.key, witnesses=[WITNESS]).findings == ()


def stored(store, blobs=None, note=None):
    class Source:
        def get(self, name):
            if name == "checkpoint":
                return store.rows[COSIGNED].values["note"] if note is None else note
            memory = MemoryBlobs(Faults())
            memory.stored = store.blobs if blobs is None else blobs
            return memory.get(name)

        def tile_names(self):
            return [
                name for name in (store.blobs if blobs is None else blobs) if name[:4] == "tile"
            ]

    return Source()


ALTERATIONS = {
    "its tag": lambda row: with_values(row, tag=flipped(row.values["tag"])),
    "its person's commitment": lambda row: with_values(
        row, person_commitment=flipped(row.values["person_commitment"], 31)
    ),
    "its audit commitment": lambda row: with_values(
        row, audit_commitment=flipped(row.values["audit_commitment"], 7)
    ),
    "its audit payload": lambda row: with_values(row, audit=row.values["audit"] + b" "),
    "its audit salt": lambda row: with_values(row, audit_salt=flipped(row.values["audit_salt"])),
    "its place, taken away": lambda row: with_values(row, index=None),
    "its place, moved on": lambda row: with_values(row, index=row.values["index"] + 1),
    "its place, beyond the end": lambda row: with_values(row, index=SIZE),
    "its place, of no kind": lambda row: with_values(row, index="first"),
    "a column, missing": lambda row: with_values(row, tag=None),
}


def test_every_file_of_openings_that_is_touched_is_named(store):
    for name, content in store.openings.items():
        lines = content.splitlines(keepends=True)
        swapped = b"".join([*lines[1::-1], *lines[2:]])
        flips = [flipped(content, at) for at in range(12, len(content), len(content) // 9)]
        for damaged in (swapped, content[:-1], content + lines[0], b"", *flips):
            if damaged != content:
                assert store.check(openings={**store.openings, name: damaged}) == [name]
        gone = {other: value for other, value in store.openings.items() if other != name}
        assert store.check(openings=gone) == [name]
    for name in (
        "openings/entries/000.p/9",
        "openings/entries/003",
        "openings/hours/001",
        "openings/hours/000.p/1",
    ):
        planted = {**store.openings, name: store.openings["openings/entries/001"]}
        assert store.check(openings=planted) == [name]
    one, other = "openings/entries/000", "openings/entries/001"
    exchanged = store.openings | {one: store.openings[other], other: store.openings[one]}
    assert store.check(openings=exchanged) == [one, other]


@pytest.mark.parametrize("kind", ALTERATIONS)
def test_every_event_that_is_changed_is_named(store, kind):
    keys = store.events()
    assert len(keys) == SIZE
    for first in range(STRIDE):
        touched = keys[first::STRIDE]
        rows = {**store.rows, **{key: ALTERATIONS[kind](store.rows[key]) for key in touched}}
        named = store.check(rows)
        assert {name for name in named if not name.startswith("entry")} == {
            key.partition for key in touched
        }
        without = {name for name in named if name.startswith("entry ")}
        places = {f"entry {store.rows[key].values['index']}" for key in touched}
        assert without <= places


def test_every_event_that_is_deleted_leaves_its_entry_named(store):
    for first in range(STRIDE):
        gone = store.events()[first::STRIDE]
        rows = {key: row for key, row in store.rows.items() if key not in gone}
        assert store.check(rows) == [f"entry {store.rows[key].values['index']}" for key in gone]


def test_every_event_that_is_inserted_is_named(store):
    keys = store.events()
    for first in range(STRIDE):
        for index in ("same", None):
            planted = {}
            for key in keys[first::STRIDE]:
                copy = with_values(store.rows[key], **({} if index else {"index": None}))
                name = Key("events", f"~{key.partition}")
                planted[name] = replace(copy, key=name)
            named = store.check({**store.rows, **planted})
            assert set(named) == {key.partition for key in planted}


def test_every_two_neighbours_that_change_places_are_both_named(store):
    keys = store.events()
    for first in range(STRIDE):
        rows, touched = dict(store.rows), set()
        for at in range(first, SIZE - 1, STRIDE):
            one, other = rows[keys[at]], rows[keys[at + 1]]
            rows[keys[at]] = with_values(one, index=other.values["index"])
            rows[keys[at + 1]] = with_values(other, index=one.values["index"])
            touched |= {keys[at].partition, keys[at + 1].partition}
        assert {name for name in store.check(rows) if not name.startswith("entry")} == touched


def test_every_object_changed_shortened_grown_emptied_or_deleted_is_named(store):
    for name in store.blobs:
        content = store.blobs[name]
        places = {0, 1, len(content) // 3, len(content) // 2, len(content) - 1}
        damages = [flipped(content, at) for at in places]
        damages += [content[:-1], content + b"\0", b"", content[: len(content) // 2]]
        for damaged in damages:
            assert store.check(blobs={**store.blobs, name: damaged}) == [name]
        gone = {other: value for other, value in store.blobs.items() if other != name}
        assert store.check(blobs=gone) == [name]


def test_every_two_objects_that_are_exchanged_are_both_named(store):
    names = sorted(store.blobs)
    for one in names:
        for other in names:
            if one < other:
                swapped = {**store.blobs, one: store.blobs[other], other: store.blobs[one]}
                assert set(store.check(blobs=swapped)) == {one, other}


def test_every_object_that_is_inserted_is_named(store):
    wider = ["tile/0/003", "tile/entries/002.p/89", "tile/entries/003.p/1", "tile/2/000.p/1"]
    for name in (*wider, "tile/1/001", "tile/notes", "tile/0/002.p/87", "tile/entries/002.p/1"):
        assert store.check(blobs={**store.blobs, name: bytes(32)}) == [name]


def test_every_two_neighbouring_entries_that_change_places_name_their_bundle(store):
    for bundle in (tile for tile in tiles_of(SIZE) if tile.level == ENTRIES):
        entries = decode_bundle(bundle, store.blobs[bundle.path])
        for at in range(len(entries) - 1):
            order = [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]
            damaged = {**store.blobs, bundle.path: encode_bundle(order)}
            assert [
                finding.name for finding in verify_log(stored(store, damaged), store.key).findings
            ] == [bundle.path]


def test_a_bundle_and_its_tile_that_were_rewritten_together_are_both_named(store):
    bundle, tile = Tile(ENTRIES, 1), Tile(0, 1)
    entries = decode_bundle(bundle, store.blobs[bundle.path])
    entries[9] = flipped(entries[9], 20)
    rewritten = {
        **store.blobs,
        bundle.path: encode_bundle(entries),
        tile.path: b"".join(map(leaf_hash, entries)),
    }
    assert {bundle.path, tile.path} <= set(store.check(blobs=rewritten))


def test_head_checkpoint_and_cosigned_checkpoint_are_held_to_each_other(store):
    head, note = store.rows[HEAD], store.rows[CHECKPOINT]
    signer = store.world.log.signer
    right = verify_checkpoint(note.values["note"], store.key)
    older = store.world.tables.checkpoints[1][1]

    def signed(**changes):
        return sign_checkpoint(replace(right, **changes), signer)

    stranger = SeededSigner(3)
    foreign = sign_checkpoint(right, stranger)
    foreign_key = str(VerifierKey.of(right.origin, stranger.public_key()))
    cosigned = store.rows[COSIGNED]
    cases = [
        (HEAD, None, "tile/0/000"),
        (HEAD, with_values(head, size=SIZE + 1), "checkpoint"),
        (HEAD, with_values(head, size=SIZE - 1), "checkpoint"),
        (HEAD, with_values(head, root=bytes(32)), "checkpoint"),
        (HEAD, with_values(head, origin="other/log"), "checkpoint"),
        (HEAD, with_values(head, staged="staging/9-00"), "head of the log"),
        (HEAD, with_values(head, size="many"), "head of the log"),
        (CHECKPOINT, None, "tile/0/000"),
        (CHECKPOINT, with_values(note, note=older, size=200), "checkpoint"),
        (CHECKPOINT, with_values(note, note=flipped(note.values["note"], 20)), "checkpoint"),
        (CHECKPOINT, with_values(note, note=signed(root=bytes(32))), "checkpoint"),
        (CHECKPOINT, with_values(note, note=signed(size=SIZE + 1)), "checkpoint"),
        (CHECKPOINT, with_values(note, note=foreign), "checkpoint"),
        (CHECKPOINT, with_values(note, note=foreign, key=foreign_key), "checkpoint"),
        (CHECKPOINT, with_values(note, key="none"), "checkpoint"),
        (COSIGNED, with_values(cosigned, note=b"none"), "cosigned checkpoint"),
        (COSIGNED, with_values(cosigned, note=signed(root=bytes(32))), "checkpoint"),
        (COSIGNED, with_values(cosigned, note=signed(size=SIZE + 1)), "checkpoint"),
    ]
    for key, row, name in cases:
        rows = {other: value for other, value in store.rows.items() if other != key}
        named = store.check(rows if row is None else {**rows, key: row})
        assert any(one.startswith(name) for one in named), (key, row and row.values, named)


def test_a_cosignature_that_is_taken_away_or_changed_anywhere_is_missed_by_who_wants_it(store):
    note = store.rows[COSIGNED].values["note"]
    bare = store.rows[CHECKPOINT].values["note"]
    for damaged in (bare, *(flipped(note, at) for at in range(len(note)) if at != len(note) - 2)):
        findings = verify_log(stored(store, note=damaged), store.key, witnesses=[WITNESS]).findings
        assert {finding.name for finding in findings} == {"checkpoint"}


def test_what_a_crashed_sequencer_left_is_told_and_no_problem():
    for moment in ("before", "after"):
        for step in range(40):
            store = Store(size=8)
            world = store.world
            write_events(world, 50, 3)
            world.tables.catch_up()
            done = world.faults.steps
            world.faults.plan = lambda at, when=done + step, how=moment: how if at == when else ""
            with suppress(Crash):
                sequence(world.log)
            world.quiet()
            store.rows, store.blobs = dict(world.tables.rows), dict(world.blobs.stored)
            store.openings = dict(world.openings.stored)
            found = store.run()
            assert found.problems == [], (moment, step)
            named = store.rows[HEAD].values["staged"]
            staged = {name for name in store.blobs if name.startswith("staging/")}
            assert set(found.leftovers) == staged - {named}


def test_the_command_checks_the_log_of_a_folder_and_names_what_differs(tmp_path):
    hub = Laptop(tmp_path)
    tables = tables_for(SequenceLogSettings.read(hub.environment("sequence_log")))
    for number in range(20):
        tables.commit(record(an_event(number), SystemEntropy()))
    assert json.loads(fsck(tmp_path, "--json").stdout)["findings"] == []
    hub.invoke("sequence_log", {"sweep": True})
    assert json.loads(fsck(tmp_path, "--json").stdout)["findings"] == []
    rows = tables.fetch_many(*(Key("events", an_event(number).event_id) for number in range(20)))
    (row,) = [row for row in rows.values() if row.values["index"] == 7]
    values = {**row.values, "tag": bytes(16)}
    tables.commit(Put(key=row.key, values=values, when=VersionIs(row.version)))
    told = fsck(tmp_path, "--json")
    assert told.exit_code == 1
    event, entry = json.loads(told.stdout)["findings"]
    assert event["object"].startswith("row ")
    assert event["problem"] == "is not the entry at its place 7"
    assert entry == {"object": "entry 7", "problem": "has no event"}


def fsck(folder, *arguments):
    return CliRunner().invoke(main, ["fsck", "--data", str(folder), *arguments])
