"""A hub of one's own for every test of consent: real tables, a clock that stands, real passkeys."""

from __future__ import annotations

import pytest

from tests.unit.consent.world import World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)
