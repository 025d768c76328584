"""The consent record: what a person signs with a passkey, and what the signature is over."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from mydata_hub.canonical import CentralObject
from mydata_hub.consent.grant import MAX_GRANT_BITS, Frequency, Grant, GrantId, GrantKind
from mydata_hub.errors import BadInput
from mydata_hub.fields import (
    GroupId,
    PartyId,
    Purpose,
    SubjectId,
    require_bytes,
    require_count,
    require_hash,
    require_id,
    require_instant,
    require_list,
    require_text,
    require_word,
)

NONCE_BYTES: Final = 32
MAX_ITEMS: Final = 100
MAX_ORIGIN_LETTERS: Final = 300
# The newline ends the domain, so that no other domain of the hub is its beginning.
DOMAIN: Final = b"mydata-hub/consent/v1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a partner, or the hub for a data provider, asks a person to consent to."""

    kind: GrantKind
    counterparty: PartyId
    recipient_group: GroupId | None
    purpose: Purpose
    # Claims as <id>@<version>, or datasets: the person may choose fewer.
    items: tuple[str, ...]
    frequency: Frequency
    max_bits: int
    expires_at: datetime
    # SHA-256 of the request as it was received: the consent answers this request and no other.
    request_hash: bytes
    # The grant that becomes what is signed now, where there is one: as the person was shown it.
    amends: Grant | None = None

    def choose(self, items: Sequence[str]) -> tuple[str, ...]:
        """The items the person chose, in the order they were asked. Raises BadInput.

        Nothing is ticked beforehand, so choosing none is no consent, and what was not asked
        cannot be given.
        """
        chosen = frozenset(items)
        if not chosen or not chosen <= frozenset(self.items):
            raise BadInput("items", "choose at least one of what is asked, and nothing else")
        return tuple(item for item in self.items if item in chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord(CentralObject):
    """One consent, word for word; its canonical bytes are what the person can see and save.

    It becomes the grant of the same id, or the next version of it. Change rule: see canonical.py.
    """

    object_name: ClassVar[str] = "consent_record"

    consent_id: GrantId
    # The hub's origin: a record made for one hub is worth nothing at another.
    hub: str
    # Fresh for each record: an assertion for one consent is none for the next, equal one.
    nonce: bytes
    request_hash: bytes
    account: SubjectId
    kind: GrantKind
    counterparty: PartyId
    recipient_group: GroupId | None
    purpose: Purpose
    items: tuple[str, ...]
    frequency: Frequency
    max_bits: int
    prepared_at: datetime
    expires_at: datetime
    locale: str
    # SHA-256 of the sentences that were shown, as UTF-8.
    wording_hash: bytes

    def __post_init__(self) -> None:
        require_id("consent_id", self.consent_id)
        require_text("hub", self.hub, MAX_ORIGIN_LETTERS)
        require_bytes("nonce", self.nonce, NONCE_BYTES, NONCE_BYTES)
        require_hash("request_hash", self.request_hash)
        require_id("account", self.account)
        require_id("counterparty", self.counterparty)
        require_word("purpose", self.purpose)
        require_list("items", self.items, 1, MAX_ITEMS)
        require_count("max_bits", self.max_bits, 0, MAX_GRANT_BITS)
        require_instant("prepared_at", self.prepared_at)
        require_instant("expires_at", self.expires_at)
        if self.expires_at <= self.prepared_at:
            raise BadInput("expires_at", "takes an instant after prepared_at")
        require_word("locale", self.locale)
        require_hash("wording_hash", self.wording_hash)

    def challenge(self) -> bytes:
        """The WebAuthn challenge: SHA-256(domain, canonical record), promise 8 of the design."""
        return hashlib.sha256(DOMAIN + self.encode()).digest()

    def grant(self, assertion: bytes, given_at: datetime) -> Grant:
        """The grant that the approval of this record makes. Raises BadInput."""
        return Grant(
            grant_id=self.consent_id,
            version=1,
            kind=self.kind,
            subject=self.account,
            counterparty=self.counterparty,
            recipient_group=self.recipient_group,
            purpose=self.purpose,
            items=self.items,
            frequency=self.frequency,
            max_bits=self.max_bits,
            given_at=given_at,
            expires_at=self.expires_at,
            consent_hash=self.digest(),
            assertion=assertion,
        )


def hash_wording(wording: str) -> bytes:
    """SHA-256 of the sentences as they were shown."""
    return hashlib.sha256(wording.encode()).digest()
