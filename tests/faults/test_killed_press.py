"""kill -9 in the midst of publishing: readers never see half a snapshot, and none goes back."""

from __future__ import annotations

import os
import random
import signal
import time
from datetime import timedelta

from mydata_hub.offers.catalogue.snapshot import read_head
from mydata_hub.offers.matching.index import read_index
from mydata_hub.ports.clock import SystemClock

from functions.publish_offers import build
from tests.modes import times
from tests.unit.offers.shelf_world import CAFE, NAMES, ShelfWorld, an_offer
from tests.unit.personal_log.intake_begun import begin_intake

OFFERS = times(12, long=60)


def environment(folder):
    named = ("offers", "clients", "outbox", "events")
    return {
        "ENGINE": f"embedded:{folder}",
        "ISSUER": "http://localhost:8787",
        "OFFERS_BUCKET": "offers",
        "OFFER_KEY": "offer",
        "IN_FORCE_TABLE": "In_Force",
        "LOG_PUBLIC_TABLE": "log_public",
        **{f"{name.upper()}_TABLE": NAMES[name] for name in named},
    }


def start(folder):
    """The very function, swept over and over in a process of its own."""
    pid = os.fork()
    if pid:
        return pid
    try:
        handle = build(environment(folder))
        while True:
            handle({"sweep": True}, None)
    finally:
        os._exit(1)


def kill(press):
    os.kill(press, signal.SIGKILL)
    os.waitpid(press, 0)


def ids(snapshot):
    return {snapshot.offer(slot).offer_id for slot in range(snapshot.count)}


def test_every_approved_offer_is_published_however_often_the_press_is_killed(tmp_path):
    begin_intake(tmp_path)
    world = ShelfWorld(tmp_path, SystemClock())
    world.partner()
    now = world.clock.now()
    valid = {"valid_from": now - timedelta(days=1), "valid_until": now + timedelta(days=1)}
    chance, reader, seen, kills = random.Random(7), world.reader(read_index), 0, 0
    press = start(tmp_path)
    try:
        for number in range(OFFERS):
            world.approved(an_offer(f"o{number}", **valid))
            if number % 3 == 2:
                time.sleep(chance.uniform(0, 0.1))
                kill(press)
                kills += 1
                press = start(tmp_path)
            # What is read in between is whole, and never older than what was read before.
            if (snapshot := reader.current(seen)) is not None:
                assert snapshot.index.count == len(ids(snapshot)) == snapshot.count
                seen = snapshot.number
        deadline = time.monotonic() + 20
        while world.sent() and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        kill(press)
    assert (kills, world.sent()) == (OFFERS // 3, 0)
    last = reader.current(seen)
    assert ids(last) == {f"{CAFE}.o{number}" for number in range(OFFERS)}
    assert read_head(world.tables).number == last.number <= OFFERS
