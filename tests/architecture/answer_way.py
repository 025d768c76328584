"""A partner's questions over the deployed functions, answered, repeated, refused and receipted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mydata_hub.aws.dynamo_tables import DynamoTables
from mydata_hub.ports.clock import SystemClock
from mydata_hub.release.signing_keys import LEAD, PRESENT, put_days, read_days

from tests.architecture.cloud import Cloud
from tests.unit.answer.answer_world import AskingPartner
from tests.unit.web.conftest import Browser

if TYPE_CHECKING:
    from tests.architecture.test_roles_in_use import DeployedHub


def go_an_answers_way(hub: DeployedHub, cloud: Cloud, jiu: Browser) -> None:
    """After the vault's way: there is a vault, and what is in it tells nothing of commuting."""
    partner = AskingPartner(
        hub, cloud.environment("authorize"), name="Scooters", client_id="scooters"
    )
    grant_id = partner.be_allowed(jiu)
    for path in ("/.well-known/jwt-vc-issuer", "/claims/jwks"):
        assert jiu.get(path).status == 200
    for kid in (key["kid"] for key in jiu.get("/claims/jwks").json()["keys"]):
        event = jiu.event("GET", f"/claims/keys/{kid}")
        event |= {"routeKey": "GET /claims/keys/{kid}", "pathParameters": {"kid": kid}}
        assert cloud.invoke("answer", event)["statusCode"] == 200
    assert paid_for_an_answer(cloud, partner) == [
        "dynamodb:BatchGetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:TransactWriteItems",
    ]
    first = partner.ask(key="one")
    assert first.status == 200, first.body
    assert partner.ask(key="one").body == first.body
    assert partner.ask("commute.everything").status == 403
    event_id = first.json()["event_id"]
    assert partner.receipt(event_id).json()["log"] is None
    cloud.invoke("sequence_log", {"sweep": True})
    assert partner.receipt(event_id).json()["log"]
    own = jiu.event("GET", f"/activity/{event_id}/receipt")
    own |= {
        "routeKey": "GET /activity/{event_id}/receipt",
        "pathParameters": {"event_id": event_id},
    }
    assert cloud.invoke("answer", own)["statusCode"] == 200
    with_a_nonce = partner.proof("POST", "/claims", token=partner.token, nonce="not one of ours")
    assert partner.ask(proof=with_a_nonce).status == 401
    assert jiu.post(f"/grants/{grant_id}/withdraw").status == 200
    assert partner.ask(key="two").status == 401


def paid_for_an_answer(cloud: Cloud, partner: AskingPartner) -> list[str]:
    """What an answer costs whose keys are warm: each call of AWS, in order."""
    assert partner.ask().status == 200
    _let_the_key_of_the_day_sign()
    del cloud.handlers["answer"]  # an instance that starts later
    assert partner.ask().status == 200
    cloud.paid.clear()
    assert partner.ask("commute.by_subway").status == 200
    return [call for function, call in cloud.paid if function == "answer"]


def _let_the_key_of_the_day_sign() -> None:
    tables = DynamoTables({"signing_keys": "SigningKeysTable"}, SystemClock())
    row = tables.fetch_many(PRESENT)[PRESENT]
    (day,) = read_days(row)
    tables.commit(put_days(row, [replace(day, begins_at=day.begins_at - 2 * LEAD)]))
