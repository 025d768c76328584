"""What a rotation goes through over the deployed functions: asked for, run, looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.architecture.cloud import Cloud
from tests.architecture.vault_way import told
from tests.unit.web.conftest import Browser

if TYPE_CHECKING:
    from tests.architecture.test_roles_in_use import DeployedHub


def go_the_way_of_rotation(_hub: DeployedHub, cloud: Cloud, jiu: Browser) -> None:
    """Each kind, by the stream, once more by the stream, and by the sweep."""
    vault_id = jiu.state()["account_id"]
    for asked in ({"rotate": "wrap"}, {"rotate": "keys", "vault": vault_id}, {"rotate": "seal"}):
        begun = cloud.invoke("reseal", asked)
        assert cloud.invoke("reseal", {"running": asked["rotate"]}) == begun
        records = told(cloud, "OutboxTable")
        for _ in range(2):
            assert not cloud.invoke("reseal", {"Records": records})["batchItemFailures"]
        assert cloud.invoke("reseal", {"sweep": True}) == {}
        ended = cloud.invoke("reseal", {"rotation": begun["rotation_id"]})
        assert (ended["state"], ended["failed"]) == ("ended", 0)
        assert ended["changed"] > 0
    assert ended["segments"] > 0
    erase_a_part(cloud, jiu)


def erase_a_part(cloud: Cloud, jiu: Browser) -> None:
    """All of the statements that were brought: their segments have nothing left."""
    assert jiu.get("/sources/erase").status == 200
    asked = jiu.post("/sources/erase", {"dataset": "bank.transactions", "sure": "yes"})
    assert asked.status == 202, asked.body
    records = told(cloud, "OutboxTable")
    for _ in range(2):
        assert not cloud.invoke("reseal", {"Records": records})["batchItemFailures"]
    assert not cloud.invoke("erase", {"Records": told(cloud, "OutboxTable")})["batchItemFailures"]
    location = asked.json()["location"]
    found = jiu.get(location, accept="application/json").json()
    assert found["state"] == "inaccessible"
    assert found["part"]["dataset"] == "bank.transactions"
    assert jiu.get(location).status == 200
