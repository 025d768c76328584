"""A coupon over the deployed functions: in the wallet, shown, redeemed; one is left to erase."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mydata_hub.benefits.coupons import Coupon, put_coupon
from mydata_hub.config import OffersSettings
from mydata_hub.fields import Wording
from mydata_hub.wiring import tables_for

from tests.architecture.cloud import Cloud
from tests.unit.web.conftest import Browser
from tests.unit.web.partners import HttpPartner, ok

if TYPE_CHECKING:
    from tests.architecture.test_roles_in_use import DeployedHub

DINER = "diner"
COUPON = Coupon(
    coupon_id="c-1",
    client=DINER,
    offer_id=f"{DINER}.lunch",
    version=1,
    kind="coupon",
    title=Wording(ko="점심", en="Lunch"),
    amount_minor=2_000,
    currency="KRW",
    till=None,
    good_until=datetime.now(UTC) + timedelta(days=9),
)


def go_the_way_of_benefits(hub: DeployedHub, cloud: Cloud, jiu: Browser) -> None:
    """The rows of coupons are put as an acceptance puts them; its calls count as nobody's."""
    environment = cloud.environment("authorize")
    partner = HttpPartner(hub, environment, client_id=DINER, group=DINER)
    tables = tables_for(OffersSettings.read(cloud.environment("offers")))
    subject = jiu.state()["account_id"]
    for name in ("c-1", "c-2"):
        tables.commit(*put_coupon(subject, replace(COUPON, coupon_id=name)))
    assert jiu.get("/wallet").status == 200
    found = ok(jiu.get("/wallet/state"), 200)["coupons"]
    assert {one["coupon_id"] for one in found} == {"c-1", "c-2"}
    assert hub.browser().get("/coupons/jwks").status == 200
    token = ok(jiu.get("/coupons/c-1"), 200)["coupon"]
    partner.send(partner.call("/coupons/redeem", {"coupon": token}), 200)
    partner.send(partner.call("/coupons/redeem", {"coupon": token}), 400)
    # No points were spent on it.
    assert jiu.post("/wallet/coupons/c-2/give-back").status == 404
