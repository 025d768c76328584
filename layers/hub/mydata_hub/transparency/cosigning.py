"""Cosignatures for the hub's own checkpoints: asked of its witnesses by the courier.

The sequencer leaves a message in the commit of each checkpoint. Whoever takes it asks each witness
for the latest checkpoint, so a message that comes late asks for nothing old. The log waits for no
witness: one that does not answer is left alone for a while, and one message wakes us up for it.
What the courier needs is public: checkpoint and tiles, no key of the log.

Table `witnesses`, format 1: "cosigned" is the latest checkpoint that a witness cosigned, "witness"
with a witness's name is how far it has got and how often it failed since.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, Protocol

from mydata_hub.errors import BadInput, CallFailed, Conflict, Damaged, HubError, NotProven
from mydata_hub.outbound import Place, read_body
from mydata_hub.ports.messages import Message, send, settle
from mydata_hub.ports.tables import Absent, Change, Key, Put, Row, Tables, Value, VersionIs
from mydata_hub.transparency.add_checkpoint import PATH, SIZE_TYPE, AddCheckpoint
from mydata_hub.transparency.checkpoint import (
    COSIGNATURE,
    Checkpoint,
    VerifierKey,
    open_note,
    verify_checkpoint,
)
from mydata_hub.transparency.cosign_message import cosign_message
from mydata_hub.transparency.cosignature import verify_cosignature
from mydata_hub.transparency.merkle import consistency_proof
from mydata_hub.transparency.published import COSIGNED, PublishedLog
from mydata_hub.transparency.tiles import hashes_from, subtree_hash

# One after the other within one invocation; more witnesses than that need another design.
MAX_WITNESSES: Final = 4
DEADLINE_S: Final = 3.0
MAX_ANSWER_BYTES: Final = 16 * 1024
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=10)
_SIZE: Final = re.compile(r"(0|[1-9][0-9]{0,18})\n")


class Asking(Protocol):
    """Whoever carries a request to a witness."""

    def __call__(self, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer. Raises CallFailed."""
        ...


