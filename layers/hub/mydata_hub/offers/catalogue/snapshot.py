"""The snapshot: every approved offer as one signed thing, so that all vaults read the same.

A snapshot is immutable blobs, each named by its SHA-256: pages of offers in the order of their
slots, an index over the slots, and a manifest that names both. The head, one row, holds the JWT
that says which manifest is the latest (`signed_head.py`). What a vault reads it checks by
signature and hash, and it goes back behind no snapshot that it has read: whoever could show one
person other offers than the next would need the key, and the log has every manifest's hash.

Frozen (docs/protocol.md): a page is its offers' canonical bytes, each ended by a line feed; the
manifest is RFC 8785 JSON.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from threading import Lock
from typing import Any, Final, Generic, TypeVar

import rfc8785

from mydata_hub.errors import Damaged, Unreadable
from mydata_hub.offers.catalogue.eligibility import Condition
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.tables import Key, Row, Tables

Index = TypeVar("Index")

HEAD: Final = Key("offers", "snapshot")
PREFIX: Final = "blobs/"
FORMAT: Final = 1
# A page is read whole for one offer of it, and images are in it.
MAX_PAGE_OFFERS: Final = 500
MAX_PAGE_BYTES: Final = 1024 * 1024
MAX_KEPT: Final = 8
_LOOKS: Final = 2


@dataclass(frozen=True, slots=True)
class Written:
    """A snapshot that is not published yet: the hash of its manifest, and all blobs by theirs."""

    manifest: str
    count: int
    blobs: Mapping[str, bytes]


def write_snapshot(
    offers: Sequence[tuple[Offer, Condition]],
    build_index: Callable[[Sequence[tuple[Offer, Condition]]], bytes],
) -> Written:
    """The snapshot of these offers; the place of each among them is its slot."""
    index, blobs = build_index(offers), dict[str, bytes]()
    pages: list[dict[str, Any]] = []
    for content, count in _pages(offer.encode() for offer, _ in offers):
        pages.append({"sha256": _keep(blobs, content), "count": count})
    manifest: dict[str, Any] = {
        "object": "offers_snapshot",
        "format": FORMAT,
        "count": len(offers),
        "index": _keep(blobs, index),
        "pages": pages,
    }
    return Written(_keep(blobs, rfc8785.dumps(manifest)), len(offers), blobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The row of the latest snapshot, unverified; `signed` proves the rest."""

    number: int
    manifest: str
    signed: str
    # When the first of its offers is over; None for no offers.
    until: datetime | None
    row_version: int


def read_head(tables: Tables) -> Head | None:
    """The latest snapshot; None before the first. Raises Damaged, Busy."""
    row = tables.fetch_many(HEAD).get(HEAD)
    return None if row is None else _head_in(row)


@dataclass(slots=True)
class Snapshot(Generic[Index]):
    """One snapshot as it was verified; its parts are fetched when they are asked for."""

    number: int
    made_at: datetime
    count: int
    manifest: str
    _index_hash: str
    _pages: tuple[str, ...]
    # The first slot of each page.
    _starts: tuple[int, ...]
    _reader: SnapshotReader[Index]
    _index: list[Index] = field(default_factory=list)

    @property
    def index(self) -> Index:
        """The index over the slots. Raises Damaged, Busy."""
        if not self._index:
            self._index.append(self._reader.read_index(self._reader.blob(self._index_hash)))
        return self._index[0]

    def offer(self, slot: int) -> Offer:
        """The offer in a slot that the index gave. Raises Damaged, Busy."""
        if not 0 <= slot < self.count:
            raise Damaged("the index of offers names a slot that there is not")
        page = bisect_right(self._starts, slot) - 1
        return self._reader.page(self._pages[page])[slot - self._starts[page]]


