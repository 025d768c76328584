"""An authorization server of one's own for every test: real tables, a real signer, a set clock."""

from __future__ import annotations

import pytest

from tests.unit.oauth.hub import Hub


@pytest.fixture
def hub(tmp_path):
    return Hub(tmp_path)


@pytest.fixture
def partner(hub):
    return hub.partner()
