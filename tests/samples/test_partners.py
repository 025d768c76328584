"""The sample partners, in processes of their own, against the hub's OAuth over HTTP."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from mydata_hub.cli.samples import samples as samples_command
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.samples.relying_party import RefusedByHub, RelyingParty
from mydata_hub.samples.trades import TRADES
from requests_oauth2client import DPoPToken

from tests.samples.oauth_hub import OAuthHub, serving_hub
from tests.samples.sample_world import start, stop

JSON = {"accept": "application/json"}


@dataclass
class Shop:
    """A partner's process, registered with the hub."""

    url: str
    redirect_uri: str
    hub: OAuthHub
    trade: str
    client_id: str
    key: dict[str, Any]

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20)

    def program(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20, headers=JSON)

    def granted(self, http: httpx.Client, **told: Any) -> dict[str, Any]:
        """The whole way of a program: start, the person approves, back with the code."""
        begun = http.post("/start", json=told).json()
        location = self.hub.decide(begun["authorization_url"])
        return http.get(location).json()


def make_key(folder: Path, trade: str) -> tuple[Path, Path]:
    key, jwks = folder / f"{trade}.key.json", folder / f"{trade}.jwks.json"
    told = CliRunner().invoke(
        samples_command, ["key", trade, "--key", str(key), "--jwks", str(jwks), "--json"]
    )
    assert told.exit_code == 0, told.output
    return key, jwks


@pytest.fixture(scope="module", params=["bicycle", "insurer"])
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    trade = request.param
    folder = tmp_path_factory.mktemp(trade)
    key, jwks = make_key(folder, trade)
    client_id = f"sample-{trade}"
    with serving_hub(folder / "hub") as hub:
        process, about = start(
            *("partner", trade, "--hub", hub.url, "--client-id", client_id, "--key", str(key))
        )
        try:
            hub.register(
                client_id,
                json.loads(jwks.read_text()),
                about["redirect_uri"],
                TRADES[trade].purpose,
            )
            private = json.loads(key.read_text())
            yield Shop(about["url"], about["redirect_uri"], hub, trade, client_id, private)
        finally:
            stop(process)


def test_a_program_walks_from_start_to_answers_and_asks_again(shop: Shop) -> None:
    with shop.program() as http:
        first = shop.granted(http)
        again = http.post("/ask", json={"visit": first["visit"]}).json()

    for learnt in (first, again):
        assert learnt["sample"] is True
        assert learnt["status"] == 200
        assert [answer["claim"] for answer in learnt["answers"]] == [*TRADES[shop.trade].claims]
        assert learnt["refusal"] is None
    keys = shop.hub.idempotency_keys
    assert len(set(keys[-2:])) == 2


def test_a_browser_sees_the_answers_and_nothing_else(shop: Shop) -> None:
    with shop.browser() as http:
        page = http.get("/", headers={"accept-language": "ko"}).text
        assert "샘플이에요" in page
        sent = http.post("/start")
        assert sent.status_code == 303
        back = http.get(shop.hub.decide(sent.headers["location"]))
        assert (back.status_code, back.headers["location"]) == (303, "/")
        http.post("/ask")
        page = http.get("/").text

    for claim in TRADES[shop.trade].claims:
        assert page.count(claim) == 2
    assert "다시 물어봐요" in page
    assert "eyJ" not in page  # no token is shown


def test_an_answer_brought_by_another_browser_is_refused(shop: Shop) -> None:
    with shop.browser() as theirs, shop.browser() as ours:
        location = shop.hub.decide(theirs.post("/start").headers["location"])
        assert ours.get(location).status_code == 403
        ours.post("/start")
        assert ours.get(location).status_code == 403
        assert theirs.get(location).status_code == 303


def test_a_claim_that_was_not_granted_is_refused_and_the_reason_is_told(shop: Shop) -> None:
    with shop.program() as http:
        visit = shop.granted(http)["visit"]
        asked = {"visit": visit, "claims": ["payments.recurring_count"]}
        learnt = http.post("/ask", json=asked).json()

    assert (learnt["status"], learnt["answers"]) == (403, [])
    assert learnt["refusal"] == "a claim is not in the grant"


