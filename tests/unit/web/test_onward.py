"""After signing in people come back to the page they wanted, and never to anybody else's site."""

from __future__ import annotations

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.web.onward import MAX_LETTERS, next_of, own_path

WANTED = "/authorize?client_id=bike&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3AaB-_3"
FOREIGN = [
    "//evil.example/",
    "/\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "evil.example",
    "/account#top",
    "/account\n",
    "/a//../..\\x",
    "/account?x=<b>",
    "",
    "/" + "a" * MAX_LETTERS,
]


@pytest.mark.parametrize("path", ["/", "/account", "/enrol/aB_-3", WANTED])
def test_a_path_of_ours_is_kept(path):
    assert own_path(path) == path


@pytest.mark.parametrize("path", FOREIGN)
def test_anything_else_becomes_the_place_it_would_have_been(path):
    assert own_path(path, "/account") == "/account"


@pytest.mark.parametrize(
    ("query", "found"),
    [("next=%2Faccount", "/account"), ("", ""), ("next=%2F%2Fevil.example", ""), ("a=1&" * 20, "")],
)
def test_a_query_names_a_path_of_ours_or_nothing(query, found):
    assert next_of(query) == found


@pytest.mark.parametrize("path", [WANTED, "/account"])
def test_a_person_goes_on_to_the_page_they_wanted(path, hub):
    jiu = hub.browser()
    made = jiu.make_passkey("/sign-up/options", "/sign-up/finish", {"name": "Jiu"}, next=path)
    assert made.json()["location"] == path
    assert sign_in(jiu, path).json()["location"] == path


@pytest.mark.parametrize("path", FOREIGN)
def test_a_person_who_is_sent_elsewhere_goes_to_their_own_page(path, hub):
    jiu = hub.browser()
    jiu.sign_up()
    reply = sign_in(jiu, path)
    assert (
        reply.status == 400 if len(path) > MAX_LETTERS else reply.json()["location"] == "/account"
    )


def test_staff_go_to_their_own_page(hub):
    auditor = hub.browser()
    auditor.enrol(Role.AUDITOR)
    assert sign_in(auditor, "/account").json()["location"] == "/auditor"


def test_the_pages_hand_the_way_on_from_one_to_the_other(hub):
    browser = hub.browser()
    event = browser.event("GET", "/sign-up", accept="text/html")
    page = browser.send({**event, "rawQueryString": "next=%2Faccount"}).body
    assert 'data-next="/account"' in page
    assert 'href="/sign-in?next=/account"' in page
    foreign = browser.send({**event, "rawQueryString": "next=https%3A%2F%2Fevil.example"}).body
    assert foreign.count('href="/sign-in"') == 2
    assert 'data-next=""' in foreign


def sign_in(browser, path):
    begun = browser.post("/sign-in/options").json()
    credential = browser.passkey.get(begun["publicKey"], browser.hub.issuer)
    body = {"ceremony": begun["ceremony"], "credential": credential, "next": path}
    return browser.post("/sign-in/finish", body)
