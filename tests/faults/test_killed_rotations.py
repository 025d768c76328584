"""A rotation is killed before and after each of its effects, and by kill -9: it always completes.

At no moment is there a record that the vault lists and cannot open, and in the end nothing lies
under a key that was to be given up. It goes on beside folds and collectors that know nothing of it.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from mydata_hub.embedded.root_key import renew_root_key
from mydata_hub.errors import Busy, Conflict
from mydata_hub.own_vault.folding import fold_segments
from mydata_hub.rotation.job import Job, Kind, fetch_job
from mydata_hub.vault.announcements import announce, is_unfolded
from mydata_hub.vault.public_keys import check_open, read_recipient
from mydata_hub.vault.segments import store_segment

from functions.reseal import build
from tests.unit.accounts.conftest import memory_folder
from tests.unit.erasure.erasure_world import Counted, Killed
from tests.unit.own_vault.own_world import ME, monthly
from tests.unit.personal_log.intake_begun import begin_intake
from tests.unit.rotation.rotation_world import ALL_TABLES, RotationWorld
from tests.unit.vault.vault_world import NOW

KILLS = 5
LOG = {"events": "EventsTable", "log_keys": "Log_KeysTable", "log_public": "Log_PublicTable"}
ANSWERS = b"{}"


@dataclass
class Begun:
    """A hub with a filled vault and a segment that waits."""

    first: RotationWorld
    folder: Path
    records: Counter[bytes]
    copies: int = 0

    def copy(self, dies_at: int | None = None, *, after: bool = False) -> Copy:
        self.copies += 1
        return Copy(self, self.first.copied(self.folder / str(self.copies)), dies_at, after)


class Copy:
    """One copy of that hub, whose ports die at one effect of all of them together."""

    def __init__(
        self, begun: Begun, world: RotationWorld, dies_at: int | None, after: bool
    ) -> None:
        self.begun, self.world, self.count = begun, world, [0]
        ports = {"tables": ("commit",), "blobs": ("put_if_absent", "delete")}
        dying = {
            name: Counted(getattr(world, name), effects, self.count, dies_at, after)
            for name, effects in ports.items()
        }
        self.dying = world.workshop(**dying)

    def check(self, *, waits: bool = True) -> None:
        """What holds at every moment: whatever the vault lists opens, and nothing is lost."""
        world, waiting = self.world, Counter(one.encode() for one in WAITING)
        held = world.held()
        assert held == self.begun.records or held == self.begun.records + waiting
        if waits and held == self.begun.records:
            assert sum(row.values["state"] == "unfolded" for row in rows(world)) == 1
        assert world.profile().manifest_version == world.vault(ME).values["manifest_version"]
        assert world.told(KEPT) == ANSWERS

    def check_the_end(self, kind: Kind, job: Job) -> None:
        world = self.world
        self.check()
        done = fetch_job(world.tables, job.rotation_id)
        assert (done.vaults, done.failed, bool(done.ended_at)) == (1, 0, True)
        if kind is Kind.SEAL:
            assert world.key_versions() == world.sealed_under() == {2}
            assert len(world.blobs_of()) == len(rows(world))
        if kind is Kind.KEYS:
            assert world.key_versions() == {1, 2}
        world.tables.close()


WAITING = monthly("waits", months=2)
KEPT = None


def rows(world: RotationWorld):
    return world.tables.query("segments", ME).rows


@pytest.fixture(scope="module")
def begun() -> Iterator[Begun]:
    global KEPT
    with memory_folder() as folder:
        world = RotationWorld(Path(folder) / "first")
        world.make(ME)
        segments = [world.collected(*monthly(one, months=2)) for one in "abc"]
        world.fold(*segments)
        KEPT = world.tell_partner(ANSWERS)
        held = world.held()
        world.collected(*WAITING)
        begin_intake(world.folder, LOG)
        world.tables.close()
        yield Begun(world, Path(folder), held)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", list(Kind))
def test_whatever_effect_it_is_killed_at_it_completes(
    begun: Begun, kind: Kind, after: bool
) -> None:
    whole = begun.copy()
    renew_root_key(whole.world.folder)
    job = whole.world.ask(kind)
    whole.world.run(whole.dying)
    whole.check_the_end(kind, job)
    effects = whole.count[0]
    # Of one vault: the act, the mark, the message; sealing anew has its segments and blobs besides.
    assert effects >= (14 if kind is Kind.SEAL else 3)
    for dies_at in range(effects):
        copy = begun.copy(dies_at, after=after)
        renew_root_key(copy.world.folder)
        job = copy.world.ask(kind)
        with pytest.raises(Killed):
            copy.world.run(copy.dying)
        copy.check()
        copy.world.run()
        copy.check_the_end(kind, job)


def test_kill_9_at_any_moment_loses_nothing(begun: Begun) -> None:
    chance, kills, lives = random.Random(5), 0, 0
    while kills < KILLS:
        copy = begun.copy()
        job = copy.world.ask(Kind.SEAL)
        rotate_and_kill(copy.world, chance.uniform(0.0, 0.06))
        copy.check()
        midway = fetch_job(copy.world.tables, job.rotation_id)
        kills += copy.world.key_versions() == {1, 2} and midway.ended_at is None
        lives += 1
        assert lives < 20 * KILLS
        copy.world.run()
        copy.check_the_end(Kind.SEAL, job)


def rotate_and_kill(world: RotationWorld, delay: float) -> None:
    """One life of a process that sweeps with the very function; it is killed once it is ready."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            handle = build(variables(world))
            os.write(writer, b"r")
            while True:
                handle({"sweep": True}, None)
        finally:
            os._exit(1)
    os.close(writer)
    assert os.read(reader, 1) == b"r"
    time.sleep(delay)
    os.kill(pid, signal.SIGKILL)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    os.close(reader)


