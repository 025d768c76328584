"""Programmes: points or stamps of one partner as a person took them, and the book of each.

They lie in the profile beside the folds, as the pseudo-fold `points_book`: what was earned hangs on
when a payment came in and on the terms of that time, and is not worked out again from records. The
terms stay those that the person took: a partner that publishes others changes nothing here before
the person makes the offer a favourite once more.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from mydata_hub.benefits.book import MAX_AMOUNT, Book, Earned, Lot, Spending
from mydata_hub.errors import FormatUnknown
from mydata_hub.fields import ClientId, Wording
from mydata_hub.insights.favourites import POINTS_BOOK, POINTS_BOOK_VERSION, programme_tag
from mydata_hub.insights.moments import instant_of
from mydata_hub.insights.profile import FoldState, Profile

# A profile has a size. Those that are no favourites and hold nothing go first.
MAX_PROGRAMMES: Final = 12
POINTS: Final = "points"
STAMPS: Final = "stamps"
MARK_BYTES: Final = 7
_EARNED: Final = struct.Struct(f">{MARK_BYTES}sIII")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a partner promises, in one version of an offer of points or stamps.

    `merchants` are `payments.merchant_of` of the partner's shops; money is in minor units.
    """

    offer_id: str
    version: int
    client: ClientId
    kind: str
    title: Wording
    merchants: tuple[bytes, ...]
    # How much spent earns one point; None for stamps, of which each payment earns one.
    per_minor: int | None
    goal: int
    expires_days: int
    # What a reward is worth.
    amount_minor: int
    currency: str
    # No payment after this minute earns.
    until_minute: int
    # Of the offer; None in books that were begun before it was kept.
    category: str | None = None

    def points_for(self, paid_minor: int) -> int:
        """What a payment of so much earns."""
        if self.per_minor is None:
            return 1
        return min(paid_minor // self.per_minor, MAX_AMOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """Terms, since when the person holds them, and the book."""

    terms: Terms
    # The word by which it became a favourite last: payments from that minute on earn.
    since_minute: int
    book: Book

    @property
    def tag(self) -> bytes:
        """As spendings name it."""
        return programme_tag(self.terms.offer_id)

    @property
    def until(self) -> datetime:
        """Until when payments earn."""
        return instant_of(self.terms.until_minute)


def read_programmes(profile: Profile) -> tuple[Programme, ...]:
    """Every programme of a profile, by its offer. Raises FormatUnknown."""
    kept = profile.folds.get(POINTS_BOOK)
    if kept is None:
        return ()
    if kept.version != POINTS_BOOK_VERSION:
        raise FormatUnknown(f"{POINTS_BOOK}: this release reads version {POINTS_BOOK_VERSION}")
    return tuple(_read(one) for one in kept.state["programmes"])


def with_programmes(profile: Profile, programmes: Iterable[Programme]) -> Profile:
    """The profile that remembers these programmes, and no others."""
    rows = [_write(one) for one in sorted(programmes, key=lambda one: one.terms.offer_id)]
    if not rows and POINTS_BOOK not in profile.folds:
        return profile
    state = FoldState(version=POINTS_BOOK_VERSION, state={"programmes": rows})
    return replace(profile, folds={**profile.folds, POINTS_BOOK: state})


def _read(row: Mapping[str, Any]) -> Programme:
    terms, book = row["terms"], row["book"]
    shops = base64.b64decode(terms["merchants"])
    read = Terms(
        **{
            **terms,
            "title": Wording(**terms["title"]),
            "merchants": tuple(shops[at : at + 3] for at in range(0, len(shops), 3)),
        }
    )
    earned = [
        Earned(mark=mark, minute=minute, amount=amount, last_day=day)
        for mark, minute, amount, day in _EARNED.iter_unpack(base64.b64decode(row["earned"]))
    ]
    return Programme(
        terms=read,
        since_minute=row["since"],
        book=Book(
            **{name: book[name] for name in _ACCOUNTS},
            lots=_read_lots(book["lots"]),
            earned=tuple(earned),
            spendings=tuple(_read_spending(one) for one in book["spendings"]),
            let_go_until=row["let_go"],
        ),
    )


def _write(one: Programme) -> dict[str, Any]:
    terms, book = asdict(one.terms), one.book
    terms["merchants"] = base64.b64encode(b"".join(one.terms.merchants)).decode()
    earned = b"".join(
        _EARNED.pack(had.mark, had.minute, had.amount, had.last_day) for had in book.earned
    )
    return {
        "terms": terms,
        "since": one.since_minute,
        "book": {
            **{name: getattr(book, name) for name in _ACCOUNTS},
            "lots": _write_lots(book.lots),
            "spendings": [
                {
                    "mark": had.mark.hex(),
                    "amount": had.amount,
                    "lots": _write_lots(had.lots),
                    "given_back": had.given_back,
                }
                for had in book.spendings
            ],
        },
        # Beside the book, where the erasure of a part finds them (insights/favourites.py).
        "earned": base64.b64encode(earned).decode(),
        "let_go": book.let_go_until,
    }


def _read_spending(row: Mapping[str, Any]) -> Spending:
    return Spending(
        mark=bytes.fromhex(row["mark"]),
        amount=row["amount"],
        lots=_read_lots(row["lots"]),
        given_back=row["given_back"],
    )


def _read_lots(rows: Sequence[Sequence[int]]) -> tuple[Lot, ...]:
    return tuple(Lot(last_day=day, amount=amount) for day, amount in rows)


def _write_lots(lots: Sequence[Lot]) -> list[list[int]]:
    return [[lot.last_day, lot.amount] for lot in lots]


_ACCOUNTS: Final = ("issued", "held", "spent", "expired")
