"""Somebody who has everything that is left: every table, every blob, the root key that wraps the
keys, and an older copy of the table of events. What can they still tell of whom?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from mydata_hub.errors import Damaged, Unopenable
from mydata_hub.personal_log.book import head_row, page_row, read_book, read_page
from mydata_hub.personal_log.key_rows import periods_of, wrapping_context
from mydata_hub.personal_log.period_key import PeriodKey
from mydata_hub.ports.tables import Row
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.leaf import Leaf, Opening


@dataclass
class Findings:
    """What was found out: indexes of entries by person, and what was read of each."""

    by_tag: dict[str, set[int]] = field(default_factory=dict)
    by_book: dict[str, set[str]] = field(default_factory=dict)
    read: dict[str, set[str]] = field(default_factory=dict)

    def of(self, subject: str) -> tuple[int, int, int]:
        """How many entries were linked by tag, by book, and how many were read."""
        found = (self.by_tag, self.by_book, self.read)
        a, b, c = (len(one.get(subject, ())) for one in found)
        return a, b, c


def attack(world, backup: Iterable[Row]) -> Findings:
    """Try every key that is left on every row, of now and of then, and on every entry."""
    found = Findings()
    rows = [*world.dump("events"), *backup]
    leaves = [Leaf.decode(one) for one in world.leaves()]
    books = {row.key: row for row in world.dump("log_books")}
    for subject, key in _keys(world):
        tags = {
            at for at, one in enumerate(leaves) if key.shown.tag(one.person, one.audit) == one.tag
        }
        found.by_tag.setdefault(subject, set()).update(tags)
        found.by_book.setdefault(subject, set()).update(_of_book(key, books))
        for row in rows:
            with suppress(Unopenable):
                opening = key.shown.open(row.key.partition, _bytes(row, "sealed"))
                _note(found, row, opening)
    for row in rows:
        if "personal" in row.values:
            _note(found, row, Opening(_bytes(row, "personal_salt"), _bytes(row, "personal")))
        with suppress(Unopenable, Damaged):
            key_id = str(row.values.get("sealed_to"))
            fresh = type(world.intake)(world.stored, world.master, world.clock, world.entropy)
            _note(found, row, fresh.open(key_id, row.key.partition, _bytes(row, "sealed")))
    return found


def shared_values(rows: Iterable[Row]) -> list[tuple[str, object]]:
    """What two rows of the table have in common beside what an auditor opens, and so links them."""
    seen: set[tuple[str, object]] = set()
    shared: list[tuple[str, object]] = []
    for row in rows:
        for name, value in row.values.items():
            if name == "audit" or isinstance(value, bool):
                continue
            if (name, value) in seen:
                shared.append((name, value))
            seen.add((name, value))
    return shared


def _keys(world) -> Iterator[tuple[str, PeriodKey]]:
    for row in world.dump("log_keys"):
        subject = row.key.partition
        if subject == "intake":
            continue
        for period, stored in periods_of(row).items():
            context = wrapping_context(subject, stored.nonce, period)
            yield (
                subject,
                PeriodKey(period=period, secret=world.master.unwrap(stored.wrapped, context)),
            )


def _of_book(key: PeriodKey, books) -> set[str]:
    row = books.get(head_row(key))
    book = read_book(key, row)
    pages = [read_page(key, at, books[page_row(key, at)]) for at in range(book.pages)]
    return {one.event_id for one in (*book.tail, *(each for page in pages for each in page))}


def _note(found: Findings, row: Row, opening: Opening) -> None:
    event = Event.decode(opening.payload)
    found.read.setdefault(event.subject, set()).add(row.key.partition)


def _bytes(row: Row, name: str) -> bytes:
    value = row.values.get(name)
    return value if isinstance(value, bytes) else b""
