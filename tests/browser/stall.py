"""A partner's stall: offers that are published for one test and gone when it ends.

All browser tests of a worker share one hub, and what a person is shown is capped: an offer for
everybody that one test leaves behind would take the place of the next test's own.
"""

from __future__ import annotations

import json
import struct
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.laptop import laptop_deployment
from mydata_hub.cli.sample_offers import desk_of_offers, submit_sample
from mydata_hub.oauth.clients import Client, register_client
from mydata_hub.offers.catalogue.compiled import compile_offer
from mydata_hub.offers.catalogue.deciding import Decision, Outcome, decide_offer
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.publishing import list_offers, withdraw_offer

from tests.unit.offers.shelf_world import PUBLIC

EVERYBODY = {"trigger": "always", "eligibility": ""}
WAIT_SECONDS, STEP_SECONDS = 20, 0.1
LOOKS, LOOK_MS = 60, 250


@dataclass
class Stall:
    """The desk of the function that takes offers in, over the served hub's own folder."""

    desk: Desk
    url: str
    clients: list[str] = field(default_factory=list)

    def submit(self, client_id: str, *documents: str) -> None:
        """Register a partner and put its offers on the shelf, where they wait for an operator."""
        client = Client(
            client_id=client_id,
            name="샘플골목",
            jwks=json.dumps({"keys": [PUBLIC]}),
            redirect_uris=("https://alley.example/",),
            group=client_id,
            purposes=("personal_offers", "deposit_waiver"),
        )
        register_client(self.desk, client)
        self.clients.append(client_id)
        for document in documents:
            submit_sample(self.desk, client_id, document)

    def publish(self, client_id: str, *documents: str) -> list[str]:
        """The same, approved; returns the offers' ids once everybody can read them."""
        self.submit(client_id, *documents)
        ids = []
        for one in list_offers(self.desk, client_id):
            decision = Decision(
                offer_id=one.latest.offer_id,
                version=one.latest.version,
                outcome=Outcome.APPROVED,
            )
            decide_offer(self.desk, None, decision, compile_offer)
            ids.append(one.latest.offer_id)
        self.wait(lambda: set(ids) <= self.on_show())
        return ids

    def withdraw_all(self) -> None:
        """Take back whatever was submitted here, and wait until nobody is shown it."""
        for client_id in self.clients:
            for one in list_offers(self.desk, client_id):
                withdraw_offer(self.desk, client_id, one.latest.offer_id)
        self.wait(lambda: not {one for one in self.on_show() if self.has(one)})

    def has(self, offer_id: str) -> bool:
        """Whether an offer is one of this stall's partners'."""
        return offer_id.partition(".")[0] in self.clients

    def on_show(self) -> set[str]:
        """The ids of the offers in the latest snapshot, as everybody reads it."""
        head = httpx.get(f"{self.url}/offers/snapshot")
        if head.status_code == httpx.codes.NOT_FOUND:
            return set()
        manifest = self._blob(head.raise_for_status().json()["manifest"])
        pages = [self._blob(page["sha256"]) for page in json.loads(manifest)["pages"]]
        return {Offer.decode(line).offer_id for page in pages for line in page.splitlines()}

    def wait(self, is_so: Callable[[], bool]) -> None:
        """A snapshot is made a moment after it is asked for."""
        until = time.monotonic() + WAIT_SECONDS
        while not is_so():
            assert time.monotonic() < until, f"the snapshot still holds {self.on_show()}"
            time.sleep(STEP_SECONDS)

    def _blob(self, sha256: str) -> bytes:
        return httpx.get(f"{self.url}/offers/blobs/{sha256}").raise_for_status().content


@pytest.fixture
def stall(hub) -> Iterator[Stall]:
    """Offers of this test alone: none of an earlier one's is left, and none of its own stays."""
    stall = Stall(desk_of_offers(laptop_deployment(hub.folder, hub.url)), hub.url)
    stall.wait(lambda: not stall.on_show())
    yield stall
    stall.withdraw_all()


def shown(person, *offer_ids: str) -> None:
    """Load a person's offers until each of these is there: a vault is opened a moment later."""
    for _ in range(LOOKS):
        person.go("/offers")
        if all(card(person, one).count() for one in offer_ids):
            return
        person.page.wait_for_timeout(LOOK_MS)
    there = [one.get_attribute("aria-labelledby") for one in person.page.locator("article").all()]
    raise AssertionError(f"{offer_ids} are not all among {there}")


def card(person, offer_id: str):
    """The card of an offer on the page of offers."""
    return person.page.locator(f"article[aria-labelledby='offer-{offer_id}']")


def a_picture(width: int = 320, height: int = 120) -> bytes:
    """A PNG of a calm colour that runs from one side to the other."""
    row = b"\0" + b"".join(bytes((40, 90 + x * 100 // width, 120)) for x in range(width))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


IMAGE = {
    "content": b64encode(a_picture()).decode(),
    "alt": {"ko": "골목의 아침", "en": "The alley in the morning"},
}
