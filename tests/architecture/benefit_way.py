"""Coupons over the deployed functions: redeemed, earned, given back; some are left to erase."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mydata_hub.benefits.coupons import Coupon, put_coupon
from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.record import Record
from mydata_hub.config import CollectSettings, OffersSettings
from mydata_hub.fields import VaultId, Wording
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.samples.offers import offers_of
from mydata_hub.vault.announcements import announce
from mydata_hub.vault.public_keys import read_recipient
from mydata_hub.vault.segments import Batch, new_segment_id, seal_segment, store_segment
from mydata_hub.wiring import blobs_for, signer_for, tables_for

from tests.architecture.cloud import Cloud
from tests.architecture.offer_way import STAMPS
from tests.architecture.vault_way import SWEEP
from tests.unit.own_vault.own_world import BANK, transaction
from tests.unit.vault.vault_world import ATTRIBUTION
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
    _earn_and_spend(cloud, jiu, VaultId(subject))


def _earn_and_spend(cloud: Cloud, jiu: Browser, vault_id: VaultId) -> None:
    """After the offers' way: its stamps are on offer. What is said is folded while a page waits."""
    alley, offer_id = STAMPS.split(".")
    stamps = offers_of(alley, datetime.now(UTC))[offer_id]["benefit"]
    with cloud.waking("fold_records"):
        kept = ok(jiu.post("/wallet/favourites", {"offer": STAMPS}), 201)
        assert kept["in_effect"]
        # Paid after that: whatever was paid before it earns nothing.
        _collected(
            cloud,
            vault_id,
            [
                transaction(f"cup-{cup}", datetime.now(UTC), 0, stamps["merchants"][0])
                for cup in range(stamps["goal"])
            ],
        )
        assert not cloud.invoke("fold_records", SWEEP)["batchItemFailures"]
        assert _held(jiu) == (stamps["goal"], [])
        spent = ok(jiu.post("/wallet/spendings", {"offer": STAMPS}), 201)
        assert spent["in_effect"]
        assert _held(jiu) == (0, [(spent["coupon_id"], "issued")])
        back = ok(jiu.post(f"/wallet/coupons/{spent['coupon_id']}/give-back"), 201)
        assert back["in_effect"]
    assert _held(jiu) == (stamps["goal"], [(spent["coupon_id"], "returned")])


def _held(jiu: Browser) -> tuple[int, list[tuple[str, str]]]:
    """How many stamps, and what became of the coupons that they were spent on."""
    wallet: dict[str, Any] = ok(jiu.get("/wallet/state"), 200)
    (programme,) = wallet["programmes"]
    coupons = [one for one in wallet["coupons"] if one["offer_id"] == STAMPS]
    return programme["held"], [(one["coupon_id"], one["state"]) for one in coupons]


def _collected(cloud: Cloud, vault_id: VaultId, records: list[Record]) -> None:
    """Sealed and announced as `collect` does; its calls count as nobody's.

    Each in a segment of its own: an export takes one home that has a single record.
    """
    settings = CollectSettings.read(cloud.environment("collect"))
    tables, blobs = tables_for(settings), blobs_for(settings, settings.segments_bucket)
    signer = signer_for(settings, settings.collector_key, "ES256")
    recipient, entropy = read_recipient(tables, vault_id), SystemEntropy()
    for record in records:
        batch = Batch(
            segment_id=new_segment_id(entropy),
            dataset=BANK,
            schema_hash=schema_of(BANK).digest(),
            attribution=ATTRIBUTION,
            records=(record.encode(),),
        )
        segment = seal_segment(batch, recipient, signer, entropy)
        tables.commit(announce(segment, store_segment(blobs, segment), datetime.now(UTC)))
