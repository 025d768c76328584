"""The recipient of events: the one public key that every writer seals to, and who opens it.

The row "intake" of table `log_public`, format 1: `key_id`, `public_key`, `made_at`, `oldest_at`,
the instant before which no private key is left any more, with `swept_at`, when that came true. Only
the sequencer writes it. Writers read this table and hold no key.

A sealed event is what HPKE (RFC 9180, base mode) makes of salt and payload, with the domain, the
key's id and the event's id as `info`; docs/protocol.md holds it byte by byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from mydata_hub.errors import Busy, Damaged
from mydata_hub.ports.tables import Key, Row, Tables, Value
from mydata_hub.transparency.leaf import Opening
from mydata_hub.xwing import PUBLIC_KEY_BYTES, SUITE, load_public_key

TABLE: Final = "log_public"
INTAKE: Final = Key(TABLE, "intake")
# After its replacement a key is kept for who had read it, and for what was under way.
GRACE: Final = timedelta(minutes=10)
SEALED_EVENT: Final = b"mydata-hub/log/sealed-event/v1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A key to seal events to: whoever holds this can seal and not open."""

    key_id: str
    public_key: bytes
    made_at: datetime
    oldest_at: datetime
    swept_at: datetime

    @classmethod
    def read(cls, row: Row) -> Self:
        """Raises Damaged."""
        values = row.values
        key_id, public_key = values.get("key_id"), values.get("public_key")
        if not (
            isinstance(key_id, str)
            and isinstance(public_key, bytes)
            and len(public_key) == PUBLIC_KEY_BYTES
        ):
            raise Damaged("the key that events are sealed to is malformed")
        made_at, oldest_at, swept_at = (
            datetime.fromisoformat(str(values.get(name)))
            for name in ("made_at", "oldest_at", "swept_at")
        )
        return cls(
            key_id=key_id,
            public_key=public_key,
            made_at=made_at,
            oldest_at=oldest_at,
            swept_at=swept_at,
        )

    def values(self) -> dict[str, Value]:
        """As the row holds it."""
        return {
            "key_id": self.key_id,
            "public_key": self.public_key,
            "made_at": self.made_at.isoformat(),
            "oldest_at": self.oldest_at.isoformat(),
            "swept_at": self.swept_at.isoformat(),
        }

    def seal(self, event_id: str, opening: Opening) -> bytes:
        """The opening of an event, sealed for the log zone. Raises Damaged."""
        info = sealing_info(self.key_id, event_id)
        return SUITE.encrypt(opening.salt + opening.payload, load_public_key(self.public_key), info)


def sealing_info(key_id: str, event_id: str) -> bytes:
    """The `info` of HPKE: bytes moved to another event do not open."""
    return SEALED_EVENT + f"{key_id}\n{event_id}".encode()


def read_recipient(tables: Tables) -> Recipient:
    """The key to seal to now. Raises Busy before the log zone has made one, Damaged."""
    row = tables.fetch_many(INTAKE).get(INTAKE)
    if row is None:
        # Rather nothing happens than something that lies open: the sequencer makes the key in
        # its first run, within a minute of a deployment.
        raise Busy("the log takes no events yet; try again in a minute")
    return Recipient.read(row)
