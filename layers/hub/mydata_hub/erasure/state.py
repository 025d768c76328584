"""The state of an erasure: a row that only goes forward, and holds nobody's name in the end.

Table `erasures`, format 1: a row for each erasure under the id of its certificates, which nobody
can guess. `account_id` is there until the second certificate, because whatever an act under way
left behind is swept up once more before that is signed. The row "keys" holds the public keys of
certificates. Change rule: members may be added; readers accept n - 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter

from mydata_hub.accounts.rows import read_row, values_of
from mydata_hub.errors import NotFound
from mydata_hub.ports.messages import Message
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, Value, VersionIs

TABLE: Final = "erasures"
TOPIC: Final = "erase"
ID_BYTES: Final = 32
ID_LETTERS: Final = 2 * ID_BYTES
# In their order; steps.py says what each of them does.
STEP_NAMES: Final = (
    *("grants", "sources", "keys", "sealed", "consents", "account", "log", "leftovers"),
)

# Of an erasure of a part; part_running.py does them.
PART_STEPS: Final = ("hidden", "sealed_anew", "old_keys")
PART_TOPIC: Final = "erase_part"
# Where the whole vault was erased before a part of it was.
OVERTAKEN: Final = "overtaken"

# In the order in which people read them; the pages have the words for each in two languages.
NOT_COVERED: Final[Mapping[str, str]] = {
    "exports": "what the person exported",
    "answers": "answers that partners were given, and what they made of them",
    "providers": "what the providers themselves keep",
    "copies": "copies that somebody made outside the hub's own procedure",
    "marks": "random names without meaning: in the log, in partners' records, on the tombstone",
}


# Of a part: what its steps did.
PART_COVERED: Final[Mapping[str, str]] = {
    "records": "the records named; the secrets that they were sealed under are destroyed",
    "understood": "what was understood of them: the profile was folded afresh without them",
    "answers": "answers kept by the hub that may have rested on them",
}
PART_NOT_COVERED: Final[Mapping[str, str]] = {
    "exports": NOT_COVERED["exports"],
    "answers": NOT_COVERED["answers"],
    "providers": NOT_COVERED["providers"],
    "copies": NOT_COVERED["copies"],
    "brought": "the same records, where the person brings them again",
    "appeals": "records that the person showed to a reviewer, for a year after the decision",
    "known": "that records were collected and when, by their counts: in the log and the consents",
}


class Kind(StrEnum):
    """What a certificate is of; the kind of its event in the log."""

    ERASED = "erased"
    IRRECOVERABLE = "irrecoverable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate as it was signed; `log` is the proof of its entry, once there is one."""

    kind: Kind
    event_id: str
    document: bytes
    log: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A snapshot; `done` names the steps that are behind it, `version` is its row's."""

    certificate_id: str
    version: int = 0
    account_id: str | None = None
    begun_at: datetime
    done: Mapping[str, datetime] = field(default_factory=dict)
    # Since when nobody can open anything, and from when on no copy of the keys can bring it back.
    inaccessible_at: datetime | None = None
    irrecoverable_at: datetime | None = None
    issued: tuple[Issued, ...] = ()
    # Of an erasure of a part alone, and no more: what it consists of (vault/erased_parts.py).
    part: Mapping[str, str] | None = None

    @property
    def steps(self) -> Sequence[str]:
        """The steps of this erasure, in their order."""
        return STEP_NAMES if self.part is None else PART_STEPS

    def mark(self, step: str, at: datetime) -> Erasure:
        """One step further."""
        return replace(self, done={**self.done, step: at})

    def certificate(self, kind: Kind) -> Issued | None:
        """The certificate of a kind, once it is issued."""
        return next((one for one in self.issued if one.kind is kind), None)


_ERASURES: Final = TypeAdapter(Erasure)


def erasure_key(certificate_id: str) -> Key:
    """The row of an erasure."""
    return Key(TABLE, certificate_id)


def fetch_erasure(tables: Tables, certificate_id: str) -> Erasure:
    """An erasure as it stands. Raises NotFound, Damaged, Busy."""
    key = erasure_key(certificate_id)
    if not (len(certificate_id) == ID_LETTERS and certificate_id.isalnum()):
        raise NotFound("there is no such certificate")
    row = tables.fetch_many(key).get(key)
    if row is None:
        raise NotFound("there is no such certificate")
    return read_erasure(row)


def read_erasure(row: Row) -> Erasure:
    """The erasure in a row. Raises Damaged."""
    return read_row(_ERASURES, row, certificate_id=row.key.partition, version=row.version)


def put_erasure(erasure: Erasure) -> Put:
    """The change that writes an erasure: version 0 is a new one."""
    values = values_of(erasure, "certificate_id", "version", "done", "issued", "part")
    if erasure.part is not None:
        values["part"] = dict(erasure.part)
    done: Value = {step: at.isoformat() for step, at in erasure.done.items()}
    issued: Value = [values_of(one) for one in erasure.issued]
    return Put(
        key=erasure_key(erasure.certificate_id),
        values={**values, "done": done, "issued": issued},
        when=VersionIs(erasure.version) if erasure.version else Absent(),
    )


def part_message(certificate_id: str, message_id: str, due_at: datetime) -> Message:
    """Asks for an erasure of a part to be taken further, by who may open and seal."""
    body = {"certificate_id": certificate_id}
    return Message(message_id=message_id, topic=PART_TOPIC, body=body, due_at=due_at)


def erase_message(certificate_id: str, message_id: str, due_at: datetime) -> Message:
    """Asks for an erasure to be taken further; it names no person."""
    body = {"certificate_id": certificate_id}
    return Message(message_id=message_id, topic=TOPIC, body=body, due_at=due_at)
