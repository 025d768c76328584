"""Reading: a person's entries, newest first, each with what opens it, page by page.

For the log zone's `audit`, which shows them to the person and to nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mydata_hub.errors import BadInput, Damaged, Unopenable
from mydata_hub.personal_log.book import (
    PAGE_ENTRIES,
    Book,
    Noted,
    head_row,
    page_row,
    read_book,
    read_page,
)
from mydata_hub.personal_log.entries import Entries, Entry
from mydata_hub.personal_log.key_rows import is_erased, is_settled, periods_of
from mydata_hub.personal_log.log_keys import LogKeys
from mydata_hub.personal_log.period_key import PeriodKey, is_period
from mydata_hub.ports.tables import MAX_FETCH, Key, Row, Tables
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import TABLE, leaf_of
from mydata_hub.transparency.leaf import Opening

# What one answer shows; a book's page is never cut.
PAGE: Final = PAGE_ENTRIES
# Before the first period there may be events of an older release that lie open.
OLDER: Final = "older"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookOf:
    """A period's key with the head of its book."""

    key: PeriodKey
    book: Book


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalLogs:
    """What opens people's entries, for the person alone."""

    tables: Tables
    keys: LogKeys

    def books(self, subject: str) -> list[BookOf]:
        """A person's books, newest period first. Raises Damaged, Busy."""
        row = self.keys.rows([subject]).get(subject)
        names = sorted(periods_of(row), reverse=True)
        found = [key for name in names if (key := self.keys.key(subject, row, name))]
        rows: dict[Key, Row] = {}
        for start in range(0, len(found), MAX_FETCH):
            heads = map(head_row, found[start : start + MAX_FETCH])
            rows |= self.tables.fetch_many(*heads)
        return [BookOf(key=key, book=read_book(key, rows.get(head_row(key)))) for key in found]

    def entries(self, subject: str, after: str | None = None) -> Entries:
        """Entries from a mark on, from the newest by default. Raises BadInput, Damaged, Busy."""
        row = self.keys.rows([subject]).get(subject)
        if is_erased(row):
            return Entries(entries=(), keys=(), after=None)
        name, _, at = (after or "").partition(":")
        if name != OLDER:
            if after and not (is_period(name) and at.isdecimal()):
                raise BadInput("after", "is no mark of this list")
            for period in sorted(periods_of(row), reverse=True):
                if name and period > name:
                    continue
                place = int(at) if period == name else None
                found = self._of_period(subject, row, period, place)
                if found is not None:
                    return found
        if is_settled(row):
            return Entries(entries=(), keys=(), after=None)
        return self._older(subject, at if name == OLDER else None)

    def _of_period(
        self, subject: str, row: Row | None, period: str, place: int | None
    ) -> Entries | None:
        """The page below a place in a period's book, or its newest entries; None where none is."""
        key = self.keys.key(subject, row, period)
        if key is None:
            return None
        head = head_row(key)
        book = read_book(key, self.tables.fetch_many(head).get(head))
        if place is None and book.tail:
            noted, below = book.tail, book.count - len(book.tail)
        else:
            pages = book.pages if place is None else min(place // PAGE_ENTRIES, book.pages)
            if pages == 0:
                return None
            wanted = page_row(key, pages - 1)
            noted = read_page(key, pages - 1, self.tables.fetch_many(wanted).get(wanted))
            below = (pages - 1) * PAGE_ENTRIES
        opened = tuple(self._opened(key, noted))
        return Entries(entries=opened, keys=(key.shown,), after=f"{period}:{below}")

    def _opened(self, key: PeriodKey, noted: Sequence[Noted]) -> list[Entry]:
        rows = self.tables.fetch_many(*(Key(TABLE, one.event_id) for one in noted))
        return [_entry(key, one, rows) for one in reversed(noted)]

    def _older(self, subject: str, after: str | None) -> Entries:
        page = self.tables.find_keys(
            TABLE, "subject", subject, after=after or None, limit=PAGE, newest_first=True
        )
        rows = self.tables.fetch_many(*page.keys) if page.keys else {}
        found = [_open_entry(rows[key]) for key in page.keys if _lies_open(rows.get(key))]
        more = f"{OLDER}:{page.after}" if page.after else None
        return Entries(entries=found, keys=(), after=more)


def _entry(key: PeriodKey, noted: Noted, rows: Mapping[Key, Row]) -> Entry:
    row = rows.get(Key(TABLE, noted.event_id))
    sealed = row.values.get("sealed") if row else None
    if row is None or not isinstance(sealed, bytes):
        raise Damaged("an entry of a person's log is gone")
    try:
        opening = key.shown.open(noted.event_id, sealed)
    except Unopenable:
        raise Damaged("an entry of a person's log does not open") from None
    return Entry(
        event=Event.decode(opening.payload),
        index=noted.index,
        leaf=leaf_of(row),
        opening=opening,
        period=key.period,
    )


def _lies_open(row: Row | None) -> bool:
    return row is not None and "personal" in row.values


def _open_entry(row: Row) -> Entry:
    salt, payload = row.values.get("personal_salt"), row.values.get("personal")
    index = row.values.get("index")
    if not isinstance(salt, bytes) or not isinstance(payload, bytes):
        raise Damaged("an event row is malformed")
    return Entry(
        event=Event.decode(payload),
        index=index if isinstance(index, int) else None,
        leaf=leaf_of(row),
        opening=Opening(salt, payload),
        period=None,
    )
