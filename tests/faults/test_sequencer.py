"""The sequencer under crashes at every step and under a second one that runs at the same time."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from mydata_hub.errors import BlobMissing, Conflict, NotProven, Taken
from mydata_hub.ports.tables import Delete, Key, VersionIs
from mydata_hub.transparency import sequencer
from mydata_hub.transparency.checkpoint import VerifierKey, verify_checkpoint
from mydata_hub.transparency.events import pending_events, record
from mydata_hub.transparency.merkle import leaf_hash, root_of
from mydata_hub.transparency.openings import OpeningFiles
from mydata_hub.transparency.published import CHECKPOINT
from mydata_hub.transparency.sequencer import Log, sequence
from mydata_hub.transparency.tiles import ENTRIES, Edge, decode_bundle, tiles_of
from mydata_hub.transparency.verifier import verify_log

from tests.faults.sequencer_world import Crash, World, an_event, interleave
from tests.modes import times

RUNS = times(1_000, long=5_000)
PARTS = 4
NEARLY_A_TILE = 253
NAIVE_RUNS = times(100, long=300)


def write_events(world, first, count):
    for number in range(first, first + count):
        world.tables.commit(record(an_event(number), world.entropy))


class Stored:
    """A finished log as a verifier's source."""

    def __init__(self, world):
        self._world = world

    def get(self, name):
        if name == "checkpoint":
            return self._world.tables.rows[CHECKPOINT].values["note"]
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
    sizes = [size for size, _ in world.tables.checkpoints]
    entries = entries_of(world, sizes[-1])
    wrong = misplaced(world, entries)
    wrong += unopened(world, entries)
    if world.broken_promises:
        wrong.append("a checkpoint without its tiles or openings")
    if world.blobs.overwrites or world.openings.overwrites:
        wrong.append("overwritten")
    if sizes != sorted(set(sizes)):
        wrong.append("checkpoint went back")
    hashes = [leaf_hash(entry) for entry in entries]
    for size, note in world.tables.checkpoints:
        if verify_checkpoint(note, key).root != root_of(hashes[:size]):
            wrong.append("checkpoints disagree")
    asked = [key for key in world.tables.rows if key.table == "outbox"]
    if len(asked) != len(sizes) - 1:
        wrong.append("a checkpoint that no witness is asked about, or twice")
    if verify_log(Stored(world), key).findings:
        wrong.append("not verified")
    return wrong


def unopened(world, entries):
    files, size = OpeningFiles(world.openings), len(entries)
    try:
        opened = [one for number in range(-(-size // 256)) for one in files.bundle(number, size)]
    except BlobMissing:
        return ["an entry without its opening"]
    if not all(one.opens(entry) for one, entry in zip(opened, entries, strict=True)):
        return ["an entry with another opening"]
    return []


def misplaced(world, entries):
    wrong = []
    for event, leaves in world.tables.recorded.items():
        places = [at for at, entry in enumerate(entries) if entry in leaves]
        if not places:
            wrong.append("lost")
        if len(places) > 1:
            wrong.append("doubled")
        row = world.tables.rows.get(Key("events", event))
        if row is None or [row.values.get("index")] != places:
            wrong.append("not marked with its place")
    if len(entries) != len(world.tables.recorded):
        wrong.append("more or fewer entries than events")
    return wrong


LOG_KEY = VerifierKey.of("hub.example/log", World(Log, 0).log.signer.public_key())


def crashing(seed, chance):
    """A plan that crashes now and then: half before the effect, half after it."""
    random = Random(seed)

    def plan(step):
        if random.random() >= chance:
            return ""
        return random.choice(("before", "after"))

    return plan


def finish(world, run):
    """Without crashes and without the index being behind, until nothing is pending."""
    world.quiet()
    for _ in range(20):
        run(world.log)
        world.tables.catch_up()
        head = world.tables.rows[sequencer.HEAD]
        if not pending_events(world.tables) and not head.values["staged"]:
            return
    raise AssertionError("the log does not come to rest")


def random_run(seed, run=sequence, chance=0.06, first=0):
    """Sequencers and a writer, interleaved at random with crashes; gives the world after."""
    world = World(Log, seed)
    # Some begin near a full tile, where a batch writes whole tiles and clears away partial ones.
    write_events(world, 0, first or world.random.randrange(1, 5))
    if first:
        run(world.log)
    world.faults.plan = crashing(seed, chance)

    def task():
        run(world.log)

    def writer():
        for number in range(1000, 1000 + world.random.randrange(1, 7)):
            try:
                write_events(world, number, 1)
            except Conflict:
                continue  # the crashed writer's commit had been applied

    def either():
        return world.random.choice((task, writer))()

    interleave(world, [task, task, task, writer], either)
    finish(world, run)
    return world


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_doubled_or_overwritten_whatever_crashes_and_whoever_is_first(part):
    crashes = 0
    for seed in range(part, RUNS, PARTS):
        world = random_run(seed, first=NEARLY_A_TILE if seed % 200 < PARTS else 0)
        assert judge(world, LOG_KEY) == [], f"seed {seed}"
        crashes += world.faults.crashes
    assert crashes > RUNS // PARTS  # on average every run met more than one


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_each_single_step_and_at_each_step_of_the_recovery_is_mended(moment):
    steps = steps_of_a_run()
    for first in range(steps):
        for second in range(first + 1, first + 1 + steps):
            world = World(Log, 1)
            write_events(world, 0, 3)
            done = world.faults.steps
            crash_at = {done + first, done + second}
            world.faults.plan = lambda step, at=crash_at: moment if step in at else ""
            for _ in range(3):
                try:
                    sequence(world.log)
                except Crash:
                    continue
            finish(world, sequence)
            assert judge(world, LOG_KEY) == [], f"crashed {moment} steps {first} and {second}"


def steps_of_a_run():
    world = World(Log, 1)
    write_events(world, 0, 3)
    before = world.faults.steps
    sequence(world.log)
    return world.faults.steps - before


def test_the_naive_order_fails_under_the_same_faults():
    harm = Counter()
    for seed in range(NAIVE_RUNS):
        try:
            world = random_run(seed, run=sequence_naively)
        except AssertionError:
            harm["stuck"] += 1
            continue
        # Deleting is part of this order, so what is gone from the table is no harm in itself.
        harm.update(set(judge(world, LOG_KEY)) - {"not marked with its place"})
    assert harm["lost"] + harm["doubled"] + harm["overwritten"] + harm["stuck"] > NAIVE_RUNS // 10


def sequence_naively(log):
    """The control: write tiles, then move the head, then delete the events."""
    try:
        _tiles_then_head_then_delete(log)
    except (BlobMissing, Conflict, NotProven, Taken):
        return  # the next trigger tries again


def _tiles_then_head_then_delete(log):
    head = sequencer._head(log)
    waiting = pending_events(log.tables)
    edge = Edge.read(
        head.size, log.blobs.get, lambda tile, part: log.blobs.put_if_absent(tile.path, part)
    )
    for event in waiting:
        edge.append(event.leaf.encode())
    for tile, part in edge.partials():
        log.blobs.put_if_absent(tile.path, part)
    moved = sequencer.Head(
        version=head.version, origin=head.origin, size=edge.size, root=edge.root(), staged=""
    )
    log.tables.commit(sequencer._put_head(moved, VersionIs(head.version)))
    sequencer._put_checkpoint(log, moved)
    for event in waiting:
        log.tables.commit(Delete(Key("events", event.event_id), VersionIs(1)))
