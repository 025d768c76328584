"""Searching the openings: what an auditor asks for, and a page of what was found.

Order and cursor are the place in the log and nothing else, which within a batch says nothing of
time. A request looks through a bounded number of files, so a rare word in a long log takes several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

from mydata_hub.errors import BadInput
from mydata_hub.transparency.openings import Opened, OpeningFiles
from mydata_hub.transparency.tiles import TILE_WIDTH

MAX_ENTRIES: Final = 1_000
# 16,384 entries; read one after the other from S3 in about a second.
MAX_BUNDLES: Final = 64
MAX_WORD_LETTERS: Final = 200
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HOUR: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}Z")
# Before and behind every hour; texts of hours sort as hours do.
_EARLIEST, _LATEST = "0", "9"
# Facts that hold several words, parted by blanks.
_LISTS: Final = frozenset({"claim", "policy_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What an entry must say; None is anything. `since` and `until` are hours, both included."""

    since: str | None = None
    until: str | None = None
    kind: str | None = None
    partner: str | None = None
    purpose: str | None = None
    policy: str | None = None
    decision: str | None = None
    claim: str | None = None
    staff: str | None = None

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Self:
        """What a query string asks for: `from` and `to` are days or hours (UTC), `class` a kind.

        Raises BadInput.
        """
        words = {one.name: given.get(_ASKED.get(one.name, one.name), "") for one in fields(cls)}
        for name, word in words.items():
            if len(word) > MAX_WORD_LETTERS:
                raise BadInput(_ASKED.get(name, name), f"takes at most {MAX_WORD_LETTERS} letters")
        words["since"] = _hour("from", words["since"], "00")
        words["until"] = _hour("to", words["until"], "23")
        return cls(**{name: word or None for name, word in words.items()})

    @property
    def asked(self) -> dict[str, str]:
        """The query string that reads as this search."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {_ASKED.get(name, name): word for name, word in found.items() if word}

    def fits(self, payload: Mapping[str, str]) -> bool:
        """Whether an opening says all that is asked for."""
        hour = payload.get("hour", "")
        return (
            (self.since or _EARLIEST) <= hour <= (self.until or _LATEST)
            and _says(self.kind, payload, "class")
            and _says(self.partner, payload, "partner")
            and _says(self.purpose, payload, "purpose")
            and _says(self.decision, payload, "decision")
            and _says(self.claim, payload, "claim")
            and _says(self.policy, payload, "policy_id", "policy_hash")
            and _says(self.staff, payload, "staff")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of entries; `looked_at` were looked at, and there may be more from `next_index` on."""

    entries: tuple[Opened, ...]
    looked_at: int
    next_index: int | None


def search(
    files: OpeningFiles, size: int, wanted: Search, start: int = 0, limit: int = MAX_ENTRIES
) -> Found:
    """The first entries from `start` on that fit, in the order of the log. Raises Damaged."""
    found: list[Opened] = []
    looked_at = read = 0
    for number in _bundles(files, size, wanted, start):
        if read == MAX_BUNDLES:
            return Found(
                entries=tuple(found),
                looked_at=looked_at,
                next_index=max(start, number * TILE_WIDTH),
            )
        read += 1
        for one in files.bundle(number, size):
            if one.index < start:
                continue
            if len(found) == limit:
                return Found(entries=tuple(found), looked_at=looked_at, next_index=one.index)
            looked_at += 1
            if wanted.fits(one.payload):
                found.append(one)
    return Found(entries=tuple(found), looked_at=looked_at, next_index=None)


def at_places(files: OpeningFiles, size: int, places: Sequence[int]) -> tuple[Opened, ...]:
    """The openings at these places, in their order, of those that have one; each file is read once.

    Raises Damaged.
    """
    bundles: dict[int, list[Opened]] = {}
    for number in sorted({place // TILE_WIDTH for place in places}):
        bundles[number] = files.bundle(number, size)
    opened = {one.index: one for found in bundles.values() for one in found}
    return tuple(opened[place] for place in places if place in opened)


def _bundles(files: OpeningFiles, size: int, wanted: Search, start: int) -> Iterator[int]:
    first = max(start, files.begun) // TILE_WIDTH
    if wanted.since is None and wanted.until is None:
        yield from range(first, -(-size // TILE_WIDTH))
        return
    since, until = wanted.since or _EARLIEST, wanted.until or _LATEST
    yield from files.bundles_of(since, until, size, first)


def _says(word: str | None, payload: Mapping[str, str], *names: str) -> bool:
    if word is None:
        return True
    for name in names:
        said = payload.get(name, "")
        words = said.split(" ") if name in _LISTS else [said]
        # A claim is found by its id alone too, whatever its version.
        if word in words or (name == "claim" and word in {one.partition("@")[0] for one in words}):
            return True
    return False


def _hour(field: str, text: str, hour: str) -> str:
    if not text or _HOUR.fullmatch(text):
        return text
    if _DAY.fullmatch(text):
        return f"{text}T{hour}Z"
    raise BadInput(field, "takes a day or an hour in UTC, such as 2026-11-20 or 2026-11-20T09Z")


# Names of the query string that are no names of ours.
_ASKED: Final = {"since": "from", "until": "to", "kind": "class"}
