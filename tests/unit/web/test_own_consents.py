"""A person's consents over HTTP: the Korean view, one consent, its receipt, less, and the end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from mydata_hub.oauth.consent_receipt import verify_consent_receipt
from mydata_hub.oauth.jose import import_key_set
from mydata_hub.web.cookies import LANGUAGE
from mydata_hub.web.language import LOCALES

from tests.unit.web.partners import HttpPartner, approve, ok
from tests.unit.web.test_consent_sheet import AskedHub

BOTH = ["commute.mode", "commute.transfers"]


@pytest.fixture
def hub(tmp_path):
    return AskedHub(tmp_path)


@pytest.fixture
def partner(hub):
    return HttpPartner(hub, hub.environment)


@pytest.fixture
def jiu(hub):
    browser = hub.browser()
    browser.sign_up("Jiu")
    return browser


@pytest.fixture
def path(jiu, partner):
    """The path of a consent to two questions."""
    details = json.dumps([partner.details(claims=BOTH)])
    approve(jiu, partner.question(authorization_details=details))
    (consent,) = documents(jiu)
    return f"/consents/{consent['consent_id']}"


def read(browser, path):
    return ok(browser.get(path, accept="application/json"), 200)


def documents(browser):
    answer = read(browser, "/consents")
    assert answer["consent_cnt"] == len(answer["consents"])
    return answer["consents"]


def test_the_korean_view_has_purpose_period_cycle_end_date_and_a_flag_for_each_item(jiu, path):
    (consent,) = documents(jiu)
    assert consent["purpose"] == "출퇴근과 이동에 서비스를 맞춰요."
    assert consent["cycle"] == "1/m"
    assert consent["is_scheduled"] is True
    seoul = datetime.fromisoformat(consent["expires_at"]) + timedelta(hours=9)
    assert consent["end_date"] == consent["period"] == f"{seoul:%Y%m%d}"
    assert consent["items"] == [
        {"item": "commute.mode@1", "is_consent": True},
        {"item": "commute.transfers@1", "is_consent": True},
    ]
    assert (consent["state"], consent["name"]) == ("given", "Bicycles")


def test_all_views_are_of_one_object(jiu, path, partner):
    consent = read(jiu, path)
    (grant,) = read(jiu, "/grants/state")["grants"]
    receipt = read(jiu, f"{path}/receipt")
    keys = import_key_set(json.dumps(read(jiu, "/consents/jwks")))
    statement = verify_consent_receipt(json.dumps(receipt).encode(), keys).statement
    (purpose,) = statement["purposes"]
    flags = [one["is_consent"] for one in consent["items"]]
    assert [one["allowed"] for one in purpose["pii_information"]] == flags
    assert consent["consent_id"] == grant["grant_id"] == statement["record_id"]
    ends = [consent["expires_at"], grant["expires_at"], statement["expires_at"]]
    assert len({datetime.fromisoformat(one) for one in ends}) == 1
    record = json.loads(consent["record"])
    assert record["consent_id"] == grant["grant_id"]
    assert record["items"] == grant["items"]


def test_a_receipt_is_a_file_to_keep_and_its_keys_are_public(hub, jiu, path):
    reply = jiu.get(f"{path}/receipt")
    assert "attachment" in reply.headers["content-disposition"]
    assert hub.browser().get("/consents/jwks").status == 200


def test_one_question_is_dropped_and_the_end_brought_forward_without_a_passkey(jiu, path):
    narrow = path.replace("consents", "grants") + "/narrow"
    soon = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    told = ok(jiu.post(narrow, {"items": ["commute.mode@1"], "expires_at": soon}), 200)
    assert [one["is_consent"] for one in told["items"]] == [True, False]
    consent = read(jiu, path)
    assert [one["version"] for one in consent["versions"]] == [1, 2]
    assert [len(one["items"]) for one in consent["versions"]] == [2, 1]
    page = jiu.get(path).body
    assert "You took this back." in page
    assert "How it changed" in page
    assert jiu.post(narrow, {"items": BOTH}).status == 400
    later = (datetime.now(UTC) + timedelta(days=300)).isoformat()
    assert jiu.post(narrow, {"expires_at": later}).status == 400
    assert read(jiu, path)["version"] == 2


@pytest.mark.parametrize(
    "body",
    [{"items": "commute.mode@1"}, {"expires_at": "soon"}, {"expires_at": "2026-01-01"}, {"x": 1}],
)
def test_what_is_no_narrowing_is_refused(jiu, path, body):
    narrow = path.replace("consents", "grants") + "/narrow"
    assert jiu.post(narrow, body).problem == "bad-input"


def test_everything_is_withdrawn_in_one_tap(jiu, path, partner):
    approve(jiu, partner.question())
    told = ok(jiu.post("/grants/withdraw"), 200)
    assert len(told["withdrawn"]) == 2
    assert [one["state"] for one in documents(jiu)] == ["withdrawn", "withdrawn"]
    assert ok(jiu.post("/grants/withdraw"), 200) == {"withdrawn": []}


def test_nobody_else_sees_narrows_or_saves_it(hub, jiu, path):
    other = hub.browser()
    other.sign_up("Minseo")
    for shown in (path, f"{path}/receipt", "/consents/unknown"):
        assert other.get(shown, accept="application/json").status == 404
    assert other.post(path.replace("consents", "grants") + "/narrow", {"items": []}).status == 404
    assert documents(other) == []
    assert ok(other.post("/grants/withdraw"), 200) == {"withdrawn": []}
    assert documents(jiu)[0]["state"] == "given"


@pytest.mark.parametrize("language", LOCALES)
def test_the_pages_say_it_in_both_languages_and_lead_to_every_act(jiu, path, language):
    jiu.cookies[LANGUAGE] = language
    consents, consent = jiu.get("/consents").body, jiu.get(path).body
    assert f'href="{path}"' in consents
    assert 'data-withdraw="/grants/withdraw"' in consents
    grant = path.replace("consents", "grants")
    for act in (f'data-narrow="{grant}/narrow"', f'data-withdraw="{grant}/withdraw"'):
        assert act in consent
    assert f'href="{path}/receipt"' in consent
    assert f'href="{path}"' in jiu.get("/activity").body
