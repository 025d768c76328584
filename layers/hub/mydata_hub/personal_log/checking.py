"""Checking: what a hub shows a person of the log, held to the public log itself.

Pure: it takes what was shown, every entry of a log that was verified before, and what this person
kept of earlier checks. Whatever is missing or other than it was is named. The tag key is what makes
it whole: it finds each entry of the period in the log, whether the hub shows it or not.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from mydata_hub.errors import BadInput, FormatUnknown, NotProven, Unreadable
from mydata_hub.personal_log.book import link
from mydata_hub.ports.tables import Key
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.leaf import PERSON_DOMAIN, Leaf, Opening, person_tag, unkeyed_tag

# Every version of these rows is named by an event, so one that is missing was taken away: by the
# table, and the beginning of the partition.
GRANTS: Final = ("grants", "grant#")
UNBROKEN: Final = (("accounts", ""), GRANTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """An entry as the hub shows it: its place, its leaf, what opens it, and in which words."""

    index: int
    event_id: str
    kind: str
    leaf: bytes
    opening: Opening
    period: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a person keeps of one period: how many entries it had, their chain, and by which key."""

    count: int
    chain: str
    key: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, and how: named as people find it again."""

    name: str
    reason: str
    # It may be on its way: the log is published before the person's list is written.
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result; `kept` is to be kept for the next time if nothing is wrong."""

    checked: int
    newer: int
    wrong: tuple[Wrong, ...]
    kept: Mapping[str, Kept] = field(default_factory=dict)


def check_entries(
    shown: Sequence[ShownEntry],
    leaves: Sequence[bytes],
    keys: Mapping[str, bytes],
    kept: Mapping[str, Kept],
    receipts: Sequence[bytes] = (),
    grants: Mapping[str, int] | None = None,
) -> Checked:
    """Hold what is shown to the log's entries.

    `keys` are the tag keys of the periods that were shown, `kept` is of an earlier check, and
    `receipts` are leaves of answer receipts about this person that somebody holds. `grants` are the
    versions that their grants had before the entries were shown, by the grants' ids.
    """
    inside = sorted((one for one in shown if one.index < len(leaves)), key=lambda one: one.index)
    wrong = [
        *_doubled(inside),
        *(found for one in inside for found in _wrong_entry(one, leaves, keys)),
        *_hidden(inside, leaves, keys),
        *_gaps(shown, grants or {}),
        *_without_entry(inside, receipts),
    ]
    heads = {period: _head(period, inside, key) for period, key in keys.items()}
    wrong += _unlike_kept(inside, keys, kept)
    return Checked(
        checked=len(inside),
        newer=len(shown) - len(inside),
        wrong=tuple(wrong),
        kept={**kept, **heads},
    )


def _wrong_entry(
    one: ShownEntry, leaves: Sequence[bytes], keys: Mapping[str, bytes]
) -> Iterator[Wrong]:
    name = f"entry {one.index}"
    if leaves[one.index] != one.leaf:
        yield Wrong(name, "is another one in the log")
        return
    try:
        leaf, event = Leaf.decode(one.leaf), Event.decode(one.opening.payload)
    except (NotProven, Unreadable, FormatUnknown, BadInput):
        yield Wrong(name, "does not hold an event")
        return
    if one.opening.commitment(PERSON_DOMAIN) != leaf.person:
        yield Wrong(name, "is not what the log committed to")
    elif (event.event_id, event.kind) != (one.event_id, one.kind):
        yield Wrong(name, "is shown as something else than it is")
    key = keys.get(one.period) if one.period else None
    keyed = key is not None and person_tag(key, leaf.person, leaf.audit) == leaf.tag
    if not keyed and unkeyed_tag(one.opening.salt) != leaf.tag:
        yield Wrong(name, "is not tagged with the key of its period")


def _doubled(shown: Sequence[ShownEntry]) -> Iterator[Wrong]:
    for before, one in pairwise(shown):
        if before.index == one.index:
            yield Wrong(f"entry {one.index}", "is shown twice")


def _hidden(
    shown: Sequence[ShownEntry], leaves: Sequence[bytes], keys: Mapping[str, bytes]
) -> Iterator[Wrong]:
    seen = {one.index for one in shown}
    for index, entry in enumerate(leaves):
        leaf = Leaf.decode(entry)
        for period, key in keys.items():
            if index not in seen and person_tag(key, leaf.person, leaf.audit) == leaf.tag:
                reason = f"is of {period} and about this person, and the hub does not show it"
                yield Wrong(f"entry {index}", reason, missing=True)


def _gaps(shown: Sequence[ShownEntry], grants: Mapping[str, int]) -> Iterator[Wrong]:
    """Versions of rows that no entry names, below the highest that one does or that is there.

    Entries that came after the checkpoint count as well: they are held to the log the next time.
    """
    versions: dict[Key, set[int]] = defaultdict(set)
    for one in shown:
        try:
            event = Event.decode(one.opening.payload)
        except (Unreadable, FormatUnknown, BadInput):
            continue  # told already
        row = event.row
        if any(row.table == table and row.partition.startswith(head) for table, head in UNBROKEN):
            versions[row].add(event.row_version)
    highest = {row: max(named) for row, named in versions.items()}
    for grant_id, version in grants.items():
        row = Key(GRANTS[0], GRANTS[1] + grant_id)
        highest[row] = max(version, highest.get(row, 0))
    for row, last in highest.items():
        name = f"{row.table} {row.sort}"
        if row.table == GRANTS[0]:
            name = row.partition.replace("#", " ")
        for version in sorted(set(range(1, last + 1)) - versions[row]):
            yield Wrong(name, f"version {version} has no entry", missing=True)


def _without_entry(shown: Sequence[ShownEntry], receipts: Sequence[bytes]) -> Iterator[Wrong]:
    known = [Leaf.decode(one.leaf) for one in shown]
    for number, entry in enumerate(receipts, 1):
        leaf = Leaf.decode(entry)
        if not any(leaf.same_event(one) for one in known):
            yield Wrong(f"receipt {number}", "has no entry among those that are shown")


def _head(period: str, shown: Sequence[ShownEntry], key: bytes, count: int | None = None) -> Kept:
    own = [one for one in shown if one.period == period][:count]
    chain = bytes(32)
    for one in own:
        chain = link(chain, one.index, one.leaf)
    return Kept(count=len(own), chain=chain.hex(), key=hashlib.sha256(key).hexdigest())


def _unlike_kept(
    shown: Sequence[ShownEntry], keys: Mapping[str, bytes], kept: Mapping[str, Kept]
) -> Iterator[Wrong]:
    for period, before in kept.items():
        key = keys.get(period)
        if key is None:
            yield Wrong(f"period {period}", f"had {before.count} entries, and is not shown at all")
            continue
        now = _head(period, shown, key, before.count)
        if now.key != before.key:
            yield Wrong(f"period {period}", "is shown with another key than before")
        elif now != before:
            reason = f"the {before.count} entries that were there before are not all there as then"
            yield Wrong(f"period {period}", reason)
