"""Cookies: what the browser is told about the session and the language."""

from __future__ import annotations

import pytest


def attributes_of(reply, name):
    (cookie,) = (cookie for cookie in reply.cookies if cookie.startswith(f"{name}="))
    return {part.strip() for part in cookie.split(";")[1:]}


def test_on_https_the_session_cookie_is_bound_to_the_host(https_hub):
    reply = https_hub.browser().sign_up()
    assert attributes_of(reply, "__Host-session") == {
        "Path=/",
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
    }


def test_on_localhost_the_session_cookie_has_no_attribute_that_a_browser_refuses(hub):
    reply = hub.browser().sign_up()
    assert attributes_of(reply, "session") == {"Path=/", "HttpOnly", "SameSite=Lax"}


def test_a_session_cookie_of_localhost_opens_nothing_on_https(https_hub):
    browser = https_hub.browser()
    browser.sign_up()
    browser.cookies["session"] = browser.cookies.pop("__Host-session")
    assert browser.get("/account").status == 401


def test_signing_out_ends_the_session_on_both_sides(jiu):
    kept = dict(jiu.cookies)
    reply = jiu.post("/sign-out")
    assert reply.status == 204
    assert "Max-Age=0" in attributes_of(reply, "session")
    assert "session" not in jiu.cookies
    jiu.cookies = kept
    assert jiu.get("/account").status == 401


def test_signing_in_again_ends_the_session_that_the_browser_had(jiu):
    former = jiu.cookies["session"]
    assert jiu.sign_in().status == 200
    assert jiu.cookies["session"] != former
    assert jiu.get("/account").status == 200
    jiu.cookies["session"] = former
    assert jiu.get("/account").status == 401


def test_a_refused_sign_in_leaves_the_session_alone(hub, jiu):
    begun = jiu.post("/sign-in/options").json()
    credential = jiu.passkey.get(begun["publicKey"], "http://localhost:1")
    body = {"ceremony": begun["ceremony"], "credential": credential}
    assert jiu.post("/sign-in/finish", body).problem == "not-signed-in"
    assert jiu.get("/account").status == 200


@pytest.mark.parametrize(
    ("onward", "location"),
    [
        ("/account", "/account"),
        ("/enrol/a-B_9", "/enrol/a-B_9"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("/account\r\nset-cookie: x=y", "/"),
        ("/account\n", "/"),
        ("account", "/"),
    ],
)
def test_choosing_a_language_goes_back_to_a_page_of_ours_only(onward, location, browser):
    reply = browser.submit("/language", {"lang": "ko", "next": onward})
    assert (reply.status, reply.headers["location"]) == (303, location)
    assert attributes_of(reply, "lang") == {
        "Path=/",
        "HttpOnly",
        "SameSite=Lax",
        "Max-Age=31536000",
    }


def test_a_language_we_do_not_speak_is_refused(browser):
    reply = browser.submit("/language", {"lang": "<b>"}, accept="application/json")
    assert reply.problem == "bad-input"
    assert reply.json()["field"] == "lang"
    assert not reply.cookies
