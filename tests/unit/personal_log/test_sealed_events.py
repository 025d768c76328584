"""From a writer's commit to the person's own list: nobody between reads whom an event is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.errors import BadInput, Busy, Conflict, Damaged, Unopenable
from mydata_hub.personal_log.book import PAGE_ENTRIES, head_row
from mydata_hub.personal_log.intake import IN_USE
from mydata_hub.personal_log.key_rows import person_row
from mydata_hub.personal_log.period_key import PeriodKey, log_key_period
from mydata_hub.personal_log.placing import Placing
from mydata_hub.personal_log.recipient import GRACE, INTAKE, Recipient
from mydata_hub.personal_log.writing import CACHED_FOR, SealedEvents
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.ports.tables import Absent, Key, Put, VersionIs
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AS_RECORDED, pending_rows, record
from mydata_hub.transparency.leaf import PERSON_DOMAIN, Leaf, Opening, person_tag
from mydata_hub.transparency.sequencer import sequence

from tests.unit.personal_log.log_world import NOW

OPENING = Opening(bytes(range(32)), b"what happened")
PRIVATE = {"personal", "personal_salt", "subject"}


def key_of(world, subject, period="2026-11"):
    row = world.log_keys().rows([subject])[subject]
    return world.log_keys().key(subject, row, period)


def intake_keys(world):
    return {row.key.sort for row in world.stored.query("log_keys", "intake").rows}


def recipient(world):
    return Recipient.read(world.stored.fetch_many(INTAKE)[INTAKE])


def test_what_waits_is_sealed_and_listed_under_nobodys_name(world):
    (event_id,) = world.write("jiu")
    row = world.row(event_id)
    assert row.format == 2
    assert not PRIVATE & row.values.keys()
    assert "tag" not in row.values
    assert "jiu" not in repr(row)
    assert world.stored.find_keys("events", "subject", "jiu").keys == ()
    assert [one.key for one in pending_rows(world.stored)] == [row.key]


def test_a_placed_event_is_its_persons_alone_and_its_tag_is_found_with_the_key(world):
    (event_id,) = world.write("jiu")
    world.sequence()
    row, (leaf,) = world.row(event_id), map(Leaf.decode, world.leaves())
    assert row.values.keys() == {
        *("index", "tag", "person_commitment", "audit_commitment", "audit", "audit_salt", "sealed")
    }
    key = key_of(world, "jiu")
    assert leaf.tag == person_tag(key.shown.tag_key, leaf.person, leaf.audit)
    opening = key.shown.open(event_id, row.values["sealed"])
    assert opening.commitment(PERSON_DOMAIN) == leaf.person
    assert Event.decode(opening.payload).payload == b"only jiu may read this"


def test_each_person_sees_their_own_entries_newest_first_and_no_others(world):
    for _ in range(3):
        world.write("jiu", 2)
        world.write("minsu")
        world.sequence()
        world.advance(minutes=1)
    mine = world.entries("jiu")
    assert [one.event.subject for one in mine] == ["jiu"] * 6
    assert [one.index for one in mine] == sorted((one.index for one in mine), reverse=True)
    assert len(world.entries("minsu")) == 3
    assert world.entries("nobody") == []


@pytest.mark.parametrize("count", [PAGE_ENTRIES - 1, PAGE_ENTRIES, 2 * PAGE_ENTRIES + 3])
def test_every_entry_is_reached_page_by_page(world, count):
    world.write("jiu", count)
    world.sequence()
    world.advance(days=20)  # another month, another key
    world.write("jiu", 2)
    world.sequence()
    mine = world.entries("jiu")
    assert len({one.event.event_id for one in mine}) == count + 2
    assert [one.period for one in mine] == ["2026-12"] * 2 + ["2026-11"] * count
    assert len(world.logs.entries("jiu").entries) == 2
    books = {one.key.period: one.book.count for one in world.logs.books("jiu")}
    assert books == {"2026-12": 2, "2026-11": count}


@pytest.mark.parametrize("after", ["x", "2026-11", "2026-13:1", "2026-11:-1", ":"])
def test_a_mark_that_is_none_of_the_list_is_refused(world, after):
    world.write("jiu")
    world.sequence()
    with pytest.raises(BadInput):
        world.logs.entries("jiu", after)


def test_before_the_log_zone_has_a_key_nothing_is_written_rather_than_written_open(world):
    fresh = SealedEvents(Empty(world.stored), world.clock)
    with pytest.raises(Busy):
        fresh.commit(record(world.event("jiu"), SystemEntropy()))
    assert pending_rows(world.stored) == []


class Empty:
    """Tables of a hub whose sequencer has not run."""

    def __init__(self, tables):
        self.tables = tables

    def __getattr__(self, name):
        return getattr(self.tables, name)

    def fetch_many(self, *keys):
        return {key: row for key, row in self.tables.fetch_many(*keys).items() if key != INTAKE}


def test_writers_read_the_public_key_once_a_minute(world):
    reads = []
    counted = Counted(world.stored, reads)
    tables = SealedEvents(counted, world.clock)
    for _ in range(5):
        tables.commit(record(world.event("jiu"), SystemEntropy()))
    assert reads == [INTAKE]
    world.clock.advance(CACHED_FOR)
    tables.commit(record(world.event("jiu"), SystemEntropy()))
    assert reads == [INTAKE] * 2


class Counted:
    def __init__(self, tables, reads):
        self.tables, self.reads = tables, reads

    def fetch_many(self, *keys):
        self.reads += keys
        return self.tables.fetch_many(*keys)

    def commit(self, *changes):
        self.tables.commit(*changes)


def test_what_is_no_event_does_not_pass_into_the_table_of_events(world):
    made = record(world.event("jiu"), SystemEntropy())
    bare = {name: value for name, value in made.values.items() if name != "personal"}
    with pytest.raises(Damaged):
        world.tables.commit(replace(made, values=bare))


def test_a_retry_of_the_same_act_still_conflicts_at_its_own_change(world):
    event = world.event("jiu")
    world.tables.commit(record(event, SystemEntropy()))
    other = Put(key=Key("outbox", "x"), values={}, when=Absent())
    with pytest.raises(Conflict) as conflict:
        world.tables.commit(other, record(event, SystemEntropy()))
    assert conflict.value.change == 1


def test_the_key_of_the_intake_lasts_a_day_and_the_old_one_is_destroyed_when_nothing_waits(world):
    world.write("jiu")
    (first,) = intake_keys(world)
    world.clock.advance(IN_USE)
    world.intake.tend()
    assert len(intake_keys(world)) == 2
    world.clock.advance(GRACE)
    world.intake.tend()
    assert first in intake_keys(world), "what waits was sealed to it"
    world.sequence()
    assert intake_keys(world) == {recipient(world).key_id}
    assert recipient(world).oldest_at == recipient(world).made_at
    assert len(world.entries("jiu")) == 1
    assert world.lost == 0


def test_the_old_key_is_kept_for_its_grace_even_if_nothing_waits(world):
    world.clock.advance(IN_USE)
    world.intake.tend()
    world.clock.advance(GRACE - timedelta(seconds=1))
    world.intake.tend()
    assert len(intake_keys(world)) == 2


def test_an_event_that_nobody_can_open_gets_its_place_and_is_told(world):
    world.write("jiu")
    (key_id,) = intake_keys(world)
    row = world.stored.query("log_keys", "intake").rows[0]
    world.stored.commit(
        Put(
            key=Key("log_keys", "intake", key_id),
            values={**row.values, "wrapped": row.values["wrapped"][:-1] + b"?"},
            when=VersionIs(row.version),
        )
    )
    world.write("minsu")
    assert world.sequence() == 2
    assert world.lost >= 2
    assert len(set(world.leaves())) == 2
    assert world.entries("jiu") == []


def test_an_event_sealed_for_another_id_does_not_open(world):
    sealed = recipient(world).seal("event-1", OPENING)
    key_id = recipient(world).key_id
    assert world.intake.open(key_id, "event-1", sealed) == OPENING
    for name, moved in (("event-2", sealed), ("event-1", sealed[:-1]), ("event-1", b"")):
        with pytest.raises(Unopenable):
            world.intake.open(key_id, name, moved)
    with pytest.raises(Unopenable):
        world.intake.open("unknown", "event-1", sealed)


def test_a_log_without_keys_leaves_sealed_events_alone(world):
    world.write("jiu")
    with pytest.raises(Damaged):
        sequence(replace(world.log, entrants=AS_RECORDED))
    assert world.sequence() == 1


def test_two_sequencers_give_a_person_one_key_and_each_entry_one_line_in_the_book(world):
    other = world.sequencer()
    for turn in range(4):
        world.write("jiu", 3)
        world.write("minsu", 2)
        sequence(other if turn % 2 else world.log)
    mine = [one.index for one in world.entries("jiu")]
    assert len(set(mine)) == len(mine) == 12
    assert len(world.log_keys().rows(["jiu"])["jiu"].values["periods"]) == 1


def test_marking_a_batch_again_writes_nothing_twice(world):
    world.write("jiu", 3)
    placing = world.log.entrants
    assert isinstance(placing, Placing)
    world.sequence()
    before = {key: world.row(key) for key in [one.event.event_id for one in world.entries("jiu")]}
    world.sequence()
    assert {key: world.row(key) for key in before} == before
    assert world.logs.books("jiu")[0].book.count == 3


def test_books_and_keys_are_named_by_nothing_that_table_readers_know(world):
    world.write("jiu", PAGE_ENTRIES + 1)
    world.sequence()
    key = key_of(world, "jiu")
    assert isinstance(key, PeriodKey)
    head = world.stored.fetch_many(head_row(key))[head_row(key)]
    assert head.values.keys() == {"sealed"}
    assert "jiu" not in repr(head)


def test_a_period_is_a_month_in_utc_by_the_instant_of_the_event():
    assert log_key_period(NOW) == "2026-11"
    end = NOW.replace(day=30, hour=23, minute=59)
    assert log_key_period(end) == "2026-11"
    assert log_key_period(end + timedelta(minutes=1)) == "2026-12"


def test_an_erased_person_gets_no_key_again_and_what_waits_of_them_names_nobody(world):
    world.write("jiu")
    world.sequence()
    (event_id,) = world.write("jiu")
    world.erase("jiu")
    world.erase("jiu")
    world.sequence()
    assert "sealed" not in world.row(event_id).values
    assert world.entries("jiu") == []
    row = world.stored.fetch_many(person_row("jiu"))[person_row("jiu")]
    assert row.values.keys() == {"state", "erased_at"}
    assert len(world.leaves()) == 2
