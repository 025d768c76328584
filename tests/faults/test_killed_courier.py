"""kill -9 of the courier at every moment of a try: every partner is told, if not once."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.faults.killed_courier import MOMENTS
from tests.modes import times

GRANTS = times(15, long=40)


def test_every_end_is_told_and_settled_however_often_the_courier_is_killed(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.killed_courier", str(tmp_path), str(GRANTS), "7"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for moment in MOMENTS[:3]:
        assert told["kills"][moment] >= GRANTS // 8, told["kills"]
    assert told["states"] == ["acknowledged"]
    assert told["waiting"] == 0
    assert len(told["heard"]) == GRANTS
    # The same event each time: a partner tells by it that it has heard of this before.
    assert all(set(jtis) == {f"event-of-{name}"} for name, jtis in told["heard"].items())
    assert max(map(len, told["heard"].values())) > 1
