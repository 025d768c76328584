"""A sample partner hears that a grant has ended: it verifies, acknowledges, deletes and attests."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from mydata_hub.consent.deliveries import (
    TOPIC,
    Delivery,
    DeliveryState,
    InitiatedBy,
    fetch_deliveries,
)
from mydata_hub.courier.calling import Caller
from mydata_hub.courier.telling import Courier, Round
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.clients import set_event_endpoint
from mydata_hub.oauth.security_events import GRANT_ENDED, TYPE, event_claims
from mydata_hub.ports.messages import due_messages

from tests.samples.oauth_hub import OAuthHub, serving_hub
from tests.samples.sample_world import start, stop
from tests.samples.test_partners import Shop, make_key

DEADLINE_S = 10.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("hearing")
    key, jwks = make_key(folder, "bicycle")
    with serving_hub(folder / "hub") as hub:
        process, about = start(
            *("partner", "bicycle", "--hub", hub.url, "--client-id", "shop", "--key", str(key))
        )
        try:
            public = json.loads(jwks.read_text())
            hub.register("shop", public, about["redirect_uri"], "mobility_service")
            set_event_endpoint(hub.desk, "shop", f"{about['url']}/events")
            private = json.loads(key.read_text())
            yield Shop(about["url"], about["redirect_uri"], hub, "bicycle", "shop", private)
        finally:
            stop(process)


def deliver(hub: OAuthHub) -> None:
    """What the courier does, once."""
    courier = Courier(
        tables=hub.desk.tables,
        entropy=hub.desk.entropy,
        keys=hub.authority.event_keys,
        caller=Caller(loopback_allowed=True),
        issuer=hub.url,
    )
    for message in due_messages(hub.desk.tables, hub.desk.now()):
        if message.topic == TOPIC:
            assert courier.tell_partner(message, hub.desk.now(), Round())


def attested(hub: OAuthHub, grant_id: str) -> Delivery:
    begun = time.monotonic()
    while True:
        news = fetch_deliveries(hub.desk.tables, [grant_id])[grant_id]
        over = time.monotonic() - begun > DEADLINE_S
        if over or news.state is DeliveryState.DELETION_ATTESTED:
            return news
        time.sleep(0.02)


def test_what_was_learnt_is_gone_once_the_partner_attests_and_its_token_is_refused(
    shop: Shop,
) -> None:
    with shop.program() as http:
        first = shop.granted(http)
        visit = {"visit": first["visit"]}
        assert len(http.get("/", params=visit).json()["learnt"]) == 1
        (grant_id,) = shop.hub.withdraw()
        deliver(shop.hub)
        news = attested(shop.hub, grant_id)
        left = http.get("/", params=visit).json()
        asked = http.post("/ask", json=visit).json()

    assert (news.state, news.acknowledged_at is not None) == ("deletion_attested", True)
    assert (left["learnt"], left["forgotten"]) == ([], True)
    assert asked["status"] == 401


def test_the_same_event_again_is_acknowledged_again(shop: Shop) -> None:
    token = told(shop)
    for _ in range(3):
        assert post(shop, token).status_code == 202


def told(shop: Shop, keys: SigningKeys | None = None, typ: str = TYPE, **changes: Any) -> str:
    """An event about a grant that nobody knows, with changes."""
    about = Delivery(
        grant_id="g",  # type: ignore[arg-type]
        client_id="shop",  # type: ignore[arg-type]
        event_id="e",
        initiated_by=InitiatedBy.PERSON,
        due_at=shop.hub.desk.now(),
    )
    claims = event_claims(shop.hub.url, about) | changes
    return (keys or shop.hub.authority.event_keys).sign(typ, claims)


def post(shop: Shop, token: str, media_type: str = "application/secevent+jwt") -> httpx.Response:
    headers = {"content-type": media_type}
    return httpx.post(f"{shop.url}/events", content=token, headers=headers, timeout=10)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://elsewhere.example"}, "invalid_issuer"),
        ({"aud": "somebody else"}, "invalid_audience"),
        ({"events": {}}, "invalid_request"),
        ({"events": {GRANT_ENDED: {}}}, "invalid_request"),
        ({"typ": "JWT"}, "invalid_request"),
    ],
)
def test_an_event_that_is_not_for_the_partner_is_refused_as_rfc_8935_says(
    shop: Shop, changes: dict[str, Any], code: str
) -> None:
    answer = post(shop, told(shop, **changes))
    assert (answer.status_code, answer.json()["err"]) == (400, code)
    assert Caller(loopback_allowed=True).push(f"{shop.url}/events", told(shop, **changes)) == code


def test_an_event_that_the_hub_did_not_sign_is_refused(shop: Shop, tmp_path: Any) -> None:
    forger = SigningKeys(LocalSigner(tmp_path, "events", "ES256"))
    for token in (told(shop, forger), "no.event.at-all", "", "x"):
        answer = post(shop, token)
        assert (answer.status_code, answer.json()["err"]) == (400, "invalid_key")
    assert post(shop, told(shop), "application/json").json()["err"] == "invalid_request"
