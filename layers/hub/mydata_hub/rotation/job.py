"""Jobs: one rotation over all vaults or one, which only goes forward.

Table `rotations`, format 1: a row for each job under its random id, and a row "running#<kind>" that
names the one of a kind that is under way, so that asking twice begins one. Which vaults are behind
a job is its mark in the list of the table of keys. Change rule: members may be added; readers
accept n - 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter

from mydata_hub.accounts.rows import read_row, values_of
from mydata_hub.errors import BadInput, NotFound, Taken
from mydata_hub.fields import require_id
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.messages import Message, send
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, VersionIs

TABLE: Final = "rotations"
TOPIC: Final = "rotate"
ID_BYTES: Final = 16
# Vaults that are named in a job because they could not be done; all of them are counted.
MAX_NAMED: Final = 100


class Kind(StrEnum):
    """What is renewed: the wrapping, the keys, or the keys and all that was sealed under old ones.

    Each does what the one before it does not.
    """

    WRAP = "wrap"
    KEYS = "keys"
    SEAL = "seal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A snapshot; `version` is its row's. Counts are of what is marked, so none counts twice."""

    rotation_id: str
    version: int = 0
    kind: Kind
    # One vault, or all of them.
    vault_id: str | None = None
    begun_at: datetime
    ended_at: datetime | None = None
    # How far the list of keys has been gone through, and what is done of its present page.
    after: str | None = None
    page_done: tuple[str, ...] = ()
    # Whether the vault that it is at was changed already, by a run whose time was up.
    changed_so_far: bool = False
    vaults: int = 0
    changed: int = 0
    segments: int = 0
    failed: int = 0
    failures: tuple[str, ...] = ()

    def count(
        self, vault_id: str, *, changed: bool = False, segments: int = 0, failed: bool = False
    ) -> Job:
        """One more vault behind it."""
        named = (*self.failures, vault_id)[:MAX_NAMED] if failed else self.failures
        return replace(
            self,
            page_done=(*self.page_done, vault_id),
            vaults=self.vaults + 1,
            changed=self.changed + (changed or self.changed_so_far),
            changed_so_far=False,
            segments=self.segments + segments,
            failed=self.failed + failed,
            failures=named,
        )


_JOBS: Final = TypeAdapter(Job)


def job_key(rotation_id: str) -> Key:
    """The row of a job."""
    return Key(TABLE, rotation_id)


def fetch_job(tables: Tables, rotation_id: str) -> Job:
    """A job as it stands. Raises NotFound, Damaged, Busy."""
    require_id("rotation_id", rotation_id)
    key = job_key(rotation_id)
    row = tables.fetch_many(key).get(key)
    if row is None or rotation_id.startswith("running"):
        raise NotFound("there is no such rotation")
    return _read(row)


def put_job(job: Job) -> Put:
    """The change that writes a job: version 0 is a new one."""
    values = values_of(job, "rotation_id", "version")
    when = VersionIs(job.version) if job.version else Absent()
    return Put(key=job_key(job.rotation_id), values=values, when=when)


def begin_job(
    tables: Tables, clock: Clock, entropy: Entropy, kind: Kind, vault_id: str | None
) -> Job:
    """Ask for a rotation. One of the same kind and vaults that is under way is given instead.

    Raises Taken while another of this kind is, BadInput, Conflict (ask again), Busy.
    """
    if vault_id is not None:
        require_id("vault", vault_id)
    running = running_job(tables, kind)
    if running is not None:
        if running.vault_id != vault_id:
            raise Taken("another rotation of this kind is under way; wait for it")
        return running
    key = _running_key(kind)
    row = tables.fetch_many(key).get(key)
    job = Job(
        rotation_id=entropy.token(ID_BYTES).hex(),
        kind=kind,
        vault_id=vault_id,
        begun_at=clock.now(),
    )
    now_running = Put(
        key=key,
        values={"rotation_id": job.rotation_id},
        when=VersionIs(row.version) if row else Absent(),
    )
    message = rotate_message(job.rotation_id, entropy.token(ID_BYTES).hex(), clock.now())
    tables.commit(put_job(job), now_running, send(message))
    return replace(job, version=1)


def running_job(tables: Tables, kind: Kind) -> Job | None:
    """The job of a kind that is under way."""
    key = _running_key(kind)
    row = tables.fetch_many(key).get(key)
    if row is None:
        return None
    job = fetch_job(tables, str(row.values.get("rotation_id")))
    return job if job.ended_at is None else None


def rotate_message(rotation_id: str, message_id: str, due_at: datetime) -> Message:
    """Asks for a job to be taken further."""
    body = {"rotation_id": rotation_id}
    return Message(message_id=message_id, topic=TOPIC, body=body, due_at=due_at)


def job_document(job: Job) -> dict[str, Any]:
    """A job as an operator sees it."""
    return {
        "rotation_id": job.rotation_id,
        "rotate": job.kind.value,
        "vault": job.vault_id,
        "state": "running" if job.ended_at is None else "ended",
        "begun_at": job.begun_at.isoformat(),
        "ended_at": job.ended_at and job.ended_at.isoformat(),
        "vaults": job.vaults,
        "changed": job.changed,
        "segments": job.segments,
        "failed": job.failed,
        "failures": list(job.failures),
    }


def read_kind(text: object) -> Kind:
    """The kind of rotation that an operator names. Raises BadInput."""
    try:
        return Kind(str(text))
    except ValueError:
        raise BadInput("rotate", f"takes one of {', '.join(Kind)}") from None


def _running_key(kind: Kind) -> Key:
    return Key(TABLE, f"running#{kind.value}")


def _read(row: Row) -> Job:
    return read_row(_JOBS, row, rotation_id=row.key.partition, version=row.version)
