"""Keys by address: the JWK Set that a client publishes at its `jwks_uri` (RFC 7591 section 2).

The courier fetches it, every day and when a key is asked for that is not in it, and keeps it in a
row of its own in table `deliveries`, partition "keys#<client>", format 1: what talks to strangers
writes no registration. A client whose server is away goes on with the keys that were there last.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mydata_hub.errors import Conflict
from mydata_hub.ports.messages import Message, send
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, VersionIs

TABLE: Final = "deliveries"
TOPIC: Final = "client_keys"
# How often at most somebody who only names a client can make the courier ask.
ASKED_AT_MOST_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """A JWK Set as it was fetched, and when."""

    jwks: str
    fetched_at: datetime
    version: int


def keys_row(client_id: str) -> Key:
    """The row of a client's fetched keys."""
    return Key(TABLE, f"keys#{client_id}")


def fetched_keys(tables: Tables, client_id: str) -> FetchedKeys | None:
    """What was fetched last, or None. Raises Busy."""
    key = keys_row(client_id)
    row = tables.fetch_many(key).get(key)
    return None if row is None else _read(row)


def put_keys(client_id: str, jwks: str, now: datetime, before: FetchedKeys | None) -> Put:
    """The change that keeps fetched keys."""
    return Put(
        key=keys_row(client_id),
        values={"jwks": jwks, "fetched_at": now.isoformat()},
        when=VersionIs(before.version) if before else Absent(),
    )


def keys_message(client_id: str, due_at: datetime, tries: int = 0) -> Message:
    """Asks the courier for a client's keys at `due_at`, and to keep asking from then on."""
    return _message(client_id, due_at, "always", tries)


def ask_for_keys(tables: Tables, client_id: str, now: datetime) -> None:
    """Ask the courier for a client's keys once more, soon. Raises Busy."""
    seconds = int(ASKED_AT_MOST_EVERY.total_seconds())
    began = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, now.tzinfo)
    with suppress(Conflict):  # somebody has asked in this minute
        tables.commit(send(_message(client_id, began, "once", 0)))


def _message(client_id: str, due_at: datetime, how: str, tries: int) -> Message:
    return Message(
        message_id=f"keys-{how}-{client_id}-{int(due_at.timestamp())}",
        topic=TOPIC,
        body={"client_id": client_id, "always": how == "always", "tries": tries},
        due_at=due_at,
    )


def _read(row: Row) -> FetchedKeys:
    values = row.values
    at = datetime.fromisoformat(str(values["fetched_at"]))
    return FetchedKeys(str(values["jwks"]), at, row.version)
