"""The request to a witness, byte by byte (C2SP tlog-witness, `add-checkpoint`)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final

from mydata_hub.errors import NotProven
from mydata_hub.transparency.checkpoint import (
    MAX_NOTE_BYTES,
    MAX_SIZE,
    Checkpoint,
    OpenedNote,
    open_note,
)

PATH: Final = "/add-checkpoint"
# What a witness answers in to an old size that it does not know the log by.
SIZE_TYPE: Final = "text/x.tlog.size"
MAX_PROOF_LINES: Final = 63
# A line of proof is 44 letters and a newline.
MAX_REQUEST_BYTES: Final = MAX_NOTE_BYTES + 4096
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request of tlog-witness: the size that the log believes we know, the proof, the note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes
    opened: OpenedNote
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> AddCheckpoint:
        """Read a request. Raises NotProven."""
        if len(body) > MAX_REQUEST_BYTES:
            raise NotProven("request", "too long")
        head, blank, note = body.partition(b"\n\n")
        first, *lines = head.decode("ascii", "replace").split("\n")
        old = _OLD.fullmatch(first)
        if not blank or old is None or len(lines) > MAX_PROOF_LINES or int(old[1]) > MAX_SIZE:
            raise NotProven("request", "not an old size, a proof, an empty line and a checkpoint")
        opened = open_note(note)
        proof = tuple(_hash(line) for line in lines)
        return cls(int(old[1]), proof, note, opened, opened.checkpoint())

    def encode(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old_size}", *(base64.b64encode(one).decode() for one in self.proof)]
        return ("\n".join(lines) + "\n\n").encode() + self.note


def _hash(line: str) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except ValueError:
        raise NotProven("request", "a line of the proof is not base64") from None
