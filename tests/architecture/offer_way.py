"""An offer over the deployed functions: published, approved, in a snapshot, taken back."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from mydata_hub.oauth.client_assertion import ASSERTION_TYPE

from tests.architecture.cloud import Cloud
from tests.architecture.vault_way import SWEEP, told
from tests.unit.offers.offer_hub import a_document
from tests.unit.web.conftest import Browser
from tests.unit.web.partners import HttpPartner, ok

if TYPE_CHECKING:
    from tests.architecture.test_roles_in_use import DeployedHub

STAMPS, POINTS = "alley.coffee-stamps", "alley.lunch-points"
# An address that the courier may not call from an account, so that its keys are never fetched.
INSIDE = "https://127.0.0.1/keys"


def go_an_offers_way(hub: DeployedHub, cloud: Cloud, operator: Browser) -> None:
    """Twice, by the stream and by the sweep, so that a snapshot finds a page of the last one."""
    purposes = ("personal_offers",)
    environment = cloud.environment("authorize")
    partner = HttpPartner(hub, environment, client_id="alley", group="alley", purposes=purposes)
    # One of them fits everybody, so that a vault reads the page that it is in.
    for name in ("coffee-stamps", "lunch-points"):
        document = a_document(name, trigger="always")
        partner.send(partner.call("/offers", {"offer": document}), 201)
    partner.send(partner.call("/offers/list", {}), 200)
    for path in ("/operator/offers", "/operator/offers/state"):
        assert operator.get(path).status == 200
    assert operator.get(f"/operator/offers/{STAMPS}/image/1").status == 404
    _decide(operator, STAMPS)
    for _ in range(2):
        records = told(cloud, "OutboxTable")
        assert not cloud.invoke("publish_offers", {"Records": records})["batchItemFailures"]
    _decide(operator, POINTS)
    assert cloud.invoke("publish_offers", SWEEP) == {}
    partner.send(partner.call("/offers/withdraw", {"offer_id": POINTS}), 200)
    # The same pages as in the first snapshot: they lie there already.
    assert cloud.invoke("publish_offers", SWEEP) == {}
    reader = hub.browser()
    head = json.loads(_file(reader, "/offers/snapshot"))
    assert _file(reader, f"/offers/blobs/{head['manifest']}")
    assert _file(reader, "/offers/jwks")
    _keys_by_address(hub, cloud, operator)


def _file(reader: Browser, path: str) -> bytes:
    reply = reader.get(path)
    assert reply.status == 200, reply.body
    return base64.b64decode(reply.body)


def _decide(operator: Browser, offer_id: str) -> None:
    body = {"version": 1, "outcome": "approved"}
    ok(operator.post(f"/operator/offers/{offer_id}/decide", body), 200)


def _keys_by_address(hub: DeployedHub, cloud: Cloud, operator: Browser) -> None:
    """A partner whose keys are fetched proves itself with those: there are none yet."""
    about = {"client_name": "Bread", "redirect_uris": ["https://bread.example/"]}
    made = ok(operator.post("/operator/partners", {**about, "jwks_uri": INSIDE}), 201)
    partner = HttpPartner(hub, cloud.environment("authorize"), client_id="bread", group="bread")
    partner.client_id = made["client_id"]
    form = {"client_assertion_type": ASSERTION_TYPE, "offer": a_document()}
    partner.send(partner.call("/offers", form), 401)
