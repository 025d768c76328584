"""Openings: what auditors may read beside each entry, kept apart from whom the event is about.

The sequencer writes them before the checkpoint that commits to their entries. Two rows of blobs,
each cut into files of 256 lines that are never rewritten, as tiles are (docs/protocol.md, frozen
format):

    openings/entries/<N>[.p/<W>]   a line for each entry: canonical JSON of the audit opening
    openings/hours/<N>[.p/<W>]     for each full one of these: its earliest and latest hour

So a period is found without reading what lies outside it, and who reads openings needs no access to
the events, which name people. A log of an older release has none of its first entries: `begun`
says from which entry on there are openings, and lines of what came before hold NOTHING.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import rfc8785

from mydata_hub.errors import BlobMissing, Damaged
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.tables import MAX_FETCH, Key, Row, Tables
from mydata_hub.transparency.events import TABLE
from mydata_hub.transparency.leaf import AUDIT_DOMAIN, SALT_BYTES, Leaf, Opening
from mydata_hub.transparency.tiles import TILE_WIDTH, Tile

OPENINGS: Final = "openings/entries"
HOURS: Final = "openings/hours"
BEGUN: Final = "openings/begun"
# The line of an entry, or of a file, from before there were openings.
NOTHING: Final = b"-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One entry as auditors see it: its place, and what its audit commitment opens to."""

    index: int
    salt: bytes
    payload: Mapping[str, str]

    @property
    def encoded(self) -> bytes:
        """The payload as it was committed to (RFC 8785)."""
        return rfc8785.dumps(dict(self.payload))

    def opens(self, leaf: bytes) -> bool:
        """Whether this opens the audit commitment of a leaf. Raises NotProven for no leaf."""
        return Opening(self.salt, self.encoded).commitment(AUDIT_DOMAIN) == Leaf.decode(leaf).audit


