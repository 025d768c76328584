"""A fork beside open connections and running commits loses nothing on either side."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.embedded.fork_gate import ForkGate
from mydata_hub.embedded.fsck import check_folder
from mydata_hub.errors import StoreError

CHILDREN = 30


def test_both_sides_of_many_forks_keep_what_they_committed(
    run_program: Callable[..., Any], folder: Path
) -> None:
    told = run_program("forks", folder, CHILDREN)
    assert told["children"] == 5 * CHILDREN
    assert told["parent"] > 0
    with closing(sqlite3.connect(folder / "hub.sqlite3")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM row").fetchone()
    assert count == told["parent"] + told["children"]
    assert check_folder(folder) == []


def test_a_child_forked_in_the_midst_of_a_transaction_refuses_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mydata_hub.embedded.fork_gate.MAX_WAIT_SECONDS", 0.01)
    gate = ForkGate()
    with gate.passage():
        gate.before_fork()
        gate.after_fork_in_child()
    with pytest.raises(StoreError, match="forked during a transaction"), gate.passage():
        pass
