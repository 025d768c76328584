"""Tags, seals and books under crashes at every step, with two sequencers taking turns at random."""

from __future__ import annotations

import hashlib

from mydata_hub.errors import Conflict, Unopenable
from mydata_hub.personal_log.intake import Intake
from mydata_hub.personal_log.log_keys import LogKeys
from mydata_hub.personal_log.placing import Placing
from mydata_hub.personal_log.reading import PersonalLogs
from mydata_hub.personal_log.writing import SealedEvents
from mydata_hub.ports.clock import CountingEntropy
from mydata_hub.transparency import sequencer
from mydata_hub.transparency.events import pending_rows, record
from mydata_hub.transparency.leaf import Leaf
from mydata_hub.transparency.sequencer import Log, sequence

from tests.faults.sequencer_world import World, an_event, interleave
from tests.faults.test_sequencer import crashing, entries_of
from tests.modes import times
from tests.unit.personal_log.own_entries import entries_of as own_entries

RUNS = times(60, long=1_500)
CHANCE = 0.06
PEOPLE = ("person-0", "person-1", "person-2")


class MemoryKeys:
    """The keys port without a disk: it binds to its context, and hides nothing."""

    def wrap(self, secret, context):
        return self._bound(context) + secret

    def unwrap(self, wrapped, context):
        if wrapped[:32] != self._bound(context):
            raise Unopenable("these bytes do not open here")
        return wrapped[32:]

    def _bound(self, context):
        return hashlib.sha256(repr(sorted(context.items())).encode()).digest()


class Entropy(CountingEntropy):
    """Bytes of which no two begin alike, as nonces and seeds need them."""

    def token(self, size_bytes):
        self.count += 1
        return hashlib.shake_256(self.count.to_bytes(8, "big")).digest(size_bytes)


def keyed_log(**ports):
    """A log whose people have keys; each sequencer of a run has this one's caches."""
    ports["entropy"] = Entropy()
    tables, clock = ports["tables"], ports["clock"]
    intake = Intake(tables, MemoryKeys(), clock, ports["entropy"])
    placing = Placing(
        tables=tables,
        intake=intake,
        keys=LogKeys(tables, MemoryKeys(), clock),
        entropy=ports["entropy"],
    )
    intake.tend()
    return Log(**{**ports, "tables": SealedEvents(tables, clock), "entrants": placing})


def random_run(seed):
    """Two sequencers and a writer, interleaved at random with crashes; gives the world after."""
    world = World(keyed_log, seed)
    numbers = iter(range(1_000))
    written = []

    def write(count):
        for _ in range(count):
            number = next(numbers)
            written.append(number)
            try:
                world.log.tables.commit(record(an_event(number), world.log.entropy))
            except Conflict:
                continue

    write(world.random.randrange(2, 9))
    world.faults.plan = crashing(seed, CHANCE)

    def task():
        sequence(world.log)

    def writer():
        write(world.random.randrange(1, 4))

    interleave(world, [task, task, writer], task)
    world.quiet()
    for _ in range(20):
        sequence(world.log)
        world.tables.catch_up()
        if (
            not pending_rows(world.tables)
            and not world.tables.rows[sequencer.HEAD].values["staged"]
        ):
            return world
    raise AssertionError("the log does not come to rest")


def test_every_event_is_in_its_persons_book_once_and_tagged_with_one_key_whatever_crashes():
    crashes = 0
    for seed in range(RUNS):
        world = random_run(seed)
        crashes += world.faults.crashes
        size = world.tables.checkpoints[-1][0]
        leaves = [Leaf.decode(one) for one in entries_of(world, size)]
        logs = PersonalLogs(tables=world.tables, keys=world.log.entrants.keys)
        events = {key.partition for key in world.tables.rows if key.table == "events"}
        shown = set()
        for person in PEOPLE:
            mine = own_entries(logs, person)
            places = [one.index for one in mine]
            assert len(set(places)) == len(places), f"seed {seed}: twice in a book"
            assert [leaves[one.index] for one in mine] == [one.leaf for one in mine]
            keys = [one.key.shown for one in logs.books(person)]
            assert len(keys) <= 1, f"seed {seed}: two keys of one month"
            found = {
                at
                for at, leaf in enumerate(leaves)
                if keys and keys[0].tag(leaf.person, leaf.audit) == leaf.tag
            }
            assert found == set(places), f"seed {seed}: tagged and listed differ"
            shown |= {one.event.event_id for one in mine}
        assert shown == events, f"seed {seed}: an event without its line"
        assert len(leaves) == len(events), f"seed {seed}: lost or doubled"
    assert crashes > RUNS // 2
