"""Claims: the closed catalogue of questions that partners may ask, each with a fixed alphabet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

from mydata_hub.canonical import CentralObject
from mydata_hub.errors import BadInput
from mydata_hub.fields import (
    BITS_PLACES,
    ClaimRef,
    Dataset,
    Purpose,
    Wording,
    require_claim_ref,
    require_count,
    require_list,
    require_symbol,
    require_word,
)

# Whatever depends on the vault and cannot be said is this one symbol, charged in full.
NO_ANSWER: Final = "no_answer"
MAX_SYMBOLS: Final = 256
MAX_ENTRIES: Final = 32
MAX_SOURCES: Final = 16
MAX_WINDOW: Final = timedelta(days=3660)
MAX_VALID_FOR: Final = timedelta(hours=24)  # so answers need no status list


class AnswerPeriod(StrEnum):
    """How long an answer is frozen; periods begin on the same days for everybody.

    A calendar month is not among them: February is shorter than the 30 days a period must have.
    """

    THIRTY_DAYS = "P30D"
    QUARTER = "P3M"
    HALF_YEAR = "P6M"
    YEAR = "P1Y"


class Sensitivity(StrEnum):
    """How much care the law and the person ask for; `special` is GDPR Art. 9, PIPA Art. 23."""

    ORDINARY = "ordinary"
    SENSITIVE = "sensitive"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What an answer implies about its data; below it the answer is `no_answer`."""

    # At least so many connections that deliver the claim's inputs,
    sources: int
    # each without a gap over this time before the instant that is answered for; a window below a
    # minute asks for no time, since a fact is told by one look,
    window: timedelta
    # and complete at most so long ago.
    freshness: timedelta

    def __post_init__(self) -> None:
        require_count("floor", self.sources, 1, MAX_SOURCES)
        for span in (self.window, self.freshness):
            if not timedelta(0) < span <= MAX_WINDOW:
                raise BadInput("floor", "takes spans of 1 second to 3660 days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(CentralObject):
    """A question; a change of anything but its wording takes the next version."""

    object_name: ClassVar[str] = "claim"

    id: str
    version: int
    question: Wording
    # Every answer there is; `no_answer` comes last.
    alphabet: tuple[str, ...]
    # The attributes it reads: the ledger charges each of them.
    attributes: tuple[str, ...]
    inputs: tuple[Dataset, ...]
    floor: Floor
    answer_period: AnswerPeriod
    valid_for: timedelta
    sensitivity: Sensitivity
    purposes: tuple[Purpose, ...]

    def __post_init__(self) -> None:
        require_claim_ref("id", f"{self.id}@1")
        require_count("version", self.version, 1, 999_999)
        require_list("alphabet", self.alphabet, 2, MAX_SYMBOLS)
        for symbol in self.alphabet:
            require_symbol("alphabet", symbol)
        if self.alphabet[-1] != NO_ANSWER:
            raise BadInput("alphabet", f"ends with {NO_ANSWER}")
        for field, words in (
            ("attributes", self.attributes),
            ("inputs", self.inputs),
            ("purposes", self.purposes),
        ):
            require_list(field, words, 1, MAX_ENTRIES)
            for word in words:
                require_word(field, word)
        if not timedelta(0) < self.valid_for <= MAX_VALID_FOR:
            raise BadInput("valid_for", "takes 1 second to 24 hours")

    @property
    def ref(self) -> ClaimRef:
        """`<id>@<version>`, as grants and releases name it."""
        return ClaimRef(f"{self.id}@{self.version}")

    @property
    def bits(self) -> Decimal:
        """Its price: what one answer can tell at most, `no_answer` included."""
        return bits_of(len(self.alphabet))


def bits_of(symbols: int) -> Decimal:
    """log2 of the number of symbols, rounded up to BITS_PLACES decimals; exact for powers of two.

    A float is close enough to round from: log2 of anything but a power of two is irrational, and
    for up to MAX_SYMBOLS symbols never within 1e-9 of a multiple of the last place.
    """
    if symbols & (symbols - 1) == 0:
        units = (symbols.bit_length() - 1) * 10**BITS_PLACES
    else:
        units = math.ceil(math.log2(symbols) * 10**BITS_PLACES)
    return Decimal(units).scaleb(-BITS_PLACES)
