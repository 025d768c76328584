"""Period keys: what a person's entries of one calendar month are tagged and sealed with.

A log-key period is a calendar month in UTC, by the instant of the event: short, so that whoever
discloses one shows little else, and known to everybody in advance. From one secret of 32 bytes come
three keys, none of which leads to another (HKDF-Expand with SHA-256, RFC 5869 section 2.3).

Format version 1, frozen (docs/protocol.md holds it byte by byte, with vectors).
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mydata_hub.errors import Damaged, Unopenable
from mydata_hub.transparency.leaf import SALT_BYTES, Opening, person_tag

SECRET_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_KEY: Final = b"mydata-hub/log/tag-key/v1\n"
PAYLOAD_KEY: Final = b"mydata-hub/log/payload-key/v1\n"
BOOK_KEY: Final = b"mydata-hub/log/book-key/v1\n"
OPENING: Final = b"mydata-hub/log/opening/v1\n"
_PERIOD: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def log_key_period(at: datetime) -> str:
    """The period of an instant: its year and month in UTC, as `2026-11`."""
    return at.astimezone(UTC).strftime("%Y-%m")


def periods_between(first: datetime, last: datetime) -> list[str]:
    """The periods of two instants and all in between, the newest first."""
    start, end = first.astimezone(UTC), last.astimezone(UTC)
    months = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in reversed(months)]


def is_period(text: str) -> bool:
    """Whether a text names a period."""
    return _PERIOD.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownKey:
    """What may be shown of a period: finds its entries in the log, and opens them."""

    period: str
    tag_key: bytes = field(repr=False)
    payload_key: bytes = field(repr=False)

    def tag(self, person: bytes, audit: bytes) -> bytes:
        """The tag of an entry with these two commitments."""
        return person_tag(self.tag_key, person, audit)

    def open(self, event_id: str, sealed: bytes) -> Opening:
        """The opening of an event. Raises Unopenable, alike for every cause."""
        content = open_named(self.payload_key, OPENING, event_id, sealed)
        return Opening(salt=content[:SALT_BYTES], payload=content[SALT_BYTES:])


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodKey:
    """A person's log key of one period."""

    period: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_BYTES:
            raise Damaged("a log key has another length")

    @property
    def shown(self) -> ShownKey:
        """The two keys that the person may be shown, and may disclose."""
        return ShownKey(
            period=self.period,
            tag_key=self._derive(TAG_KEY),
            payload_key=self._derive(PAYLOAD_KEY),
        )

    @property
    def book_key(self) -> bytes:
        """Names and seals the pages of the person's book; the log zone's own."""
        return self._derive(BOOK_KEY)

    def seal(self, event_id: str, opening: Opening, nonce: bytes) -> bytes:
        """The opening of an event, sealed; `nonce` is NONCE_BYTES fresh random bytes."""
        content = opening.salt + opening.payload
        return seal_named(self.shown.payload_key, OPENING, event_id, content, nonce)

    def _derive(self, info: bytes) -> bytes:
        # HKDF-Expand for one block; the secret is uniform, so there is nothing to extract.
        return hmac.digest(self.secret, info + b"\x01", "sha256")


def seal_named(key: bytes, domain: bytes, name: str, content: bytes, nonce: bytes) -> bytes:
    """AES-256-GCM bound to what it is and to its name: the nonce, then ciphertext and tag.

    GCM commits to no key; whatever is sealed here is compared with a commitment once it is open.
    """
    return nonce + AESGCM(key).encrypt(nonce, content, domain + name.encode())


def open_named(key: bytes, domain: bytes, name: str, sealed: bytes) -> bytes:
    """What was sealed under this name. Raises Unopenable, alike for every cause."""
    try:
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return AESGCM(key).decrypt(nonce, body, domain + name.encode())
    except (InvalidTag, ValueError):
        raise Unopenable("these bytes do not open here") from None
