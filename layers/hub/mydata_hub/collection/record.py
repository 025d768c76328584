"""Records: what providers told, in one shape for every provider family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, NewType

from mydata_hub.canonical import CentralObject, check_json
from mydata_hub.fields import (
    ConnectionId,
    Dataset,
    require_count,
    require_id,
    require_instant,
    require_money,
    require_text,
    require_word,
)

RecordId = NewType("RecordId", str)

MAX_SOURCE_ID_LETTERS: Final = 256
MAX_COUNTERPARTY_LETTERS: Final = 256
UNKNOWN_CATEGORY: Final = "unknown"


class RecordState(StrEnum):
    """Booked once, corrected by the provider, or cancelled; a cancelled one counts for nothing."""

    BOOKED = "booked"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"


class Provenance(StrEnum):
    """Collected from the provider, supplied by the person, or what a reviewer of the hub decided of
    either: answers tell them apart."""

    COLLECTED = "collected"
    SELF_SUPPLIED = "self_supplied"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(CentralObject):
    """One fact about one instant; a correction has the same ids and another state."""

    object_name: ClassVar[str] = "record"

    record_id: RecordId
    dataset: Dataset
    # The version of the dataset's schema that `body` follows.
    schema_version: int
    connection_id: ConnectionId
    # The provider's own name for it, by which a second delivery is recognised.
    source_id: str
    occurred_at: datetime
    # Minor units of the currency; negative where the person pays.
    amount_minor: int | None
    currency: str | None
    counterparty: str | None
    category: str
    state: RecordState
    provenance: Provenance
    # What this dataset has beyond the fields above; the schema describes it.
    body: Mapping[str, Any]

    def __post_init__(self) -> None:
        require_id("record_id", self.record_id)
        require_word("dataset", self.dataset)
        require_count("schema_version", self.schema_version, 1)
        require_id("connection_id", self.connection_id)
        require_text("source_id", self.source_id, MAX_SOURCE_ID_LETTERS)
        require_instant("occurred_at", self.occurred_at)
        require_money("amount_minor", self.amount_minor, self.currency)
        if self.counterparty is not None:
            require_text("counterparty", self.counterparty, MAX_COUNTERPARTY_LETTERS)
        require_word("category", self.category)
        check_json("body", self.body)

    @property
    def counts(self) -> bool:
        """Whether insights may count it."""
        return self.state is not RecordState.CANCELLED

    def cancel(self) -> Record:
        """The record as the provider took it back; twice is once."""
        return replace(self, state=RecordState.CANCELLED)
