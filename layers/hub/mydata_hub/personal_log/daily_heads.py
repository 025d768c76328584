"""Daily heads: what a person keeps of each day on which they checked the log, to hold it to later.

A head is computed from the public log, so the log's own signature covers it: the checkpoint kept
beside it commits to every entry that it counts. A log that contradicts a day is convicted by two
of its own checkpoints, without a word of the hub about this person. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from mydata_hub.errors import NotProven
from mydata_hub.personal_log.book import link
from mydata_hub.personal_log.checking import Kept, ShownEntry, Wrong
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.tiles import Edge


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The checkpoint of a day's last check as it was signed, by which key (as signed-note writes
    it: a log may change its key), and the heads that had changed."""

    checkpoint: str
    key: str
    heads: Mapping[str, Kept]


def with_day(
    days: Mapping[str, Day], day: str, signed: tuple[str, VerifierKey], heads: Mapping[str, Kept]
) -> dict[str, Day]:
    """The days with this one, of which the last check counts; `heads` are those of all periods,
    `signed` is the checkpoint with its key."""
    before: dict[str, Kept] = {}
    for name in sorted(name for name in days if name < day):
        before |= days[name].heads
    changed = {period: head for period, head in heads.items() if before.get(period) != head}
    return {**days, day: Day(checkpoint=signed[0], key=str(signed[1]), heads=changed)}


def check_days(
    days: Mapping[str, Day],
    shown: Sequence[ShownEntry],
    leaves: Sequence[bytes],
    keys: Mapping[str, bytes],
) -> tuple[Wrong, ...]:
    """What the log and what is shown now contradict of earlier days, each by its day.

    `leaves` are of a log that was verified, `keys` the tag keys that are shown.
    """
    chains = _chains(shown, len(leaves))
    wrong = [
        Wrong(f"day {day}", reason)
        for day, kept in sorted(days.items())
        for reason in _unlike(kept, chains, keys)
    ]
    return (*_forks(days, leaves), *wrong)


def _chains(shown: Sequence[ShownEntry], size: int) -> Mapping[str, list[str]]:
    """The chain of each period after each of its entries, none at first."""
    inside = [one for one in shown if one.index < size and one.period is not None]
    inside.sort(key=lambda one: (one.period, one.index))
    chains: dict[str, list[str]] = {}
    for period, entries in groupby(inside, key=lambda one: str(one.period)):
        chain = bytes(32)
        chains[period] = [chain.hex()]
        for one in entries:
            chain = link(chain, one.index, one.leaf)
            chains[period].append(chain.hex())
    return chains


def _unlike(kept: Day, chains: Mapping[str, list[str]], keys: Mapping[str, bytes]) -> Iterator[str]:
    for period, head in kept.heads.items():
        key, chain = keys.get(period), chains.get(period, [])
        if key is None or hashlib.sha256(key).hexdigest() != head.key:
            yield f"{period} is not shown now with the key it had then"
        elif head.count >= len(chain) or chain[head.count] != head.chain:
            yield f"the {head.count} entries of {period} that were there are not all there as then"


def _forks(days: Mapping[str, Day], leaves: Sequence[bytes]) -> Iterator[Wrong]:
    """Days whose signed checkpoint this log does not continue."""
    signed: dict[str, Checkpoint] = {}
    for day, kept in sorted(days.items()):
        try:
            key = VerifierKey.parse(kept.key)
            signed[day] = verify_checkpoint(kept.checkpoint.encode(), key)
        except NotProven:
            yield Wrong(f"day {day}", "what was kept of it is no checkpoint that its key signed")
    roots = _roots(leaves, {one.size for one in signed.values()})
    for day, checkpoint in signed.items():
        if roots.get(checkpoint.size) != checkpoint.root:
            yield Wrong(f"day {day}", "the log does not continue the checkpoint it signed then")


def _roots(leaves: Sequence[bytes], sizes: set[int]) -> Mapping[int, bytes]:
    """The root of the log at each of these sizes that it has."""
    edge = Edge(lambda *_: None)
    roots = {0: edge.root()} if 0 in sizes else {}
    for leaf in leaves[: max(sizes, default=0)]:
        edge.append(leaf)
        if edge.size in sizes:
            roots[edge.size] = edge.root()
    return roots
