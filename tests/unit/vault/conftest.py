from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.vault.vault_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two people's vaults in one deployment."""
    made = World(tmp_path)
    made.make("vault-1")
    made.make("vault-2")
    return made
