"""Appeals as rows: whose they are, until when they are due, and how they ended.

Table `appeals`, format 1. A row for each appeal under its person and its id, and, as long as it is
open, a row of the queue that names the person: partition "open", sort the id, which begins with the
day it is due, so the queue is in the order of its deadlines. What anybody said is sealed.
Change rule: fields may be added with a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter

from mydata_hub.accounts.rows import read_row, rows_of, values_of
from mydata_hub.fields import VaultId
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.tables import Absent, Delete, Key, Put, Row, Tables, VersionIs

TABLE: Final = "appeals"
QUEUE: Final = "open"
# A decision is due within a month of the request (GDPR Art. 12(3); PIPA Art. 37-2 asks the same of
# its enforcement decree).
DUE_AFTER: Final = timedelta(days=30)
# Of one person at once, so that a queue cannot be filled by one of them.
MAX_OPEN: Final = 5
# A decided appeal is kept for as long as it takes to complain about it elsewhere.
KEPT_AFTER: Final = timedelta(days=365)
_ID_BYTES: Final = 12


class AppealState(StrEnum):
    """How far an appeal is; all but the first are ends."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """An appeal, as far as its row tells."""

    vault_id: VaultId
    appeal_id: str
    state: AppealState = AppealState.OPEN
    opened_at: datetime
    due_at: datetime
    ended_at: datetime | None = None
    # The seed under the review's key, and what is sealed under the seed.
    wrapped: bytes
    case: bytes
    ruling: bytes | None = None
    # Partners that were told to ask again.
    told: int = 0
    version: int = 0

    @property
    def is_open(self) -> bool:
        return self.state is AppealState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An open appeal in the queue: when it came, and when it is due."""

    appeal_id: str
    opened_at: datetime
    due_at: datetime
    overdue: bool


_APPEALS: Final = TypeAdapter(Appeal)


def new_appeal_id(due_at: datetime, entropy: Entropy) -> str:
    """An id that sorts by the day it is due."""
    return f"{due_at:%Y%m%d}-{entropy.token(_ID_BYTES).hex()}"


def appeal_key(vault_id: str, appeal_id: str) -> Key:
    """The row of an appeal."""
    return Key(TABLE, vault_id, appeal_id)


def queue_key(appeal_id: str) -> Key:
    """The row of an open appeal in the queue."""
    return Key(TABLE, QUEUE, appeal_id)


def put_appeal(appeal: Appeal) -> Put:
    """Write an appeal as the version after the one that was read."""
    ended = appeal.ended_at
    return Put(
        key=appeal_key(appeal.vault_id, appeal.appeal_id),
        values=values_of(appeal, "vault_id", "appeal_id", "version"),
        when=VersionIs(appeal.version) if appeal.version else Absent(),
        expires_at=None if ended is None else ended + KEPT_AFTER,
    )


def enqueue(appeal: Appeal) -> Put:
    """The change that lists an open appeal in the queue."""
    values = {"vault_id": appeal.vault_id}
    return Put(key=queue_key(appeal.appeal_id), values=values, when=Absent())


def dequeue(appeal: Appeal) -> Delete:
    """The change that takes it off the queue."""
    return Delete(queue_key(appeal.appeal_id), VersionIs(1))


def fetch_appeal(tables: Tables, vault_id: str, appeal_id: str) -> Appeal | None:
    """One appeal of a person. Raises Busy, Damaged."""
    key = appeal_key(vault_id, appeal_id)
    row = tables.fetch_many(key).get(key)
    return None if row is None else read_appeal(row)


def find_queued(tables: Tables, appeal_id: str) -> Appeal | None:
    """An open appeal by its id alone, as the queue names it. Raises Busy, Damaged."""
    key = queue_key(appeal_id)
    row = tables.fetch_many(key).get(key)
    return None if row is None else fetch_appeal(tables, str(row.values["vault_id"]), appeal_id)


def list_appeals(tables: Tables, vault_id: str) -> list[Appeal]:
    """A person's appeals, the latest due first."""
    return [read_appeal(row) for row in rows_of(tables, TABLE, vault_id, newest_first=True)]


def list_queue(tables: Tables) -> Iterator[Appeal]:
    """Every open appeal, the one that is due first coming first."""
    for row in rows_of(tables, TABLE, QUEUE):
        found = fetch_appeal(tables, str(row.values["vault_id"]), row.key.sort)
        if found is not None and found.is_open:
            yield found


def read_appeal(row: Row) -> Appeal:
    """The appeal in a row. Raises Damaged."""
    vault_id, appeal_id = row.key.partition, row.key.sort
    return read_row(_APPEALS, row, vault_id=vault_id, appeal_id=appeal_id, version=row.version)
