"""Offers over HTTP: a partner publishes, an operator decides, anyone reads the snapshot."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from joserfc.jwk import KeySet
from mydata_hub.accounts.account import Role
from mydata_hub.offers.catalogue import partner_calls
from mydata_hub.offers.catalogue.offer import MAX_IMAGE_BYTES, Offer
from mydata_hub.offers.catalogue.signed_head import verifier
from mydata_hub.web import offer_files

from tests.unit.offers.offer_hub import OfferHub, a_document
from tests.unit.web.partners import ok

STAMPS = "alley.coffee-stamps"


@pytest.fixture
def hub(tmp_path):
    return OfferHub(tmp_path)


@pytest.fixture
def partner(hub):
    return hub.partner()


@pytest.fixture
def operator(hub):
    browser = hub.browser()
    browser.enrol(Role.OPERATOR)
    return browser


def publish(partner, status=201, document=None, **form):
    call = partner.call("/offers", {"offer": document or a_document()} | form)
    return partner.send(call, status)


def decide(operator, status=200, offer_id=STAMPS, **body):
    said = {"version": 1, "outcome": "approved"} | body
    return ok(operator.post(f"/operator/offers/{offer_id}/decide", said), status)


def read(hub, path, status=200):
    reply = hub.browser().get(path, accept="application/json")
    assert reply.status == status, reply.body
    return base64.b64decode(reply.body) if reply.event.get("isBase64Encoded") else reply.body


def test_an_offer_goes_from_its_partner_past_an_operator_to_everybody(hub, partner, operator):
    waits = publish(partner)
    assert (waits["offer_id"], waits["version"], waits["state"]) == (STAMPS, 1, "waiting")
    assert publish(partner, 200)["version"] == 1
    read(hub, "/offers/snapshot", 404)
    (seen,) = ok(operator.get("/operator/offers/state", accept="application/json"), 200)["offers"]
    assert (seen["offer_id"], seen["client"], seen["trigger"]) == (STAMPS, "alley", "payment.cafe")
    page = operator.get("/operator/offers")
    assert (page.status, STAMPS in page.body) == (200, True)
    assert decide(operator)["state"] == "approved"
    assert hub.sweep() == {}
    head = json.loads(read(hub, "/offers/snapshot"))
    keys = KeySet.import_key_set(json.loads(read(hub, "/offers/jwks"))).keys
    claims = verifier(lambda: keys, hub.issuer)(head["signed"])
    assert (claims["number"], claims["count"], claims["manifest"]) == (1, 1, head["manifest"])
    manifest = read(hub, f"/offers/blobs/{head['manifest']}")
    assert hashlib.sha256(manifest).hexdigest() == head["manifest"]
    (page,) = json.loads(manifest)["pages"]
    (line,) = read(hub, f"/offers/blobs/{page['sha256']}").splitlines()
    assert Offer.decode(line).offer_id == STAMPS


def test_a_partner_reads_what_became_of_its_offers_and_of_no_others(hub, partner, operator):
    publish(partner)
    other = hub.partner("bread")
    publish(other, document=a_document("lunch-points"))
    decide(operator, outcome="refused", reason="Say where.")
    (one,) = partner.send(partner.call("/offers/list", {}), 200)["offers"]
    assert (one["offer_id"], one["state"], one["reason"]) == (STAMPS, "refused", "Say where.")
    (theirs,) = other.send(other.call("/offers/list", {}), 200)["offers"]
    assert theirs["offer_id"] == "bread.lunch-points"


def test_a_withdrawn_offer_is_in_the_next_snapshot_no_more(hub, partner, operator):
    publish(partner)
    decide(operator)
    hub.sweep()
    gone = partner.send(partner.call("/offers/withdraw", {"offer_id": STAMPS}), 200)
    assert (gone["state"], gone["shown"]) == ("withdrawn", None)
    hub.sweep()
    assert json.loads(read(hub, "/offers/snapshot"))["number"] == 2
    other = hub.partner("bread")
    for named in (STAMPS, "bread.none", "x" * 3000):
        told = other.send(other.call("/offers/withdraw", {"offer_id": named}), 400)
        assert told["error_description"] == "offer_id: names no offer of yours"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("{", "offer"),
        (a_document(eligibility='context["no.such@1"] == "yes"'), "eligibility"),
        (a_document(title={"ko": "<b>굵게</b>", "en": "bold"}), "title"),
        (a_document(text={"ko": "https://x.example", "en": "look"}), "text"),
        (a_document(category="no such"), "category"),
    ],
)
def test_what_is_wrong_with_an_offer_is_told_by_its_field_and_uses_the_assertion_up(
    partner, document, field
):
    assertion = partner.assertion()
    call = partner.call("/offers", {"offer": document}, assertion=assertion)
    told = partner.send(call, 400)
    assert told["error"] == "invalid_offer"
    assert told["error_description"].startswith(f"{field}"), told
    again = partner.call("/offers", {"offer": a_document()}, assertion=assertion)
    assert partner.send(again, 401)["error"] == "invalid_client"


def test_a_name_that_is_taken_needs_the_version_that_is_replaced(partner):
    publish(partner)
    changed = a_document(stock=5)
    told = publish(partner, 400, changed)
    assert told["error_description"].startswith("name: is taken by version 1")
    for wrong in ("one", "-1", "123456789", "٣"):
        told = publish(partner, 400, changed, replaces=wrong)
        assert told["error_description"] == "replaces: takes the number of a version"
    assert publish(partner, 201, changed, replaces="1")["version"] == 2


@pytest.mark.parametrize("path", ["/offers", "/offers/withdraw", "/offers/list"])
def test_nobody_publishes_without_a_proof_of_who_they_are(hub, partner, path):
    form = {"client_assertion": None, "client_assertion_type": None, "offer": a_document()}
    call = partner.call(path, form)
    assert partner.send(call, 401)["error"] == "invalid_client"
    foreign = partner.call(path, {"offer": a_document()}, assertion=partner.assertion(aud="else"))
    assert partner.send(foreign, 401)["error"] == "invalid_client"


@pytest.mark.parametrize("path", ["/offers/withdraw", "/offers"])
def test_what_is_needed_is_named(partner, path):
    told = partner.send(partner.call(path, {}), 400)
    assert told["error_description"].endswith(": is needed")


def test_an_assertion_lists_offers_once(partner):
    assertion = partner.assertion()
    call = partner.call("/offers/list", {}, assertion=assertion)
    assert partner.send(call, 200) == {"offers": []}
    assert partner.send(call, 401)["error"] == "invalid_client"


def test_a_body_that_is_too_long_is_refused(partner):
    padding = "x" * partner_calls.MAX_OFFER_BODY_BYTES
    told = partner.send(partner.call("/offers", {"offer": a_document(), "pad": padding}), 400)
    assert "bytes" in told["error_description"]


def test_only_an_operator_sees_and_decides(hub, partner, operator):
    publish(partner)
    person, auditor = hub.browser(), hub.browser()
    person.sign_up("Jiu")
    auditor.enrol(Role.AUDITOR)
    paths = ("/operator/offers", "/operator/offers/state", f"/operator/offers/{STAMPS}/image/1")
    body = {"version": 1, "outcome": "approved"}
    for browser, status in ((person, 403), (auditor, 403), (hub.browser(), 401)):
        for path in paths:
            assert browser.get(path, accept="application/json").status == status
        assert browser.post(f"/operator/offers/{STAMPS}/decide", body).status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"outcome": "maybe"}, 400),
        ({"version": 0}, 400),
        ({"outcome": "refused"}, 400),
        ({"outcome": "refused", "reason": "x" * 501}, 400),
        ({"reason": "none is needed"}, 400),
        ({"version": 2}, 404),
        ({"version": 10**8}, 400),
        ({"offer_id": "x" * 3000}, 404),
        ({"offer_id": "alley.none"}, 404),
    ],
)
def test_a_decision_that_cannot_be_is_refused(partner, operator, body, status):
    publish(partner)
    decide(operator, status, **body)


def test_an_operator_sees_the_largest_picture_as_it_is_and_by_what_its_bytes_are(partner, operator):
    picture = b"\xff\xd8\xff" + bytes(MAX_IMAGE_BYTES - 5) + b"\xff\xd9"
    alt = {"ko": "커피 한 잔", "en": "A cup of coffee"}
    image = {"content": base64.b64encode(picture).decode(), "alt": alt}
    publish(partner, document=a_document(image=image))
    page = operator.get("/operator/offers").body
    path = f"/operator/offers/{STAMPS}/image/1"
    assert f'src="{path}" alt="A cup of coffee"' in page
    reply = operator.get(path)
    assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg")
    assert base64.b64decode(reply.body) == picture
    assert reply.event["isBase64Encoded"] is True


@pytest.mark.parametrize(
    "path", [f"/operator/offers/{STAMPS}/image/{n}" for n in ("1", "2", "x", "9" * 5000)]
)
def test_an_offer_without_a_picture_has_none(partner, operator, path):
    publish(partner)
    assert operator.get(path, accept="application/json").status == 404


def test_a_part_is_read_by_its_hash_in_pieces_and_nothing_else_is(hub, partner, operator):
    publish(partner)
    decide(operator)
    hub.sweep()
    head = json.loads(read(hub, "/offers/snapshot"))
    path = f"/offers/blobs/{head['manifest']}"
    whole = read(hub, path)
    assert read(hub, f"{path}?piece=0") == whole
    for wrong in ("?piece=1", "?piece=x", "?other=1"):
        read(hub, path + wrong, 404)
    read(hub, "/offers/blobs/" + "0" * 64, 404)
    for name in ("..", "A" * 64, "0" * 63):
        read(hub, f"/offers/blobs/{name}", 404)


def test_a_large_part_comes_in_pieces(hub, partner, operator, monkeypatch):
    publish(partner)
    decide(operator)
    hub.sweep()
    path = f"/offers/blobs/{json.loads(read(hub, '/offers/snapshot'))['manifest']}"
    whole = read(hub, path)
    monkeypatch.setattr(offer_files, "PIECE_BYTES", 100)
    pieces = [read(hub, f"{path}?piece={number}") for number in range(-(-len(whole) // 100))]
    assert b"".join(pieces) == whole
    assert read(hub, path) == pieces[0]


def test_a_sweep_without_anything_to_do_publishes_nothing(hub, partner):
    assert hub.sweep() == {}
    read(hub, "/offers/snapshot", 404)
