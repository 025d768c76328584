"""Placing: gives each pending event its tag, and what is a person's to that person alone.

The entrants of the sequencer (transparency/events.py). A tag is decided when a batch is staged.
Whatever an event's row says of its person is sealed again, under the person's own key, in the
commit that writes its place; the person's book is written there too, so it has each entry once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mydata_hub.errors import BadInput, Conflict, FormatUnknown, Unopenable, Unreadable
from mydata_hub.personal_log.book import Book, Noted, head_row, put_book, read_book
from mydata_hub.personal_log.intake import Intake
from mydata_hub.personal_log.key_rows import is_erased, is_settled, settled
from mydata_hub.personal_log.log_keys import LogKeys, Whose
from mydata_hub.personal_log.period_key import NONCE_BYTES, PeriodKey, log_key_period
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.tables import Change, Put, Row, Tables, Value, VersionIs
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import TABLE, Placed, leaf_of, recorded_leaf
from mydata_hub.transparency.leaf import PERSON_DOMAIN, TAG_BYTES, Leaf, Opening

FORMAT: Final = 2
# The class of the event of a certificate: from here on a copy of the intake's keys must not last.
ERASED: Final = "erased"
# Legacy events of one person in one commit: each may be of a period of its own.
RESEALED_AT_ONCE: Final = 30
SETTLE_TRIES: Final = 10
_KEPT: Final = (
    *("person_commitment", "audit_commitment", "audit", "audit_salt"),
    # What admits to the parts of an export (portability/beginning.py).
    *("ticket", "begun_at"),
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What an event's row holds for its person."""

    event: Event
    opening: Opening

    @property
    def whose(self) -> Whose:
        """Whose it is, and of which period."""
        return self.event.subject, log_key_period(self.event.occurred_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """The entrants of a log whose people have keys; `tell` hears of events that do not open."""

    tables: Tables
    intake: Intake
    keys: LogKeys
    entropy: Entropy
    tell: Callable[[], None] = lambda: None

    def leaves(self, rows: Sequence[Row]) -> Mapping[str, Leaf]:
        """The leaf of each pending event. Raises Busy, and what the ports raise."""
        opened = {row.key.partition: self._open(row) for row in rows}
        self._settle({one.event.subject for one in opened.values() if one})
        keys = self._keys(opened.values())
        leaves: dict[str, Leaf] = {}
        for row in rows:
            one = opened[row.key.partition]
            leaves[row.key.partition] = self._leaf(row, keys[one.whose] if one else None)
        if any(_class(row) == ERASED for row in rows):
            self.intake.replace_soon()
        return leaves

    def placed(self, entries: Sequence[Placed]) -> tuple[Change, ...]:
        """The changes that write places, and the books of those whose entries they are."""
        opened = [self._open(entry.row) for entry in entries]
        return self._sealed(list(zip(entries, opened, strict=True)))

    def _sealed(self, entries: Sequence[tuple[Placed, Opened | None]]) -> tuple[Change, ...]:
        keys = self._keys(one for _entry, one in entries)
        books = self._books([key for key in keys.values() if key])
        changes: list[Change] = []
        for entry, one in entries:
            key = keys[one.whose] if one else None
            changes.append(self._put(entry, one, key))
            if one and key:
                noted = Noted(entry.index, one.event.event_id)
                books[key] = books[key].add(noted, entry.leaf.encode())
        for key, book in books.items():
            changes += put_book(key, book, self.entropy)
        return tuple(changes)

    def _open(self, row: Row) -> Opened | None:
        """What a row holds for its person; None for an event about nobody, of an erased person
        whose opening is gone, and for one that nobody can open any more."""
        values = row.values
        if values.get("about_nobody") is True or not {"sealed", "personal"} & values.keys():
            return None
        try:
            opening = self._opening(row)
            if opening.commitment(PERSON_DOMAIN) == values.get("person_commitment"):
                return Opened(Event.decode(opening.payload), opening)
        except (Unopenable, Unreadable, FormatUnknown, BadInput):
            pass
        # It gets its place all the same: one event that is lost must not hold up all others.
        self.tell()
        return None

    def _opening(self, row: Row) -> Opening:
        held = [row.values.get(name) for name in ("personal_salt", "personal", "sealed")]
        salt, payload, sealed = (one if isinstance(one, bytes) else b"" for one in held)
        if salt:
            return Opening(salt, payload)
        return self.intake.open(str(row.values.get("sealed_to")), row.key.partition, sealed)

    def _keys(self, opened: Iterable[Opened | None]) -> Mapping[Whose, PeriodKey | None]:
        return self.keys.make((one.whose for one in opened if one), self.entropy)

    def _books(self, keys: Collection[PeriodKey]) -> dict[PeriodKey, Book]:
        rows = self.tables.fetch_many(*map(head_row, keys)) if keys else {}
        return {key: read_book(key, rows.get(head_row(key))) for key in keys}

    def _leaf(self, row: Row, key: PeriodKey | None) -> Leaf:
        if row.values.get("about_nobody") is True:
            return recorded_leaf(row)
        leaf = leaf_of(row)
        # Without a person any tag will do that tells nothing; it is fixed once it is staged.
        tag = key.shown.tag(leaf.person, leaf.audit) if key else self.entropy.token(TAG_BYTES)
        return replace(leaf, tag=tag)

    def _put(self, entry: Placed, one: Opened | None, key: PeriodKey | None) -> Put:
        row = entry.row
        values: dict[str, Value] = {name: row.values[name] for name in _KEPT if name in row.values}
        values |= {"index": entry.index, "tag": entry.leaf.tag}
        if one and key:
            nonce = self.entropy.token(NONCE_BYTES)
            values["sealed"] = key.seal(row.key.partition, one.opening, nonce)
        elif not one and "sealed" in row.values:
            # What does not open is left for whoever finds out why.
            values |= {name: row.values[name] for name in ("sealed", "sealed_to")}
        return Put(key=row.key, values=values, when=VersionIs(row.version), format=FORMAT)

    def _settle(self, subjects: Collection[str]) -> None:
        """Seal what of these people was placed by an older release and lies open."""
        rows = self.keys.rows(subjects)
        for subject in subjects:
            if not (is_settled(rows.get(subject)) or is_erased(rows.get(subject))):
                for attempt in range(1, SETTLE_TRIES + 1):
                    try:
                        self._settle_one(subject)
                    except Conflict:
                        if attempt == SETTLE_TRIES:
                            raise
                        continue  # another sequencer did a part of it
                    break

    def _settle_one(self, subject: str) -> None:
        after: str | None = None
        while True:
            page = self.tables.find_keys(
                TABLE, "subject", subject, after=after, limit=RESEALED_AT_ONCE
            )
            self._reseal(self.tables.fetch_many(*page.keys).values() if page.keys else ())
            after = page.after
            if after is None:
                break
        row = self.keys.rows([subject]).get(subject)
        if row is not None and not is_erased(row):
            self.tables.commit(settled(subject, row))

    def _reseal(self, rows: Iterable[Row]) -> None:
        entries: list[tuple[Placed, Opened | None]] = []
        for row in rows:
            index = row.values.get("index")
            if "personal" in row.values and isinstance(index, int):
                placed = Placed(row=row, index=index, leaf=recorded_leaf(row))
                entries.append((placed, self._open(row)))
        if entries:
            entries.sort(key=lambda pair: pair[0].index)
            self.tables.commit(*self._sealed(entries))


def _class(row: Row) -> object:
    audit = row.values.get("audit")
    return json.loads(audit).get("class") if isinstance(audit, bytes) else None
