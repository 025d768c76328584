"""Events: what happened to a person's data, once each, in the commit that made it happen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final

from mydata_hub.canonical import CentralObject
from mydata_hub.errors import BadInput
from mydata_hub.fields import (
    EventId,
    PartyId,
    SubjectId,
    require_bytes,
    require_count,
    require_id,
    require_instant,
    require_text,
    require_word,
)
from mydata_hub.ports.tables import MAX_PARTITION_BYTES, MAX_SORT_BYTES, Key

MAX_PAYLOAD_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(CentralObject):
    """An entry of the log before it is one."""

    object_name: ClassVar[str] = "event"

    event_id: EventId
    # A word and not an enumeration: an older verifier still counts kinds that it does not know.
    kind: str
    subject: SubjectId
    # Who did it: the person, a partner, a provider, or "hub".
    actor: PartyId
    occurred_at: datetime
    # The row that the event's transaction wrote, and the version it wrote: gaps show without a
    # counter that every transaction would have to touch.
    row: Key
    row_version: int
    # Sealed to the person's log key; empty where the kind says it all.
    payload: bytes
    # The place in the log; set by the sequencer alone.
    index: int | None = None

    def __post_init__(self) -> None:
        require_id("event_id", self.event_id)
        require_word("kind", self.kind)
        require_id("subject", self.subject)
        require_id("actor", self.actor)
        require_instant("occurred_at", self.occurred_at)
        require_word("row", self.row.table)
        require_text("row", self.row.partition, MAX_PARTITION_BYTES)
        require_text("row", self.row.sort, MAX_SORT_BYTES)
        require_count("row_version", self.row_version, 1)
        require_bytes("payload", self.payload, 0, MAX_PAYLOAD_BYTES)
        if self.index is not None:
            require_count("index", self.index)

    def sequence(self, index: int) -> Event:
        """The event at its place in the log; the same place again changes nothing.

        Raises BadInput for a second place: an entry that moved would break every proof.
        """
        if self.index is not None and self.index != index:
            raise BadInput("index", "is set already, to another place")
        return replace(self, index=index)
