from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.accounts.conftest import memory_folder
from tests.unit.personal_log.log_world import LogWorld


@pytest.fixture
def world():
    with memory_folder() as folder:
        made = LogWorld(Path(folder))
        made.intake.tend()
        yield made
        made.stored.close()
