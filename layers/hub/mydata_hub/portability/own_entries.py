"""The log's entries about a person, as lines of an archive; the log zone opens them (audit)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from mydata_hub.base64url import encode_base64url
from mydata_hub.personal_log.entries import Entries, Entry
from mydata_hub.portability.parts import Part
from mydata_hub.transparency.log_proof import prove_entry
from mydata_hub.transparency.published import PublishedLog


def entries_part(page: Entries, log: PublishedLog) -> Part:
    """Each entry: the leaf, what opens it, and its proof once it is in the log. Raises NotFound,
    NotProven."""
    last = max((one.index for one in page.entries if one.index is not None), default=0)
    same = _SameLog(log, last)
    return Part({"after": page.after}, [_line(one, same) for one in page.entries])


def _line(one: Entry, log: _SameLog) -> bytes:
    members = {
        "event_id": one.event.event_id,
        "index": one.index,
        "leaf": encode_base64url(one.leaf.encode()),
        "salt": encode_base64url(one.opening.salt),
        "payload": one.opening.payload.decode(),
        "proof": None if one.index is None else prove_entry(log, one.index),
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(slots=True)
class _SameLog:
    """The published log at one checkpoint, each tile read once: a part has many proofs."""

    log: PublishedLog
    last: int
    _note: bytes = b""
    _tiles: dict[str, bytes] = field(default_factory=dict)

    def checkpoint(self, covering: int = 0) -> bytes:
        self._note = self._note or self.log.checkpoint(max(covering, self.last + 1))
        return self._note

    def key(self) -> str:
        return self.log.key()

    def tile(self, path: str) -> bytes:
        if path not in self._tiles:
            self._tiles[path] = self.log.tile(path)
        return self._tiles[path]
