"""The book: which entries of the log are a person's, by period; only their keys find and read it.

Table `log_books`, format 1. Each row is named by a hash under the book key of the period and holds
sealed bytes alone, so nobody without that key can tell whose it is, or which rows are of one
person. The head counts the entries, chains them (which a person computes and keeps as well, see
daily_heads.py) and holds the newest of them; whenever PAGE_ENTRIES have come together they become a
page that no longer changes. The sequencer writes it in the commit that gives the entries their
places.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mydata_hub.errors import Damaged, Unopenable
from mydata_hub.personal_log.period_key import NONCE_BYTES, PeriodKey, open_named, seal_named
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.tables import Absent, Key, Put, Row, VersionIs

TABLE: Final = "log_books"
PAGE_ENTRIES: Final = 64
CHAIN: Final = b"mydata-hub/log/chain/v1\n"
_PAGE: Final = b"mydata-hub/log/book-page/v1\n"
_HEAD: Final = "head"


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry in a book: its place in the log, and its event."""

    index: int
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The head of a person's book of one period."""

    count: int = 0
    last_index: int = -1
    chain: bytes = bytes(32)
    tail: tuple[Noted, ...] = ()
    # Of its row; 0 where there is none yet.
    version: int = 0

    @property
    def pages(self) -> int:
        """Full pages behind the tail."""
        return self.count // PAGE_ENTRIES

    def add(self, noted: Noted, leaf: bytes) -> Book:
        """The book with one more entry; a full tail stays until `turned`."""
        return replace(
            self,
            count=self.count + 1,
            last_index=noted.index,
            chain=link(self.chain, noted.index, leaf),
            tail=(*self.tail, noted),
        )


def link(chain: bytes, index: int, leaf: bytes) -> bytes:
    """The chain with one more entry of the log."""
    return hashlib.sha256(CHAIN + chain + index.to_bytes(8, "big") + leaf).digest()


def head_row(key: PeriodKey) -> Key:
    """The row of the head of a book."""
    return _row(key, _HEAD)


def page_row(key: PeriodKey, page: int) -> Key:
    """The row of a full page."""
    return _row(key, str(page))


def read_book(key: PeriodKey, row: Row | None) -> Book:
    """The head of a book; an empty one where there is none. Raises Damaged."""
    if row is None:
        return Book()
    told = _open(key, row, _HEAD)
    return Book(
        count=told["count"],
        last_index=told["last_index"],
        chain=bytes.fromhex(told["chain"]),
        tail=tuple(Noted(*pair) for pair in told["tail"]),
        version=row.version,
    )


def read_page(key: PeriodKey, page: int, row: Row | None) -> tuple[Noted, ...]:
    """The entries of a full page, oldest first. Raises Damaged, also where it is gone."""
    if row is None:
        raise Damaged("a page of a person's log is gone")
    return tuple(Noted(*pair) for pair in _open(key, row, str(page))["entries"])


def put_book(key: PeriodKey, book: Book, entropy: Entropy) -> tuple[Put, ...]:
    """The changes that write a book that was added to: its head, and each page that became full."""
    puts: list[Put] = []
    tail = book.tail
    page = (book.count - len(tail)) // PAGE_ENTRIES
    while len(tail) >= PAGE_ENTRIES:
        full: Sequence[Noted] = tail[:PAGE_ENTRIES]
        sealed = _seal(key, str(page), {"entries": _listed(full)}, entropy)
        puts.append(Put(key=page_row(key, page), values={"sealed": sealed}, when=Absent()))
        tail, page = tail[PAGE_ENTRIES:], page + 1
    told = {
        "count": book.count,
        "last_index": book.last_index,
        "chain": book.chain.hex(),
        "tail": _listed(tail),
    }
    when = VersionIs(book.version) if book.version else Absent()
    head = {"sealed": _seal(key, _HEAD, told, entropy)}
    return (*puts, Put(key=head_row(key), values=head, when=when))


def _listed(noted: Sequence[Noted]) -> list[list[int | str]]:
    return [[one.index, one.event_id] for one in noted]


def _row(key: PeriodKey, name: str) -> Key:
    return Key(TABLE, hmac.digest(key.book_key, _PAGE + name.encode(), "sha256").hex())


def _seal(key: PeriodKey, name: str, told: object, entropy: Entropy) -> bytes:
    content = json.dumps(told, separators=(",", ":")).encode()
    return seal_named(key.book_key, _PAGE, name, content, entropy.token(NONCE_BYTES))


def _open(key: PeriodKey, row: Row, name: str) -> dict[str, Any]:
    sealed = row.values.get("sealed")
    try:
        told: dict[str, Any] = json.loads(
            open_named(key.book_key, _PAGE, name, sealed if isinstance(sealed, bytes) else b"")
        )
    except (Unopenable, ValueError):
        raise Damaged("a page of a person's log is not what was written") from None
    return told
