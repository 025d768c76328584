"""npm's openid-client completes a partner's part against the hub that `mydata serve` serves."""

from __future__ import annotations

import itertools
import json
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.protocol.conftest import HERE

DETAILS = {
    "type": "mydata_claims",
    "claims": ["commute.mode", "commute.transfers"],
    "purpose": "mobility_service",
    "max_bits": 10,
    "frequency": {"unit": "week", "count": 3},
}
numbers = itertools.count()


@pytest.fixture
def person(mydata):
    """Somebody with an account, by name."""
    name = f"Rider {next(numbers)}"
    assert mydata("person", "add", name, "--locale", "en").code == 0
    return name


@pytest.mark.parametrize(
    ("alg", "nonce"),
    [
        ("ES256", "required"),
        ("PS256", "required"),
        ("EdDSA", "required"),
        ("ES256", "optional"),
    ],
)
def test_a_partner_gets_answers_until_the_person_withdraws(
    alg, nonce, partner, person, mydata, hub, node, tmp_path
):
    client, client_id = partner(DETAILS, alg)
    discovered = client.step("discovered")
    assert discovered["supportsPKCE"]
    assert discovered["seen"] == [["GET", "/.well-known/oauth-authorization-server", 200, None]]
    pushed = client.step("pushed")
    # The hub asks for a nonce once; the client sends the same request again with it.
    challenged = [["/oauth/par", 400, "use_dpop_nonce"]] if nonce == "required" else []
    assert [entry[1:] for entry in pushed["seen"]] == [*challenged, ["/oauth/par", 201, None]]
    approved = mydata("person", "approve", pushed["authorize"], "--as", person)
    assert approved.code == 0, approved.err
    answer = parse_qs(urlsplit(approved.out.strip()).query)
    assert answer["iss"] == [hub.url]
    client.send(approved.out.strip())
    granted = client.step("granted")["ok"]
    assert (granted["token_type"].lower(), granted["expires_in"]) == ("dpop", 300)
    details = granted["authorization_details"][0]
    assert {name: details[name] for name in DETAILS} == DETAILS
    refreshed = client.step("refreshed")["ok"]
    assert refreshed["grant_id"] == granted["grant_id"]
    assert refreshed["access_token"] != granted["access_token"]
    assert "refresh_token" not in refreshed
    introspected = client.step("introspected")["ok"]
    assert (introspected["active"], introspected["client_id"]) == (True, client_id)
    assert introspected["grant_id"] == granted["grant_id"]
    assert introspected["cnf"]["jkt"]
    asked = client.step("asked")
    answers_cost_once(asked)
    answers_verify_elsewhere(asked, node, hub, client_id)
    (tmp_path / "receipt.json").write_text(client.step("received")["ok"])
    told = mydata("receipt", "verify", str(tmp_path / "receipt.json"), "--json")
    assert told.code == 0, told.err
    assert (told.json()["claims"], told.json()["bits"]) == (["commute.mode@1"], "3.0000")
    assert client.step("queried")["ok"]["authorization_details"] == [details]
    assert client.step("revoked")["ok"] == {"active": False}
    (grant,) = mydata("person", "grants", "--as", person, "--json").json()["grants"]
    assert (grant["grant_id"], grant["state"]) == (granted["grant_id"], "active")
    assert (grant["name"], grant["items"]) == (
        "자전거 대여",
        ["commute.mode@1", "commute.transfers@1"],
    )
    withdrawn = mydata("person", "withdraw", grant["grant_id"], "--as", person, "--json").json()
    assert withdrawn["state"] == "withdrawn"
    client.send("go on")
    refused = client.step("asked after withdrawal")
    assert refused["seen"][-1][1:3] == ["/claims", 401]
    assert "ok" not in refused
    assert client.step("after withdrawal")["error"] == "invalid_grant"
    assert client.step("query after withdrawal")["ok"] == 404
    heard = client.step("heard")["ok"]
    assert heard["type"] == "application/secevent+jwt"
    said = {"grant_id": grant["grant_id"], "initiated_by": "person"}
    assert heard["payload"]["events"] == {"urn:mydata-hub:event:grant-ended": said}
    # The person's name in the event is the one in the partner's tokens.
    assert heard["payload"]["sub_id"]["sub"] == introspected["sub"]
    attested = {"grant_id": grant["grant_id"], "state": "deletion_attested"}
    assert client.step("attested")["ok"] == attested
    (grant,) = mydata("person", "grants", "--as", person, "--json").json()["grants"]
    assert (grant["state"], grant["told"]["state"]) == ("withdrawn", "deletion_attested")
    assert grant["told"]["confirmed"]


