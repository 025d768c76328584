"""A partner's questions over the deployed functions, answered, repeated, refused and receipted."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    first = partner.ask(key="one")
    assert first.status == 200, first.body
    assert partner.ask(key="one").body == first.body
    assert partner.ask("commute.everything").status == 403
    event_id = first.json()["event_id"]
    assert partner.receipt(event_id).json()["log"] is None
    cloud.invoke("sequence_log", {"sweep": True})
    assert partner.receipt(event_id).json()["log"]
    with_a_nonce = partner.proof("POST", "/claims", token=partner.token, nonce="not one of ours")
    assert partner.ask(proof=with_a_nonce).status == 401
    assert jiu.post(f"/grants/{grant_id}/withdraw").status == 200
    assert partner.ask(key="two").status == 401
