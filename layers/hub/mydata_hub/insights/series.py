"""Series: the latest records of a dataset in a few bytes each, from which any can be taken back.

A row keeps a record's tag, so another version of it finds what it replaces; which version holds
is decided as `collection.versions` does. A cancelled record keeps its place as an empty row, so a
late copy of it cannot come back and its place does not depend on who came first. When a series is
full, the oldest row goes. What has gone was older than all that stays and rows never leave
otherwise, so the same rows stay in every order.

Packed, rows lie oldest first in columns, each like with like, so that deflate finds the payees and
the zeros again: under a head of how many there are and when they begin. A change of this layout is
a change of every fold's version.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import accumulate, compress, pairwise
from typing import Any, Final, NamedTuple

from mydata_hub.collection.record import Provenance, Record, RecordState
from mydata_hub.fields import Dataset
from mydata_hub.insights.columns import Columns, join_fields, number_column, split_fields
from mydata_hub.insights.fold import State
from mydata_hub.insights.moments import minute_of
from mydata_hub.insights.reading import once

# A state told late gives way to a further one: a cancelled record is never booked again.
# Frozen with the rows that hold it.
_RANKS: Final = {RecordState.BOOKED: 0, RecordState.CORRECTED: 1, RecordState.CANCELLED: 2}
_RANK: Final = 3
_LIVE: Final = 4
_SELF_SUPPLIED: Final = 8
# Two records of one person share a tag once in 10**8 lives of 20,000 records.
_TAG_BYTES: Final = 6
# Seconds since 1970 that fit four bytes: until 2106.
_MAX_SECONDS: Final = 2**32 - 1
# How many rows and the minute of the oldest; eight bytes are eleven letters of base 64.
_HEAD: Final = struct.Struct(">II")
_HEAD_LETTERS: Final = 12
UNKNOWN_COUNT: Final = 255

Facts = tuple[Any, ...]


class _Version(NamedTuple):
    """A version of a record as a row keeps it."""

    flags: int
    as_of_seconds: int
    minute: int
    facts: bytes


_Rows = dict[bytes, _Version]


class Row(NamedTuple):
    """A record that counts, as a fold remembers it."""

    minute: int
    facts: Facts


# An answer makes a thousand of them, and a named tuple's own constructor is no C.
_ROW: Final[Callable[[Any], Row]] = partial(tuple.__new__, Row)
# For each of what is wanted of a row's flags, whether a row counts, by its flags.
_COUNTING: Final = {
    wanted: bytes(flags & wanted == _LIVE for flags in range(256))
    for wanted in (_LIVE, _LIVE | _SELF_SUPPLIED)
}


class Known(NamedTuple):
    """A row with its name: what a person may point at and say that it is wrong."""

    mark: bytes
    minute: int
    rank: int
    as_of_seconds: int
    facts: Facts


def mark_of(record_id: str) -> bytes:
    """A record's tag in every series; frozen, for what a person disputed names it."""
    return short_hash(record_id, _TAG_BYTES)


