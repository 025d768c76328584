"""Writing: the tables that a function is given, through which no event passes unsealed.

One gate instead of a promise of every writer: whatever a function records, its opening is sealed to
the log's public key on its way to the table, and the subject stays behind. No key that opens is
needed, and no call beyond a read of the public key every CACHED_FOR.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from mydata_hub.errors import Damaged
from mydata_hub.personal_log.recipient import Recipient, read_recipient
from mydata_hub.ports.clock import Clock
from mydata_hub.ports.tables import (
    MAX_PAGE,
    Absent,
    Change,
    Key,
    KeyPage,
    Page,
    Put,
    Row,
    Tables,
    Value,
)
from mydata_hub.transparency.events import TABLE
from mydata_hub.transparency.leaf import Opening

FORMAT: Final = 2
# Shorter than any grace for which a private key is kept after its public half was replaced.
CACHED_FOR: Final = timedelta(minutes=1)
_OPEN: Final = frozenset({"personal", "personal_salt", "subject"})


class SealedEvents:
    """Tables as they are, but for new events: those are sealed. Safe between threads."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock
        self._lock = threading.Lock()
        self._held: tuple[datetime, Recipient] | None = None

    def fetch_many(self, *keys: Key) -> Mapping[Key, Row]:
        """See the port."""
        return self._tables.fetch_many(*keys)

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
        """See the port."""
        return self._tables.query(
            table, partition, prefix=prefix, after=after, limit=limit, newest_first=newest_first
        )

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
        """See the port."""
        return self._tables.find_keys(
            table, index, partition, after=after, limit=limit, newest_first=newest_first
        )

    def list_keys(self, table: str, *, after: str | None = None, limit: int = MAX_PAGE) -> KeyPage:
        """See the port."""
        return self._tables.list_keys(table, after=after, limit=limit)

    def commit(self, *changes: Change) -> None:
        """See the port. Besides: Busy before the log zone has made its key, Damaged."""
        self._tables.commit(*map(self._sealed, changes))

    def _sealed(self, change: Change) -> Change:
        if not isinstance(change, Put) or change.key.table != TABLE:
            return change
        if not isinstance(change.when, Absent):
            return change  # an event that is there is the log zone's, and an erasure's
        return seal_event(change, self._recipient())

    def _recipient(self) -> Recipient:
        now = self._clock.now()
        with self._lock:
            held = self._held
        if held and timedelta(0) <= now - held[0] < CACHED_FOR:
            return held[1]
        recipient = read_recipient(self._tables)
        with self._lock:
            self._held = (now, recipient)
        return recipient


def seal_event(put: Put, recipient: Recipient) -> Put:
    """A recorded event as it may lie in the table, format 2.

    What waits is listed as pending and under nobody's name. An event about nobody keeps its tag,
    and no opening: whoever recorded it has that. Raises Damaged for what is no event.
    """
    values: dict[str, Value] = {
        name: value for name, value in put.values.items() if name not in _OPEN
    }
    if values.get("about_nobody") is not True:
        del values["tag"]
        opening = _opening(put)
        values["sealed_to"] = recipient.key_id
        values["sealed"] = recipient.seal(put.key.partition, opening)
    indexes = {"pending": put.indexes["pending"]}
    return replace(put, values=values, indexes=indexes, format=FORMAT)


def _opening(put: Put) -> Opening:
    salt, payload = put.values.get("personal_salt"), put.values.get("personal")
    if not isinstance(salt, bytes) or not isinstance(payload, bytes):
        raise Damaged("what is recorded is no event")
    return Opening(salt=salt, payload=payload)
