"""A data folder, the tables in it, and programs of these tests run as processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.clock import SystemClock

from tests.faults.names import NAMES

ROOT = Path(__file__).parents[2]
MAX_SECONDS = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def tables(folder: Path) -> SqliteTables:
    return SqliteTables(folder, NAMES, SystemClock())


@pytest.fixture(scope="session")
def run_program() -> Callable[..., Any]:
    """Run a module of this folder with arguments; gives what it printed, read as JSON."""
    return _run_module


def _run_module(module: str, *arguments: object) -> Any:
    # Forking happens there and not here: the test runner has threads.
    done = subprocess.run(
        [sys.executable, "-m", f"tests.faults.{module}", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        timeout=MAX_SECONDS,
        check=True,
    )
    return json.loads(done.stdout)
