"""The consent sheet: it says everything, ticks nothing, and only what it says is signed."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json

import pytest
from mydata_hub.config import AuthorizeSettings
from mydata_hub.consent.consent_record import DOMAIN
from mydata_hub.consent.grants import fetch_consent, list_grants
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.web.answer_words import ANSWERS, RECORDS
from mydata_hub.web.guards import ROUTES
from mydata_hub.wiring import tables_for

from tests.unit.web.conftest import Browser, Hub
from tests.unit.web.partners import DETAILS, HttpPartner, approve, asked, ok

FUNCTIONS = ("pages", "authorize", "issue_token", "consent", "audit")


class AskedHub(Hub):
    """The functions of people and of the authorization server over one database."""

    def __post_init__(self):
        super().__post_init__()
        names = ("grants", "deliveries", "clients", "oauth", "providers", "connections")
        names += ("offers", "coupons", "ledger", "log_keys", "log_books", "log", "witnesses")
        self.environment |= {f"{name.upper()}_TABLE": name for name in names}
        self.environment |= {
            "TOKEN_KEY": "token",
            "EVENT_KEY": "event",
            "RECEIPT_KEY": "receipt",
            "MATCH_KEY": "match",
            "IN_FORCE_TABLE": "in-force",
            "DPOP_NONCE": "required",
            "LOG_KEY": "log",
            "TILES_BUCKET": "tiles",
            "OPENINGS_BUCKET": "openings",
        }
        handlers = {"pages": self.handler} | {
            name: importlib.import_module(f"functions.{name}").build(self.environment)
            for name in FUNCTIONS[1:]
        }
        routes = {
            route.key: handlers[route.function] for route in ROUTES if route.function in handlers
        }
        self.handler = lambda event, context: routes[event["routeKey"]](event, context)


@pytest.fixture
def hub(tmp_path):
    return AskedHub(tmp_path)


@pytest.fixture
def partner(hub):
    return HttpPartner(hub, hub.environment)


def show(browser: Browser, query: str, accept: str = "text/html"):
    return browser.send(
        {**browser.event("GET", "/authorize", accept=accept), "rawQueryString": query}
    )


def sheet_of(browser, query):
    return ok(show(browser, query, "application/json"), 200)


def choice_of(browser, query, **changes):
    sheet = sheet_of(browser, query)
    items = [ask["item"] for ask in sheet["asks"]]
    kept = {name: sheet[name] for name in ("locale", "wording_hash")}
    return {**asked(query), "items": items, **kept, **changes}


def test_every_answer_and_record_of_the_catalogue_has_words():
    for entry in CATALOGUE.values():
        assert set(entry.claim.alphabet) <= ANSWERS.keys()
        assert set(entry.claim.inputs) <= RECORDS.keys()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_page_shows_every_sentence_that_is_signed_and_ticks_nothing(hub, partner, language):
    jiu = hub.browser(language=language)
    jiu.sign_up()
    query = partner.question()
    page = show(jiu, query)
    assert page.status == 200
    for sentence in sheet_of(jiu, query)["wording"].split("\n"):
        for part in sentence.split(" / "):
            assert part in page.body
    boxes = [line for line in page.body.splitlines() if 'type="checkbox"' in line]
    assert len(boxes) == len(DETAILS["claims"])
    assert "checked" not in page.body
    assert page.headers["cache-control"] == "no-store"


def test_a_visitor_signs_in_on_the_same_url_and_comes_back(hub, partner):
    visitor, query = hub.browser(), partner.question()
    page = show(visitor, query)
    assert page.status == 401
    assert 'data-enter="sign-in"' in page.body
    escaped = f"/authorize?{query}".replace("&", "&amp;")
    assert f'data-next="{escaped}"' in page.body
    assert 'href="/sign-up?next=/authorize%3Fclient_id' in page.body


def test_the_signature_is_over_the_record_and_the_sentences_that_were_shown(hub, partner, jiu):
    query = partner.question()
    choice = choice_of(jiu, query)
    prepared = ok(jiu.post("/authorize/prepare", choice), 201)
    record = prepared["record"].encode()
    # Whoever saved the record can compute the challenge without the hub.
    options = prepared["publicKey"]
    challenge = base64.urlsafe_b64decode(options["challenge"] + "=")
    assert challenge == hashlib.sha256(DOMAIN + record).digest()
    credential = jiu.passkey.get(options, hub.issuer)
    signed = {**asked(query), "approval": prepared["approval"], "credential": credential}
    assert "code=" in ok(jiu.post("/authorize/approve", signed), 200)["location"]
    tables = tables_for(AuthorizeSettings.read(hub.environment))
    (grant,) = list_grants(tables, jiu.state()["account_id"])
    kept, wording = fetch_consent(tables, grant.grant_id)
    assert kept.encode() == record
    assert hashlib.sha256(wording.encode()).digest() == kept.wording_hash
    assert hashlib.sha256(wording.encode()).hexdigest() == choice["wording_hash"]


@pytest.mark.parametrize(
    ("changes", "status", "problem"),
    [
        ({"items": []}, 400, "bad-input"),
        ({"items": ["insurance.car_cover@1"]}, 400, "bad-input"),
        ({"wording_hash": "0" * 64}, 403, "out-of-date"),
        ({"locale": "ko"}, 403, "out-of-date"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, 400, "oauth-refused"),
        ({"client_id": "another"}, 400, "oauth-refused"),
    ],
)
def test_what_was_not_shown_cannot_be_signed(hub, partner, jiu, changes, status, problem):
    reply = jiu.post("/authorize/prepare", choice_of(jiu, partner.question(), **changes))
    assert (reply.status, reply.problem) == (status, problem)


def test_the_bar_counts_what_the_same_partner_was_allowed_before(hub, partner, jiu):
    first = sheet_of(jiu, partner.question())["wording"]
    assert "learns at most 16 of the 24 bits" in first
    approve(jiu, partner.question())
    second = sheet_of(jiu, partner.question())["wording"]
    assert "learns at most 24 of the 24 bits" in second
    assert "16 of them you have allowed before" in second


def test_an_answered_question_is_over_for_everybody(hub, partner, jiu):
    query = partner.question()
    location = ok(jiu.post("/authorize/refuse", asked(query)), 200)["location"]
    assert "error=access_denied" in location
    page = show(jiu, query)
    assert page.status == 400
    assert "This question is over" in page.body
    assert jiu.post("/authorize/refuse", asked(query)).problem == "oauth-refused"
    assert show(jiu, "").status == 400


def test_a_name_of_a_partner_is_shown_as_text(hub, jiu):
    partner = HttpPartner(hub, hub.environment, name="<script>alert(1)</script>")
    page = show(jiu, partner.question())
    assert page.status == 200
    assert "<script>alert" not in page.body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.body


def test_grants_are_listed_and_withdrawn_by_their_person_alone(hub, partner, jiu):
    approve(jiu, partner.question())
    (grant,) = jiu.get("/grants/state", accept="application/json").json()["grants"]
    assert (grant["name"], grant["state"], grant["kind"]) == ("Bicycles", "active", "release")
    other = hub.browser()
    other.sign_up("Minseo")
    assert other.get("/grants/state", accept="application/json").json()["grants"] == []
    path = f"/grants/{grant['grant_id']}/withdraw"
    assert other.post(path).status == 404
    ended = ok(jiu.post(path), 200)
    assert ended["state"] == "withdrawn"
    assert ok(jiu.post(path), 200) == ended


def test_answers_of_oauth_endpoints_are_not_for_other_origins_nor_for_caches(hub, partner):
    call = partner.call("/oauth/par", partner.request())
    event = {
        "routeKey": "POST /oauth/par",
        "rawPath": "/oauth/par",
        "headers": {**call.headers, "origin": "https://elsewhere.example"},
        "requestContext": {"http": {"method": "POST", "path": "/oauth/par"}},
        "body": call.body.decode(),
    }
    reply = hub.handler(event, None)
    assert reply["statusCode"] == 201
    assert not [name for name in reply["headers"] if name.startswith("access-control")]
    assert reply["headers"]["cache-control"] == "no-store"
    replayed = hub.handler(event, None)
    assert (replayed["statusCode"], json.loads(replayed["body"])["error"]) == (
        401,
        "invalid_client",
    )
    unreadable = hub.handler({**event, "body": "%%%", "isBase64Encoded": True}, None)
    assert json.loads(unreadable["body"])["error"] == "invalid_request"


@pytest.mark.fapi2("fapi2-security-profile-final-par-attempt-invalid-http-method")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_request_is_pushed_with_post_and_no_other_method(hub, method):
    event = {
        "routeKey": "ANY /oauth/par",
        "rawPath": "/oauth/par",
        "requestContext": {"http": {"method": method, "path": "/oauth/par"}},
    }
    reply = hub.handler(event, None)
    assert (reply["statusCode"], reply["headers"]["allow"]) == (405, "POST")
    assert json.loads(reply["body"])["error"] == "invalid_request"


@pytest.mark.fapi2(
    "fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"
)
def test_a_page_visited_twice_before_signing_in_still_works(hub, partner, jiu):
    visitor, query = hub.browser(), partner.question()
    assert [show(visitor, query).status for _ in range(2)] == [401, 401]
    assert show(jiu, query).status == 200
    assert approve(jiu, query)
    assert show(jiu, query).status == 400


def test_a_question_about_what_was_allowed_says_so_and_is_nobody_else_s(hub, partner, jiu):
    approve(jiu, partner.question())
    (grant,) = jiu.get("/grants/state", accept="application/json").json()["grants"]
    details = json.dumps([partner.details(claims=["commute.transfers"])])
    action = {"grant_management_action": "merge", "grant_id": grant["grant_id"]}
    query = partner.question(authorization_details=details, **action)
    sheet = sheet_of(jiu, query)
    assert sheet["amends"] == grant["grant_id"]
    assert [ask["item"] for ask in sheet["asks"]] == ["commute.mode@1", "commute.transfers@1"]
    page = show(jiu, query).body
    assert "asks to change what you allowed" in page
    assert "What you leave out ends" in sheet["wording"]
    assert "learns at most 16 of the 24 bits" in sheet["wording"]
    assert "checked" not in page
    other = hub.browser()
    other.sign_up("Minseo")
    assert show(other, query).status == 400
    assert "commute" not in show(other, query).body
    approve(jiu, query)
    (grant,) = jiu.get("/grants/state", accept="application/json").json()["grants"]
    assert (grant["version"], grant["items"]) == (2, ["commute.mode@1", "commute.transfers@1"])
