"""Bodies: limits, and refusals that name the field and the remedy without repeating the value."""

from __future__ import annotations

import base64
import json

import pytest
from mydata_hub.web.request import MAX_BODY_BYTES

SECRET = "Jiu-pays-42300-won"


def post(browser, path, body, **headers):
    return browser.send(browser.event("POST", path, body, **headers))


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/sign-up/options", "", "body"),
        ("/sign-up/options", "{", "body"),
        ("/sign-up/options", "[]", "body"),
        ("/sign-up/options", "[" * 20_000, "body"),
        ("/sign-up/options", '"\ud83d"', "body"),
        ("/sign-up/options", "{}", "name"),
        ("/sign-up/options", {"name": 7}, "name"),
        ("/sign-up/options", {"name": ""}, "name"),
        ("/sign-up/options", {"name": " \n "}, "name"),
        ("/sign-up/options", {"name": "\u202etxet"}, "name"),
        ("/sign-up/options", {"name": SECRET * 40}, "name"),
        ("/sign-up/options", {"name": SECRET, "locale": "fr"}, "locale"),
        ("/sign-up/options", {"name": "Jiu", SECRET: 1}, "body"),
        ("/sign-up/finish", {"ceremony": "x"}, "credential"),
        ("/sign-up/finish", {"ceremony": SECRET, "credential": []}, "credential"),
        ("/sign-up/finish", {"ceremony": SECRET, "credential": {}}, "ceremony"),
        ("/sign-up/finish", {"ceremony": SECRET * 40, "credential": {}}, "ceremony"),
        ("/sign-in/options", {SECRET: SECRET}, "body"),
        ("/recover/options", {"code": SECRET}, "code"),
        ("/recover/options", {"code": "0" * 30}, "code"),
        ("/recover/finish", {"ceremony": "#", "credential": {}}, "ceremony"),
    ],
)
def test_a_wrong_body_is_refused_by_the_name_of_its_field(path, body, field, browser):
    text = body if isinstance(body, str) else json.dumps(body)
    reply = post(browser, path, text)
    assert (reply.status, reply.problem) == (400, "bad-input")
    problem = reply.json()
    assert problem["field"] == field
    assert problem["title"]
    assert problem["remedy"]
    assert SECRET not in reply.body


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", None])
def test_a_type_that_another_site_could_send_unasked_is_refused(kind, browser):
    reply = post(browser, "/sign-in/options", "{}", content_type=kind)
    assert reply.problem == "bad-input"
    assert reply.json()["field"] == "content-type"


def test_the_type_may_name_its_characters(browser):
    kind = "Application/JSON; charset=utf-8"
    assert post(browser, "/sign-in/options", "{}", content_type=kind).status == 200


@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_may_be_as_long_as_the_limit_and_no_longer(encoded, browser):
    for extra, status in ((0, 200), (1, 413)):
        body = "{}" + " " * (MAX_BODY_BYTES - 2 + extra)
        event = browser.event("POST", "/sign-in/options", body)
        if encoded:
            event |= {"body": base64.b64encode(body.encode()).decode(), "isBase64Encoded": True}
        assert browser.send(event).status == status


def test_a_body_in_broken_base64_is_refused(browser):
    event = browser.event("POST", "/sign-in/options", "e30=!") | {"isBase64Encoded": True}
    assert browser.send(event).problem == "bad-input"


def test_a_form_with_too_many_fields_or_bytes_that_are_no_text_is_refused(browser):
    for body in ("&".join(f"f{n}=1" for n in range(11)), "lang=ko&x", "%ff=%ff%"):
        kind = "application/x-www-form-urlencoded"
        reply = post(browser, "/language", body, content_type=kind)
        assert reply.problem == "bad-input"
        assert not reply.cookies
