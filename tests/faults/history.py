"""A checker of histories: could these reads and writes have happened one after another?

A row's version counts its writes, so the order of the writes is known and the question has an
exact answer in one sweep (Gibbons and Korach 1997, the case of known write order): put each write
and the reads that saw it into one cluster; the history is linearizable exactly if no operation
ended before one of a lower cluster began, and no read ended before its write began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Operation:
    """What one process saw of one row between two instants of the machine's monotonic clock.

    `version` is what a read saw (0: absent), what a write made, or what a refused write expected.
    """

    process: int
    row: str
    kind: Literal["read", "write", "refused"]
    version: int
    begun_ns: int
    ended_ns: int


def check_history(operations: Iterable[Operation]) -> list[str]:
    """What no order of the operations explains; empty for a linearizable history."""
    by_row: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        by_row[operation.row].append(operation)
    return [wrong for row in by_row.values() for wrong in _check_row(row)]


def _check_row(operations: Sequence[Operation]) -> Iterator[str]:
    writes: dict[int, Operation] = {}
    for operation in operations:
        if operation.kind == "write":
            if operation.version in writes:
                yield f"{operation}: this version was written twice, so an update was lost"
            writes[operation.version] = operation
    for operation in operations:
        yield from _check_cause(operation, writes)
    yield from _check_order([each for each in operations if each.kind != "refused"])


def _check_cause(operation: Operation, writes: dict[int, Operation]) -> Iterator[str]:
    version = operation.version
    if operation.kind == "write" and version > 1 and version - 1 not in writes:
        yield f"{operation}: the version before it was never written"
    if operation.kind == "read" and version > 0:
        write = writes.get(version)
        if write is None or operation.ended_ns < write.begun_ns:
            yield f"{operation}: read before it was written"
    if operation.kind == "refused":
        later = [write for made, write in writes.items() if made > version]
        if not any(write.begun_ns <= operation.ended_ns for write in later):
            yield f"{operation}: refused although nobody had written since"


def _check_order(operations: Sequence[Operation]) -> Iterator[str]:
    ended = sorted(operations, key=lambda each: each.ended_ns)
    passed, highest = 0, 0
    for operation in sorted(operations, key=lambda each: each.begun_ns):
        while passed < len(ended) and ended[passed].ended_ns < operation.begun_ns:
            highest = max(highest, ended[passed].version)
            passed += 1
        if operation.version < highest:
            yield f"{operation}: began when version {highest} had already been seen or made"