@dataclass(frozen=True, slots=True)
class WitnessAddress:
    """A witness that this hub may call: its key, and where it answers."""

    key: VerifierKey
    place: Place

    def ask(self, body: bytes) -> tuple[int, str, bytes]:
        """POST an add-checkpoint. Raises CallFailed."""
        headers = {"Content-Type": "text/plain; charset=utf-8", "Accept": "text/plain"}
        with self.place.ask("POST", PATH, headers, body, DEADLINE_S) as response:
            kind = response.headers.get("Content-Type", "")
            return response.status, kind, read_body(response, MAX_ANSWER_BYTES)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a witness has got, as we know it; it may know better."""

    key: VerifierKey
    row: Row | None
    size: int = 0
    failures: int = 0
    retry_at: datetime | None = None

    def put(self, size: int, failures: int, retry_at: datetime | None) -> Put:
        """The change that writes it down; it conflicts if somebody else asked meanwhile."""
        values: dict[str, Value] = {
            "size": size,
            "failures": failures,
            "retry_at": retry_at.isoformat() if retry_at else None,
        }
        when = Absent() if self.row is None else VersionIs(self.row.version)
        return Put(key=_key_of(self.key), values=values, when=when)


def read_witnesses(setting: str) -> tuple[WitnessAddress, ...]:
    """The witnesses in a setting: "VKEY URL", separated by commas; none in an empty one.

    Raises BadInput, NotProven.
    """
    found = []
    for one in filter(None, setting.split(",")):
        key, _, url = one.strip().partition(" ")
        found.append(WitnessAddress(VerifierKey.parse(key, COSIGNATURE), Place.parse("url", url)))
    if len(found) > MAX_WITNESSES or len({one.key.name for one in found}) < len(found):
        raise BadInput("witnesses", f"takes at most {MAX_WITNESSES}, each once")
    return tuple(found)


def collect_cosignatures(
    log: PublishedLog, witnesses: Sequence[WitnessAddress], message: Message, now: datetime
) -> bool:
    """Ask whom it is time to ask, keep what they say and settle the message, in one commit.

    False if somebody else settled it. Raises NotProven, after the commit, when a witness will not
    have this log for the continuation of what it saw: somebody must look. Raises what the ports
    raise; asking again is harmless.
    """
    tables, note = log.tables, log.latest()
    checkpoint = verify_checkpoint(note, VerifierKey.parse(log.key()))
    rows = tables.fetch_many(COSIGNED, *(_key_of(one.key) for one in witnesses))
    cosigned = _Cosigned(rows.get(COSIGNED), note, checkpoint)
    changes: list[Change] = [settle(message)]
    pauses: list[datetime] = []
    refused: NotProven | None = None
    for witness in witnesses:
        standing = _standing(witness.key, rows.get(_key_of(witness.key)))
        if cosigned.has(witness.key) or (standing.retry_at and standing.retry_at > now):
            continue
        try:
            line = ask_witness(witness.ask, witness.key, standing.size, log, note)
        except HubError as error:
            if not isinstance(error, CallFailed | NotProven):
                raise
            refused = error if isinstance(error, NotProven) else refused
            pauses.append(now + _pause(standing.failures))
            changes.append(standing.put(standing.size, standing.failures + 1, pauses[-1]))
        else:
            cosigned.add(line)
            changes.append(standing.put(checkpoint.size, 0, None))
    if cosigned.lines:
        changes.append(cosigned.put(now))
    if pauses:
        changes.append(send(cosign_message(checkpoint.size, min(pauses))))
    return _commit(tables, changes, refused)


def ask_witness(
    ask: Asking, key: VerifierKey, old_size: int, log: PublishedLog, note: bytes
) -> str:
    """A witness's line for a note, asked twice at most: it may know another size than we do.

    Raises CallFailed, and NotProven when the witness will not cosign this log.
    """
    opened = open_note(note)
    checkpoint = opened.checkpoint()
    for _ in range(2):
        proof = _proof(log, min(old_size, checkpoint.size), checkpoint.size)
        asked = AddCheckpoint(old_size, proof, note, opened, checkpoint)
        status, content_type, body = ask(asked.encode())
        if status == HTTPStatus.OK:
            return _line(note, body, key)
        told = _SIZE.fullmatch(body.decode("ascii", "replace"))
        if status != HTTPStatus.CONFLICT or not told or content_type != SIZE_TYPE:
            break
        if int(told[1]) == old_size:
            raise NotProven("checkpoint", f"{key.name} knows another history of size {old_size}")
        old_size = int(told[1])
        if old_size > checkpoint.size:
            raise NotProven("checkpoint", f"{key.name} has seen this log at size {old_size}")
    if status in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.FORBIDDEN):
        raise NotProven("checkpoint", f"{key.name} does not cosign it: status {status}")
    raise CallFailed("unavailable", f"a witness answered {status}")


@dataclass(slots=True)
class _Cosigned:
    """The latest cosigned checkpoint: kept while it is of this size, begun anew for a later one."""

    row: Row | None
    note: bytes
    checkpoint: Checkpoint
    lines: str = ""

    def __post_init__(self) -> None:
        kept = self.row.values.get("note") if self.row else None
        if isinstance(kept, bytes) and open_note(kept).text == open_note(self.note).text:
            self.note = kept

    def has(self, key: VerifierKey) -> bool:
        return bool(open_note(self.note).signatures_of(key))

    def add(self, line: str) -> None:
        self.lines += line

    def put(self, now: datetime) -> Put:
        values: dict[str, Value] = {
            "size": self.checkpoint.size,
            "note": self.note + self.lines.encode(),
            "at": now.isoformat(),
        }
        when = Absent() if self.row is None else VersionIs(self.row.version)
        return Put(key=COSIGNED, values=values, when=when)


def _commit(tables: Tables, changes: Sequence[Change], refused: NotProven | None) -> bool:
    try:
        tables.commit(*changes)
    except Conflict:
        settled = changes[0].key
        if settled in tables.fetch_many(settled):
            raise  # somebody else wrote down what they asked; come again and see
        return False
    if refused is not None:
        raise refused
    return True


def _proof(log: PublishedLog, old_size: int, size: int) -> tuple[bytes, ...]:
    if not 0 < old_size < size:
        return ()
    hashes = hashes_from(log.tile)
    return tuple(
        consistency_proof(old_size, size, lambda low, high: subtree_hash(low, high, hashes, size))
    )


def _line(note: bytes, body: bytes, key: VerifierKey) -> str:
    """The one line of the answer that is this witness's and right; others are not looked at."""
    for line in body.decode("utf-8", "replace").splitlines():
        try:
            verify_cosignature(note + f"{line}\n".encode(), key)
        except NotProven:
            continue
        return f"{line}\n"
    raise CallFailed("malformed", "a witness answered with no cosignature of its own")


def _standing(key: VerifierKey, row: Row | None) -> Standing:
    values: Mapping[str, Value] = row.values if row else {"size": 0, "failures": 0}
    size, failures, retry_at = values.get("size"), values.get("failures"), values.get("retry_at")
    if not (
        isinstance(size, int) and isinstance(failures, int) and isinstance(retry_at, str | None)
    ):
        raise Damaged("what is known of a witness is malformed")
    at = datetime.fromisoformat(retry_at) if retry_at else None
    return Standing(key, row, size, failures, at)


def _key_of(key: VerifierKey) -> Key:
    # By its id, too: a witness with a new key is a new witness.
    return Key("witnesses", "witness", f"{key.name}+{key.key_id.hex()}")


def _pause(failures: int) -> timedelta:
    pause: timedelta = FIRST_PAUSE * 2 ** min(failures, 16)
    return min(LONGEST_PAUSE, pause)
