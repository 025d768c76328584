from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.appeals.appeal_world import AppealWorld


@pytest.fixture
def world(tmp_path: Path) -> AppealWorld:
    """Two people's vaults; in one of them a year of card bills, the latest of them late."""
    made = AppealWorld(tmp_path)
    made.make("vault-1")
    made.make("vault-2")
    made.bills()
    return made