def answers_verify_elsewhere(asked, node, hub, client_id):
    """npm's @sd-jwt/sd-jwt-vc, which finds the keys as the issuer's metadata says."""
    body = json.loads(asked["ok"][0]["text"])
    good = body["answers"][0]["sd_jwt"]
    issued, disclosed, _ = good.split("~")
    head, payload, signature = issued.split(".")
    other = "A" if payload[40] != "A" else "B"
    changed = f"{head}.{payload[:40]}{other}{payload[41:]}.{signature}~{disclosed}~"
    foreign = f"{issued}~{disclosed[:-2]}{'A' if disclosed[-2] != 'A' else 'B'}{disclosed[-1]}~"
    lines = [json.dumps({"issuer": hub.url, "sd_jwt": one}) for one in (good, changed, foreign)]
    told = subprocess.run(
        [node, str(HERE / "verify_answers.mjs")],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=30,
        cwd=HERE,
    )
    assert told.returncode == 0, told.stderr
    verified, *refused = (json.loads(line) for line in told.stdout.splitlines())
    payload = verified["payload"]
    assert payload["answers"] == {"commute.mode@1": "no_answer"}
    assert (payload["aud"], payload["jti"]) == (client_id, body["event_id"])
    assert len(refused) == 2
    # A signature that does not fit is refused; a disclosure that does not fit shows nothing.
    assert "refused" in refused[0]
    assert "refused" in refused[1] or refused[1]["payload"]["answers"] == {}


def answers_cost_once(asked):
    """A new question, the same anew, the first request again, and one of no catalogue."""
    first, again, repeated, refused = asked["ok"]
    assert [one["status"] for one in asked["ok"]] == [200, 200, 200, 403]
    # Nobody connected anything: what cannot be said is said so, at the full price.
    bodies = [json.loads(one["text"]) for one in (first, again)]
    assert [body["answers"][0]["answer"] for body in bodies] == ["no_answer"] * 2
    assert [body["bits"] for body in bodies] == ["3.0000", "0.0000"]
    assert repeated["text"] == first["text"]
    assert {len(one["text"]) % 1024 for one in (first, again)} == {0}
    assert json.loads(refused["text"])["type"] == "urn:mydata-hub:problem:not-released:catalogue"


def test_a_person_who_refuses_gives_the_partner_access_denied(partner, person, mydata):
    client, _ = partner(DETAILS)
    client.step("discovered")
    url = client.step("pushed")["authorize"]
    refused = mydata("person", "approve", url, "--as", person, "--deny", "--json").json()
    client.send(refused["location"])
    assert client.step("granted")["error"] == "access_denied"
    assert mydata("person", "grants", "--as", person, "--json").json()["grants"] == []
    again = mydata("person", "approve", url, "--as", person)
    assert again.code == 1
    assert "answered" in again.err or "over" in again.err


def test_an_authorization_url_of_another_hub_is_never_signed(person, mydata, hub):
    elsewhere = "http://localhost:1/authorize?client_id=a&request_uri=b"
    refused = mydata("person", "approve", elsewhere, "--as", person)
    assert refused.code == 2
    assert hub.url in refused.err
