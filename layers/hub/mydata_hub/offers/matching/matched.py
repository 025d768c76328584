"""Matching: which offers fit a person, from the index alone; nothing here leaves the vault.

A slot matches if its eligibility holds for the answers, its trigger has happened, and it is open.
What somebody without an answer is left out of, `offers/catalogue/eligibility.py` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mydata_hub.fields import ClaimRef
from mydata_hub.offers.matching.index import Index

_NOT_ZERO: Final = re.compile(rb"[^\0]")
_BITS: Final = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The slots that fit one person, worked out by chunks as they are asked for."""

    index: Index
    answers: Mapping[ClaimRef, str]
    happenings: Set[str]
    now_seconds: int
    _chunks: dict[int, int] = field(default_factory=dict)

    def eligible(self, chunk: int) -> int:
        """The slots of a chunk whose eligibility holds for these answers, as bits."""
        found = self._chunks.get(chunk)
        if found is None:
            found = 0
            for level in self.index.levels:
                found |= level.eligible(chunk, self.answers)
            self._chunks[chunk] = found
        return found

    def fits(self, slot: int) -> bool:
        """Whether the offer in a slot matches."""
        chunk, place = divmod(slot, self.index.chunk_slots)
        happened = any(bits[chunk] >> place & 1 for bits in self._happened())
        fit = self.eligible(chunk) >> place & 1
        return bool(happened and fit) and self.index.is_open(slot, self.now_seconds)

    def slots(self) -> Iterator[int]:
        """Every match, the worthiest first."""
        for chunk in range(self.index.chunks):
            happened = 0
            for bits in self._happened():
                happened |= bits[chunk]
            yield from self.open_slots(chunk, happened and happened & self.eligible(chunk))

    def of_kind(self, trigger: str, category: str) -> Iterator[int]:
        """The matches of one trigger and one category, the worthiest first."""
        happened, inside = self.index.triggers[trigger], self.index.categories[category]
        for chunk in range(self.index.chunks):
            kind = happened[chunk] & inside[chunk]
            if kind:
                yield from self.open_slots(chunk, kind & self.eligible(chunk))

    def open_slots(self, chunk: int, bits: int) -> Iterator[int]:
        """Of the slots that these bits name, those that are open now."""
        begin = chunk * self.index.chunk_slots
        packed = bits.to_bytes(-(-bits.bit_length() // 8), "little")
        for found in _NOT_ZERO.finditer(packed):
            at = found.start()
            for bit in _BITS[packed[at]]:
                slot = begin + 8 * at + bit
                if self.index.is_open(slot, self.now_seconds):
                    yield slot

    def _happened(self) -> Iterator[tuple[int, ...]]:
        for trigger in self.happenings:
            if trigger in self.index.triggers:
                yield self.index.triggers[trigger]


def match(
    index: Index, answers: Mapping[ClaimRef, str], happenings: Set[str], now: datetime
) -> Matched:
    """What fits somebody with these answers, to whom this happened: triggers by their names."""
    return Matched(
        index=index,
        answers=answers,
        happenings=happenings,
        now_seconds=int(now.timestamp()),
    )
