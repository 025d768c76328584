"""A partner and an operator at the command line, over HTTP, on a hub with its sample world."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey, KeySet
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.signed_head import verifier
from mydata_hub.offers.matching.index import read_index
from mydata_hub.samples.offers import offers_of

SECONDS = 20.0


@pytest.fixture(scope="module")
def alley(hub):
    """The sample partner that offers, as its own commands name it."""
    kept = json.loads((hub.data / "sample-partners" / "alley.json").read_text())
    return kept["client_id"], ("--client-id", kept["client_id"], "--key", kept["key"])


@pytest.fixture
def shop(mydata, alley):
    """Run the partner's commands."""
    return lambda *command: mydata("offer", *command, *alley[1])


@pytest.fixture
def document(tmp_path):
    """A file with a sample offer, changed."""

    def write(**changes):
        file = tmp_path / "offer.json"
        file.write_text(json.dumps(offers_of("alley", datetime.now(UTC))["lunch-points"] | changes))
        return str(file)

    return write


@pytest.fixture(scope="module")
def operator(hub):
    from mydata_hub.cli.stage import run

    link = run("operator", "add", "Dana", "--data", str(hub.data)).out.strip()
    assert run("operator", "enrol", "dana", "--link", link, "--data", str(hub.data)).code == 0
    return lambda *command: run("operator", *command, "--as", "dana", "--data", str(hub.data))


def snapshot(hub, at_least):
    """What anybody reads of the latest snapshot, once it has this number, checked to the end."""
    with httpx.Client(base_url=hub.url) as http:
        until = time.monotonic() + SECONDS
        while True:
            told = http.get("/offers/snapshot")
            if told.status_code == 200 and told.json()["number"] >= at_least:
                break
            assert time.monotonic() < until, told.text
            time.sleep(0.1)
        keys = KeySet.import_key_set(http.get("/offers/jwks").json()).keys
        claims = verifier(lambda: keys, hub.url)(told.json()["signed"])

        def part(sha256):
            content = http.get(f"/offers/blobs/{sha256}").content
            assert hashlib.sha256(content).hexdigest() == sha256
            return content

        manifest = json.loads(part(claims["manifest"]))
        lines = [line for page in manifest["pages"] for line in part(page["sha256"]).splitlines()]
        assert read_index(part(manifest["index"])).count == claims["count"] == len(lines)
    return claims["number"], {offer.offer_id: offer for offer in map(Offer.decode, lines)}


def test_the_sample_world_has_eight_offers_that_anybody_can_check(hub, shop, alley):
    number, offers = snapshot(hub, 1)
    assert (number >= 1, len(offers)) == (True, 8)
    told = shop("list", "--json").json()["offers"]
    assert {one["offer_id"] for one in told} <= offers.keys()
    assert {one["state"] for one in told} == {"approved"}


def test_an_offer_is_published_approved_and_taken_back(hub, shop, operator, document, alley):
    named = f"{alley[0]}.soup"
    number, offers = snapshot(hub, 1)
    made = shop("publish", document(name="soup"), "--json").json()
    assert (made["offer_id"], made["state"]) == (named, "waiting")
    assert named not in offers
    (waits,) = operator("offers", "--json").json()["offers"]
    assert waits["discloses"] == made["discloses"] == ["spending.rhythm_restaurant@1"]
    assert "soup" in operator("offers").out
    assert operator("approve-offer", named).out == f"{named} version 1: approved.\n"
    number, offers = snapshot(hub, number + 1)
    assert offers[named].benefit.goal == 100
    refused = shop("publish", document(name="soup", stock=5))
    assert (refused.code, "is taken by version 1" in refused.err) == (1, True)
    assert shop("publish", document(name="soup", stock=5), "--replaces", "1").code == 0
    assert operator("refuse-offer", named, "--reason", "Five are few.").code == 0
    (own,) = (one for one in shop("list", "--json").json()["offers"] if one["offer_id"] == named)
    assert (own["reason"], own["shown"]) == ("Five are few.", 1)
    assert "Five are few." in shop("list").out
    assert shop("withdraw", named).out == f"{named}: withdrawn.\n"
    _, offers = snapshot(hub, number + 1)
    assert named not in offers


def test_what_is_refused_says_so_on_standard_error(mydata, shop, operator, document, tmp_path):
    bad = shop("publish", document(eligibility='context["no.such@1"] == "yes"'))
    assert (bad.code, "eligibility" in bad.err) == (1, True)
    assert shop("withdraw", "nobody.nothing").code == 1
    assert operator("approve-offer", "nobody.nothing").code == 1
    assert operator("refuse-offer", "nobody.nothing").code == 2
    other = tmp_path / "latin.json"
    other.write_bytes(b'{"name": "caf\xe9"}')
    told = shop("publish", str(other))
    assert (told.code, told.err) == (1, f"Error: {other} is no text in UTF-8\n")


@pytest.mark.parametrize(
    "key",
    ["[]", "no JSON", '{"kty": "EC"}', '{"kty": "oct", "k": "aGVsbG8gaGVsbG8gaGVsbG8"}', "public"],
)
def test_a_key_that_cannot_sign_is_refused_in_a_sentence_that_does_not_show_it(
    mydata, alley, tmp_path, key
):
    if key == "public":
        kept = json.loads(Path(alley[1][3]).read_text())
        del kept["d"]
        key = json.dumps(kept)
    file = tmp_path / "key.json"
    file.write_text(key)
    told = mydata("offer", "list", "--client-id", alley[0], "--key", str(file))
    assert told.code == 1
    assert told.err == f"Error: {file} is no private key (JWK) that signs with ES256\n"


def test_the_key_of_somebody_else_is_refused_with_what_to_do(mydata, alley, tmp_path):
    file = tmp_path / "key.json"
    stranger = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    file.write_text(json.dumps(stranger.as_dict(private=True)))
    for client_id in (alley[0], "nobody"):
        told = mydata("offer", "list", "--client-id", client_id, "--key", str(file))
        assert told.code == 1
        assert f"does not take {client_id} with this key: use the key whose" in told.err


def test_what_is_no_address_and_what_is_no_link_is_said_before_a_hub_is_asked(mydata, alley):
    told = mydata("offer", "list", *alley[1], "--url", "localhost:8787")
    assert (told.code, "takes an address" in told.err) == (2, True)
    for link in ("nonsense", "http://[", "http://localhost:8787/account"):
        told = mydata("operator", "enrol", "nobody", "--link", link)
        assert (told.code, "takes the one-time link, whole" in told.err) == (2, True)
