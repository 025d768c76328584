"""The index over the slots of a snapshot: bitmaps from which all offers for one person are read.

A case of a condition is a bit in three kinds of sets: that there is such a case (`present`), that
it names a claim (`named`), and that it takes an answer to it (`takes`). Whoever has an answer fits
the cases that are present and not in named - takes of any claim; without one `takes` is empty. The
second case of an offer stands at its slot in a level of sets of its own, so every set is one bit a
slot. Further sets tell triggers and categories.

Frozen (docs/protocol.md): MAGIC, the length of the header in four bytes, the header as RFC 8785
JSON, then each of its parts by zlib. Bits and numbers are little-endian; chunks are no part of it.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from mydata_hub.errors import BadInput, Damaged
from mydata_hub.fields import ClaimRef, ClientId
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.offer_words import name_of
from mydata_hub.offers.catalogue.eligibility import MAX_CASES, Condition
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.worth import worth_of

MAGIC: Final = b"mydata offers index 1\n"
# A long integer of 8 kB is still in the cache of one core when the next set meets it.
CHUNK_SLOTS: Final = 65_536
MAX_SLOTS: Final = 4_000_000
MAX_SETS: Final = 20_000
_HEADER_BYTES: Final = 4
_NUMBERS: Final = {
    "worth": "I",
    "client": "I",
    "opens": "I",
    "closes": "I",
    "names": "Q",
    "at": "I",
}
_MAX_NUMBER: Final = 2**32 - 1
_PRESENT, _NAMED, _TAKES, _TRIGGER, _CATEGORY = "present", "named", "takes", "trigger", "category"
_KINDS: Final = frozenset({_PRESENT, _NAMED, _TAKES, _TRIGGER, _CATEGORY})

# One long integer of bits for each chunk of slots.
Bits = tuple[int, ...]
# A set: its kind, then what tells it from others of the kind.
_SetName = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """The n-th cases of all offers."""

    present: Bits
    named: Mapping[ClaimRef, Bits]
    takes: Mapping[tuple[ClaimRef, str], Bits]

    def eligible(self, chunk: int, answers: Mapping[ClaimRef, str]) -> int:
        """The slots of a chunk whose case fits these answers."""
        found = self.present[chunk]
        if not found:
            return 0
        misfits = 0
        for claim, named in self.named.items():
            takes = self.takes.get((claim, answers.get(claim, NO_ANSWER)))
            misfits |= named[chunk] if takes is None else named[chunk] ^ takes[chunk]
        return found & ~misfits

    def takes_all(self, claim: ClaimRef, alphabet: Iterable[str], chunk: int, place: int) -> bool:
        """Whether a slot's case does with any answer to a claim."""
        sets = (self.takes.get((claim, answer)) for answer in alphabet)
        return all(taken is not None and taken[chunk] >> place & 1 for taken in sets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A snapshot's slots, the worthiest first. Safe to share between threads."""

    count: int
    chunk_slots: int
    claims: frozenset[ClaimRef]
    levels: tuple[Level, ...]
    triggers: Mapping[str, Bits]
    categories: Mapping[str, Bits]
    clients: tuple[ClientId, ...]
    _numbers: Mapping[str, array[int]]

    @property
    def chunks(self) -> int:
        """How many chunks of slots there are."""
        return -(-self.count // self.chunk_slots)

    def worth(self, slot: int) -> int:
        """What the offer in a slot is worth (offers/catalogue/worth.py)."""
        return self._numbers["worth"][slot]

    def client(self, slot: int) -> ClientId:
        """Whose the offer in a slot is."""
        return self.clients[self._numbers["client"][slot]]

    def reads(self, slot: int) -> tuple[ClaimRef, ...]:
        """The claims that the eligibility of the offer in a slot reads; each case names them."""
        chunk, place = divmod(slot, self.chunk_slots)
        named = self.levels[0].named
        return tuple(claim for claim in sorted(named) if named[claim][chunk] >> place & 1)

    def decided_by(
        self,
        slot: int,
        answers: Mapping[ClaimRef, str],
        alphabets: Mapping[ClaimRef, Sequence[str]],
    ) -> tuple[ClaimRef, ...]:
        """Of the claims it reads, those to which the first case that fits does not take any answer.

        Alphabets are without "no answer"; nothing where no case fits.
        """
        chunk, place = divmod(slot, self.chunk_slots)
        for level in self.levels:
            if level.eligible(chunk, answers) >> place & 1:
                return tuple(
                    claim
                    for claim in self.reads(slot)
                    if not level.takes_all(claim, alphabets[claim], chunk, place)
                )
        return ()

    def is_open(self, slot: int, now_seconds: int) -> bool:
        """Whether it may be shown at that second; of a second that it opens or closes in, not."""
        return self._numbers["opens"][slot] <= now_seconds < self._numbers["closes"][slot]

    def slot_of(self, name: int) -> int | None:
        """The slot of the offer whose id has this short name; None where there is none."""
        names = self._numbers["names"]
        at = bisect_left(names, name)
        return self._numbers["at"][at] if at < len(names) and names[at] == name else None


def build_index(offers: Iterable[tuple[Offer, Condition]]) -> bytes:
    """The index of these offers with what their eligibility was compiled to; slots in their order.

    Raises BadInput unless the worthiest come first (worth.slot_order), since ranking relies on it.
    """
    sets: dict[_SetName, list[int]] = defaultdict(list)
    numbers = {name: array(kind) for name, kind in _NUMBERS.items()}
    clients: dict[str, int] = {}
    names: list[tuple[int, int]] = []
    count = 0
    for slot, (offer, condition) in enumerate(offers):
        count += 1
        sets[_TRIGGER, offer.trigger].append(slot)
        sets[_CATEGORY, offer.category].append(slot)
        for level, case in enumerate(condition):
            _put_case(sets, str(level), case, slot)
        worth = worth_of(offer.benefit)
        if slot and worth > numbers["worth"][-1]:
            raise BadInput("offers", "come in the order of their slots, the worthiest first")
        numbers["worth"].append(worth)
        numbers["client"].append(clients.setdefault(offer.client, len(clients)))
        numbers["opens"].append(-int(-offer.valid_from.timestamp() // 1))
        numbers["closes"].append(int(offer.valid_until.timestamp()))
        names.append((name_of(offer.offer_id), slot))
    if count > MAX_SLOTS:
        raise BadInput("offers", f"takes at most {MAX_SLOTS}")
    names.sort()
    numbers["names"].extend(name for name, _ in names)
    numbers["at"].extend(slot for _, slot in names)
    return _write(count, list(clients), sets, numbers)


def read_index(content: bytes, chunk_slots: int = CHUNK_SLOTS) -> Index:
    """The index in bytes whose hash was checked; its size is bounded before it is unpacked.

    Raises Damaged for what `build_index` did not write.
    """
    try:
        return _read(content, chunk_slots)
    except (KeyError, TypeError, ValueError, IndexError, zlib.error):
        raise Damaged("the index of offers cannot be read") from None


def _put_case(
    sets: dict[_SetName, list[int]], level: str, case: Mapping[ClaimRef, frozenset[str]], slot: int
) -> None:
    sets[_PRESENT, level].append(slot)
    for claim, answers in case.items():
        sets[_NAMED, level, claim].append(slot)
        for answer in answers:
            sets[_TAKES, level, claim, answer].append(slot)


def _write(
    count: int,
    clients: Sequence[str],
    sets: Mapping[_SetName, Sequence[int]],
    numbers: Mapping[str, array[int]],
) -> bytes:
    header: dict[str, Any] = {"count": count, "clients": clients, "sets": [], "numbers": []}
    parts: list[bytes] = []
    for set_name in sorted(sets):
        bits = bytearray(-(-count // 8))
        for slot in sets[set_name]:
            bits[slot >> 3] |= 1 << (slot & 7)
        parts.append(zlib.compress(bytes(bits), 6))
        header["sets"].append([list(set_name), len(parts[-1])])
    for name, column in numbers.items():
        parts.append(zlib.compress(_little_endian(column).tobytes(), 1))
        header["numbers"].append([name, len(parts[-1])])
    told = rfc8785.dumps(header)
    return b"".join([MAGIC, len(told).to_bytes(_HEADER_BYTES), told, *parts])


def _read(content: bytes, chunk_slots: int) -> Index:
    begin = len(MAGIC) + _HEADER_BYTES
    if not content.startswith(MAGIC):
        raise ValueError
    end = begin + int.from_bytes(content[len(MAGIC) : begin])
    header = json.loads(content[begin:end])
    count = int(header["count"])
    if not 0 <= count <= MAX_SLOTS or len(header["sets"]) > MAX_SETS:
        raise ValueError
    sets: dict[_SetName, Bits] = {}
    for name, size in header["sets"]:
        unpacked = _unpack(content[end : end + size], -(-count // 8))
        if name[0] not in _KINDS:
            raise ValueError
        sets[tuple(name)] = _chunked(unpacked, chunk_slots)
        end += size
    numbers: dict[str, array[int]] = {}
    for column_name, size in header["numbers"]:
        column = array(_NUMBERS[column_name])
        column.frombytes(_unpack(content[end : end + size], count * column.itemsize))
        numbers[column_name] = _little_endian(column)
        end += size
    clients = tuple(map(ClientId, header["clients"]))
    if numbers.keys() != _NUMBERS.keys() or any(one >= len(clients) for one in numbers["client"]):
        raise ValueError
    return Index(
        count=count,
        chunk_slots=chunk_slots,
        claims=frozenset(ClaimRef(name[2]) for name in sets if name[0] == _NAMED),
        levels=tuple(_levels(sets)),
        triggers={name[1]: bits for name, bits in sets.items() if name[0] == _TRIGGER},
        categories={name[1]: bits for name, bits in sets.items() if name[0] == _CATEGORY},
        clients=clients,
        _numbers=numbers,
    )


def _levels(sets: Mapping[_SetName, Bits]) -> list[Level]:
    found = []
    for level in map(str, range(MAX_CASES)):
        if (_PRESENT, level) not in sets:
            break
        here = {name: bits for name, bits in sets.items() if name[1] == level}
        found.append(
            Level(
                present=here[_PRESENT, level],
                named={ClaimRef(n[2]): bits for n, bits in here.items() if n[0] == _NAMED},
                takes={(ClaimRef(n[2]), n[3]): bits for n, bits in here.items() if n[0] == _TAKES},
            )
        )
    return found


def _chunked(bits: bytes, chunk_slots: int) -> Bits:
    size = chunk_slots // 8
    return tuple(int.from_bytes(bits[at : at + size], "little") for at in range(0, len(bits), size))


def _unpack(packed: bytes, size: int) -> bytes:
    """So many bytes and no more, whatever somebody packed."""
    unpacking = zlib.decompressobj()
    found = unpacking.decompress(packed, size + 1)
    if len(found) != size or not unpacking.eof:
        raise ValueError
    return found


def _little_endian(column: array[int]) -> array[int]:
    if sys.byteorder == "big":
        column = array(column.typecode, column)
        column.byteswap()
    return column
