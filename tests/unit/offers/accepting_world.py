"""People to whom offers are shown, and the partner that hears of it once they accept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.fields import Wording
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.clients import Client, register_client
from mydata_hub.offers.acceptance.accepting import (
    Counter,
    OnOffer,
    accept_freely,
    accept_offer,
    find_on_offer,
    prepare_acceptance,
)
from mydata_hub.offers.acceptance.ticket import Tickets
from mydata_hub.offers.catalogue.compiled import compile_offer, digest_of
from mydata_hub.offers.catalogue.offer import Benefit, Offer
from mydata_hub.offers.catalogue.shelf import Head, OfferState, Submitted, put_head, put_submitted

from tests.unit.consent.world import LOGICAL, ORIGIN, Watched, World
from tests.unit.oauth.hub import KEYS, jwks_text

MORE = ("offers", "coupons", "ledger")
SUBWAY, MODE = "commute.by_subway@1", "commute.mode@1"
SENTENCES = "수락하면 자전거 가게가 두 가지를 알게 돼요."


class Stall(World):
    """A hub whose partner `bicycles` has one offer that was approved."""

    def __init__(self, folder):
        super().__init__(folder / "data")
        names = {name: f"{name.title()}Table" for name in (*LOGICAL, *MORE)}
        self.tables = Watched(SqliteTables(folder / "all", names, self.clock))
        self.desk = replace(self.desk, tables=self.tables)
        self.matches = SigningKeys(LocalSigner(folder, "matches", "ES256"))
        self.counter = Counter(desk=self.desk, tickets=Tickets(self.matches, ORIGIN, self.clock))
        register_client(
            self.desk,
            Client(
                client_id="bicycles",
                name="자전거",
                jwks=jwks_text({"keys": [KEYS["ES256"]().as_dict(private=False)]}),
                redirect_uris=("https://bicycles.example/back",),
                group="rentals",
                purposes=("personal_offers", "mobility_service"),
            ),
        )

    def shelve(self, discloses=(SUBWAY, MODE), **changes):
        """An approved offer, as the shelf keeps it."""
        offer = Offer(
            **{
                "offer_id": "bicycles.rides",
                "version": 1,
                "client": "bicycles",
                "category": "mobility",
                "title": Wording(ko="퇴근길 자전거", en="A bicycle on your way home"),
                "text": Wording(ko="역에서 집까지 타세요.", en="From the station home."),
                "image": None,
                "purpose": "mobility_service",
                "eligibility": f'context["{SUBWAY}"] == "yes"' if discloses else "",
                "trigger": "always",
                "claims_on_acceptance": (MODE,) if discloses else (),
                "benefit": Benefit(
                    kind="coupon",
                    wording=Wording(ko="첫 30분 무료", en="The first 30 minutes free"),
                    amount_minor=1500,
                    currency="KRW",
                ),
                "valid_from": self.now - timedelta(days=1),
                "valid_until": self.now + timedelta(days=30),
                "stock": None,
                **changes,
            }
        )
        head = Head(
            offer_id=offer.offer_id,
            client=offer.client,
            name="rides",
            latest=1,
            state=OfferState.APPROVED,
            approved=1,
            stock=offer.stock,
        )
        submitted = Submitted(
            offer_id=offer.offer_id,
            version=1,
            document=offer.encode(),
            condition=digest_of(compile_offer(offer)),
            discloses=discloses,
            bits="0",
            submitted_at=self.now,
            state=OfferState.APPROVED,
        )
        self.tables.commit(put_head(head), put_submitted(submitted))
        return offer

    def on_offer(self) -> OnOffer:
        return find_on_offer(self.desk, "bicycles.rides")

    def ticket(self, session, offer="bicycles.rides@1", issuer=ORIGIN, keys=None):
        return Tickets(keys or self.matches, issuer, self.clock).issue(session.account_id, offer)

    def prepare_acceptance(self, session, ticket=None):
        return prepare_acceptance(
            self.counter,
            session,
            self.on_offer(),
            ticket or self.ticket(session),
            locale="ko",
            wording=SENTENCES,
        )

    def accept(self, passkey: SoftwarePasskey, session):
        prepared = self.prepare_acceptance(session)
        answer = self.sign(passkey, prepared)
        return accept_offer(self.counter, session, self.on_offer(), prepared.approval, answer)

    def accept_freely(self, session):
        accept_freely(self.counter, session, self.on_offer(), self.ticket(session))
