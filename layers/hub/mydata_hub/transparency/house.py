"""The house: events that are about no person, because they are about the hub and who runs it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import rfc8785

from mydata_hub.fields import EventId, PartyId, SubjectId
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.tables import Key, Put
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts, record

HUB: Final = PartyId("hub")
# Whoever may write the tables by hand: the operator's commands ask for no account.
OPERATOR: Final = PartyId("operator")
_ID_BYTES: Final = 16
# Frozen: a member of the staff is found again by it in older entries.
_STAFF_DOMAIN: Final = b"mydata-hub/log/staff/v1\n"
_STAFF_LETTERS: Final = 16


def staff_name(account_id: str) -> str:
    """By what auditors see a member of the staff: account ids are 128 random bits, so it names
    nobody to whom the operator has not said who it is."""
    return hashlib.sha256(_STAFF_DOMAIN + account_id.encode()).hexdigest()[:_STAFF_LETTERS]


def house_event(
    entropy: Entropy,
    kind: str,
    at: datetime,
    row: tuple[Key, int],
    facts: AuditFacts,
    actor: PartyId = HUB,
    said: Mapping[str, str] | None = None,
) -> Put:
    """The event of something that the hub or its operator did, for the commit that does it.

    `row` is the one that the commit writes, with the version that it gets; `said` is what only
    whoever may open the hub's own events reads.
    """
    event = Event(
        event_id=EventId(entropy.token(_ID_BYTES).hex()),
        kind=kind,
        subject=SubjectId(HUB),
        actor=actor,
        occurred_at=at,
        row=row[0],
        row_version=row[1],
        payload=rfc8785.dumps(dict(said)) if said else b"",
    )
    return record(event, entropy, facts)
