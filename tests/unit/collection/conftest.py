"""A hub of one's own for the tests that connect and collect."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.collection.collecting_world import Person, World


@pytest.fixture
def world() -> Iterator[World]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        world = World(Path(folder))
        yield world
        world.tables.tables.close()


@pytest.fixture
def jiu(world: World) -> Person:
    return world.join()
