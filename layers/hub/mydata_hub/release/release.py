"""Releases: one decision about one request for answers, and what it cost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

from mydata_hub.canonical import CentralObject
from mydata_hub.consent.grant import GrantId
from mydata_hub.errors import BadInput
from mydata_hub.fields import (
    ClaimRef,
    EventId,
    require_bits,
    require_claim_ref,
    require_count,
    require_hash,
    require_id,
    require_list,
)

MAX_CLAIMS: Final = 32
MAX_RELEASE_BITS: Final = 64
# An ISO 8601 interval: its first day and how long it is.
_PERIOD: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])/P[1-9][0-9]*[DMY]")
_IDEMPOTENCY_KEY: Final = re.compile(r"[!-~]{1,255}")


class Decision(StrEnum):
    """What the policies decided."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(CentralObject):
    """Written in the transaction that charges the ledger and records the event; never changed."""

    object_name: ClassVar[str] = "release"

    event_id: EventId
    # The client's own name for the request (the Idempotency-Key header).
    idempotency_key: str
    grant_id: GrantId
    grant_version: int
    claims: tuple[ClaimRef, ...]
    # SHA-256 of the policies that decided.
    policy_hash: bytes
    decision: Decision
    # What this request was charged; 0 for a refusal and for answers that were frozen already.
    bits: Decimal
    # The ledger's period: its first day and its length, "2026-01-01/P3M".
    period: str

    def __post_init__(self) -> None:
        require_id("event_id", self.event_id)
        if not isinstance(self.idempotency_key, str) or not _IDEMPOTENCY_KEY.fullmatch(
            self.idempotency_key
        ):
            raise BadInput("idempotency_key", "takes 1 to 255 visible ASCII letters")
        require_id("grant_id", self.grant_id)
        require_count("grant_version", self.grant_version, 1)
        require_list("claims", self.claims, 1, MAX_CLAIMS)
        for claim in self.claims:
            require_claim_ref("claims", claim)
        require_hash("policy_hash", self.policy_hash)
        require_bits("bits", self.bits, MAX_RELEASE_BITS)
        if self.decision is Decision.DENY and self.bits:
            raise BadInput("bits", "is 0 for a refusal")
        if not isinstance(self.period, str) or not _PERIOD.fullmatch(self.period):
            raise BadInput("period", "takes <first day>/<length>, as 2026-01-01/P3M")
