"""kill -9 in the midst of folding: no segment is lost, none is folded twice, the log tells each."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter

from mydata_hub.own_vault.folding import fold_segments
from mydata_hub.transparency.events import pending_rows
from mydata_hub.vault.announcements import waiting_segments
from mydata_hub.vault.manifest import authenticate

from tests.architecture.template import ROOT
from tests.unit.own_vault.own_world import ME, OwnWorld, monthly
from tests.unit.personal_log.intake_begun import begin_intake

SEGMENTS = 160
KILLS = 16
MAX_RUNS = 200
LOG = {"events": "Events", "log_keys": "Log_Keys", "log_public": "Log_Public"}
# The very function, swept over and over; it says when it is ready, so that kills hit the work.
FOLDER = """
import sys
from functions.fold_records import build
handle = build(dict(line.split("=", 1) for line in sys.argv[1:]))
print("ready", flush=True)
while True:
    handle({"sweep": True}, None)
"""


def variables(world):
    names = ("OUTBOX", "KEYS", "VAULT_PUBLIC", "VAULTS", "SEGMENTS", "EVENTS", "LOG_PUBLIC")
    return [
        f"ENGINE=embedded:{world.folder}",
        "ISSUER=http://localhost:8787",
        "SEGMENTS_BUCKET=segments",
        "VAULT_KEY=vaults",
        "COLLECTOR_KEY=collect",
        "SELF_SUPPLIED_KEY=self-supplied",
        "REVIEW_KEY=review",
        "RESEAL_KEY=reseal",
        "OFFERS_TABLE=Offers",
        "COUPONS_TABLE=Coupons",
        "OFFERS_BUCKET=offers",
        "OFFER_KEY=offer",
        "IN_FORCE_TABLE=In_Force",
        *(f"{name}_TABLE={name.title()}" for name in names),
    ]


def fold_and_kill(world, delay):
    """One life of a folding process; whether it was killed while something waited."""
    command = [sys.executable, "-c", FOLDER, *variables(world)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return waiting(world) > 0


def waiting(world):
    return sum(1 for _ in waiting_segments(world.tables, 1000))


def test_whatever_moment_folding_is_killed_at_nothing_is_lost_or_doubled(tmp_path):
    world = OwnWorld(tmp_path)
    for vault_id in (ME, "clean"):
        world.make(vault_id)
    begin_intake(world.folder, LOG)
    chance = random.Random(7)
    records = [one for payee in "abcdefgh" for one in monthly(payee, months=20)]
    chance.shuffle(records)
    assert len(records) == SEGMENTS
    # Announced a few before each life, so that there is always something to be killed at.
    left, announced, kills, runs = list(records), [], 0, 0
    longest = 0.05  # of a life, in seconds; longer where this machine gets nothing done in it
    while left or waiting(world):
        share = -(-SEGMENTS // KILLS)
        announced += [world.collected(left.pop()) for _ in range(min(share, len(left)))]
        waited = waiting(world)
        kills += fold_and_kill(world, chance.uniform(0.0, longest))
        longest *= 1.2 if waiting(world) == waited else 1
        runs += 1
        assert runs < MAX_RUNS
    assert kills >= 5
    manifest = authenticate(ME, world.vault(ME), world.vault_keys.records_secret(ME))
    assert manifest.segments == SEGMENTS
    clean = [world.collected(record, vault_id="clean") for record in records]
    fold_segments(world.room, "clean", [one.segment_id for one in clean])
    assert world.profile().folds == world.profile("clean").folds
    # Each version of a vault's row is one event of the log, and each key that signs one; no more.
    told = Counter(json.loads(row.values["audit"])["class"] for row in pending_rows(world.tables))
    folded = world.vault(ME).version - 1 + world.vault("clean").version - 1
    assert told == {"records_folded": folded, "signing_key_changed": 4}
    assert len(announced) == len({one.segment_id for one in announced}) == SEGMENTS
