"""Cases: what a person puts before a reviewer, and what the person reads of a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from mydata_hub.appeals.appeal import Appeal
from mydata_hub.errors import BadInput
from mydata_hub.fields import Wording, require_word
from mydata_hub.insights.reviews import MAX_RECORDS
from mydata_hub.own_vault.speaking import Pointed

MAX_STATEMENT_LETTERS: Final = 2000


class Told(BaseModel):
    """A sentence in both languages, as the person saw it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    ko: str
    en: str


class Shown(BaseModel):
    """A record as the person sees it, and the version of it that they contest."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    dataset: str
    at: str
    # None where the vault keeps no name for whom a payment went to.
    name: str | None
    amount_minor: int | None
    currency: str | None
    # Of a card bill alone.
    due_on: str | None = None
    paid_on: str | None = None
    # As `record_versions.Version.body` gives it.
    version: Mapping[str, str]


class Case(BaseModel):
    """The whole of what a reviewer reads. There is no name in it but what the person writes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    reason: str
    # What the hub says of it.
    told: Told
    statement: str
    records: tuple[Shown, ...]


class Ruling(BaseModel):
    """What the person reads of a decision."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What a person contests: a reason as they saw it, and the records that they say are wrong."""

    reason: str
    told: Wording
    statement: str
    records: Sequence[Pointed]

    def __post_init__(self) -> None:
        require_word("reason", self.reason)
        if not 0 < len(self.statement.strip()) <= MAX_STATEMENT_LETTERS:
            raise BadInput("statement", f"takes 1 to {MAX_STATEMENT_LETTERS} letters")
        if len(self.records) > MAX_RECORDS:
            raise BadInput("records", f"takes at most {MAX_RECORDS} records")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An appeal as its person sees it."""

    appeal: Appeal
    case: Case
    ruling: Ruling | None