def short_hash(text: str, size: int) -> bytes:
    """A name's tag; not secret, since it never leaves the sealed profile."""
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def count_byte(told: Any) -> int:
    """A count that a provider told as a byte, or UNKNOWN_COUNT where it told none."""
    return min(told, UNKNOWN_COUNT - 1) if type(told) is int and told >= 0 else UNKNOWN_COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFold:
    """A fold whose state is one series for each of its datasets.

    A capacity for each dataset, not for all together, so that a busy one cannot push out another.
    """

    id: str
    version: int
    capacities: Mapping[Dataset, int]
    # How a row's facts are packed, in the language of `struct`.
    layout: struct.Struct
    # The facts of a record that counts, or None where it says nothing to this fold.
    facts_of: Callable[[Record], Facts | None]

    @property
    def inputs(self) -> tuple[Dataset, ...]:
        """The datasets it keeps."""
        return tuple(self.capacities)

    @property
    def row_bytes(self) -> int:
        """The most that a row takes: its tag, flags, two numbers and facts, none of it squeezed."""
        return _TAG_BYTES + 1 + 2 * 4 + self.layout.size

    def empty(self) -> State:
        """Nothing seen yet."""
        return {"series": {}}

    def fold(self, state: State, records: Sequence[Record]) -> State:
        """The state after these records."""
        opened: dict[Dataset, _Rows] = {}
        for record in records:
            capacity = self.capacities.get(record.dataset)
            if capacity is None:
                continue
            rows = opened.get(record.dataset)
            if rows is None:
                rows = opened[record.dataset] = self._open(state, record.dataset)
            self._put(rows, record)
            if len(rows) > 2 * capacity:
                opened[record.dataset] = _latest(rows, capacity)
        if not opened:
            return state
        packed = {name: self._close(name, rows) for name, rows in opened.items()}
        return {"series": {**state["series"], **packed}}

    def rows(
        self, state: State, *, collected_only: bool, inputs: Sequence[Dataset] | None = None
    ) -> Iterator[Row]:
        """The records that count, oldest first within each dataset; of these inputs, or of all."""
        wanted = _LIVE | _SELF_SUPPLIED if collected_only else _LIVE
        for dataset in self.capacities if inputs is None else inputs:
            packed = state["series"].get(dataset, "")
            if packed:
                yield from once((self.id, packed, wanted), partial(self._rows, packed, wanted))

    def _rows(self, packed: str, wanted: int) -> list[Row]:
        _, flags, _, minutes, facts = self._unpack(packed)
        counts = flags.translate(_COUNTING[wanted])
        told = zip(minutes, self.layout.iter_unpack(facts), strict=True)
        return list(map(_ROW, compress(told, counts)))

    def known(
        self, state: State, dataset: Dataset, *, collected_only: bool = False
    ) -> Iterator[Known]:
        """The records of a dataset that count, each with its name, oldest first."""
        wanted = _LIVE | _SELF_SUPPLIED if collected_only else _LIVE
        for tag, row in self._open(state, dataset).items():
            if row.flags & wanted == _LIVE:
                facts = self.layout.unpack(row.facts)
                yield Known(tag, row.minute, row.flags & _RANK, row.as_of_seconds, facts)

    def holds(self, state: State, dataset: Dataset, mark: bytes) -> bool:
        """Whether a record has a place here, though it may count no more."""
        return mark in self._open(state, dataset)

    def set_facts(
        self, state: State, dataset: Dataset, change: Callable[[Known], Facts | None]
    ) -> State:
        """The state for one reading, with other facts, or none where a record is not to count.

        Never to be folded further: what is changed here comes from no record of a provider.
        """
        rows = self._open(state, dataset)
        for known in list(self.known(state, dataset)):
            facts = change(known)
            row = rows[known.mark]
            if facts is None:
                rows[known.mark] = row._replace(
                    flags=row.flags & ~_LIVE, facts=bytes(self.layout.size)
                )
            elif facts != known.facts:
                rows[known.mark] = row._replace(facts=self.layout.pack(*facts))
        packed = self._close(dataset, rows)
        return {**state, "series": {**state["series"], dataset: packed}}

    def let_go_until(self, state: State, dataset: Dataset) -> int | None:
        """The minute before which records may be missing here, or None if none was let go."""
        packed = state["series"].get(dataset, "")
        if not packed:
            return None
        count, oldest = _HEAD.unpack_from(base64.b64decode(packed[:_HEAD_LETTERS]))
        return int(oldest) if count >= self.capacities[dataset] else None

    def _put(self, rows: _Rows, record: Record) -> None:
        facts = self.facts_of(record) if record.counts else None
        told = record.body.get("as_of")
        if facts is None and told is None and record.state is RecordState.BOOKED:
            # It says nothing and, as the first version there can be, replaces nothing.
            return
        flags = _RANKS[record.state]
        if facts is not None:
            flags |= _LIVE
        if record.provenance is Provenance.SELF_SUPPLIED:
            flags |= _SELF_SUPPLIED
        version = _Version(
            flags,
            _seconds(told, record.occurred_at),
            minute_of(record.occurred_at),
            bytes(self.layout.size) if facts is None else self.layout.pack(*facts),
        )
        tag = mark_of(record.record_id)
        known = rows.get(tag)
        if known is None or _standing(known) < _standing(version):
            rows[tag] = version

    def _open(self, state: State, dataset: Dataset) -> _Rows:
        packed = state["series"].get(dataset, "")
        if not packed:
            return {}
        tags, flags, late, minutes, facts = self._unpack(packed)
        size = self.layout.size
        return {
            tag: _Version(
                flag, (seconds + 60 * minute) & _MAX_SECONDS, minute, facts[at : at + size]
            )
            for tag, flag, seconds, minute, at in zip(
                tags, flags, late, minutes, range(0, len(facts), size), strict=True
            )
        }

    def _unpack(
        self, packed: str
    ) -> tuple[Iterable[bytes], bytes, Iterable[int], Iterable[int], bytes]:
        """The columns: tags, flags, seconds beside the minute, minutes, and all facts."""
        told = base64.b64decode(packed)
        count, oldest = _HEAD.unpack_from(told)
        columns = Columns(zlib.decompress(told[_HEAD.size :]), count)
        tags, flags = columns.texts(_TAG_BYTES), columns.take(1)
        late, steps = columns.numbers(), columns.numbers()
        minutes = accumulate((oldest + steps[0], *steps[1:]))
        return tags, flags, late, minutes, join_fields(self.layout, columns, count)

    def _close(self, dataset: Dataset, rows: _Rows) -> str:
        latest = _latest(rows, self.capacities[dataset])
        if not latest:
            return ""
        kept = list(latest.values())
        minutes = [row.minute for row in kept]
        steps = [after - before for before, after in pairwise([minutes[0], *minutes])]
        # Mostly the seconds within the minute of the record: a version from when it happened.
        late = [(row.as_of_seconds - 60 * row.minute) & _MAX_SECONDS for row in kept]
        body = b"".join(
            [
                *latest,
                bytes(row.flags for row in kept),
                number_column(late),
                number_column(steps),
                split_fields(self.layout, b"".join(row.facts for row in kept)),
            ]
        )
        packed = _HEAD.pack(len(kept), minutes[0]) + zlib.compress(body, 6)
        return base64.b64encode(packed).decode()


def _seconds(told: Any, occurred_at: datetime) -> int:
    """When a version is from, as the provider says, or else the instant of the record."""
    as_of = occurred_at
    if told is None:
        return min(max(int(as_of.timestamp()), 0), _MAX_SECONDS)
    with suppress(TypeError, ValueError):
        as_of = datetime.fromisoformat(told)
    if as_of.tzinfo is None:
        as_of = occurred_at
    return min(max(int(as_of.timestamp()), 0), _MAX_SECONDS)


def _standing(version: _Version) -> tuple[int, int, int, int, bytes]:
    """The greater holds; flags and facts only break ties, alike in every order."""
    flags, as_of_seconds, minute, facts = version
    return flags & _RANK, as_of_seconds, minute, flags, facts


def _latest(rows: _Rows, capacity: int) -> _Rows:
    """The latest rows, in an order that only they decide."""
    in_order = sorted(rows.items(), key=lambda item: (item[1].minute, item[0]))
    return dict(in_order[-capacity:])
