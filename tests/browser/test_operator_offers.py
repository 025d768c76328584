"""An operator reads what waits as people would see it, and decides, by the keyboard alone."""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64encode

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.enrolment import invite
from mydata_hub.cli.laptop import laptop_deployment
from mydata_hub.cli.sample_offers import desk_of_offers, submit_sample
from mydata_hub.oauth.clients import Client, register_client
from mydata_hub.offers.catalogue.publishing import list_offers

from tests.browser.test_looks import look, pictures
from tests.unit.offers.offer_hub import a_document
from tests.unit.offers.shelf_world import PUBLIC

__all__ = ["pictures"]


def a_picture(width=320, height=120):
    """A PNG of a calm colour that runs from one side to the other."""
    row = b"\0" + b"".join(bytes((40, 90 + x * 100 // width, 120)) for x in range(width))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.fixture
def offers(hub) -> Desk:
    """The desk of the function that takes offers in, over the served hub's own folder."""
    return desk_of_offers(laptop_deployment(hub.folder, hub.url))


def publish(desk: Desk, client_id: str, *documents: str) -> None:
    client = Client(
        client_id=client_id,
        name="샘플골목",
        jwks=json.dumps({"keys": [PUBLIC]}),
        redirect_uris=("https://alley.example/",),
        group=client_id,
        purposes=("personal_offers", "deposit_waiver"),
    )
    register_client(desk, client)
    for document in documents:
        submit_sample(desk, client_id, document)


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_an_operator_reads_and_decides_what_waits(locale, somebody, desk, offers, pictures):
    alley = f"alley-{locale}"
    image = {
        "content": b64encode(a_picture()).decode(),
        "alt": {"ko": "골목의 아침", "en": "The alley in the morning"},
    }
    publish(
        offers,
        alley,
        a_document("coffee-before-work", image=image),
        a_document("lunch-points", stock=200),
    )
    operator = somebody(locale)
    page = operator.page
    operator.go(invite(desk, Role.OPERATOR, "다나", locale))
    with page.expect_navigation():
        operator.press("Make a passkey")
    link = page.get_by_role("link", name=operator.say("Offers that wait for a decision"))
    link.press("Enter")
    operator.heading("Offers")
    assert page.locator("img.picture").evaluate("image => image.naturalWidth") == 320
    look(operator, f"operator-offers-{locale}", pictures)

    first, second = (
        page.locator(f"form[data-decide*='{alley}.{name}']")
        for name in ("coffee-before-work", "lunch-points")
    )
    first.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    with page.expect_navigation():
        first.get_by_role("button").press("Enter")
    operator.told("Approved. It is in the next snapshot.")
    assert page.locator("form[data-decide]").count() == 1

    second.get_by_role("radio").last.press("Space")
    second.get_by_role("button").press("Enter")
    page.get_by_role("alert").filter(visible=True).first.wait_for()
    second.get_by_label(operator.say("Why not, for the service to read")).fill(
        "가격을 적어 주세요."
    )
    with page.expect_navigation():
        second.get_by_role("button").press("Enter")
    operator.told("Refused. The service reads your reason.")
    operator.heading("Offers")
    page.get_by_text(operator.say("Nothing is waiting")).wait_for()
    look(operator, f"operator-offers-none-{locale}", pictures)
    told = {
        one.head.name: (one.latest.state, one.latest.reason) for one in list_offers(offers, alley)
    }
    assert told == {
        "coffee-before-work": ("approved", None),
        "lunch-points": ("refused", "가격을 적어 주세요."),
    }
