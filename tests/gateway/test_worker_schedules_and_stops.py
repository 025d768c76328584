"""What the worker does by the clock: it sweeps as declared, idles for nothing and stops in time."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.embedded.worker import IDLE_SECONDS, Worker
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Absent, Put

from tests.gateway.templates import deploy, function, schedule, stream, table
from tests.gateway.worker_world import RECORDER, World, row_key, wait_for


def test_an_idle_worker_costs_next_to_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    with world.working():
        time.sleep(0.2)
        before = time.process_time()
        time.sleep(2)
        used = time.process_time() - before
    assert used < 0.1


def test_a_worker_stops_at_once_when_idle(tmp_path: Path) -> None:
    world = World(tmp_path, "None")
    worker = Worker(world.deployment, Invoker(world.deployment), world.feed)
    worker.start()
    begun = time.monotonic()
    assert worker.stop(5)
    assert time.monotonic() - begun < IDLE_SECONDS


def test_a_worker_waits_for_a_handler_under_way_but_not_for_ever(tmp_path: Path) -> None:
    world = World(tmp_path, "time.sleep(1.5)")
    world.put(1)
    worker = Worker(world.deployment, Invoker(world.deployment), world.feed)
    worker.start()
    wait_for(lambda: bool(world.batches()))
    assert not worker.stop(0.1)
    assert worker.stop(5)
    assert world.drained()


@pytest.mark.parametrize("plan", ["None", "1 / 0"], ids=["well", "failing"])
def test_a_schedule_runs_at_once_and_again_with_its_input_even_when_it_fails(
    tmp_path: Path, plan: str
) -> None:
    out = tmp_path / "events.jsonl"
    resources = {
        "It": function(
            "it",
            events={"Sweep": schedule()},
            EventInvokeConfig={"MaximumRetryAttempts": 0},
            Environment={"Variables": {"OUT": str(out), "PLAN": plan}},
        )
    }
    declared = deploy(tmp_path, resources, {"it": RECORDER})
    assert [found.every for found in declared.schedules] == [timedelta(minutes=1)]
    often = tuple(replace(found, every=timedelta(seconds=0.2)) for found in declared.schedules)
    deployment = replace(declared, schedules=often)
    worker = Worker(deployment, Invoker(deployment), SqliteFeed(tmp_path))
    begun = time.monotonic()
    worker.start()
    wait_for(lambda: out.exists() and len(out.read_text().splitlines()) >= 3)
    assert worker.stop(5)
    assert time.monotonic() - begun >= 0.4
    assert set(out.read_text().splitlines()) == {'{"sweep": true}'}


def test_a_sweep_and_a_slow_stream_do_not_wait_for_each_other(tmp_path: Path) -> None:
    out = tmp_path / "swept"
    handler = """
        import pathlib, time
        def build(env):
            def handle(event, context):
                if "Records" in event:
                    time.sleep(2)
                else:
                    pathlib.Path(env["OUT"]).touch()
            return handle
    """
    events = {"Sweep": schedule(), "Changes": stream("Rows")}
    one = function(
        "it",
        events=events,
        EventInvokeConfig={"MaximumRetryAttempts": 0},
        Environment={"Variables": {"OUT": str(out)}},
    )
    deployment = deploy(tmp_path, {"Rows": table(), "It": one}, {"it": handler})
    SqliteTables(tmp_path, {"rows": "Rows"}, SystemClock()).commit(
        Put(key=row_key(1), values={}, when=Absent())
    )
    worker = Worker(deployment, Invoker(deployment), SqliteFeed(tmp_path))
    worker.start()
    wait_for(out.exists, seconds=1.8)
    assert worker.stop(5)
