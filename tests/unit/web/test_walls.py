"""Every route: who may call it, where a change may come from, and what every answer carries."""

from __future__ import annotations

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.web.guards import ROUTES, Guard

from functions.pages import HANDLERS

OURS = [route for route in ROUTES if route.function == "pages"]
CHANGES = [route for route in OURS if route.method == "POST"]
STAFF = {Guard.AUDITOR: Role.AUDITOR, Guard.OPERATOR: Role.OPERATOR}
by_key = pytest.mark.parametrize("route", OURS, ids=lambda route: route.key)
by_change = pytest.mark.parametrize("route", CHANGES, ids=lambda route: route.key)

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}


def path_of(route):
    names = {"{token}": "none", "{file}": "hub.css", "{passkey_id}": "AAAA", "{notice_id}": "none"}
    path = route.path
    for name, value in names.items():
        path = path.replace(name, value)
    return path


def check_headers(reply):
    headers = reply.headers
    assert set(headers["content-security-policy"].split("; ")) == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "publickey-credentials-get=(self)" in headers["permissions-policy"]
    assert "publickey-credentials-create=(self)" in headers["permissions-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] in {"no-store", "no-cache"}


def test_the_table_of_routes_and_the_handlers_are_equal():
    assert set(HANDLERS) == {route.key for route in OURS}


@by_key
def test_every_answer_carries_the_security_headers(route, hub, jiu):
    for browser in (hub.browser(), jiu):
        for event in (
            browser.event(route.method, path_of(route), "{}"),
            browser.event(route.method, path_of(route), "{}", accept="text/html"),
        ):
            reply = browser.send(event)
            check_headers(reply)
            assert "strict-transport-security" not in reply.headers


@by_key
def test_over_https_every_answer_asks_the_browser_to_stay_there(route, https_hub):
    browser = https_hub.browser()
    reply = browser.send(browser.event(route.method, path_of(route), "{}"))
    check_headers(reply)
    assert reply.headers["strict-transport-security"].startswith("max-age=63072000")


@by_key
def test_without_a_session_only_public_routes_are_open(route, browser):
    reply = browser.send(browser.event(route.method, path_of(route), "{}"))
    if route.guard is Guard.PUBLIC:
        assert reply.status != 401
    else:
        assert reply.status == 401
        assert reply.problem == "not-signed-in"
        assert reply.headers["cache-control"] == "no-store"


@by_key
def test_a_session_of_another_role_is_refused(route, hub):
    allowed = {
        Guard.PERSON: {Role.PERSON},
        Guard.AUDITOR: {Role.AUDITOR},
        Guard.OPERATOR: {Role.OPERATOR},
    }.get(route.guard, set(Role))
    for role in Role:
        browser = hub.browser()
        browser.enrol(role)
        reply = browser.send(browser.event(route.method, path_of(route), "{}"))
        refused = reply.status == 403
        assert refused == (role not in allowed), role


@by_change
@pytest.mark.parametrize("origin", [None, "https://elsewhere.example", "null", "http://localhost"])
def test_a_change_that_no_page_of_ours_asked_for_is_refused(route, origin, hub, jiu):
    for browser in (hub.browser(), jiu):
        if browser is not jiu and route.guard is not Guard.PUBLIC:
            continue
        reply = browser.send(browser.event("POST", path_of(route), "{}", origin=origin))
        assert (reply.status, reply.problem) == (403, "not-allowed")
    assert jiu.state()["name"] == "Jiu"


@pytest.mark.parametrize(
    "route",
    [route for route in CHANGES if route.guard is not Guard.PUBLIC],
    ids=lambda route: route.key,
)
@pytest.mark.parametrize("token", [None, "", "wrong", "\u00e9\ud83d"])
def test_a_change_with_a_session_needs_the_token_of_its_page(route, token, jiu):
    reply = jiu.send(jiu.event("POST", path_of(route), "{}", x_csrf_token=token))
    assert (reply.status, reply.problem) == (403, "out-of-date")
    assert jiu.state()["name"] == "Jiu"


def test_the_token_of_another_session_does_not_do(hub, jiu):
    other = hub.browser()
    other.sign_up("Somin")
    jiu.csrf = other.csrf
    assert jiu.post("/sign-out").status == 403


def test_a_form_may_carry_the_token_in_a_field(jiu):
    assert jiu.submit("/sign-out", {"csrf": "wrong"}).status == 403
    reply = jiu.submit("/sign-out", {"csrf": jiu.csrf})
    assert (reply.status, reply.headers["location"]) == (303, "/")


def test_a_route_that_is_not_in_the_table_is_not_found(browser):
    for method, path in (("GET", "/admin"), ("POST", "/account"), ("GET", "/log/checkpoint")):
        assert browser.send(browser.event(method, path, "{}")).status == 404


def test_a_session_that_somebody_made_up_opens_nothing(browser, jiu):
    (name,) = (name for name in jiu.cookies if "session" in name)
    real = jiu.cookies[name]
    for forged in ("x", real[:-1], real[:-1] + ("A" if real[-1] != "A" else "B"), real + "A"):
        browser.cookies[name] = forged
        assert browser.get("/account").status == 401
