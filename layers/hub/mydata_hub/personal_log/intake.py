"""The intake: the log zone's private keys for what writers sealed, each in use for a day.

They are short-lived because they are everybody's: whoever had one and a copy of the events table of
that day could read what had no place yet when the copy was made. So an erasure is irrecoverable
only once every key of before it is destroyed (recipient.py: `oldest_at`), and it has a new key
begun at once.

A row of `log_keys` in the partition "intake" for each, under its id: `wrapped`, `made_at`.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from mydata_hub.errors import Conflict, Damaged, Unopenable
from mydata_hub.personal_log.key_rows import PURPOSE, TABLE
from mydata_hub.personal_log.recipient import GRACE, INTAKE, Recipient, sealing_info
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.keys import Keys
from mydata_hub.ports.tables import Absent, Delete, Key, Put, Row, Tables, Value, VersionIs
from mydata_hub.transparency.events import MAX_PENDING_PER_SHARD, SHARDS, pending_rows
from mydata_hub.transparency.leaf import SALT_BYTES, Opening
from mydata_hub.xwing import SEED_BYTES, SUITE, load_private_key

PARTITION: Final = "intake"
IN_USE: Final = timedelta(days=1)
KEPT_OPEN: Final = 4
_ID_BYTES: Final = 8

_Private: TypeAlias = MLKEM768X25519PrivateKey


class Intake:
    """The keys of the intake, and the care for them. One for each sequencer."""

    def __init__(self, tables: Tables, keys: Keys, clock: Clock, entropy: Entropy) -> None:
        self._tables = tables
        self._keys = keys
        self._clock = clock
        self._entropy = entropy
        self._open: OrderedDict[str, _Private] = OrderedDict()
        self._replace_soon = False

    def open(self, key_id: str, event_id: str, sealed: bytes) -> Opening:
        """The opening of an event as its writer sealed it. Raises Unopenable, Damaged, Busy."""
        try:
            content = SUITE.decrypt(sealed, self._private(key_id), sealing_info(key_id, event_id))
        except (InvalidTag, ValueError):
            raise Unopenable("these bytes do not open here") from None
        return Opening(salt=content[:SALT_BYTES], payload=content[SALT_BYTES:])

    def replace_soon(self) -> None:
        """Have the next `tend` begin a new key: somebody was erased."""
        self._replace_soon = True

    def tend(self) -> None:
        """Begin a new key where it is time, and destroy those that nothing waits for any more.

        Harmless from any number of sequencers at once, and where nothing is to be done one read.
        Raises Damaged, Busy.
        """
        row = self._tables.fetch_many(INTAKE).get(INTAKE)
        present = Recipient.read(row) if row else None
        now = self._clock.now()
        if present is None or self._replace_soon or now - present.made_at >= IN_USE:
            with suppress(Conflict):  # another one was first
                self._begin(row, present, now)
            self._replace_soon = False
        elif present.oldest_at < present.made_at and now - present.made_at >= GRACE:
            assert row is not None
            self._destroy(row, present, now)

    def _begin(self, row: Row | None, present: Recipient | None, now: datetime) -> None:
        seed, key_id = self._entropy.token(SEED_BYTES), self._entropy.token(_ID_BYTES).hex()
        made = Recipient(
            key_id=key_id,
            public_key=load_private_key(seed)[1],
            made_at=now,
            oldest_at=present.oldest_at if present else now,
            swept_at=present.swept_at if present else now,
        )
        values: dict[str, Value] = {
            "wrapped": self._keys.wrap(seed, _context(key_id)),
            "made_at": now.isoformat(),
        }
        when = VersionIs(row.version) if row else Absent()
        self._tables.commit(
            Put(key=_row(key_id), values=values, when=Absent()),
            Put(key=INTAKE, values=made.values(), when=when),
        )

    def _destroy(self, row: Row, present: Recipient, now: datetime) -> None:
        waiting = pending_rows(self._tables)
        wanted = {one.values.get("sealed_to") for one in waiting}
        if wanted - {present.key_id, None} or len(waiting) >= SHARDS * MAX_PENDING_PER_SHARD:
            return  # something may wait for an older key
        old = self._tables.query(TABLE, PARTITION).rows
        gone = [one for one in old if one.key.sort != present.key_id]
        swept = replace(present, oldest_at=present.made_at, swept_at=now)
        with suppress(Conflict):
            self._tables.commit(
                *(Delete(one.key, VersionIs(one.version)) for one in gone),
                Put(key=INTAKE, values=swept.values(), when=VersionIs(row.version)),
            )
        self._open.clear()

    def _private(self, key_id: str) -> _Private:
        if key_id not in self._open:
            key = _row(key_id)
            row = self._tables.fetch_many(key).get(key)
            if row is None:
                raise Unopenable("these bytes do not open here")
            wrapped = row.values.get("wrapped")
            if not isinstance(wrapped, bytes):
                raise Damaged("a key of the intake is malformed")
            self._open[key_id] = load_private_key(self._keys.unwrap(wrapped, _context(key_id)))[0]
            while len(self._open) > KEPT_OPEN:
                self._open.popitem(last=False)
        return self._open[key_id]


def _row(key_id: str) -> Key:
    return Key(TABLE, PARTITION, key_id)


def _context(key_id: str) -> dict[str, str]:
    return {"intake": key_id, "purpose": PURPOSE}
