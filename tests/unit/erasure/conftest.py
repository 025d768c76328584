from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.accounts.conftest import memory_folder
from tests.unit.erasure.erasure_world import World


@pytest.fixture
def world() -> Iterator[World]:
    with memory_folder() as folder:
        made = World(Path(folder))
        yield made
        made.close()
