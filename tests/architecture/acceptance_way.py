"""Acceptances over the deployed functions: one that is signed, one by a tap, and their report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.architecture.cloud import Cloud
from tests.architecture.vault_way import SWEEP, bring
from tests.unit.offers.offer_hub import a_document
from tests.unit.web.conftest import Browser
from tests.unit.web.partners import HttpPartner, ok

if TYPE_CHECKING:
    from tests.architecture.test_roles_in_use import DeployedHub

WORDS = {"ko": "한 잔", "en": "A cup"}
COUPON = {"kind": "coupon", "wording": WORDS, "amount_minor": 4500, "currency": "KRW"}
# For everybody: the one asks something of whoever accepts, the other nothing.
FOR_ALL = {"eligibility": "", "trigger": "always", "category": "cafe", "benefit": COUPON}
ASKS = ["habits.cafe_time@1"]
_READ, _LIST, _COMMIT = (
    f"dynamodb:{operation}" for operation in ("BatchGetItem", "Query", "TransactWriteItems")
)
# What each act of an offer's life is paid for, whoever's offer it is. A key's public half is read
# once by each instance and is not among it.
BILLS = {
    "publishing kiosk": {f"offers {_READ}": 3, f"offers {_LIST}": 1, f"offers {_COMMIT}": 1},
    "publishing stand": {f"offers {_READ}": 3, f"offers {_LIST}": 1, f"offers {_COMMIT}": 1},
    "approving kiosk": {f"offers {_READ}": 3, f"offers {_COMMIT}": 1},
    "approving stand": {f"offers {_READ}": 3, f"offers {_COMMIT}": 1},
    # Sixteen shards of what waits, and what is approved; as many reads with three partners as with
    # two. Then an index, a page, a manifest.
    **{
        f"a snapshot with {name}": {
            f"publish_offers {_LIST}": 17,
            f"publish_offers {_READ}": 4,
            "publish_offers s3:PutObject": 3,
            "publish_offers kms:Sign": 1,
            f"publish_offers {_COMMIT}": 2,
        }
        for name in ("kiosk", "stand")
    },
    # Opened in the vault; the page, the sheet as scripts have it, prepared, signed.
    "accepting kiosk": {
        f"my_vault {_READ}": 5,
        f"my_vault {_LIST}": 2,
        "my_vault kms:Sign": 1,
        f"authorize {_READ}": 24,
        f"authorize {_LIST}": 5,
        f"authorize {_COMMIT}": 2,
    },
    # Opened in the vault; the page, taken.
    "accepting stand": {
        f"my_vault {_READ}": 5,
        f"my_vault {_LIST}": 2,
        "my_vault kms:Sign": 1,
        f"authorize {_READ}": 8,
        f"authorize {_COMMIT}": 1,
    },
    # The partner is told at once of the one that tells it something.
    "redeeming kiosk": {f"offers {_READ}": 5, f"offers {_COMMIT}": 1},
    "redeeming stand": {f"offers {_READ}": 4, f"offers {_COMMIT}": 1},
}


def go_an_acceptances_way(hub: DeployedHub, cloud: Cloud, jiu: Browser, operator: Browser) -> None:
    """Each partner brings one new offer a week, so each offer is of a partner of its own."""
    for name, asks in (("kiosk", ASKS), ("stand", [])):
        partner = HttpPartner(
            hub,
            cloud.environment("authorize"),
            client_id=name,
            group=name,
            purposes=("personal_offers",),
        )
        changes = {**FOR_ALL, "name": "cup", "claims_on_acceptance": asks}
        document = json.dumps({**json.loads(a_document()), **changes})
        with cloud.billed(f"publishing {name}"):
            partner.send(partner.call("/offers", {"offer": document}), 201)
        offer_id = f"{name}.cup"
        decided = {"version": 1, "outcome": "approved"}
        with cloud.billed(f"approving {name}"):
            ok(operator.post(f"/operator/offers/{offer_id}/decide", decided), 200)
        with cloud.billed(f"a snapshot with {name}"):
            assert cloud.invoke("publish_offers", SWEEP) == {}
        # What is folded next is matched with what was published.
        bring(jiu)
        assert not cloud.invoke("fold_records", SWEEP)["batchItemFailures"]
        shown = ok(jiu.get("/offers/state"), 200)["offers"]
        assert offer_id in {one["offer_id"] for one in shown}
        with cloud.billed(f"accepting {name}"):
            accept(jiu, f"/offers/{offer_id}", signed=bool(asks))
        (coupon,) = [
            one
            for one in ok(jiu.get("/wallet/state"), 200)["coupons"]
            if one["offer_id"] == offer_id
        ]
        signed = ok(jiu.get(f"/coupons/{coupon['coupon_id']}"), 200)["coupon"]
        with cloud.billed(f"redeeming {name}"):
            partner.send(partner.call("/coupons/redeem", {"coupon": signed}), 200)
        partner.send(partner.call("/offers/report", {"offer_id": offer_id}), 200)


def accept(jiu: Browser, path: str, *, signed: bool) -> dict[str, Any]:
    """By the calls of the page."""
    ticket = ok(jiu.post(f"{path}/open"), 201)["ticket"]
    assert jiu.get(f"{path}/accept").status == 200
    if not signed:
        return ok(jiu.post(f"{path}/take", {"ticket": ticket}), 200)
    event = jiu.event("GET", f"{path}/accept", accept="application/json")
    sheet = ok(jiu.send(event), 200)
    asked = {"ticket": ticket, "locale": sheet["locale"], "wording_hash": sheet["wording_hash"]}
    prepared = ok(jiu.post(f"{path}/prepare", asked), 201)
    credential = jiu.passkey.get(prepared["publicKey"], jiu.hub.issuer)
    body = {"approval": prepared["approval"], "credential": credential}
    return ok(jiu.post(f"{path}/approve", body), 200)
