"""Offers: what a partner would give, matched inside the vault; the service comes to the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, NewType

from mydata_hub.canonical import CentralObject
from mydata_hub.errors import BadInput
from mydata_hub.fields import (
    ClaimRef,
    ClientId,
    Wording,
    require_claim_ref,
    require_count,
    require_id,
    require_instant,
    require_list,
    require_money,
    require_symbol,
    require_word,
)

OfferId = NewType("OfferId", str)

MAX_CONDITIONS: Final = 8
MAX_ANSWERS: Final = 255
MAX_CLAIMS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligible:
    """The answer to one claim of the catalogue is one of these: a partner chooses no threshold."""

    claim: ClaimRef
    answers: tuple[str, ...]

    def __post_init__(self) -> None:
        require_claim_ref("eligibility", self.claim)
        require_list("eligibility", self.answers, 1, MAX_ANSWERS)
        for answer in self.answers:
            require_symbol("eligibility", answer)
        if "no_answer" in self.answers:
            raise BadInput("eligibility", "takes answers, and no_answer is none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """What the person gets: a kind (points, coupon, discount, perk), words, perhaps an amount."""

    kind: str
    wording: Wording
    amount_minor: int | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        require_word("benefit", self.kind)
        require_money("benefit", self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(CentralObject):
    """One version of an offer; a person who accepted holds on to the version accepted."""

    object_name: ClassVar[str] = "offer"

    offer_id: OfferId
    version: int
    client: ClientId
    # All of these must hold; none means that everybody is eligible.
    eligibility: tuple[Eligible, ...]
    # The happening in the vault after which it is shown, such as "payment.cafe".
    trigger: str
    # What the partner learns from an acceptance, and nothing before it.
    claims_on_acceptance: tuple[ClaimRef, ...]
    benefit: Benefit
    valid_until: datetime
    # How many acceptances there are in all; null for no end.
    stock: int | None

    def __post_init__(self) -> None:
        require_id("offer_id", self.offer_id)
        require_count("version", self.version, 1)
        require_id("client", self.client)
        require_list("eligibility", self.eligibility, 0, MAX_CONDITIONS)
        require_word("trigger", self.trigger)
        require_list("claims_on_acceptance", self.claims_on_acceptance, 0, MAX_CLAIMS)
        for claim in self.claims_on_acceptance:
            require_claim_ref("claims_on_acceptance", claim)
        require_instant("valid_until", self.valid_until)
        if self.stock is not None:
            require_count("stock", self.stock)

    def is_open(self, now: datetime, accepted: int) -> bool:
        """Whether it can still be accepted at `now`, after so many acceptances."""
        return now < self.valid_until and (self.stock is None or accepted < self.stock)