class SnapshotReader(Generic[Index]):
    """Reads the latest snapshot, and nothing else of offers. Safe to share between threads.

    `verify` gives the claims of a signed head, or raises NotProven (signed_head.py).
    """

    def __init__(
        self,
        tables: Tables,
        blobs: Blobs,
        verify: Callable[[str], Mapping[str, Any]],
        read_index: Callable[[bytes], Index],
    ) -> None:
        self.read_index = read_index
        self._tables, self._blobs, self._verify = tables, blobs, verify
        self._latest: tuple[str, Snapshot[Index]] | None = None
        self._kept: OrderedDict[str, list[Offer]] = OrderedDict()
        self._lock = Lock()

    def current(self, at_least: int = 0) -> Snapshot[Index] | None:
        """The latest snapshot, for one read of a table while it stays; None before the first.

        `at_least` is the number of the one that this vault has read before: none that is older is
        taken, whoever signed it. Raises Damaged, NotProven, Busy.
        """
        for _ in range(_LOOKS):
            looked = self._look()
            with self._lock:
                kept = self._latest
                newest = max(at_least, kept[1].number if kept else 0)
                if looked is None and not newest:
                    return None
                if looked is not None and _follows(looked[1], newest, kept and kept[1]):
                    self._latest = looked
                    return looked[1]
            # Another thread may have read a newer one since this one asked for the head.
        raise Damaged("a snapshot of offers is older than one that was read before, or another")

    def blob(self, sha256: str) -> bytes:
        """A blob of the snapshot, as its hash says. Raises Damaged, BlobMissing, Busy."""
        content = self._blobs.get(PREFIX + sha256)
        if _hash(content) != sha256:
            raise Damaged("a part of the snapshot of offers is not what was published")
        return content

    def page(self, sha256: str) -> list[Offer]:
        """The offers of a page; the last few pages are kept. Raises Damaged, Busy."""
        with self._lock:
            if sha256 in self._kept:
                self._kept.move_to_end(sha256)
                return self._kept[sha256]
        try:
            offers = [Offer.decode(line) for line in self.blob(sha256).splitlines()]
        except Unreadable:
            raise Damaged("a page of the snapshot of offers does not hold offers") from None
        with self._lock:
            self._kept[sha256] = offers
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return offers

    def _look(self) -> tuple[str, Snapshot[Index]] | None:
        head, latest = read_head(self._tables), self._latest
        if head is None:
            return None
        if latest is not None and latest[0] == head.signed:
            return latest
        return head.signed, self._opened(head)

    def _opened(self, head: Head) -> Snapshot[Index]:
        claims = self._verify(head.signed)
        try:
            number, manifest = int(claims["number"]), str(claims["manifest"])
            made_at = datetime.fromtimestamp(claims["iat"], UTC)
            said = json.loads(self.blob(manifest))
            pages = [(str(page["sha256"]), int(page["count"])) for page in said["pages"]]
            counts = [count for _, count in pages]
            whole = said["format"] == FORMAT and sum(counts) == said["count"]
        except (KeyError, TypeError, ValueError):
            whole = False
        if not whole:
            raise Damaged("the manifest of the snapshot of offers cannot be read")
        return Snapshot(
            number=number,
            made_at=made_at,
            count=sum(counts),
            manifest=manifest,
            _index_hash=str(said["index"]),
            _pages=tuple(sha256 for sha256, _ in pages),
            _starts=tuple(accumulate(counts[:-1], initial=0)) if counts else (),
            _reader=self,
        )


def _follows(snapshot: Snapshot[Any], newest: int, latest: Snapshot[Any] | None) -> bool:
    """Whether it may be read after `newest`: of one number there is one snapshot and no other."""
    if latest is not None and snapshot.number == latest.number:
        return snapshot.manifest == latest.manifest
    return snapshot.number >= newest


def _pages(documents: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    page, count = bytearray(), 0
    for document in documents:
        if page and (count == MAX_PAGE_OFFERS or len(page) + len(document) >= MAX_PAGE_BYTES):
            yield bytes(page), count
            page, count = bytearray(), 0
        page += document + b"\n"
        count += 1
    if count:
        yield bytes(page), count


def _keep(blobs: dict[str, bytes], content: bytes) -> str:
    named = _hash(content)
    blobs[named] = content
    return named


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _head_in(row: Row) -> Head:
    values: Any = row.values
    try:
        until = values["until"]
        return Head(
            number=int(values["number"]),
            manifest=str(values["manifest"]),
            signed=str(values["signed"]),
            until=None if until is None else datetime.fromisoformat(until),
            row_version=row.version,
        )
    except (KeyError, TypeError, ValueError):
        raise Damaged("the head of the snapshot of offers does not hold one") from None
