"""What an erasure goes through over the deployed functions: asked for, done, proven, confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mydata_hub.erasure.state import erase_message, fetch_erasure, put_erasure
from mydata_hub.personal_log.recipient import INTAKE
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import Put, VersionIs

from tests.architecture.cloud import Cloud
from tests.architecture.vault_way import told
from tests.unit.web.conftest import Browser

if TYPE_CHECKING:
    from tests.architecture.test_roles_in_use import DeployedHub

SWEEP = {"sweep": True}


def go_the_way_of_erasure(hub: DeployedHub, cloud: Cloud, jiu: Browser) -> None:
    """By the stream, once more by the stream, and by the sweep; a week later once more."""
    assert jiu.get("/erase").status == 200
    asked = jiu.post("/erase", {"confirmation": "erase everything"})
    assert asked.status == 202, asked.body
    certificate_id = asked.json()["certificate_id"]
    records = told(cloud, "OutboxTable")
    for _ in range(2):
        assert not cloud.invoke("erase", {"Records": records})["batchItemFailures"]
    assert looked_at(jiu, certificate_id)["state"] == "inaccessible"
    cloud.invoke("sequence_log", SWEEP)
    tables = hub.desk.tables
    erasure = fetch_erasure(tables, certificate_id)
    assert erasure.inaccessible_at
    # A week has passed: what is due then is due now.
    past = erasure.inaccessible_at - timedelta(days=8)
    at = datetime.now(UTC) - timedelta(seconds=1)
    # And the key that events were sealed to until then is gone since.
    row = tables.fetch_many(INTAKE)[INTAKE]
    gone = {"oldest_at": at.isoformat(), "swept_at": past.isoformat()}
    tables.commit(
        Put(key=INTAKE, values={**row.values, **gone}, when=VersionIs(row.version)),
        put_erasure(replace(erasure, inaccessible_at=past)),
        send(erase_message(certificate_id, "a week later", at)),
    )
    assert cloud.invoke("erase", SWEEP) == {}
    over = looked_at(jiu, certificate_id)
    assert over["state"] == "irrecoverable"
    assert over["certificates"][0]["log"]
    assert len(jiu.get("/certificates/jwks").json()["keys"]) == 1
    assert jiu.get("/account").status == 401


def looked_at(jiu: Browser, certificate_id: str) -> dict[str, Any]:
    """What the link shows, to a page and to a program."""
    assert jiu.get(f"/certificates/{certificate_id}").status == 200
    found: dict[str, Any] = jiu.get(
        f"/certificates/{certificate_id}", accept="application/json"
    ).json()
    return found
