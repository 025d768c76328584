"""kill -9 in the midst of deliveries: what was acknowledged is delivered, in order, if not once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import httpx
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.fsck import check_folder

from tests.gateway.killed_hub import lay_out

KILLS = 8


def started(folder: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.gateway.killed_hub", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def ended(process: subprocess.Popen[str]) -> None:
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


def write_until_killed(
    process: subprocess.Popen[str], port: int, number: int, life_seconds: float
) -> tuple[list[int], int]:
    """POST one number after the other, then kill; gives those acknowledged and the next one."""
    acknowledged = []
    kill_at = time.monotonic() + life_seconds
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        while time.monotonic() < kill_at:
            assert client.post(f"/write/{number}").json() == {"written": str(number)}
            acknowledged.append(number)
            number += 1
    process.kill()
    ended(process)
    return acknowledged, number + 1


def test_nothing_acknowledged_is_lost_and_what_a_kill_interrupted_comes_again(
    tmp_path: Path,
) -> None:
    out = lay_out(tmp_path)
    chance = random.Random(7)
    acknowledged: list[int] = []
    number = 0
    for _ in range(KILLS):
        process, port = started(tmp_path)
        done, number = write_until_killed(process, port, number, chance.uniform(0.1, 0.4))
        acknowledged.extend(done)
    process, _ = started(tmp_path)
    feed = SqliteFeed(tmp_path)
    until = time.monotonic() + 30
    while feed.read("Note.It", 1):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.terminate()
    ended(process)
    assert process.returncode == 0

    delivered = [int(line) for line in out.read_text().split()]
    assert len(acknowledged) > KILLS
    assert set(acknowledged) <= set(delivered)
    # Deliveries interrupted by a kill came again: without a single one this test proves nothing.
    assert len(delivered) > len(set(delivered))
    first_times = list(dict.fromkeys(delivered))
    assert first_times == sorted(first_times)
    assert feed.given_up() == []
    assert check_folder(tmp_path) == []
