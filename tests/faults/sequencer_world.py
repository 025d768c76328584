"""A world in which every call of the sequencer can be its last, and two take turns at random.

Each call of a port is a step: an actor stops there, another may go on, and the call may crash
before its effect or after it. Stores are the contract of the ports and nothing more: the index of
pending events may be behind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from greenlet import getcurrent, greenlet
from mydata_hub.errors import BlobMissing, Conflict, Taken
from mydata_hub.fields import EventId, PartyId, SubjectId
from mydata_hub.ports.clock import CountingEntropy, SetClock
from mydata_hub.ports.tables import (
    Absent,
    Check,
    Compare,
    Delete,
    Key,
    KeyPage,
    Put,
    Row,
    VersionIs,
    check_changes,
)
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.leaf import Leaf
from mydata_hub.transparency.tiles import tiles_of

PACES = (0.03, 0.3, 1)
START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


class Crash(BaseException):
    """The process is gone; nothing can catch it."""


@dataclass
class Faults:
    """Decides at each step whether the caller crashes, and lets others take their turn."""

    plan: Callable[[int], str] = lambda step: ""
    steps: int = 0
    crashes: int = 0
    calls: dict[str, int] = field(default_factory=dict)

    def around(self, name, effect):
        if getcurrent().parent is not None:
            getcurrent().parent.switch("step")
        verdict = self.plan(self.steps)
        self.steps += 1
        self.calls[name] = self.calls.get(name, 0) + 1
        if verdict == "before":
            self.crashes += 1
            raise Crash
        result = effect()
        if verdict == "after":
            self.crashes += 1
            raise Crash
        return result


class MemoryTables:
    """The table port in a dictionary, with what `history` needs to judge a run."""

    def __init__(self, faults: Faults, random: Random) -> None:
        self.rows: dict[Key, Row] = {}
        self.checkpoints: list[tuple[int, bytes]] = []
        self.on_checkpoint = lambda: None
        self.recorded: dict[str, set[bytes]] = {}  # event -> its leaf, of each time it was written
        self._faults, self._random = faults, random
        # (table, index, partition) -> {sort: key}, as it is and as it was a while ago.
        self._listed: dict[tuple[str, str, str], dict[str, Key]] = {}
        self._behind: dict[tuple[str, str, str], dict[str, Key]] = {}
        self._places: dict[Key, dict[str, tuple[str, str]]] = {}

    def fetch_many(self, *keys):
        def effect():
            return {key: self.rows[key] for key in keys if key in self.rows}

        return self._faults.around("fetch_many", effect)

    def find_keys(self, table, index, partition, *, after=None, limit=1000, newest_first=False):
        # Sixteen shards would be sixteen steps; a crash between two reads changes nothing.
        if self._random.random() < 0.02:
            self._behind = {place: dict(keys) for place, keys in self._listed.items()}
        # Now and then the index shows the tables as they were a while ago.
        listed = self._behind if self._random.random() < 0.2 else self._listed
        found = sorted(listed.get((table, index, partition), {}).items())
        found = [pair for pair in found if after is None or pair[0] > after]
        shown = found[:limit]
        keys = tuple(key for _, key in shown)
        return KeyPage(keys, shown[-1][0] if len(found) > limit else None)

    def catch_up(self):
        """The index shows the present."""
        self._behind = {place: dict(keys) for place, keys in self._listed.items()}

    def commit(self, *changes):
        self._faults.around("commit", lambda: self._apply(changes))

    def _apply(self, changes):
        check_changes(changes)
        for position, change in enumerate(changes):
            conditions = change.when if isinstance(change, Check) else (change.when,)
            if not all(self._holds(change.key, one) for one in conditions):
                raise Conflict(position, change.key.table)
        for change in changes:
            if isinstance(change, Put):
                version = self.rows[change.key].version + 1 if change.key in self.rows else 1
                row = Row(change.key, version, dict(change.values))
                self.rows[change.key] = row
                self._list(change.key, change.indexes)
                if change.key.table == "events" and version == 1:
                    leaves = self.recorded.setdefault(change.key.partition, set())
                    leaves.add(leaf_of(row).encode())
                if change.key.partition == "checkpoint":
                    self.checkpoints.append((change.values["size"], change.values["note"]))
                    self.on_checkpoint()
            elif isinstance(change, Delete):
                del self.rows[change.key]
                self._list(change.key, {})

    def _list(self, key, places):
        for index, (partition, sort) in self._places.get(key, {}).items():
            del self._listed[key.table, index, partition][sort]
        for index, (partition, sort) in places.items():
            self._listed.setdefault((key.table, index, partition), {})[sort] = key
        self._places[key] = places

    def _holds(self, key, condition):
        row = self.rows.get(key)
        if isinstance(condition, Absent):
            return row is None
        if row is None:
            return False
        if isinstance(condition, VersionIs):
            return row.version == condition.version
        assert isinstance(condition, Compare)
        return row.values.get(condition.attribute) == condition.value


class MemoryBlobs:
    """The blob port in a dictionary; counts every try to overwrite."""

    def __init__(self, faults: Faults) -> None:
        self.stored: dict[str, bytes] = {}
        self.overwrites = 0
        self.on_delete = lambda: None
        self._faults = faults

    def put_if_absent(self, name, content):
        def effect():
            if self.stored.setdefault(name, content) != content:
                self.overwrites += 1
                raise Taken("a blob of this name holds other bytes")

        self._faults.around("put_if_absent", effect)

    def get(self, name):
        def effect():
            if name not in self.stored:
                raise BlobMissing("no such blob")
            return self.stored[name]

        return self._faults.around("get", effect)

    def delete(self, name):
        def effect():
            self.stored.pop(name, None)
            self.on_delete()

        self._faults.around("delete", effect)

    def names(self, prefix):
        return iter(sorted(name for name in self.stored if name.startswith(prefix)))


class MemorySigner:
    """Ed25519 from a fixed seed: the same signatures in every run."""

    algorithm = "EdDSA"
    _key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    _public = _key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def public_key(self):
        return self._public

    def sign(self, message):
        return self._key.sign(message)


class World:
    """One hub with its stores, seeded; `log` is what the sequencer stands on."""

    def __init__(self, log_type, seed: int, plan=lambda step: "") -> None:
        self.random = Random(seed)
        self.faults = Faults(plan)
        self.tables = MemoryTables(self.faults, self.random)
        self.blobs = MemoryBlobs(self.faults)
        self.openings = MemoryBlobs(self.faults)
        self.clock = SetClock(START)
        self.entropy = CountingEntropy()
        self.log = log_type(
            tables=self.tables,
            blobs=self.blobs,
            openings=self.openings,
            signer=MemorySigner(),
            clock=self.clock,
            entropy=self.entropy,
            origin="hub.example/log",
            witnessed=True,
        )
        self.broken_promises = 0
        self.tables.on_checkpoint = self.blobs.on_delete = self._check_promise
        self.openings.on_delete = self._check_promise

    def _check_promise(self) -> None:
        """Whatever the latest checkpoint commits to is stored, at every moment, and so is what
        each of its entries opens to."""
        size = self.tables.checkpoints[-1][0]
        if not all(tile.path in self.blobs.stored for tile in tiles_of(size)):
            self.broken_promises += 1
        kept = self.openings.stored
        for number in range(-(-size // 256)):
            width = min(256, size - 256 * number)
            names = [f"openings/entries/{number:03d}.p/{at}" for at in range(width, 256)]
            if not any(name in kept for name in (f"openings/entries/{number:03d}", *names)):
                self.broken_promises += 1

    def quiet(self) -> None:
        """From here on nothing crashes."""
        self.faults.plan = lambda step: ""


def interleave(
    world: World, tasks: list[Callable[[], object]], spare: Callable[[], object]
) -> None:
    """Run tasks step by step in a random order; one that crashed comes back as `spare`.

    Some are slow, so that others finish whole batches between two steps of theirs.
    """
    running = [greenlet(task) for task in tasks]
    pace = {actor: world.random.choice(PACES) for actor in running}
    while running:
        (actor,) = world.random.choices(running, [pace[one] for one in running])
        try:
            actor.switch()
        except Crash:
            running.remove(actor)
            running.append(greenlet(spare))
            pace[running[-1]] = world.random.choice(PACES)
            continue
        if actor.dead:
            running.remove(actor)


def leaf_of(row: Row) -> Leaf:
    return Leaf(
        # What is sealed to the log zone has none before it is placed.
        tag=row.values.get("tag", b""),
        person=row.values["person_commitment"],
        audit=row.values["audit_commitment"],
    )


@cache
def an_event(number: int) -> Event:
    return Event(
        event_id=EventId(f"event-{number:06d}"),
        kind="passkey_added",
        subject=SubjectId(f"person-{number % 3}"),
        actor=PartyId(f"person-{number % 3}"),
        occurred_at=START + timedelta(seconds=number),
        row=Key("accounts", f"person-{number % 3}"),
        row_version=1 + number,
        payload=b"",
    )
