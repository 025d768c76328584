"""An erasure is killed before and after each of its effects, and by kill -9: it always completes.

At no moment can an erased person's vault be opened again, and a survivor's always can.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.erasure.state import STEP_NAMES, Kind
from mydata_hub.personal_log.intake import Intake
from mydata_hub.personal_log.log_keys import LogKeys
from mydata_hub.personal_log.placing import Placing
from mydata_hub.personal_log.recipient import GRACE
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.transparency.events import Placed, leaf_of, pending_rows
from mydata_hub.transparency.leaf import NO_TAG
from mydata_hub.vault.segments import blob_prefix

from functions.erase import build
from tests.unit.accounts.conftest import memory_folder
from tests.unit.erasure.erasure_world import JIU, Counted, Killed, World

KILLS = 6
FOR_EVER = {"keys", "vault_public", "log_keys"}


@dataclass
class Asked:
    """A hub with a survivor and somebody who has just asked to be erased, and room for copies."""

    first: World
    folder: Path
    survivor: str
    account_id: str
    certificate_id: str
    copies: int = 0

    def copy(self, dies_at: int | None = None, *, after: bool = False) -> Copy:
        self.copies += 1
        world = self.first.copied(self.folder / str(self.copies))
        return Copy(self, world, dies_at, after)


class Copy:
    """One copy of that hub, whose ports die at one effect of all of them together."""

    def __init__(self, asked: Asked, world: World, dies_at: int | None, after: bool) -> None:
        self.asked, self.world, self.count = asked, world, [0]
        self.plain = world.room()
        ports = {"tables": "commit", "blobs": "delete"}
        dying = {
            name: Counted(getattr(world, name), (effect,), self.count, dies_at, after)
            for name, effect in ports.items()
        }
        signer = Counted(world.certificate_key.signer, ("sign",), self.count, dies_at, after)
        self.dying = world.room(**dying, key=AnswerKey(signer))  # type: ignore[arg-type]

    def live(self, room: object) -> None:
        """To the first certificate, and a week later to the second."""
        for days in (0, 60):
            # Whatever a real process did before was done by the machine's clock.
            begun_at = max(self.asked.first.clock.at, datetime.now(UTC))
            self.world.clock.at = begun_at + timedelta(days=days)
            self.world.take_further(room)  # type: ignore[arg-type]
            self.turn_intake()

    def turn_intake(self) -> None:
        """What the sequencer does meanwhile: a new key, and the old one goes after its grace."""
        world = self.world
        keys = LocalKeys(world.folder, "log")
        intake = Intake(world.tables, keys, world.clock, world.entropy)
        world.clock.advance(timedelta(seconds=1))
        # What the killed process itself has recorded was sealed, and waits for its place.
        placing = Placing(
            tables=world.tables,
            intake=intake,
            keys=LogKeys(world.tables, keys, world.clock),
            entropy=world.entropy,
        )
        waiting = [row for row in pending_rows(world.tables) if "sealed_to" in row.values]
        placed = [
            Placed(row=row, index=at, leaf=replace(leaf_of(row), tag=NO_TAG))
            for at, row in enumerate(waiting)
        ]
        if placed:
            world.tables.commit(*placing.placed(placed))
        intake.replace_soon()
        intake.tend()
        world.clock.advance(GRACE)
        intake.tend()

    def check(self) -> None:
        """What holds at every moment: the survivor opens, and once inaccessible means for ever."""
        world, asked = self.world, self.asked
        assert world.opens(asked.survivor)
        gone = world.erasure(asked.certificate_id).inaccessible_at is not None
        assert not (gone and world.opens(asked.account_id))

    def check_the_end(self) -> None:
        """What must be so in the end, however often it was killed on the way."""
        world, asked = self.world, self.asked
        erasure = world.erasure(asked.certificate_id)
        assert erasure.done.keys() == set(STEP_NAMES)
        assert [one.kind for one in erasure.issued] == list(Kind)
        assert not world.opens(asked.account_id)
        assert world.opens(asked.survivor)
        assert world.naming(asked.account_id) == FOR_EVER
        assert world.naming(JIU) == set()
        assert list(world.blobs.names(blob_prefix(asked.account_id))) == []
        world.close()


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    with memory_folder() as folder:
        world = World(Path(folder) / "first")
        survivor = world.live("Minsu").account_id
        jiu = world.live(JIU)
        certificate_id = world.begin(jiu)
        keys = LocalKeys(world.folder, "log")
        Intake(world.tables, keys, world.clock, world.entropy).tend()
        world.close()
        yield Asked(world, Path(folder), survivor, jiu.account_id, certificate_id)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whatever_effect_it_is_killed_at_it_completes(asked: Asked, after: bool) -> None:
    whole = asked.copy()
    whole.live(whole.dying)
    whole.check_the_end()
    effects = whole.count[0]
    # Seven steps, two certificates, their signatures, and what each of them deletes.
    assert effects > 20
    for dies_at in range(effects):
        copy = asked.copy(dies_at, after=after)
        with pytest.raises(Killed):
            copy.live(copy.dying)
        assert copy.count[0] == dies_at + 1
        copy.check()
        copy.live(copy.plain)
        copy.check_the_end()


TABLES = (
    *("erasures", "outbox", "accounts", "sessions", "notices", "grants", "deliveries"),
    *("connections", "intake", "keys", "vault_public", "vaults", "segments", "ledger"),
    *("events", "log", "witnesses", "log_keys", "log_public", "releases", "appeals", "coupons"),
)


def test_kill_9_at_any_moment_leaves_nobody_in_between(asked: Asked) -> None:
    chance, kills, lives = random.Random(11), 0, 0
    while kills < KILLS:
        copy = asked.copy()
        before = copy.world.erasure(asked.certificate_id)
        erase_and_kill(copy.world, chance.uniform(0.0, 0.1))
        copy.check()
        midway = copy.world.erasure(asked.certificate_id)
        kills += before.version < midway.version and not midway.certificate(Kind.IRRECOVERABLE)
        lives += 1
        assert lives < 10 * KILLS
        copy.live(copy.plain)
        copy.check_the_end()


def erase_and_kill(world: World, delay: float) -> None:
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


def variables(world: World) -> dict[str, str]:
    plain = {
        "ENGINE": f"embedded:{world.folder}",
        "ISSUER": "http://localhost:8787",
        "SEGMENTS_BUCKET": "segments",
        "TILES_BUCKET": "tiles",
        "IN_FORCE_TABLE": "in_force",
        "CERTIFICATE_KEY": "certificate",
    }
    return plain | {f"{name.upper()}_TABLE": f"{name.title()}Table" for name in TABLES}
