"""Parts: how an export leaves the hub, one answer of bounded size after the other.

A part is lines of JSON behind one head line. The head says what the part holds and how to go on;
the lines go into the archive as they are (docs/export.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol, Self

from mydata_hub.accounts.sessions import Session

# The media type of a part.
LINES: Final = "application/x-ndjson; charset=utf-8"
# An answer of Lambda takes 6 MB as a JSON string, in which each byte of a line may become two.
PART_BYTES: Final = 5 * 512 * 1024
# Segments asked for at once: with their pages and announcements they fit one read of 100 rows.
MAX_ASKED: Final = 40
# As long as one export may take; then the passkey is needed again.
EXPORT_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Part:
    """One answer: its head, and its lines without line ends."""

    head: Mapping[str, Any]
    lines: Sequence[bytes] = ()

    def encode(self) -> bytes:
        """The bytes of the answer."""
        head = json.dumps(self.head, ensure_ascii=False).encode()
        return b"\n".join((head, *self.lines))

    @classmethod
    def decode(cls, encoded: bytes) -> Self:
        """The part in an answer. Raises ValueError for anything else."""
        head, *lines = encoded.split(b"\n")
        told = json.loads(head)
        if not isinstance(told, dict):
            raise ValueError("a part begins with its head")  # noqa: TRY004 (as json does)
        return cls(told, lines)


# Calls one of the export's endpoints: its path below /export, and the body. Gives the part.
Ask = Callable[[str, Mapping[str, Any]], Part]


class Exports(Protocol):
    """What the pages ask of the vault zone, which alone can open anything.

    Every call but `begin` raises NotFound for an export that is not this person's, StepUpNeeded
    for one that another session began or that took too long, AccountRestricted.
    """

    def begin(self, session: Session) -> Mapping[str, Any]:
        """Record in the log that an export begins; says what it will consist of.

        Raises StepUpNeeded, AccountRestricted, Busy.
        """
        ...

    def records(self, session: Session, export_id: str, asked: Sequence[str], skip: int) -> Part:
        """The records of these segments, as many as one part takes."""
        ...

    def history(self, session: Session, export_id: str, kind: str, after: str | None) -> Part:
        """Some consents or answers, behind the mark that the part before gave."""
        ...

    def end(self, session: Session, export_id: str) -> Mapping[str, Any]:
        """What changed in the vault meanwhile, and where the log stands."""
        ...
