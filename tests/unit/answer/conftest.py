from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.answer.answer_world import AskingPartner, Laptop, subway_life
from tests.unit.web.conftest import Browser


@pytest.fixture
def asked(tmp_path: Path) -> SimpleNamespace:
    """A person of a regular life, whose consent a bicycle service has a token for."""
    hub = Laptop(tmp_path)
    jiu = Browser(hub)  # type: ignore[arg-type]
    assert jiu.sign_up().status == 201
    person = jiu.state()["account_id"]
    hub.fill_vault(person, subway_life())
    partner = AskingPartner(hub, hub.environment("authorize"))
    grant_id = partner.be_allowed(jiu)
    return SimpleNamespace(hub=hub, jiu=jiu, person=person, partner=partner, grant_id=grant_id)
