"""What auditors read: entries of the log with their audit openings, as a document or as lines."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from mydata_hub.errors import BadInput
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Tables
from mydata_hub.transparency.access import Reader, record_access
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.openings import Opened, OpeningFiles
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.transparency.searching import MAX_ENTRIES, Search, search
from mydata_hub.transparency.tiles import ENTRIES, TILE_WIDTH, Tile, decode_bundle
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.request import Request
from mydata_hub.web.site import Front

MAX_FIELDS: Final = 20
MAX_INDEX: Final = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFront(Front):
    """Pages of auditors: the log, what its entries open to, and a table to be written down in."""

    log: PublishedLog
    files: OpeningFiles
    tables: Tables
    clock: Clock
    entropy: Entropy

    def checkpoint(self) -> tuple[bytes, Checkpoint]:
        """The checkpoint that what is shown belongs to: the latest, so that it never goes back
        between two pages. Raises NotFound before the log has begun."""
        note = self.log.latest()
        return note, verify_checkpoint(note, VerifierKey.parse(self.log.key()))

    def note_access(self, request: Request, wanted: Search, size: int) -> None:
        """Write down who reads. Raises Busy."""
        caller = request.caller
        reader = Reader(account_id=caller.account_id, session_id=caller.session_id)
        record_access(self.tables, self.clock, self.entropy, reader, wanted, size)


def read_entries(front: AuditFront, request: Request) -> Answer:
    """A page of entries, in the order of the log; `next` is where to go on.

    Raises BadInput, NotFound, Busy.
    """
    query = query_of(request)
    wanted = Search.read(query)
    start = number_of(query, "start", 0, MAX_INDEX)
    limit = number_of(query, "limit", MAX_ENTRIES, MAX_ENTRIES)
    note, checkpoint = front.checkpoint()
    found = search(front.files, checkpoint.size, wanted, start, limit)
    front.note_access(request, wanted, checkpoint.size)
    document = {
        "checkpoint": note.decode(),
        "size": checkpoint.size,
        "begun": front.files.begun,
        "looked_at": found.looked_at,
        "next": found.next_index,
        "entries": list(entry_documents(front.log, found.entries, checkpoint.size)),
    }
    return json_answer(200, document)


def entry_documents(
    log: PublishedLog, entries: Iterable[Opened], size: int
) -> Iterable[dict[str, Any]]:
    """Each entry with its leaf, its salt (base64) and what the commitment in the leaf is of."""
    bundles: dict[int, list[bytes]] = {}
    for one in entries:
        number = one.index // TILE_WIDTH
        if number not in bundles:
            tile = Tile(ENTRIES, number, min(TILE_WIDTH, size - number * TILE_WIDTH))
            bundles = {number: decode_bundle(tile, log.tile(tile.path))}
        yield {
            "index": one.index,
            "leaf": base64.b64encode(bundles[number][one.index % TILE_WIDTH]).decode(),
            "salt": base64.b64encode(one.salt).decode(),
            "payload": dict(one.payload),
        }


def query_of(request: Request) -> dict[str, str]:
    """The fields of the query string. Raises BadInput."""
    try:
        return dict(parse_qsl(request.query, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise BadInput("query", f"takes at most {MAX_FIELDS} fields") from None


def number_of(query: Mapping[str, str], name: str, otherwise: int, maximum: int) -> int:
    """A whole number of the query, at most `maximum`. Raises BadInput."""
    text = query.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal()) or len(text) > 16 or int(text) > maximum:
        raise BadInput(name, f"takes a number from 0 to {maximum}")
    return int(text)


HANDLERS: Final[Mapping[str, Callable[[AuditFront, Request], Answer]]] = {
    "GET /auditor/entries": read_entries,
}