def variables(world: RotationWorld) -> dict[str, str]:
    plain = {
        "ENGINE": f"embedded:{world.folder}",
        "ISSUER": "http://localhost:8787",
        "SEGMENTS_BUCKET": "segments",
        "VAULT_KEY": "vaults",
        "COLLECTOR_KEY": "collect",
        "SELF_SUPPLIED_KEY": "self-supplied",
        "REVIEW_KEY": "review",
        "RESEAL_KEY": "reseal",
    }
    tables = (*ALL_TABLES, "erasures", "log_public")
    return plain | {f"{name.upper()}_TABLE": f"{name.title()}Table" for name in tables}


def test_rotations_beside_collectors_and_folds_lose_and_double_nothing(begun: Begun) -> None:
    world = begun.copy().world
    beside = Beside(world)
    rotations = 0
    with beside.at_work():
        while rotations < 6 and not beside.problems:
            world.ask(Kind.SEAL if rotations % 2 else Kind.KEYS)
            try:
                world.run()
            except Busy:
                continue  # the same message comes again
            rotations += 1
    assert beside.problems == []
    assert beside.turned > 0
    world.run()
    world.sweep()
    assert world.rotate(Kind.SEAL).failed == 0
    waited = [one.encode() for one in WAITING]
    assert world.held() == begun.records + Counter([*waited, *beside.sealed])
    assert len(world.key_versions()) == 1
    world.tables.close()


class Beside:
    """A collector that holds the public key which it read before, and a fold, at work meanwhile."""

    def __init__(self, world: RotationWorld) -> None:
        self.world = world
        self.over = threading.Event()
        self.sealed: list[bytes] = []
        self.problems: list[BaseException] = []
        self.turned = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        acts = (self.collect, self.fold)
        threads = [threading.Thread(target=self.guarded, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 (told by the test itself)
            self.problems.append(error)

    def collect(self) -> None:
        recipient, number = read_recipient(self.world.tables, ME), 0
        while not self.over.is_set():
            time.sleep(0.01)
            records = monthly(f"later-{number}", months=1)
            segment = self.world.sealed_to(recipient, *records)
            put = announce(segment, store_segment(self.world.blobs, segment), NOW)
            try:
                self.world.tables.commit(put, check_open(recipient))
            except Conflict:
                self.turned += 1
                recipient = read_recipient(self.world.tables, ME)
            except Busy:
                continue
            else:
                self.sealed += [one.encode() for one in records]
                number += 1

    def fold(self) -> None:
        while not self.over.is_set():
            time.sleep(0.002)
            waiting = [row.key.sort for row in rows(self.world) if is_unfolded(row)]
            with suppress(Busy):
                assert fold_segments(self.world.room, ME, waiting).refused == {}
