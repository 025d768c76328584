"""Cursors: how far the collection of one connection has come, page by page.

A sweep walks every feed and source of a provider over a window of days. The cursor names the next
page, so a sweep that was interrupted goes on there. It holds account numbers, because the next
request needs them: keep it where only intake reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from mydata_hub.collection.feeds import Feed
from mydata_hub.collection.wire import KST
from mydata_hub.errors import Damaged

# The first sweep; two years carry every yearly payment twice.
HISTORY: Final = timedelta(days=731)
# Each later sweep looks back so far: approvals are told late, and cancelled weeks afterwards.
OVERLAP: Final = timedelta(days=40)
MAX_SOURCES: Final = 100
MAX_PAGES: Final = 1000
_MARK_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Values that a table row can hold; a fresh one starts with the whole history."""

    # The instant at which the last complete sweep began: all that was there then is collected.
    complete_at: str | None = None
    # The running sweep; None between sweeps.
    sweep_at: str | None = None
    feed: str = ""
    sources: tuple[str, ...] = ()
    source: int = 0
    token: str | None = None
    # Of the feed and source that is walked now: pages, and marks of their tokens and contents.
    pages: int = 0
    seen: bytes = b""

    def to_values(self) -> dict[str, Any]:
        """The values of a table row."""
        return asdict(self) | {"sources": list(self.sources)}

    def begin(self, feeds: tuple[Feed, ...], now: datetime) -> Cursor:
        """The cursor inside a sweep: the running one, or one that begins now."""
        if self.sweep_at is not None and self.feed in {feed.name for feed in feeds}:
            return self
        start = Cursor(complete_at=self.complete_at, sweep_at=now.astimezone(KST).isoformat())
        return replace(start, feed=feeds[0].name)

    def window(self) -> tuple[date, date]:
        """The Korean calendar days that the running sweep asks for, both included."""
        until = self._begun_at()
        since = until - HISTORY
        if self.complete_at is not None:
            since = max(since, datetime.fromisoformat(self.complete_at) - OVERLAP)
        return since.date(), until.date()

    def turn(self, token: str, marks: bytes) -> Cursor:
        """After a page that another one follows."""
        return replace(self, token=token, pages=self.pages + 1, seen=self.seen + marks)

    def rewind(self) -> Cursor:
        """At the first page of its feed and source: for a provider that forgot its own token."""
        return replace(self, token=None, pages=0, seen=b"")

    def move_on(self, feeds: tuple[Feed, ...]) -> Cursor:
        """After a last page: the next source or feed, or the end of the sweep."""
        here = next(place for place, feed in enumerate(feeds) if feed.name == self.feed)
        fresh = self.rewind()
        if feeds[here].source is not None and self.source + 1 < len(self.sources):
            return replace(fresh, source=self.source + 1)
        for feed in feeds[here + 1 :]:
            if feed.source is None or self.sources:
                return replace(fresh, feed=feed.name, source=0)
        return Cursor(complete_at=self.sweep_at)

    def _begun_at(self) -> datetime:
        if self.sweep_at is None:
            raise Damaged("a cursor between sweeps has no window")
        return datetime.fromisoformat(self.sweep_at)


def read_cursor(values: Mapping[str, Any]) -> Cursor:
    """The cursor of a table row. Raises Damaged."""
    from pydantic import TypeAdapter, ValidationError

    known = {field.name: values[field.name] for field in fields(Cursor) if field.name in values}
    try:
        cursor = TypeAdapter(Cursor).validate_python(known)
    except ValidationError:
        raise Damaged("a cursor row is malformed") from None
    if not 0 <= cursor.source < max(len(cursor.sources), 1):
        raise Damaged("a cursor row names no source")
    return cursor


def mark(kind: str, told: bytes) -> bytes:
    """A short mark of a token or a page, to notice that it came before."""
    return hashlib.blake2b(told, digest_size=_MARK_BYTES, person=kind.encode()).digest()


def has_mark(seen: bytes, wanted: bytes) -> bool:
    """Whether a mark is among those of earlier pages."""
    return any(
        seen[start : start + _MARK_BYTES] == wanted for start in range(0, len(seen), _MARK_BYTES)
    )
