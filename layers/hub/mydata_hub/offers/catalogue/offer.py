"""Offers: what a partner would give, matched inside the vault; the service comes to the person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, NewType

from mydata_hub.canonical import CentralObject
from mydata_hub.errors import BadInput
from mydata_hub.fields import (
    ClaimRef,
    ClientId,
    Purpose,
    Wording,
    require_bytes,
    require_claim_ref,
    require_count,
    require_currency,
    require_id,
    require_instant,
    require_list,
    require_money,
    require_text,
    require_word,
)

# "<client_id>.<name>": the hub puts the partner's id before the name, so nobody takes another's.
OfferId = NewType("OfferId", str)

MAX_ELIGIBILITY_LETTERS: Final = 2000
MAX_CLAIMS: Final = 32
MAX_VALIDITY: Final = timedelta(days=366)
MAX_STOCK: Final = 1_000_000_000
MAX_TITLE_LETTERS: Final = 60
MAX_TEXT_LETTERS: Final = 400
MAX_LINE_LETTERS: Final = 120
MAX_IMAGE_BYTES: Final = 48 * 1024
MAX_MERCHANTS: Final = 20
MAX_GOAL: Final = 1_000_000
EXPIRY_DAYS: Final = (30, 1095)
COUPON: Final = "coupon"
POINTS: Final = "points"
STAMPS: Final = "stamps"
PERK: Final = "perk"
KINDS: Final = (COUPON, POINTS, STAMPS, PERK)
OFFER_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")
# A full stop that letters follow at once is a domain to some reader, whatever stop it is.
_ADDRESS: Final = re.compile(
    r"://|[.。．｡][^\W\d_]{2}|\b(?:javascript|mailto):|\bdata:\w+/", re.IGNORECASE
)
_MARKUP: Final = re.compile(r"[<>`{}\\]|&#?\w+;|\]\(")
# A word whose later parts may be numbers: "tier.600".
_TRIGGER: Final = re.compile(r"[a-z][a-z0-9_]{0,31}(\.[a-z0-9][a-z0-9_]{0,31}){0,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferImage:
    """A picture that travels with the offer: an address would tell its host who looks."""

    # Nested in an offer, it is decoded as that is.
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"val_json_bytes": "base64"}

    content: bytes
    alt: Wording

    def __post_init__(self) -> None:
        require_bytes("image", self.content, 1, MAX_IMAGE_BYTES)
        if _media_type(self.content) is None:
            raise BadInput("image", "takes a whole PNG, JPEG or WebP file")
        require_plain("image", self.alt, MAX_LINE_LETTERS)

    @property
    def media_type(self) -> str:
        """What the bytes themselves are, so nobody says otherwise."""
        return _media_type(self.content) or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """What the person gets: a coupon, a perk, or a programme of points or stamps at a favourite."""

    kind: str
    wording: Wording
    # What it is worth to the person; of a programme, what one reward is worth.
    amount_minor: int | None = None
    currency: str | None = None
    # A coupon or perk that this till alone may take, so that it needs no connection.
    till: str | None = None
    # Of a programme: the partner's own shops, as they stand on statements,
    merchants: tuple[str, ...] = ()
    # how much spent earns one point (a stamp is earned by each payment),
    per_minor: int | None = None
    # how many points or stamps a reward takes,
    goal: int | None = None
    # and how many days after they were earned they are over.
    expires_days: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput("benefit.kind", f"takes one of {', '.join(KINDS)}")
        require_plain("benefit.wording", self.wording, MAX_LINE_LETTERS)
        if self.currency is not None:
            require_currency("benefit.currency", self.currency)
        require_money("benefit.amount_minor", self.amount_minor, self.currency)
        if self.amount_minor is not None:
            require_count("benefit.amount_minor", self.amount_minor, 1)
        elif self.kind != PERK:
            raise BadInput("benefit.amount_minor", f"says what a benefit of {self.kind} is worth")
        if self.is_programme:
            self._check_programme()
        else:
            self._check_single()

    @property
    def is_programme(self) -> bool:
        """Whether it is earned again and again, at a favourite."""
        return self.kind in (POINTS, STAMPS)

    def _check_programme(self) -> None:
        if self.till is not None:
            raise BadInput("benefit.till", "belongs to a coupon or a perk")
        require_list("benefit.merchants", self.merchants, 1, MAX_MERCHANTS)
        for merchant in self.merchants:
            _require_plain_line("benefit.merchants", merchant, MAX_LINE_LETTERS)
        if (self.per_minor is None) is (self.kind == POINTS):
            raise BadInput("benefit.per_minor", "says what one point costs; a stamp takes none")
        if self.per_minor is not None:
            require_count("benefit.per_minor", self.per_minor, 1)
        _require_number("benefit.goal", self.goal, 1, MAX_GOAL)
        _require_number("benefit.expires_days", self.expires_days, *EXPIRY_DAYS)

    def _check_single(self) -> None:
        for field in ("merchants", "per_minor", "goal", "expires_days"):
            if getattr(self, field) not in (None, ()):
                raise BadInput(f"benefit.{field}", "belongs to points or stamps")
        if self.till is not None:
            require_id("benefit.till", self.till)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(CentralObject):
    """One version of an offer; a person who accepted holds on to the version accepted.

    It is sound in itself; whether a partner may make it is `offers.check`'s to say.
    """

    object_name: ClassVar[str] = "offer"

    offer_id: OfferId
    version: int
    client: ClientId
    category: str
    title: Wording
    text: Wording
    image: OfferImage | None
    # What the answers are for that an acceptance discloses.
    purpose: Purpose
    # A Cedar expression over claims (offers/catalogue/eligibility.py); "" means everybody.
    eligibility: str
    # The happening in the vault after which it is shown (offers/catalogue/triggers.py).
    trigger: str
    # What the partner learns from an acceptance besides what eligibility and trigger tell.
    claims_on_acceptance: tuple[ClaimRef, ...]
    benefit: Benefit
    valid_from: datetime
    valid_until: datetime
    # How many acceptances there are in all; null for no end.
    stock: int | None

    def __post_init__(self) -> None:
        require_id("client", self.client)
        require_id("offer_id", self.offer_id)
        client, _, name = self.offer_id.rpartition(".")
        if client != self.client or not OFFER_NAME.fullmatch(name):
            raise BadInput("offer_id", "takes <client>.<name>, the name 1 to 40 of a-z, 0-9 and -")
        require_count("version", self.version, 1)
        require_word("category", self.category)
        require_plain("title", self.title, MAX_TITLE_LETTERS)
        require_plain("text", self.text, MAX_TEXT_LETTERS)
        require_word("purpose", self.purpose)
        if self.eligibility != "":
            require_text("eligibility", self.eligibility, MAX_ELIGIBILITY_LETTERS)
        if not isinstance(self.trigger, str) or not _TRIGGER.fullmatch(self.trigger):
            raise BadInput("trigger", "takes a happening of the published list")
        require_list("claims_on_acceptance", self.claims_on_acceptance, 0, MAX_CLAIMS)
        for claim in self.claims_on_acceptance:
            require_claim_ref("claims_on_acceptance", claim)
        require_instant("valid_from", self.valid_from)
        require_instant("valid_until", self.valid_until)
        if not timedelta(0) < self.valid_until - self.valid_from <= MAX_VALIDITY:
            raise BadInput("valid_until", f"lies within {MAX_VALIDITY.days} days after valid_from")
        if self.stock is not None:
            require_count("stock", self.stock, 1, MAX_STOCK)

    def is_open(self, now: datetime, accepted: int) -> bool:
        """Whether it can be accepted at `now`, after so many acceptances."""
        within = self.valid_from <= now < self.valid_until
        return within and (self.stock is None or accepted < self.stock)


def require_plain(field: str, wording: Wording, maximum: int) -> None:
    """Plain text in both languages: nothing that a reader could take for markup or an address."""
    for text in (wording.ko, wording.en):
        _require_plain_line(field, text, maximum)


def _require_plain_line(field: str, text: str, maximum: int) -> None:
    require_text(field, text, maximum)
    if not text.strip():
        raise BadInput(field, "takes words")
    # Control and format characters turn lines around or hide letters (Unicode TR 36).
    if any(unicodedata.category(letter)[0] == "C" for letter in text):
        raise BadInput(field, "takes plain text on one line, without invisible characters")
    if _MARKUP.search(text):
        raise BadInput(field, "takes plain text: no markup, script or template")
    if _ADDRESS.search(text):
        raise BadInput(field, "takes no address; a space follows a full stop")


def _media_type(content: bytes) -> str | None:
    """Of the raster images that every browser draws and none runs, the one that this is, whole."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9"):
        return "image/jpeg"
    size, kind = int.from_bytes(content[4:8], "little"), content[8:15]
    if content.startswith(b"RIFF") and kind == b"WEBPVP8" and size + 8 == len(content):
        return "image/webp"
    return None


def _require_number(field: str, value: int | None, minimum: int, maximum: int) -> None:
    if value is None:
        raise BadInput(field, "is needed for points and stamps")
    require_count(field, value, minimum, maximum)
