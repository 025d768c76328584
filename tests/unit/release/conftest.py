from __future__ import annotations

import pytest

from tests.unit.release.world import Hub, regular_life


@pytest.fixture
def hub(tmp_path):
    return Hub(tmp_path)


@pytest.fixture
def asked(hub):
    """A hub with one person of a regular life, who agreed to answer a bicycle service."""
    hub.vault(records=regular_life())
    hub.grant, hub.session = hub.consent()
    hub.tables.calls.clear()
    return hub
