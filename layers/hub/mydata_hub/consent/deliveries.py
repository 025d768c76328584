"""Deliveries: whether the partner of a grant that ended was told, confirmed it, and deleted.

Table `deliveries`, format 1: one row per release grant that ended, named by the grant and written
in the commit that ends it; one for each time that answers under a grant were corrected, named by
the grant and the event; and one per grant that an accepted offer made, until its partner has heard
of it. It names the person only as the partner already does, so the courier
reads it and learns nothing. Change rule: fields may be added with a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter

from mydata_hub.accounts.rows import read_row, values_of
from mydata_hub.consent.grant import GrantId
from mydata_hub.fields import ClientId
from mydata_hub.ports.messages import Message
from mydata_hub.ports.tables import MAX_FETCH, Absent, Key, Put, Row, Tables, VersionIs

TABLE: Final = "deliveries"
TOPIC: Final = "grant_ended"
# A person who erased everything sees no delivery again, and so long may a partner attest.
KEPT_AFTER_ERASURE: Final = timedelta(days=35)
_ACCEPTED: Final = "accepted"


class DeliveryState(StrEnum):
    """How far the news of an end has come."""

    WAITING = "waiting"
    # On its way, or it went out and nobody knows what became of it.
    SENT = "sent"
    NOT_CONFIRMED = "not_confirmed"
    GIVEN_UP = "given_up"
    # The partner has registered no address for events.
    NO_ADDRESS = "no_address"
    ACKNOWLEDGED = "acknowledged"
    DELETION_ATTESTED = "deletion_attested"
    # An acceptance that was withdrawn before its partner heard of it; then it hears of neither.
    TAKEN_BACK = "taken_back"


class InitiatedBy(StrEnum):
    """Who ended the grant, as far as its partner may know."""

    PERSON = "person"
    PARTNER = "partner"
    HUB = "hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The news of one end, and what has become of it."""

    grant_id: GrantId
    client_id: ClientId
    # The `jti` of the event: the same at every try, so that a partner can tell a repetition.
    event_id: str
    # The pairwise subject; None where the partner was never given one.
    subject: str | None = None
    initiated_by: InitiatedBy
    # When it goes out first, and what the event calls its time: after an erasure not the end's.
    due_at: datetime
    state: DeliveryState = DeliveryState.WAITING
    # Times that its partner was called, be it for another event of the same round.
    tries: int = 0
    first_tried_at: datetime | None = None
    tried_at: datetime | None = None
    # Why the last try did not succeed: a word of a closed list or a code of RFC 8935.
    trouble: str | None = None
    acknowledged_at: datetime | None = None
    attested_at: datetime | None = None
    # The partner's signed statement, as it came.
    attestation: str | None = None
    erased: bool = False
    # The claims whose answers were corrected; empty where the news is of the grant's end.
    corrected: tuple[str, ...] = ()
    # `<offer id>@<version>` where the news is that it was accepted, and the code that the partner
    # trades for a token; nobody keeps that once the news has arrived.
    offer: str = ""
    code: str = ""
    version: int = 0

    @property
    def name(self) -> str:
        """What its row is called: a grant is accepted once, ends once, and is corrected as often
        as need be."""
        return f"{self.grant_id}#{self.part}" if self.part else self.grant_id

    @property
    def part(self) -> str:
        """What tells its news from that of the grant's end, of which it is empty."""
        if self.offer:
            return _ACCEPTED
        return self.event_id if self.corrected else ""

    @property
    def is_untold(self) -> bool:
        """Whether its partner cannot have heard of it yet."""
        return self.state is DeliveryState.WAITING and not self.tries


_DELIVERIES: Final = TypeAdapter(Delivery)


def delivery_key(name: str) -> Key:
    """The row of a delivery; the news of a grant's end is called as the grant."""
    return Key(TABLE, name)


def put_delivery(delivery: Delivery) -> Put:
    """Write a delivery as the version after the one that was read."""
    # Nobody looks at other news than that of an end again; an erasure finds ends alone.
    brief = delivery.erased or bool(delivery.part)
    return Put(
        key=delivery_key(delivery.name),
        values=values_of(delivery, "grant_id", "version"),
        when=VersionIs(delivery.version) if delivery.version else Absent(),
        expires_at=delivery.due_at + KEPT_AFTER_ERASURE if brief else None,
    )


def acceptance_of(grant_id: str) -> str:
    """The name of the news that a grant was made by accepting an offer."""
    return f"{grant_id}#{_ACCEPTED}"


def fetch_deliveries(tables: Tables, names: Iterable[str]) -> Mapping[str, Delivery]:
    """The deliveries of these names, as of grants that ended; one that is not there is missing.

    Raises Busy.
    """
    keys = [delivery_key(name) for name in names]
    found: dict[str, Delivery] = {}
    for start in range(0, len(keys), MAX_FETCH):
        rows = tables.fetch_many(*keys[start : start + MAX_FETCH])
        found |= {row.key.partition: read_delivery(row) for row in rows.values()}
    return found


def read_delivery(row: Row) -> Delivery:
    """The delivery in a row. Raises Damaged."""
    grant_id = row.key.partition.partition("#")[0]
    return read_row(_DELIVERIES, row, grant_id=grant_id, version=row.version)


def delivery_message(delivery: Delivery, due_at: datetime) -> Message:
    """The message that makes the courier try at `due_at`; each try has a name of its own."""
    return Message(
        message_id=f"{delivery.event_id}-{delivery.tries}",
        topic=TOPIC,
        body={"grant_id": delivery.grant_id}
        | ({"event_id": delivery.part} if delivery.part else {}),
        due_at=due_at,
    )


def named_in(message: Message) -> str | None:
    """The name of the delivery that a message is about, or None where it names none."""
    grant_id, event_id = message.body.get("grant_id"), message.body.get("event_id")
    if not isinstance(grant_id, str) or not grant_id:
        return None
    return grant_id if event_id is None else f"{grant_id}#{event_id}"
