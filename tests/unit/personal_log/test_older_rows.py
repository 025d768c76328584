"""Rows of the last release: read, found, and sealed when their person does something again."""

from __future__ import annotations

import json
from pathlib import Path

from mydata_hub.ports.tables import Absent, Key, Put
from mydata_hub.transparency.events import AS_RECORDED, record
from mydata_hub.transparency.forgetting import forget_subject
from mydata_hub.transparency.leaf import Leaf, unkeyed_tag
from mydata_hub.transparency.sequencer import sequence

from tests.unit.personal_log.adversary import attack


def write_open(world, subject, count):
    """As the last release wrote: the opening and the subject lie in the row."""
    for _ in range(count):
        put = record(world.event(subject), world.entropy)
        world.stored.commit(put)


def place_open(world):
    """As the last release placed: the row as it was, with its index."""
    log = world.log
    world.log = None
    placed = sequence(
        type(log)(
            tables=world.stored,
            blobs=log.blobs,
            openings=log.openings,
            signer=log.signer,
            clock=log.clock,
            entropy=log.entropy,
            origin=log.origin,
            entrants=AS_RECORDED,
        )
    )
    world.log = log
    return placed.entries


def test_the_person_sees_them_before_and_after_they_are_sealed(world):
    write_open(world, "jiu", 3)
    place_open(world)
    before = world.entries("jiu")
    assert {(one.index, one.period) for one in before} == {(one, None) for one in range(3)}
    world.write("jiu")
    world.sequence()
    after = world.entries("jiu")
    assert [one.index for one in after] == [3, *sorted((one.index for one in before), reverse=True)]
    assert {one.event for one in before} <= {one.event for one in after}


def test_the_next_event_seals_all_that_lay_open(world):
    write_open(world, "jiu", 70)
    write_open(world, "minsu", 2)
    place_open(world)
    leaves = world.leaves()
    assert attack(world, ()).of("jiu")[2] == 70
    world.write("jiu")
    world.sequence()
    open_rows = [row for row in world.dump("events") if "personal" in row.values]
    assert len(open_rows) == 2
    assert world.stored.find_keys("events", "subject", "jiu").keys == ()
    assert world.leaves()[:72] == leaves, "what is in the log stays as it is"
    world.erase("jiu")
    assert attack(world, ()).of("jiu") == (0, 0, 0)


def test_an_event_that_waited_open_is_sealed_and_tagged_like_any_other(world):
    write_open(world, "jiu", 2)
    world.sequence()
    for row in world.dump("events"):
        assert not {"personal", "personal_salt", "subject"} & row.values.keys()
    mine = world.entries("jiu")
    assert len(mine) == 2
    assert all(one.leaf.tag != unkeyed_tag(one.opening.salt) for one in mine)


def test_an_erased_persons_open_rows_lose_what_is_theirs(world):
    write_open(world, "jiu", 2)
    place_open(world)
    write_open(world, "jiu", 1)
    forget_subject(world.stored, "jiu")
    world.erase("jiu")
    world.sequence()
    assert attack(world, ()).of("jiu") == (0, 0, 0)
    assert len(world.leaves()) == 3


def test_rows_as_the_last_release_wrote_them_are_read(world):
    """The rows themselves, kept as they were."""
    kept = json.loads((Path(__file__).parent / "rows_of_format_1.json").read_text())
    for one in kept:
        values = {
            name: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
            for name, value in one["values"].items()
        }
        key = Key("events", one["event_id"])
        indexes = {name: tuple(place) for name, place in one["indexes"].items()}
        world.stored.commit(Put(key=key, values=values, when=Absent(), indexes=indexes))
    assert world.sequence() == len(kept)
    mine = world.entries("jiu")
    assert sorted(one.event.kind for one in mine) == ["account_opened", "consent_given"]
    assert {Leaf.decode(one).person for one in world.leaves()} == {one.leaf.person for one in mine}
