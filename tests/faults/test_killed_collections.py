"""kill -9 while a sync of 20,000 records runs: none is lost and none is there twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mydata_hub.embedded.durable_files import remove_leftovers
from mydata_hub.embedded.fsck import check_folder

from tests.modes import times

KILLS = times(12, long=50)


def test_a_hub_that_is_killed_while_it_collects_loses_and_doubles_nothing(
    tmp_path: Path, run_program: Callable[..., Any]
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    folder = tmp_path / "data"
    folder.mkdir()
    report = run_program("killed_collections", folder, KILLS, seed)
    assert report["kills"] == KILLS
    # The kills fell into the sync and not behind it, and it moved on between them.
    done = report["pages_at_kills"]
    assert done == sorted(done)
    assert done[-1] < report["wanted"]
    assert len(set(done)) > KILLS // 2
    assert report["complete"]
    assert report["announced"] == report["different"] == report["counted"] == report["wanted"]
    remove_leftovers(folder)
    assert check_folder(folder) == []
