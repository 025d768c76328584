from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.own_vault.own_world import OwnWorld


@pytest.fixture
def world(tmp_path: Path) -> OwnWorld:
    """Two people's vaults in one deployment."""
    made = OwnWorld(tmp_path)
    made.make("vault-1")
    made.make("vault-2")
    return made
