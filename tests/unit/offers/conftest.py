from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.offers.shelf_world import ShelfWorld


@pytest.fixture
def shelf(tmp_path: Path) -> ShelfWorld:
    """A hub with one partner and nothing on its shelf."""
    made = ShelfWorld(tmp_path)
    made.partner()
    return made
