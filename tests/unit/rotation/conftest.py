from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.accounts.conftest import memory_folder
from tests.unit.own_vault.own_world import ME
from tests.unit.rotation.rotation_world import RotationWorld


@pytest.fixture
def world():
    with memory_folder() as folder:
        made = RotationWorld(Path(folder) / "hub")
        made.make(ME)
        yield made
        made.tables.close()
