"""The names, and the rules for fields, that the central objects share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Final, NewType

from mydata_hub.canonical import MAX_INTEGER
from mydata_hub.errors import BadInput

# Who: a person, a partner, a partner group; an account, a partner or a provider as actor.
SubjectId = NewType("SubjectId", str)
ClientId = NewType("ClientId", str)
GroupId = NewType("GroupId", str)
PartyId = NewType("PartyId", str)
# What: a vault, a connection to a provider, an event of the log.
VaultId = NewType("VaultId", str)
ConnectionId = NewType("ConnectionId", str)
EventId = NewType("EventId", str)
# Words of closed lists: "payments", "loan_advice"; a claim in one version: "trust_tier@1".
Dataset = NewType("Dataset", str)
Purpose = NewType("Purpose", str)
ClaimRef = NewType("ClaimRef", str)

# The time that people live by here; Korea has no daylight saving.
LOCAL: Final = timezone(timedelta(hours=9))

MAX_TEXT_LETTERS: Final = 2000
HASH_BYTES: Final = 32
# Four decimals, as Cedar's decimal type has; rounded up, so a cap is never exceeded unnoticed.
BITS_PLACES: Final = 4

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:-]{0,127}")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,31}(\.[a-z][a-z0-9_]{0,31}){0,3}")
_SYMBOL: Final = re.compile(r"[a-z0-9][a-z0-9_.+-]{0,31}")
_VERSION: Final = re.compile(r"[1-9][0-9]{0,5}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A sentence for people, in the languages of the hub."""

    ko: str
    en: str

    def __post_init__(self) -> None:
        for text in (self.ko, self.en):
            require_text("wording", text)


def require_id(field: str, value: str) -> None:
    """1 to 128 letters, digits and ". _ ~ : -", so an id fits keys, URLs and policies as it is."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise BadInput(field, "takes an id of 1 to 128 letters, digits and . _ ~ : -")


def require_word(field: str, value: str) -> None:
    """A word of a closed list: lower-case letters, digits and "_", in up to four dotted parts."""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise BadInput(field, "takes lower-case letters, digits and _, dotted at most thrice")


def require_symbol(field: str, value: str) -> None:
    """One symbol of an alphabet, such as "yes", "650" or "at_least_3"."""
    if not isinstance(value, str) or not _SYMBOL.fullmatch(value):
        raise BadInput(field, "takes symbols of at most 32 lower-case letters, digits and _ . + -")


def require_claim_ref(field: str, value: str) -> None:
    """A claim in one version: `<id>@<version>`."""
    claim, at, version = value.partition("@") if isinstance(value, str) else ("", "", "")
    if not (at and _WORD.fullmatch(claim) and _VERSION.fullmatch(version)):
        raise BadInput(field, "takes claims as <id>@<version>")


def require_list(field: str, values: Sequence[object], minimum: int, maximum: int) -> None:
    """A bounded tuple without repetitions."""
    if not isinstance(values, tuple) or not minimum <= len(values) <= maximum:
        raise BadInput(field, f"takes {minimum} to {maximum} entries")
    if len(set(values)) < len(values):
        raise BadInput(field, "takes each entry once")


def require_count(field: str, value: int, minimum: int = 0, maximum: int = MAX_INTEGER) -> None:
    """An integer within bounds; True is none, though Python counts with it."""
    if type(value) is not int or not minimum <= value <= maximum:
        raise BadInput(field, f"takes an integer from {minimum} to {maximum}")


def require_instant(field: str, value: datetime) -> None:
    """An aware instant: without its zone, an expiry would move with the machine that reads it."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise BadInput(field, "takes an instant with its zone")
    # A day away from the ends, so that no zone leads beyond them.
    if not 1900 <= value.year <= 9998:
        raise BadInput(field, "takes an instant between the years 1900 and 9998")


def require_bytes(field: str, value: bytes, minimum: int, maximum: int) -> None:
    """A bounded byte string."""
    if not isinstance(value, bytes) or not minimum <= len(value) <= maximum:
        raise BadInput(field, f"takes {minimum} to {maximum} bytes")


def require_hash(field: str, value: bytes) -> None:
    """A SHA-256."""
    require_bytes(field, value, HASH_BYTES, HASH_BYTES)


def require_text(field: str, value: str, maximum: int = MAX_TEXT_LETTERS) -> None:
    """Text that is there and bounded."""
    if not isinstance(value, str) or not 0 < len(value) <= maximum:
        raise BadInput(field, f"takes 1 to {maximum} letters")


def require_bits(field: str, value: Decimal, maximum: int) -> None:
    """Bits with exactly BITS_PLACES decimals, so that equal amounts have equal encodings."""
    if not isinstance(value, Decimal) or value.as_tuple().exponent != -BITS_PLACES:
        raise BadInput(field, f"takes bits with {BITS_PLACES} decimals")
    if value.is_signed() or value > maximum:
        raise BadInput(field, f"takes 0 to {maximum} bits")


def require_money(field: str, amount_minor: int | None, currency: str | None) -> None:
    """An amount in minor units with its ISO 4217 code, or neither."""
    if (amount_minor is None) is not (currency is None):
        raise BadInput(field, "takes an amount and a currency together, or neither")
    if amount_minor is not None:
        require_count(field, amount_minor, minimum=-MAX_INTEGER)
    if currency is not None:
        require_currency("currency", currency)


def require_currency(field: str, value: str) -> None:
    """A code of ISO 4217."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise BadInput(field, "takes an ISO 4217 code: three capital letters")
