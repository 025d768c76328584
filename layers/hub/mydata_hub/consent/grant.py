"""Grants: what a consent produces, and the only thing a decision reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, NewType

from mydata_hub.canonical import CentralObject
from mydata_hub.errors import BadInput
from mydata_hub.fields import (
    GroupId,
    PartyId,
    Purpose,
    SubjectId,
    require_bytes,
    require_claim_ref,
    require_count,
    require_hash,
    require_id,
    require_instant,
    require_list,
    require_word,
)

GrantId = NewType("GrantId", str)

MAX_ITEMS: Final = 100
# No grant may be worth more than a person's cap over all groups in a year.
MAX_GRANT_BITS: Final = 64
MAX_PER_UNIT: Final = 10_000
MAX_ASSERTION_BYTES: Final = 16 * 1024


class GrantKind(StrEnum):
    """Collect from a provider into the vault, or release answers to a partner."""

    COLLECT = "collect"
    RELEASE = "release"


class Ending(StrEnum):
    """Withdrawn by the person; revoked by the hub or the partner."""

    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


class GrantState(StrEnum):
    """What a grant is at an instant; expired is derived, never stored."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"


class FrequencyUnit(StrEnum):
    """The calendar unit that a frequency counts in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """At most `count` times in each `unit`."""

    unit: FrequencyUnit
    count: int

    def __post_init__(self) -> None:
        require_count("frequency", self.count, 1, MAX_PER_UNIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(CentralObject):
    """An immutable snapshot; every change makes a new one with the next version."""

    object_name: ClassVar[str] = "grant"

    grant_id: GrantId
    version: int
    kind: GrantKind
    subject: SubjectId
    # The provider that is collected from, or the partner that gets answers.
    counterparty: PartyId
    # The partner group that the leakage ledger charges; a collect grant releases to nobody.
    recipient_group: GroupId | None
    purpose: Purpose
    # Claims as <id>@<version> in a release grant, datasets in a collect grant.
    items: tuple[str, ...]
    frequency: Frequency
    max_bits: int
    given_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    ended_as: Ending | None = None
    # SHA-256 of the consent record the person approved, and the passkey's assertion over it.
    consent_hash: bytes
    assertion: bytes

    def __post_init__(self) -> None:
        require_id("grant_id", self.grant_id)
        require_count("version", self.version, 1)
        require_id("subject", self.subject)
        require_id("counterparty", self.counterparty)
        require_word("purpose", self.purpose)
        require_list("items", self.items, 1, MAX_ITEMS)
        require_instant("given_at", self.given_at)
        require_instant("expires_at", self.expires_at)
        if self.expires_at <= self.given_at:
            raise BadInput("expires_at", "takes an instant after given_at")
        if (self.ended_at is None) is not (self.ended_as is None):
            raise BadInput("ended_as", "comes together with ended_at")
        if self.ended_at is not None:
            # Not held against given_at: a clock that was set back must not keep anyone from ending.
            require_instant("ended_at", self.ended_at)
        require_hash("consent_hash", self.consent_hash)
        require_bytes("assertion", self.assertion, 1, MAX_ASSERTION_BYTES)
        self._check_kind()

    def withdraw(self, now: datetime) -> Grant:
        """End it for the person; a grant that has ended keeps its first end, so that a retry
        cannot move history."""
        return self._end(Ending.WITHDRAWN, now)

    def revoke(self, now: datetime) -> Grant:
        """End it for the hub or the partner; a grant that has ended keeps its first end."""
        return self._end(Ending.REVOKED, now)

    def narrow(
        self,
        now: datetime,
        *,
        items: Sequence[str] | None = None,
        expires_at: datetime | None = None,
    ) -> Grant:
        """Allow less: these items alone, until an earlier end; itself if that changes nothing.

        Raises BadInput for what would allow more, which takes a new signature, and for a grant
        that is over.
        """
        if self.state(now) is not GrantState.ACTIVE:
            raise BadInput("grant", "has ended; there is nothing to make less of")
        kept = self.items
        if items is not None:
            if self.kind is GrantKind.COLLECT:
                raise BadInput("items", "withdraw, and connect again with less")
            chosen = frozenset(items)
            if not chosen or not chosen <= frozenset(self.items):
                raise BadInput("items", "takes at least one of what is allowed, and nothing else")
            kept = tuple(item for item in self.items if item in chosen)
        until = self.expires_at if expires_at is None else expires_at
        require_instant("expires_at", until)
        if not now < until <= self.expires_at:
            raise BadInput("expires_at", "takes an instant from now to the end that was allowed")
        if (kept, until) == (self.items, self.expires_at):
            return self
        return replace(self, items=kept, expires_at=until, version=self.version + 1)

    def state(self, now: datetime) -> GrantState:
        """Its state at `now`: an end stays an end after the expiry."""
        if self.ended_as is not None:
            return GrantState(self.ended_as.value)
        return GrantState.EXPIRED if now >= self.expires_at else GrantState.ACTIVE

    def _end(self, ending: Ending, now: datetime) -> Grant:
        if self.ended_at is not None:
            return self
        return replace(self, ended_at=now, ended_as=ending, version=self.version + 1)

    def _check_kind(self) -> None:
        if self.kind is GrantKind.RELEASE:
            for item in self.items:
                require_claim_ref("items", item)
            require_count("max_bits", self.max_bits, 1, MAX_GRANT_BITS)
            if self.recipient_group is None:
                raise BadInput("recipient_group", "is needed to release: the ledger charges it")
            require_id("recipient_group", self.recipient_group)
            return
        for item in self.items:
            require_word("items", item)
        require_count("max_bits", self.max_bits, 0, 0)
        if self.recipient_group is not None:
            raise BadInput("recipient_group", "is null where nothing is released")
