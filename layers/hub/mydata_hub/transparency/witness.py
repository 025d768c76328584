"""A witness: cosigns a log's checkpoint only if it continues every one that it cosigned before.

The rules of C2SP tlog-witness (`add-checkpoint`), over one row for each log. That row moves by
compare-and-swap and is durable before a cosignature leaves, so neither two requests at once nor a
crash can make a witness sign two histories. It runs wherever its operator wants it to, best not
where the log is: a witness beside the log protects against nobody who owns both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from mydata_hub.errors import Conflict, Damaged, NotProven
from mydata_hub.ports.clock import Clock
from mydata_hub.ports.signer import Signer
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, Value, VersionIs
from mydata_hub.transparency.add_checkpoint import SIZE_TYPE, AddCheckpoint
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.merkle import EMPTY_ROOT, verify_consistency
from mydata_hub.transparency.signing import cosign

TABLE: Final = "witness"
TEXT_TYPE: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to whoever asked, as HTTP says it."""

    status: HTTPStatus
    body: str
    content_type: str = TEXT_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What a witness stands on: its own memory, its key, and the logs that it watches."""

    tables: Tables
    signer: Signer
    clock: Clock
    key: VerifierKey
    logs: Sequence[VerifierKey]

    def add_checkpoint(self, body: bytes) -> Reply:
        """Answer a request. What is answered with 200 was durable before. Raises Busy, Damaged,
        OutcomeUnknown: nothing was cosigned then."""
        try:
            asked = AddCheckpoint.parse(body)
        except NotProven as error:
            return Reply(HTTPStatus.BAD_REQUEST, f"{error}\n")
        keys = [key for key in self.logs if key.name == asked.checkpoint.origin]
        if not keys:
            return Reply(HTTPStatus.NOT_FOUND, "this witness does not watch that log\n")
        if not any(_signed_by(key, asked.note) for key in keys):
            return Reply(HTTPStatus.FORBIDDEN, "not signed by a key of that log\n")
        if asked.old_size > asked.checkpoint.size:
            return Reply(HTTPStatus.BAD_REQUEST, "the old size is over the checkpoint's\n")
        return self._advance(asked)

    def _advance(self, asked: AddCheckpoint) -> Reply:
        """Check against what was cosigned last, remember, cosign: in this order."""
        # Read first: the cosignature says that at this instant nothing larger had been seen.
        now = self.clock.now()
        key = Key(TABLE, asked.checkpoint.origin)
        row = self.tables.fetch_many(key).get(key)
        seen = _seen(row, asked.checkpoint.origin)
        if asked.old_size != seen.size:
            return _conflict(seen)
        if seen.size == asked.checkpoint.size and seen.root != asked.checkpoint.root:
            self._keep_evidence(asked)
            return _conflict(seen)
        try:
            _check_proof(seen, asked)
        except NotProven as error:
            return Reply(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}\n")
        values: dict[str, Value] = {
            "size": asked.checkpoint.size,
            "root": asked.checkpoint.root,
            "note": asked.note,
        }
        when = Absent() if row is None else VersionIs(row.version)
        try:
            self.tables.commit(Put(key=key, values=values, when=when))
        except Conflict:
            # Another request was first. Going on from what was read before it would roll it back.
            row = self.tables.fetch_many(key).get(key)
            return _conflict(_seen(row, asked.checkpoint.origin))
        return Reply(HTTPStatus.OK, cosign(asked.opened.text, self.key, self.signer, now))

    def _keep_evidence(self, asked: AddCheckpoint) -> None:
        """Two roots of one size under the log's own signature prove that it showed two histories.

        The first such note is kept: more would let a log fill the disk with its own guilt.
        """
        key = fork_of(asked.checkpoint.origin)
        if key not in self.tables.fetch_many(key):
            try:
                self.tables.commit(Put(key=key, values={"note": asked.note}, when=Absent()))
            except Conflict:
                return  # another request kept one


def fork_of(origin: str) -> Key:
    """Where the note lies with which a log contradicted what was cosigned."""
    return Key(TABLE, origin, "fork")


def _check_proof(seen: Checkpoint, asked: AddCheckpoint) -> None:
    if seen.size == 0:
        # Of an empty tree every tree is a continuation, and no proof says so.
        if asked.proof or (asked.checkpoint.size == 0 and asked.checkpoint.root != EMPTY_ROOT):
            raise NotProven("consistency proof", "none is due from size 0")
        return
    verify_consistency(
        seen.size, asked.checkpoint.size, asked.proof, seen.root, asked.checkpoint.root
    )


def _seen(row: Row | None, origin: str) -> Checkpoint:
    if row is None:
        return Checkpoint(origin, 0, EMPTY_ROOT)
    size, root = row.values.get("size"), row.values.get("root")
    if not isinstance(size, int) or not isinstance(root, bytes):
        raise Damaged("what the witness remembers of a log is malformed")
    return Checkpoint(origin, size, root)


def _conflict(seen: Checkpoint) -> Reply:
    return Reply(HTTPStatus.CONFLICT, f"{seen.size}\n", SIZE_TYPE)


def _signed_by(key: VerifierKey, note: bytes) -> bool:
    try:
        verify_checkpoint(note, key)
    except NotProven:
        return False
    return True
