"""Tables: rows that change together or not at all.

DynamoDB is the limiting model and SQLite keeps to its limits. A row is named by table, partition
and sort. Every write carries a condition, so a lost update cannot be written by accident, and
every write of a row advances its version by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias

from mydata_hub.errors import LimitExceeded

# The limits of DynamoDB, kept alike by both engines so that a laptop cannot outgrow the cloud.
MAX_CHANGES: Final = 100
MAX_COMMIT_BYTES: Final = 4 * 1024 * 1024
MAX_ROW_BYTES: Final = 400 * 1024
MAX_FETCH: Final = 100
MAX_PAGE: Final = 1000
MAX_PARTITION_BYTES: Final = 2048
MAX_SORT_BYTES: Final = 1024
# DynamoDB allows 32 levels, and the map that holds a row's values is the first of them.
MAX_DEPTH: Final = 31
MAX_INTEGER: Final = 2**63 - 1

Value: TypeAlias = "bool | int | str | bytes | Sequence[Value] | Mapping[str, Value] | None"
Operator = Literal["=", "!=", "<", "<=", ">", ">="]

# Row attributes that belong to the port; a caller's values may not use these names.
RESERVED: Final = frozenset(
    {"partition", "sort", "version", "format", "expires_at", "expires_at_us"}
)


@dataclass(frozen=True, slots=True)
class Key:
    """Names one row. `sort` is "-" where a partition holds a single row."""

    table: str
    partition: str
    sort: str = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """A snapshot of one row as read: `version` counts its writes from 1."""

    key: Key
    version: int
    values: Mapping[str, Value]
    format: int = 1
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """The row does not exist (an expired row does not exist)."""


@dataclass(frozen=True, slots=True)
class VersionIs:
    """The row exists, has not expired, and has exactly this version."""

    version: int


@dataclass(frozen=True, slots=True)
class Compare:
    """The row exists, has not expired, and `attribute operator value` holds.

    `attribute` is a top-level name of the row's values. Values of different types, an absent
    attribute, and an order between values that have none (bool, None, list, map) never hold,
    `!=` excepted only in that it needs the attribute to be there and of the same type.
    """

    attribute: str
    operator: Operator
    value: str | int | bool | bytes


Guard: TypeAlias = VersionIs | Compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Write a whole row. With `Absent` it becomes version 1, with `VersionIs(n)` version n + 1.

    A row that expired and is written again starts at version 1: versions of rows that expire
    must not be remembered across their expiry.

    `indexes` maps the name of a secondary index to the (partition, sort) under which the index
    lists this row; an index that is not named does not list it.
    """

    key: Key
    values: Mapping[str, Value]
    when: Absent | VersionIs
    also: tuple[Compare, ...] = ()
    expires_at: datetime | None = None
    format: int = 1
    indexes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a row that has this version."""

    key: Key
    when: VersionIs
    also: tuple[Compare, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """Change nothing; the commit happens only if every condition holds."""

    key: Key
    when: tuple[Absent | VersionIs | Compare, ...]


Change: TypeAlias = Put | Delete | Check


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in sort order and, when there are more, the sort key to continue after."""

    rows: tuple[Row, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class KeyPage:
    """Keys in index sort order and, when there are more, an opaque mark to continue after."""

    keys: tuple[Key, ...]
    after: str | None = None


class Tables(Protocol):
    """The table port. Safe to share between threads. Every method may raise Busy."""

    def fetch_many(self, *keys: Key) -> Mapping[Key, Row]:
        """Read up to MAX_FETCH rows of several tables in one call.

        Each row is the latest committed one, never a stale one; together they need not be one
        snapshot. Absent and expired rows are missing from the mapping. Raises LimitExceeded,
        Damaged.
        """
        ...

    def query(
        self,
        table: str,
        partition: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int = MAX_PAGE,
        newest_first: bool = False,
    ) -> Page:
        """Rows of one partition whose sort key starts with `prefix`, by sort key (UTF-8 bytes).

        Each row is the latest committed one. `after` continues behind that sort key, in the
        direction asked for. Expired rows are skipped; a page may be short of `limit`, even
        empty, and still have more behind it: only `Page.after is None` ends it.
        """
        ...

    def find_keys(
        self,
        table: str,
        index: str,
        partition: str,
        *,
        after: str | None = None,
        limit: int = MAX_PAGE,
        newest_first: bool = False,
    ) -> KeyPage:
        """Keys that a named index lists under `partition`, by index sort key.

        Eventual: it may miss a row just written and list one just changed or deleted. That is
        why it gives keys only: fetch them, and believe the rows.
        """
        ...

    def list_keys(self, table: str, *, after: str | None = None, limit: int = MAX_PAGE) -> KeyPage:
        """Keys of a whole table, in an order of the engine's own; for work that visits every row.

        Every row that was there before the first page and still is, is on some page, once; a row
        written meanwhile may or may not be, and an expired one may be. Reads the whole table.
        """
        ...

    def commit(self, *changes: Change) -> None:
        """Apply all changes or none; durable and visible to every later read on return.

        Raises Conflict (names the first change whose condition failed; nothing applied), Busy
        (nothing applied; retry with jitter), OutcomeUnknown (read again before a retry),
        LimitExceeded (nothing applied).
        """
        ...


def check_changes(changes: Sequence[Change]) -> None:
    """Refuse what either engine would refuse: both adapters call this first.

    Raises LimitExceeded, whose text names the limit and the position, never a value.
    """
    if not changes:
        raise LimitExceeded("a commit needs at least one change")
    if len(changes) > MAX_CHANGES:
        raise LimitExceeded(f"{len(changes)} changes in a commit; at most {MAX_CHANGES}")
    if len({change.key for change in changes}) < len(changes):
        raise LimitExceeded("two changes of one commit name the same row")
    total = 0
    for position, change in enumerate(changes):
        check_key(change.key)
        if isinstance(change, Put):
            size_bytes = _check_put(change, position)
            total += size_bytes
    if total > MAX_COMMIT_BYTES:
        raise LimitExceeded(f"a commit of {total} bytes; at most {MAX_COMMIT_BYTES}")


def check_key(key: Key) -> None:
    """Refuse empty and over-long keys. Raises LimitExceeded."""
    if not 0 < _utf8_bytes(key.partition) <= MAX_PARTITION_BYTES:
        raise LimitExceeded(f"a partition key takes 1 to {MAX_PARTITION_BYTES} bytes")
    if not 0 < _utf8_bytes(key.sort) <= MAX_SORT_BYTES:
        raise LimitExceeded(f"a sort key takes 1 to {MAX_SORT_BYTES} bytes")


def size_of(value: Value, depth: int = 0) -> int:
    """Bytes that DynamoDB counts for a value (rounded up for numbers).

    Raises LimitExceeded for a number beyond 64 bits, a float, a foreign type, text that is not
    Unicode, an empty name or a nesting deeper than MAX_DEPTH.
    """
    if depth > MAX_DEPTH:
        raise LimitExceeded(f"values nest deeper than {MAX_DEPTH}")
    match value:
        case None | bool():
            return 1
        case int():
            if abs(value) > MAX_INTEGER:
                raise LimitExceeded("an integer beyond 64 bits")
            return 21
        case str():
            return _utf8_bytes(value)
        case bytes():
            return len(value)
        case Mapping():
            if "" in value:
                raise LimitExceeded("a value has no name")
            return 3 + sum(
                _utf8_bytes(name) + 1 + size_of(item, depth + 1) for name, item in value.items()
            )
        case Sequence():
            return 3 + sum(1 + size_of(item, depth + 1) for item in value)
    raise LimitExceeded(f"a value of type {type(value).__name__} cannot be stored")


def _utf8_bytes(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise LimitExceeded("text with a lone surrogate is not Unicode") from None


def _check_put(put: Put, position: int) -> int:
    clash = RESERVED.intersection(put.values)
    if clash:
        raise LimitExceeded(f"change {position} uses the reserved name {min(clash)}")
    if put.expires_at is not None and put.expires_at.tzinfo is None:
        raise LimitExceeded(f"change {position} expires at an instant without a zone")
    for index, (partition, sort) in put.indexes.items():
        check_key(Key(index, partition, sort))
    overhead = 100 + sum(
        2 * len(index) + len(partition.encode()) + len(sort.encode()) + 40
        for index, (partition, sort) in put.indexes.items()
    )
    size_bytes = (
        len(put.key.partition.encode())
        + len(put.key.sort.encode())
        + size_of(put.values)
        + overhead
    )
    if size_bytes > MAX_ROW_BYTES:
        raise LimitExceeded(
            f"change {position} writes a row of {size_bytes} bytes; at most {MAX_ROW_BYTES}"
        )
    return size_bytes
