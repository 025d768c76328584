"""Connections: a person's link to one provider, as the person's page shows it.

Table `connections`, format 1. A connection lies in the partition of its person under the provider's
id: one for each provider, whose connection id stays when the person ends it and agrees again, so
that the same fact keeps its record id. The index `due` lists those that have something to do. A
page that was left for the provider waits in the partition "state#<hash>" until it comes back.
Nothing here opens anything and no account number is here: what intake needs to call lies in table
`intake`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from mydata_hub.errors import Damaged
from mydata_hub.fields import ConnectionId, Dataset, PartyId, SubjectId
from mydata_hub.ports.messages import Message
from mydata_hub.ports.tables import MAX_FETCH, Absent, Key, Put, Row, Tables, VersionIs

TABLE: Final = "connections"
DUE: Final = "due"
TOPIC: Final = "collect"
SHARDS: Final = 16
MAX_LISTED: Final = 200


class State(StrEnum):
    """Waiting for the provider's yes; collecting; ended, by whoever."""

    PENDING = "pending"
    CONNECTED = "connected"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One connection and how its collection goes; instants are aware."""

    account_id: SubjectId
    provider_id: PartyId
    connection_id: ConnectionId
    grant_id: str
    datasets: tuple[Dataset, ...]
    state: State
    asked_at: datetime
    connected_at: datetime | None = None
    # When intake has something to do with it next; None where nothing is left to do.
    due_at: datetime | None = None
    # While a run is under way: until when it counts as alive, and who runs it.
    leased_until: datetime | None = None
    leased_by: str = ""
    # Everything that the provider had at this instant is collected.
    complete_at: datetime | None = None
    # What the present or the last sweep has told, by dataset.
    records: Mapping[str, int] = field(default_factory=dict)
    # The last run's setback, and since when there has been no success; or why it ended.
    trouble: str = ""
    failing_since: datetime | None = None
    failures: int = 0
    # What the person wants done with what was collected, said when they ended it: "keep", "delete".
    leftover: str = ""
    # The row's version as read; 0 before it is first written.
    version: int = 0

    def change(self, **changes: Any) -> Link:
        """The connection with changed fields; `put_link` writes it."""
        return replace(self, **changes)


def link_key(account_id: str, provider_id: str) -> Key:
    """The row of a person's connection to a provider."""
    return Key(TABLE, f"person#{account_id}", provider_id)


def put_link(link: Link) -> Put:
    """The change that writes a connection; it conflicts where somebody wrote it in between."""
    values = {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(link).items()
        if name not in ("account_id", "provider_id", "version")
    }
    values |= {"datasets": list(link.datasets), "state": link.state.value}
    indexes = {}
    if link.due_at is not None:
        shard = hashlib.sha256(link.connection_id.encode()).digest()[0] % SHARDS
        due = f"{_instant(link.due_at)}#{link.connection_id}"
        indexes[DUE] = (f"{shard:02d}", due)
    return Put(
        key=link_key(link.account_id, link.provider_id),
        values=values,
        when=VersionIs(link.version) if link.version else Absent(),
        indexes=indexes,
    )


def fetch_link(tables: Tables, account_id: str, provider_id: str) -> Link | None:
    """A person's connection to a provider, or None. Raises Damaged, Busy."""
    key = link_key(account_id, provider_id)
    row = tables.fetch_many(key).get(key)
    return None if row is None else read_link(row)


def list_links(tables: Tables, account_id: str) -> tuple[Link, ...]:
    """Every connection of a person, by provider."""
    page = tables.query(TABLE, f"person#{account_id}", limit=MAX_LISTED)
    return tuple(read_link(row) for row in page.rows)


def due_links(tables: Tables, now: datetime, limit: int) -> Iterator[Link]:
    """Connections that are due, at most `limit` of each shard; the longest due come first there.

    The index may be behind, so the rows decide.
    """
    for shard in range(SHARDS):
        keys = tables.find_keys(TABLE, DUE, f"{shard:02d}", limit=min(limit, MAX_FETCH)).keys
        rows = tables.fetch_many(*keys) if keys else {}
        for link in (read_link(rows[key]) for key in keys if key in rows):
            if link.due_at is not None and link.due_at <= now:
                yield link


def collect_message(link: Link, message_id: str, due_at: datetime) -> Message:
    """Asks intake to look after a connection now."""
    body = {"account_id": link.account_id, "provider_id": link.provider_id}
    return Message(message_id=message_id, topic=TOPIC, body=body, due_at=due_at)


def read_link(row: Row) -> Link:
    """The connection in a row. Raises Damaged."""
    known: dict[str, Any] = {
        one.name: row.values[one.name] for one in fields(Link) if one.name in row.values
    }
    try:
        for name, value in known.items():
            if name.endswith(("_at", "_since", "_until")) and value is not None:
                known[name] = datetime.fromisoformat(value)
        return Link(
            **{
                **known,
                "account_id": SubjectId(row.key.partition.removeprefix("person#")),
                "provider_id": PartyId(row.key.sort),
                "datasets": tuple(Dataset(name) for name in known["datasets"]),
                "state": State(known["state"]),
                "version": row.version,
            }
        )
    except (KeyError, TypeError, ValueError):
        raise Damaged("a connection's row is malformed") from None


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
