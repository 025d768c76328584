"""What a person's own vault goes through over the deployed functions: opened, filled, looked at."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from mydata_hub.collection.mapping import BUILT_IN
from mydata_hub.own_vault.importing import own_connection
from mydata_hub.ports.messages import send
from mydata_hub.vault.completeness import Completeness, tell_complete

from tests.architecture.cloud import Cloud
from tests.unit.web.conftest import Browser

if TYPE_CHECKING:
    from tests.architecture.test_roles_in_use import DeployedHub

STATEMENT = (
    "거래일시,적요,보낸분/받는분,송금메모,출금액,입금액,거래후잔액\n"
    "2025-01-25 09:00:00,자동이체,도시가스,,42300,,1\n"
)
SWEEP = {"sweep": True}


def go_a_vaults_way(hub: DeployedHub, cloud: Cloud, jiu: Browser) -> None:
    """Everything by the streams, once more by the streams, and by the sweep."""
    for records in (told(cloud, "OutboxTable"), told(cloud, "OutboxTable")):
        assert not cloud.invoke("fold_records", {"Records": records})["batchItemFailures"]
    for _ in range(2):
        bring(jiu)
    one = told(cloud, "SegmentsTable")[:1]
    for _ in range(2):
        assert not cloud.invoke("fold_records", {"Records": one})["batchItemFailures"]
    vault_id = jiu.state()["account_id"]
    about = Completeness(
        vault_id=vault_id,
        connection_id=own_connection(vault_id, BUILT_IN["kr_bank"]),
        at=datetime.now(UTC),
    )
    at = datetime.now(UTC) - timedelta(seconds=1)
    hub.desk.tables.commit(send(tell_complete(about, "told", at)))
    for _ in range(2):
        assert not cloud.invoke("fold_records", SWEEP)["batchItemFailures"]
    page = jiu.get("/today")
    assert page.status == 200, page.body
    seen = json.loads(jiu.get("/today/state").body)
    assert [past["waiting"] for past in seen["imports"]] == [0, 0]
    assert seen["sources"][0]["complete_until"][:4] == str(at.year)


def bring(jiu: Browser) -> None:
    """A statement by the page's own call."""
    content = base64.b64encode(STATEMENT.encode()).decode()
    body = {"name": "a.csv", "mapping": "kr_bank", "content": content, "all_or_nothing": True}
    reply = jiu.post("/import", body)
    assert reply.status == 201, reply.body


def told(cloud: Cloud, table: str) -> list[dict[str, Any]]:
    """Stream records of all that a table holds, as its stream shows them."""
    found = []
    for number, item in enumerate(boto3.client("dynamodb").scan(TableName=table)["Items"]):
        keys = {name: item[name] for name in ("partition", "sort")}
        change: dict[str, Any] = {"Keys": keys, "SequenceNumber": str(number)}
        if table == "OutboxTable":
            change["NewImage"] = item
        found.append({"eventName": "INSERT", "dynamodb": change})
    return found