def publish_openings(tables: Tables, blobs: Blobs, event_ids: Sequence[str], first: int) -> None:
    """Keep the openings of the events that are entries `first` and on; again changes nothing.

    Raises Damaged for an event that is gone or has none, BlobMissing when the files before are, and
    Taken when a file holds something else.
    """
    if not event_ids:
        return
    lines = list(_lines(tables, event_ids))
    try:
        if first and first % TILE_WIDTH == 0:
            # Nothing before is read to go on from here, so what is not there would go unseen.
            _read(blobs, OPENINGS, first // TILE_WIDTH - 1, TILE_WIDTH)
        filled = _extend(blobs, OPENINGS, first, lines)
    except BlobMissing:
        if not _begin(blobs, first):
            raise
        filled = _extend(blobs, OPENINGS, first, lines, begun=first)
    if filled:
        begun = begun_at(blobs) // TILE_WIDTH
        _extend(blobs, HOURS, first // TILE_WIDTH, [_span(one) for one in filled], begun=begun)


def begun_at(blobs: Blobs) -> int:
    """The first entry that has an opening. Raises Damaged."""
    try:
        return int(blobs.get(BEGUN))
    except BlobMissing:
        return 0
    except ValueError:
        raise Damaged(f"{BEGUN} holds no number") from None


def _begin(blobs: Blobs, first: int) -> bool:
    """Whether openings begin at this entry: if there are none at all, they do from now on."""
    # A file of a log that has some and misses one is lost, and is not passed over.
    stored = set(blobs.names("openings/"))
    if not stored:
        blobs.put_if_absent(BEGUN, str(first).encode())
        return True
    return BEGUN in stored and begun_at(blobs) == first


def clear_outgrown(blobs: Blobs, old_size: int, size: int) -> None:
    """Remove the narrow files of the size before, once wider ones are out."""
    for folder, old, new in (
        (OPENINGS, old_size, size),
        (HOURS, old_size // TILE_WIDTH, size // TILE_WIDTH),
    ):
        if old != new and old % TILE_WIDTH:
            blobs.delete(_name(folder, old // TILE_WIDTH, old % TILE_WIDTH))


@dataclass(frozen=True, slots=True)
class OpeningFiles:
    """Reads what the sequencer kept of a log of a given size."""

    blobs: Blobs

    @property
    def begun(self) -> int:
        """The first entry that has an opening: 0 but for a log of an older release."""
        return begun_at(self.blobs)

    def bundle(self, number: int, size: int) -> list[Opened]:
        """The openings of entries 256 * `number` and on, as far as a log of `size` goes; of those
        before `begun` there are none.

        Raises Damaged, BlobMissing.
        """
        start = number * TILE_WIDTH
        end = min(start + TILE_WIDTH, size)
        try:
            lines = _read(self.blobs, OPENINGS, number, end - start)
        except BlobMissing:
            if end <= self.begun:
                return []
            raise
        return [
            _opened(start + offset, line) for offset, line in enumerate(lines) if line != NOTHING
        ]

    def span(self, number: int, size: int) -> tuple[str, str]:
        """The earliest and the latest hour that were noted of a full file of openings.

        Raises Damaged, BlobMissing.
        """
        noted, place = divmod(number, TILE_WIDTH)
        width = min(TILE_WIDTH, size // TILE_WIDTH - noted * TILE_WIDTH)
        return _hours(_read(self.blobs, HOURS, noted, width)[place])

    def bundles_of(self, since: str, until: str, size: int, first: int = 0) -> Iterator[int]:
        """The files from `first` on that may hold entries of `since` to `until`, both included.

        For 65,536 entries it reads one small file, when it gets there. The last file of a log is
        always among them while it is not full, because nobody has noted its hours yet.
        """
        full = size // TILE_WIDTH
        first = max(first, self.begun // TILE_WIDTH)
        start = first // TILE_WIDTH if first < full else full
        for number in range(start, -(-full // TILE_WIDTH)):
            width = min(TILE_WIDTH, full - number * TILE_WIDTH)
            lines = _read(self.blobs, HOURS, number, width)
            for one, line in enumerate(lines, number * TILE_WIDTH):
                if one < first:
                    continue
                earliest, latest = _hours(line)
                if earliest <= until and since <= latest:
                    yield one
        if size % TILE_WIDTH:
            yield full


def file_at(folder: str, number: int, lines: int) -> str:
    """What a file is called when there are so many lines in all."""
    return _name(folder, number, min(TILE_WIDTH, lines - number * TILE_WIDTH))


def files_of(size: int) -> Iterator[str]:
    """The files of a log of `size` entries, each as wide as it is."""
    for folder, lines in ((OPENINGS, size), (HOURS, size // TILE_WIDTH)):
        for number in range(-(-lines // TILE_WIDTH)):
            yield file_at(folder, number, lines)


def spans(opened: Sequence[Opened]) -> tuple[str, str]:
    """The earliest and the latest hour of some entries."""
    hours = [one.payload.get("hour", "") for one in opened]
    return min(hours), max(hours)


def _lines(tables: Tables, event_ids: Sequence[str]) -> Iterator[bytes]:
    for start in range(0, len(event_ids), MAX_FETCH):
        keys = [Key(TABLE, event_id) for event_id in event_ids[start : start + MAX_FETCH]]
        rows = tables.fetch_many(*keys)
        yield from (line_of(rows.get(key)) for key in keys)


def line_of(row: Row | None) -> bytes:
    """The line that an event's row gives. Raises Damaged."""
    salt, payload = (row.values.get("audit_salt"), row.values.get("audit")) if row else (None, None)
    if not isinstance(salt, bytes) or not isinstance(payload, bytes):
        raise Damaged("an event of the log has no opening for auditors")
    return rfc8785.dumps({"payload": json.loads(payload), "salt": base64.b64encode(salt).decode()})


def _opened(index: int, line: bytes) -> Opened:
    try:
        read = json.loads(line)
        salt, payload = base64.b64decode(read["salt"], validate=True), read["payload"]
    except (ValueError, KeyError, TypeError):
        raise Damaged(f"the opening of entry {index} is malformed") from None
    texts = isinstance(payload, dict) and all(isinstance(one, str) for one in payload.values())
    whole = len(salt) == SALT_BYTES and base64.b64encode(salt).decode() == read["salt"]
    if not texts or not whole:
        raise Damaged(f"the opening of entry {index} is malformed")
    return Opened(index=index, salt=salt, payload=payload)


def _span(lines: Sequence[bytes]) -> bytes:
    hours = [str(json.loads(line)["payload"]["hour"]) for line in lines if line != NOTHING]
    return f"{min(hours)} {max(hours)}".encode()


def _hours(line: bytes) -> tuple[str, str]:
    earliest, blank, latest = line.decode("ascii", "replace").partition(" ")
    if not blank:
        raise Damaged("the hours of the log are malformed")
    return earliest, latest


def _extend(
    blobs: Blobs, folder: str, start: int, lines: list[bytes], *, begun: int = 0
) -> list[list[bytes]]:
    """Add lines behind the first `start`; gives the lines of every file that became full."""
    number, width = divmod(start, TILE_WIDTH)
    # Where they begin there is no file yet to go on from.
    before = [NOTHING] * width if 0 < start == begun else _read(blobs, folder, number, width)
    rest = before + lines
    filled: list[list[bytes]] = []
    while rest:
        part, rest = rest[:TILE_WIDTH], rest[TILE_WIDTH:]
        blobs.put_if_absent(_name(folder, number, len(part)), b"\n".join(part) + b"\n")
        if len(part) == TILE_WIDTH:
            filled.append(part)
        number += 1
    return filled


def _read(blobs: Blobs, folder: str, number: int, width: int) -> list[bytes]:
    """The first `width` lines of a file, from a wider one too. Raises BlobMissing, Damaged."""
    if width <= 0:
        return []
    for name, held in _candidates(blobs, folder, number, width):
        try:
            content = blobs.get(name)
        except BlobMissing:
            continue
        lines = content.split(b"\n")
        if lines.pop() or len(lines) != held:
            raise Damaged(f"{name} does not hold its lines")
        return lines[:width]
    raise BlobMissing(f"{_name(folder, number, width)} is not there")


def _candidates(blobs: Blobs, folder: str, number: int, width: int) -> Iterator[tuple[str, int]]:
    yield _name(folder, number, width), width
    if width < TILE_WIDTH:
        yield _name(folder, number, TILE_WIDTH), TILE_WIDTH
        # At most 255 names: the narrow files of one full one.
        prefix = f"{_name(folder, number, TILE_WIDTH)}.p/"
        stored = [(name, int(name.removeprefix(prefix))) for name in blobs.names(prefix)]
        yield from ((name, held) for name, held in stored if held > width)


def _name(folder: str, number: int, width: int) -> str:
    # The same numbering as tiles have (C2SP tlog-tiles).
    return folder + Tile(0, number, width).path.removeprefix("tile/0")
