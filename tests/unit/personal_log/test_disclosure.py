"""A period that a person discloses, held to the log: whatever is not as it was is named."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import rfc8785
from mydata_hub.errors import FormatUnknown, Unreadable
from mydata_hub.personal_log.disclosure import (
    KEY_DISCLOSED,
    Disclosed,
    Disclosure,
    check_disclosure,
)
from mydata_hub.transparency.leaf import Opening

PERIOD = "2026-11"


def record_of(world, subject, period=PERIOD, **changed):
    """The event of a disclosure, in its place; what a file says of it."""
    payload = rfc8785.dumps({"period": period, "to": "Dana"})
    event = replace(world.event(subject, KEY_DISCLOSED), payload=payload, **changed)
    world.commit(event)
    world.sequence()
    return next(
        shown(one) for one in world.entries(subject) if one.event.event_id == event.event_id
    )


def shown(entry):
    return Disclosed(index=entry.index, opening=entry.opening)


def disclosed(world, subject, period=PERIOD, record=None):
    """What the person's client makes of a period."""
    record = record or record_of(world, subject, period)
    key = next(one.key for one in world.logs.books(subject) if one.key.period == period)
    entries = [shown(one) for one in world.entries(subject) if one.period == period]
    return Disclosure(
        hub="http://localhost:8787",
        period=period,
        tag_key=key.shown.tag_key,
        record=record,
        entries=tuple(reversed(entries)),
    )


@pytest.fixture
def lived(world):
    """A log of two people, over three months from November on."""
    for _ in range(6):
        world.write("jiu")
        world.write("minsu", 2)
        world.sequence()
        world.advance(days=9)
    return world


def named(world, disclosure):
    return [one.name for one in check_disclosure(disclosure, iter(world.leaves())).wrong]


def test_a_month_that_is_disclosed_whole_shows_all_of_it_and_nothing_of_another(lived):
    made = disclosed(lived, "jiu")
    found = check_disclosure(Disclosure.decode(made.encode()), iter(lived.leaves()))
    assert (found.wrong, found.later, found.to) == ((), (), "Dana")
    months = {one.occurred_at.strftime("%Y-%m") for one in found.events.values()}
    assert (len(found.events), months) == (1, {PERIOD})
    december = disclosed(lived, "jiu", "2026-12")
    assert len(check_disclosure(december, iter(lived.leaves())).events) == 4
    assert december.tag_key != made.tag_key


def test_the_month_that_still_runs_holds_the_record_and_counts_what_comes_later(lived):
    period = lived.clock.now().strftime("%Y-%m")
    made = disclosed(lived, "jiu", period)
    assert made.record.index in {one.index for one in made.entries}
    lived.write("jiu", 2)
    lived.sequence()
    found = check_disclosure(made, iter(lived.leaves()))
    assert (found.wrong, len(found.later)) == ((), 2)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_entry_that_is_left_out_is_named_wherever_it_was(lived, place):
    made = disclosed(lived, "jiu", "2026-12")
    gone = made.entries[place]
    left = tuple(one for one in made.entries if one is not gone)
    assert named(lived, replace(made, entries=left)) == [f"entry {gone.index}"]


def test_leaving_out_the_record_of_the_month_that_runs_is_named_too(lived):
    period = lived.clock.now().strftime("%Y-%m")
    made = disclosed(lived, "jiu", period)
    left = tuple(one for one in made.entries if one.index != made.record.index)
    assert named(lived, replace(made, entries=left)) == [f"entry {made.record.index}"]


def test_who_dates_the_record_back_shows_one_that_records_something_else(lived):
    """So that leaving out the end of a month would pass for "came later"."""
    made = disclosed(lived, "jiu", "2026-12")
    earlier = replace(made, entries=made.entries[:1], record=made.entries[0])
    assert named(lived, earlier) == [f"entry {made.entries[0].index}"]


FOREIGN = {
    "of another person": lambda world: world.entries("minsu")[-1],
    "of another month": lambda world: next(
        one for one in world.entries("jiu") if one.period == "2027-01"
    ),
}


@pytest.mark.parametrize("whose", FOREIGN)
def test_an_entry_that_is_foreign_is_named(lived, whose):
    made = disclosed(lived, "jiu")
    other = shown(FOREIGN[whose](lived))
    found = named(lived, replace(made, entries=(*made.entries, other)))
    assert found == [f"entry {other.index}"]


def test_an_entry_that_the_log_does_not_have_is_named(lived):
    made = disclosed(lived, "jiu")
    one = replace(made.entries[0], index=10_000)
    found = check_disclosure(replace(made, entries=(one,)), iter(lived.leaves()))
    reasons = {one.name: one.reason for one in found.wrong}
    assert "is not in the log" in reasons["entry 10000"]
    assert "left out" in reasons[f"entry {made.entries[0].index}"]


ALTERED = {
    "payload": lambda one: Opening(one.salt, one.payload.replace(b"passkey", b"passkez")),
    "salt": lambda one: Opening(bytes(32), one.payload),
    "no event": lambda one: Opening(one.salt, b"{}"),
}


@pytest.mark.parametrize("part", ALTERED)
def test_an_entry_that_was_altered_is_named(lived, part):
    made = disclosed(lived, "jiu")
    first = made.entries[0]
    altered = replace(first, opening=ALTERED[part](first.opening))
    found = named(lived, replace(made, entries=(altered, *made.entries[1:])))
    assert found == [f"entry {first.index}"]


def test_another_month_than_the_keys_is_named(lived):
    made = disclosed(lived, "jiu")
    found = named(lived, replace(made, period="2026-12"))
    assert set(found) == {f"entry {made.record.index}", f"entry {made.entries[0].index}"}


def test_another_key_finds_nothing_of_what_is_shown(lived):
    made = replace(disclosed(lived, "jiu"), tag_key=bytes(32))
    assert named(lived, made) == [f"entry {one.index}" for one in made.entries]


def test_an_entry_twice_is_named(lived):
    made = disclosed(lived, "jiu")
    twice = replace(made, entries=made.entries * 2)
    assert named(lived, twice) == [f"entry {made.entries[0].index}"]


def test_a_record_of_somebody_else_is_no_record_of_this_person(lived):
    made = disclosed(lived, "jiu", record=record_of(lived, "minsu"))
    assert named(lived, made) == ["the disclosure"]


def test_a_record_of_another_month_is_named(lived):
    record = record_of(lived, "jiu", "2026-12")
    assert named(lived, disclosed(lived, "jiu", record=record)) == [f"entry {record.index}"]


def test_what_is_no_disclosure_is_refused_by_its_member(lived):
    told = json.loads(disclosed(lived, "jiu").encode())
    assert Disclosure.decode(json.dumps({**told, "added": 1}).encode())
    with pytest.raises(FormatUnknown):
        Disclosure.decode(json.dumps({**told, "format": 2}).encode())
    for name in told:
        with pytest.raises(Unreadable, match=name):
            Disclosure.decode(json.dumps({one: told[one] for one in told if one != name}).encode())
    lies = ({"period": "2026-13"}, {"tag_key": "AAAA"}, {"record": {**told["record"], "salt": "A"}})
    for lie in (*lies, {"entries": [7]}):
        with pytest.raises(Unreadable):
            Disclosure.decode(json.dumps({**told, **lie}).encode())
    for content in (b"", b"[]", b"7", b"\xff", b"[" * 100_000):
        with pytest.raises(Unreadable):
            Disclosure.decode(content)
