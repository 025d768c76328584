"""Waking: what the vault zone has to do, by what a stream told or by what a sweep finds.

A task is one vault's segments or one message, so that what fails holds up nobody else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from mydata_hub.fields import VaultId
from mydata_hub.own_vault.errands import run_errand
from mydata_hub.own_vault.folding import Folded, fold_segments
from mydata_hub.own_vault.strongroom import Strongroom
from mydata_hub.ports.tables import Key, Row
from mydata_hub.ports.topics import due_for, message_for
from mydata_hub.vault.announcements import waiting_segments
from mydata_hub.vault.segment import SegmentId

FUNCTION: Final = "fold_records"
# Of one sweep; what is left is the next one's, a minute later.
MAX_SWEPT: Final = 400
MAX_SWEPT_OF_A_SHARD: Final = 100


@dataclass(frozen=True, slots=True)
class Task:
    """`marks` name the stream records that it came from; a sweep's task has none."""

    marks: tuple[str, ...]
    act: Callable[[], Folded]


def told_segments(room: Strongroom, told: Iterable[tuple[str, Key]]) -> list[Task]:
    """The tasks of announced segments, given as (mark, row): one task for each vault."""
    by_vault: dict[str, list[tuple[str, Key]]] = defaultdict(list)
    for mark, key in told:
        by_vault[key.partition].append((mark, key))
    return [
        Task(tuple(mark for mark, _ in found), _fold(room, vault, [key for _, key in found]))
        for vault, found in by_vault.items()
    ]


def told_message(room: Strongroom, mark: str, read: Callable[[], Row]) -> Task:
    """The task of a row of the outbox, whoever it is for; one that cannot be read fails alone."""
    return Task((mark,), partial(_errand, room, read))


def swept_tasks(room: Strongroom) -> Iterator[Task]:
    """What waits, segments first: that a source is complete can be told once they are folded."""
    waiting = islice(waiting_segments(room.tables, MAX_SWEPT_OF_A_SHARD), MAX_SWEPT)
    yield from told_segments(room, (("", row.key) for row in waiting))
    for row in islice(due_for(FUNCTION, room.tables, room.clock.now()), MAX_SWEPT):
        yield told_message(room, "", partial(_same, row))


def _fold(room: Strongroom, vault: str, keys: Iterable[Key]) -> Callable[[], Folded]:
    names = [SegmentId(key.sort) for key in keys]
    return partial(fold_segments, room, VaultId(vault), names)


def _same(row: Row) -> Row:
    return row


def _errand(room: Strongroom, read: Callable[[], Row]) -> Folded:
    message = message_for(FUNCTION, read(), room.clock.now())
    if message is not None:
        run_errand(room, message)
    return Folded()