@pytest.mark.parametrize("claim", ["love.life", "payments.recurring_count"])
def test_a_question_outside_the_catalogue_or_purpose_is_refused_before_the_person_is_asked(
    shop: Shop, claim: str
) -> None:
    with shop.program() as http:
        told = http.post("/start", json={"claims": [claim]})

    assert told.status_code == 400
    assert told.json()["error"] == "invalid_authorization_details"


def test_after_the_withdrawal_the_very_next_call_is_refused(shop: Shop) -> None:
    with shop.program() as http:
        visit = shop.granted(http)["visit"]
        shop.hub.withdraw()
        learnt = http.post("/ask", json={"visit": visit}).json()

    assert (learnt["status"], learnt["answers"]) == (401, [])
    assert "withdrawn" in learnt["refusal"]


def test_who_says_no_is_taken_back_and_the_partner_says_so(shop: Shop) -> None:
    with shop.browser() as http:
        sent = http.post("/start")
        http.get(shop.hub.decide(sent.headers["location"], approve=False))
        page = http.get("/").text
        told = http.get("/", headers=JSON).json()

    assert "access_denied" in page
    assert (told["granted"], told["learnt"]) == (False, [])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (("iss=", "iss=https%3A%2F%2Fother.example&was="), 400),
        (("iss=", "was="), 400),
        (("state=", "state=x"), 400),
        (("code=", "code=x"), 400),
    ],
)
def test_an_answer_of_another_server_request_or_code_is_refused(
    shop: Shop, change: tuple[str, str], status: int
) -> None:
    with shop.program() as http:
        begun = http.post("/start", json={}).json()
        location = shop.hub.decide(begun["authorization_url"])
        assert http.get(location.replace(*change)).status_code == status
        assert http.post("/ask", json={"visit": begun["visit"]}).status_code == 404


def test_an_expired_access_token_is_renewed_with_the_same_key(shop: Shop) -> None:
    party = RelyingParty(
        shop.hub.url, TRADES[shop.trade], shop.client_id, shop.key, shop.redirect_uri
    )
    location, request = party.begin(TRADES[shop.trade].claims)
    granted = party.finish(request, shop.hub.decide(location))
    assert party.fresh(granted) is granted
    past = datetime.now(UTC) - timedelta(seconds=1)
    first = granted.first
    over = DPoPToken(first.access_token, expires_at=past, _dpop_key=first.dpop_key)
    stale = replace(granted, current=over)

    renewed = party.fresh(party.fresh(stale))

    assert renewed.current.access_token != granted.current.access_token
    assert party.ask(renewed, TRADES[shop.trade].claims).status == 200
    shop.hub.withdraw()
    with pytest.raises(RefusedByHub):
        party.fresh(stale)


def test_a_hub_that_is_not_there_is_told_in_plain_words(tmp_path: Path) -> None:
    key = json.loads(make_key(tmp_path, "bicycle")[0].read_text())
    party = RelyingParty("http://localhost:1", TRADES["bicycle"], "c", key, "http://localhost/c")

    with pytest.raises(RefusedByHub) as refused:
        party.begin(("commute.mode",))
    assert refused.value.code == "hub_unreachable"


def test_a_private_key_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    key, jwks = make_key(tmp_path, "bicycle")

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "d" in json.loads(key.read_text())
    (public,) = json.loads(jwks.read_text())["keys"]
    assert "d" not in public
    assert public["kid"] == json.loads(key.read_text())["kid"]
    again = CliRunner().invoke(
        samples_command, ["key", "bicycle", "--key", str(key), "--jwks", str(jwks)]
    )
    assert again.exit_code == 1


@pytest.mark.parametrize("trade", TRADES)
def test_what_a_partner_asks_for_is_in_the_catalogue_for_its_purpose_and_price(trade: str) -> None:
    asked = TRADES[trade]
    claims = [find_claim(name).claim for name in asked.claims]

    assert all(asked.purpose in claim.purposes for claim in claims)
    assert sum(claim.bits for claim in claims) <= asked.max_bits
