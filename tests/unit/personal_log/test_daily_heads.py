"""What a person keeps of each day, held to what a hub shows later: a day is named, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mydata_hub.personal_log.checking import check_entries
from mydata_hub.personal_log.daily_heads import check_days, with_day
from mydata_hub.transparency.checkpoint import VerifierKey, verify_checkpoint

from tests.unit.personal_log.test_checking import shown_to


def check(world, days=None):
    """A check on the world's day: what is kept afterwards."""
    entries, keys = shown_to(world, "jiu")
    found = check_entries(entries, world.leaves(), keys, {})
    assert found.wrong == ()
    day = world.clock.now().date().isoformat()
    signed = world.published.latest().decode(), VerifierKey.parse(world.published.key())
    return with_day(days or {}, day, signed, found.kept)


def live(world, rounds):
    """Some days, on each of which something happens and is checked."""
    days = {}
    for _ in range(rounds):
        world.commit(replace(world.event("jiu"), row_version=len(world.entries("jiu")) + 1))
        world.write("minsu", 2)
        world.sequence()
        days = check(world, days)
        world.advance(days=4)
    return days


def unlike(world, days, entries=None, leaves=None, keys=None):
    shown, held = shown_to(world, "jiu")
    found = check_days(
        days,
        shown if entries is None else entries,
        world.leaves() if leaves is None else leaves,
        held if keys is None else keys,
    )
    return [(one.name, one.reason) for one in found]


@pytest.fixture
def lived(world):
    return world, live(world, 5)


def test_a_log_that_grew_contradicts_no_day_and_a_day_keeps_what_changed(lived):
    world, days = lived
    assert unlike(world, days) == []
    assert list(days) == ["2026-11-24", "2026-11-28", "2026-12-02", "2026-12-06", "2026-12-10"]
    # November is over by the third day, and is not kept again.
    assert [list(one.heads) for one in days.values()] == [["2026-11"]] * 2 + [["2026-12"]] * 3
    assert check(world, days)["2026-12-10"] == days["2026-12-10"]


def test_the_last_check_of_a_day_counts(lived):
    world, days = lived
    again = check(world, days)
    world.commit(replace(world.event("jiu"), row_version=6))
    world.sequence()
    day = world.clock.now().date().isoformat()
    assert check(world, again)[day].heads["2026-12"].count == 4
    assert len(check(world, again)) == len(again) == 6


def test_an_entry_that_is_hidden_since_is_named_by_every_day_that_had_it(lived):
    world, days = lived
    entries, _keys = shown_to(world, "jiu")
    newest_first = sorted(entries, key=lambda one: -one.index)
    left = [one for one in entries if one is not newest_first[1]]
    reason = "entries of 2026-12 that were there are not all there as then"
    assert unlike(world, days, left) == [
        ("day 2026-12-06", f"the 2 {reason}"),
        ("day 2026-12-10", f"the 3 {reason}"),
    ]


def test_another_key_is_named_by_the_days_that_knew_it(lived):
    world, days = lived
    _entries, keys = shown_to(world, "jiu")
    found = unlike(world, days, keys={**keys, "2026-11": bytes(32)})
    assert [name for name, _reason in found] == ["day 2026-11-24", "day 2026-11-28"]


def test_a_log_that_went_back_is_convicted_by_the_checkpoints_it_signed(lived):
    world, days = lived
    size = verify_checkpoint(
        days["2026-12-02"].checkpoint.encode(), VerifierKey.parse(world.published.key())
    ).size
    found = unlike(world, days, leaves=world.leaves()[:size])
    forks = [name for name, reason in found if "does not continue" in reason]
    assert forks == ["day 2026-12-06", "day 2026-12-10"]


def test_a_log_with_another_past_is_convicted_from_the_day_it_differs_on(lived):
    world, days = lived
    leaves = world.leaves()
    leaves[4] = leaves[0]  # the second day's
    forks = [name for name, reason in unlike(world, days, leaves=leaves) if "continue" in reason]
    assert forks == [f"day {day}" for day in days][1:]


def test_what_was_kept_and_was_not_signed_by_its_key_is_named(lived):
    world, days = lived
    first, second, *_rest = days
    mixed = {**days, first: replace(days[first], checkpoint=days[second].checkpoint[:-9] + "\n")}
    ((name, reason),) = unlike(world, mixed)
    assert (name, "no checkpoint" in reason) == (f"day {first}", True)
