"""A person with a vault, an account and a session, for every test of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.portability.export_world import ExportWorld


@pytest.fixture
def world(tmp_path: Path) -> ExportWorld:
    """With an empty vault."""
    made = ExportWorld(tmp_path)
    made.make("vault-1")
    return made
