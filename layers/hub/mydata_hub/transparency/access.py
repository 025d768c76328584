"""Auditors' reading is an event of its own, so that who watches is watched.

One entry for each session, hour and kind of question (which of the facts were asked by), however
many pages it took: reading a million entries does not grow the log by as many, and no auditor can
make it grow without end.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC
from typing import Final

import rfc8785

from mydata_hub.errors import Conflict
from mydata_hub.fields import EventId, PartyId, SubjectId
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Key, Tables
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import TABLE, AuditFacts, record
from mydata_hub.transparency.house import staff_name
from mydata_hub.transparency.searching import Search

ACCESSED: Final = "auditor_accessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """An auditor who is signed in: whose account, in which session."""

    account_id: str
    session_id: str


def record_access(
    tables: Tables, clock: Clock, entropy: Entropy, reader: Reader, wanted: Search, size: int
) -> None:
    """Have the reading in the log before anything that was read leaves; again adds nothing.

    Raises Busy, OutcomeUnknown.
    """
    now = clock.now()
    hour = now.astimezone(UTC).strftime("%Y-%m-%dT%HZ")
    asked_by = sorted(wanted.asked)
    named = "\n".join((ACCESSED, reader.session_id, hour, *asked_by))
    event_id = EventId(hashlib.sha256(named.encode()).hexdigest()[:32])
    event = Event(
        event_id=event_id,
        kind=ACCESSED,
        subject=SubjectId(reader.account_id),
        actor=PartyId(reader.account_id),
        occurred_at=now,
        # It changes nothing but the log: the row that it writes is its own.
        row=Key(TABLE, event_id),
        row_version=1,
        payload=rfc8785.dumps({"asked": wanted.asked, "size": size}),
    )
    try:
        tables.commit(record(event, entropy, AuditFacts(staff=staff_name(reader.account_id))))
    except Conflict:
        return  # this session's hour is in the log already
