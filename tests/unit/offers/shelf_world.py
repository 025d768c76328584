"""A hub with partners who publish, an operator who decides, and the press: on real engines."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from mydata_hub.accounts.account import Role
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.sessions import Session
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.fields import Wording
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.clients import Client, register_client
from mydata_hub.offers.catalogue.check import Checked
from mydata_hub.offers.catalogue.deciding import Decision, Outcome, decide_offer
from mydata_hub.offers.catalogue.eligibility import Condition, compile_eligibility
from mydata_hub.offers.catalogue.offer import Benefit, Offer
from mydata_hub.offers.catalogue.press import Press, publish_snapshot
from mydata_hub.offers.catalogue.publishing import OnShelf, submit_offer
from mydata_hub.offers.catalogue.signed_head import verifier
from mydata_hub.offers.catalogue.snapshot import SnapshotReader
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.transparency.events import pending_rows

BEGUN = datetime(2026, 11, 24, 9, tzinfo=UTC)
ORIGIN = "http://localhost:8787"
NAMES = {
    name: name.title()
    for name in ("offers", "clients", "outbox", "events", "oauth", "deliveries", "sessions")
}
# The public key of RFC 8037 appendix A.2; nobody signs with it here.
PUBLIC = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
CAFE = "cafe"
MORNING = 'context["commute.by_subway@1"] == "yes"'


def an_offer(name: str = "latte", client: str = CAFE, **changes: object) -> Offer:
    """An offer as it comes out of the check."""
    offer = Offer(
        offer_id=f"{client}.{name}",
        version=1,
        client=client,
        category="cafe",
        title=Wording(ko="출근길 커피", en="Coffee on your way"),
        text=Wording(ko="아메리카노 한 잔을 드려요.", en="One americano is on us."),
        image=None,
        purpose="personal_offers",
        eligibility="",
        trigger="always",
        claims_on_acceptance=(),
        benefit=Benefit(
            kind="coupon",
            wording=Wording(ko="아메리카노 한 잔", en="One americano"),
            amount_minor=4500,
            currency="KRW",
        ),
        valid_from=BEGUN - timedelta(days=1),
        valid_until=BEGUN + timedelta(days=30),
        stock=None,
    )
    return replace(offer, **changes)


def compiled(offer: Offer) -> Condition:
    """What the offer's eligibility means in this release."""
    return compile_eligibility(offer.eligibility, CATALOGUE)


def list_ids(offers: Sequence[tuple[Offer, Condition]]) -> bytes:
    """An index that anybody can read: the offers' ids in the order of the slots."""
    return json.dumps([offer.offer_id for offer, _ in offers]).encode()


class ShelfWorld:
    """Tables, blobs and key of one hub, and what people do with them."""

    def __init__(self, folder: Path, clock: SetClock | None = None) -> None:
        self.folder, self.clock = folder, clock or SetClock(BEGUN)
        self.tables = SqliteTables(folder, NAMES, self.clock)
        self.blobs = DiskBlobs(folder, "offers")
        self.keys = SigningKeys(LocalSigner(folder, "offer", "ES256"))
        self.left_out: list[str] = []
        self.desk = Desk(
            tables=self.tables, clock=self.clock, entropy=SystemEntropy(), issuer=ORIGIN
        )

    @property
    def press(self) -> Press:
        return Press(
            tables=self.tables,
            blobs=self.blobs,
            keys=self.keys,
            clock=self.clock,
            entropy=SystemEntropy(),
            issuer=ORIGIN,
            compile=compiled,
            build_index=list_ids,
            left_out=self.left_out.append,
        )

    def partner(self, client_id: str = CAFE, **changes: object) -> Client:
        client = Client(
            client_id=client_id,
            name="샘플카페",
            jwks=json.dumps({"keys": [PUBLIC]}),
            redirect_uris=("https://cafe.example/",),
            group=client_id,
            purposes=("personal_offers",),
        )
        return register_client(self.desk, replace(client, **changes))

    def submit(
        self,
        offer: Offer | None = None,
        replaces: int | None = None,
        discloses: tuple[str, ...] = (),
    ) -> OnShelf:
        offer = offer or an_offer()
        free = Decimal("0.0000")
        checked = Checked(offer=offer, condition=compiled(offer), discloses=discloses, bits=free)
        return submit_offer(self.desk, checked, replaces)

    def decide(
        self, offer_id: str, version: int = 1, reason: str | None = None, **options: object
    ) -> OnShelf:
        outcome = Outcome.APPROVED if reason is None else Outcome.REFUSED
        decision = Decision(offer_id=offer_id, version=version, outcome=outcome, reason=reason)
        return decide_offer(self.desk, options.get("session"), decision, compiled)

    def approved(self, *offers: Offer, discloses: tuple[str, ...] = ()) -> None:
        for offer in offers:
            kept = self.submit(offer, discloses=discloses)
            self.decide(offer.offer_id, kept.latest.version)

    def publish(self) -> bool:
        return publish_snapshot(self.press)

    def reader(self, read_index: Callable[[bytes], Any] = json.loads) -> SnapshotReader[Any]:
        """A vault's reader that has read nothing yet."""
        verify = verifier(lambda: self.keys.public, ORIGIN)
        return SnapshotReader(self.tables, self.blobs, verify, read_index)

    def told(self, partner: str | None = None) -> list[dict[str, str]]:
        """What auditors read of what happened, in the order it happened."""
        rows = sorted(pending_rows(self.tables), key=lambda row: row.values["recorded_at"])
        found = [json.loads(row.values["audit"]) for row in rows]
        return [one for one in found if partner is None or one.get("partner") == partner]

    def sent(self) -> int:
        """How often the press was asked for."""
        from mydata_hub.ports.messages import due_messages

        due = due_messages(self.tables, self.clock.now())
        return sum(message.topic == "offers_changed" for message in due)


def an_operator(world: ShelfWorld) -> Session:
    now = world.clock.now()
    return Session(
        session_id="s",
        account_id="operator-1",
        role=Role.OPERATOR,
        passkey_id="p",
        csrf="c",
        authenticated_at=now,
        seen_at=now,
    )
