"""A log that an older release began: openings begin where it stood, and readers say from where."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy

import pytest
from mydata_hub.errors import BlobMissing
from mydata_hub.transparency.fsck_openings import check_openings
from mydata_hub.transparency.openings import BEGUN, OpeningFiles
from mydata_hub.transparency.searching import Search, at_places, search
from mydata_hub.transparency.sequencer import Log, sequence

from tests.faults.sequencer_world import Crash, World
from tests.faults.test_sequencer import entries_of, write_events

MORE = 300
# In the first file, at its end, beyond it, and where it is the hours' second line.
SIZES = [1, 255, 256, 300, 512]


def grow(world, first, count):
    write_events(world, first, count)
    world.tables.catch_up()
    sequence(world.log)


def begun_the_old_way(size):
    """A log of so many entries, as a release left it that kept no openings."""
    world = World(Log, 7)
    grow(world, 0, size)
    world.openings.stored.clear()
    return world


def judge(world, begun, size):
    files, leaves = OpeningFiles(world.openings), entries_of(world, size)
    assert list(check_openings(files, leaves, size)) == []
    assert files.begun == begun
    for wanted in (Search(), Search(since="2026-01-01T00Z", until="2100-01-01T00Z")):
        found, start = [], 0
        while start is not None:
            page = search(files, size, wanted, start)
            found, start = [*found, *page.entries], page.next_index
        assert [one.index for one in found] == list(range(begun, size)), wanted
    assert all(one.opens(leaves[one.index]) for one in found)
    shown = at_places(files, size, [size - 1, 0, begun])
    assert [one.index for one in shown] == [size - 1, begun]


@pytest.mark.parametrize("size", SIZES)
def test_openings_begin_where_the_log_stood_and_none_is_missing_from_there(size):
    world = begun_the_old_way(size)
    for first in range(size, size + MORE, 100):
        grow(world, first, 100)
        judge(world, size, first + 100)
    assert world.openings.overwrites == 0


@pytest.mark.parametrize("size", [255, 256])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_step_of_the_beginning_changes_nothing_of_it(size, moment):
    step, reached, before = 0, True, begun_the_old_way(size)
    while reached:
        world = deepcopy(before)
        write_events(world, size, 3)
        world.tables.catch_up()
        at = world.faults.steps + step
        world.faults.plan = lambda now, at=at: moment if now == at else ""
        with suppress(Crash):
            sequence(world.log)
        # A step that fails by itself is no crash.
        reached = world.faults.steps > at
        world.quiet()
        sequence(world.log)
        judge(world, size, size + 3)
        step += 1
    assert step > 20


def test_a_file_that_is_lost_is_no_beginning():
    world = World(Log, 7)
    grow(world, 0, 300)
    for name in [name for name in world.openings.stored if name.startswith("openings/entries/001")]:
        del world.openings.stored[name]
    write_events(world, 300, 1)
    world.tables.catch_up()
    with pytest.raises(BlobMissing):
        sequence(world.log)
    assert BEGUN not in world.openings.stored
