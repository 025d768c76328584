"""One's own account over HTTP: sign up, sign in, passkeys, recovery, notices and staff."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.cli.passkey import SoftwarePasskey


def add_passkey(browser, name):
    first, browser.passkey = browser.passkey, SoftwarePasskey.make()
    reply = browser.make_passkey("/passkeys/options", "/passkeys/finish", passkey_name=name)
    second, browser.passkey = browser.passkey, first
    assert reply.status == 201, reply.body
    return second, reply.json()["passkey_id"]


def recover(hub, code, **settings):
    thief = hub.browser(**settings)
    return thief, thief.make_passkey("/recover/options", "/recover/finish", {"code": code})


@pytest.mark.parametrize(
    ("role", "location"),
    [(Role.PERSON, "/account"), (Role.AUDITOR, "/auditor"), (Role.OPERATOR, "/operator")],
)
def test_everybody_signs_in_alike_and_goes_on_to_their_own_page(role, location, hub):
    browser = hub.browser()
    assert browser.enrol(role).json()["location"] == location
    browser.post("/sign-out")
    browser.csrf = ""
    assert browser.sign_in().json()["location"] == location
    assert browser.get(location).status == 200
    assert browser.state()["role"] == role


def test_a_one_time_link_works_once(hub):
    path = hub.invitation(Role.AUDITOR)
    first, second = hub.browser(), hub.browser()
    assert first.get(path).status == 200
    assert first.make_passkey(f"{path}/options", "/sign-up/finish").status == 201
    assert second.get(path).status == 404
    assert second.post(f"{path}/options").problem == "not-found"


def test_the_state_says_what_the_page_shows(jiu):
    state = jiu.state()
    assert state["name"] == "Jiu"
    assert state["csrf"] == jiu.csrf
    assert state["recovery"] is None
    assert state["recovery_code"] is None
    assert state["notices"] == []
    (passkey,) = state["passkeys"]
    assert passkey["software"] is True
    assert passkey["name"] == "Passkey"
    for instant in (state["joined_at"], passkey["added_at"], passkey["usable_from"]):
        assert datetime.fromisoformat(instant).tzinfo


def test_a_second_passkey_signs_in_can_be_renamed_and_removed_and_then_opens_nothing(hub, jiu):
    second, passkey_id = add_passkey(jiu, "My laptop")
    page = jiu.get("/account").body
    assert "My laptop" in page
    other = hub.browser(passkey=second)
    assert other.sign_in().status == 200
    assert jiu.post(f"/passkeys/{passkey_id}/rename", {"name": "Old laptop"}).status == 204
    assert "Old laptop" in jiu.get("/account").body
    assert jiu.post(f"/passkeys/{passkey_id}/remove").status == 204
    assert other.get("/account").status == 401
    other.csrf = ""
    assert other.sign_in().problem == "not-signed-in"
    assert [held["name"] for held in jiu.state()["passkeys"]] == ["Passkey"]


def test_the_last_passkey_stays_and_the_problem_says_what_to_do(jiu):
    passkey_id = jiu.state()["passkeys"][0]["passkey_id"]
    reply = jiu.post(f"/passkeys/{passkey_id}/remove")
    assert reply.problem == "not-allowed"
    assert reply.json()["title"] == "This is your last passkey"
    assert "Remove this passkey" not in jiu.get("/account").body


def test_a_passkey_of_somebody_else_is_not_found(hub, jiu):
    somin = hub.browser()
    somin.sign_up("Somin")
    passkey_id = somin.state()["passkeys"][0]["passkey_id"]
    assert jiu.post(f"/passkeys/{passkey_id}/rename", {"name": "Mine"}).problem == "not-found"
    assert jiu.post(f"/passkeys/{passkey_id}/remove").problem == "not-found"
    assert somin.state()["passkeys"][0]["name"] == "Passkey"


def test_a_recovery_shows_as_a_banner_waits_72_hours_and_can_be_cancelled(hub, jiu):
    reply = jiu.post("/recovery-code")
    assert reply.status == 201
    assert reply.headers["cache-control"] == "no-store"
    code = reply.json()["code"]
    thief, started = recover(hub, code.lower().replace("-", " "))
    matures_at = datetime.fromisoformat(started.json()["matures_at"])
    assert "session" not in thief.cookies
    state = jiu.state()
    assert datetime.fromisoformat(state["recovery"]["matures_at"]) == matures_at
    started_at = datetime.fromisoformat(state["recovery"]["started_at"])
    assert matures_at - started_at == timedelta(hours=72)
    page = jiu.get("/account").body
    assert "A recovery is running" in page
    assert 'data-act="/recovery/cancel"' in page
    assert "data-add-passkey" not in page
    assert "data-issue-code" not in page
    assert jiu.post("/passkeys/options").problem == "account-restricted"
    assert jiu.post("/recovery-code").problem == "account-restricted"
    refused = thief.sign_in()
    assert refused.json()["title"] == "This passkey does not work yet"
    assert jiu.post("/recovery/cancel").status == 204
    assert jiu.state()["recovery"] is None
    assert "A recovery is running" not in jiu.get("/account").body
    assert thief.sign_in().problem == "not-signed-in"
    assert recover_refused(hub, code).json()["field"] == "code"


def recover_refused(hub, code):
    return hub.browser().post("/recover/options", {"code": code})


def test_notices_tell_every_passkey_and_are_put_away_one_by_one(hub, jiu):
    code = jiu.post("/recovery-code").json()["code"]
    recover(hub, code)
    hub.deliver()
    kinds = {notice["kind"]: notice for notice in jiu.state()["notices"]}
    assert set(kinds) == {"recovery_code_issued", "recovery_started"}
    page = jiu.get("/account").body
    assert "A recovery was started" in page
    assert "This was not me: cancel it" in page
    seen = kinds["recovery_code_issued"]["notice_id"]
    assert jiu.post(f"/notices/{seen}/acknowledge").status == 204
    page = jiu.get("/account").body
    assert "A recovery was started" in page
    assert "A recovery code was made" not in page
    after = {notice["kind"]: notice["acknowledged"] for notice in jiu.state()["notices"]}
    assert after == {"recovery_code_issued": True, "recovery_started": False}


def test_too_many_wrong_codes_have_to_wait(hub, jiu):
    code = jiu.post("/recovery-code").json()["code"]
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    for _ in range(10):
        assert recover_refused(hub, wrong).problem == "bad-input"
    reply = recover_refused(hub, wrong)
    assert (reply.status, reply.problem) == (429, "too-many")
    assert reply.json()["title"] == "Too many wrong codes"


def test_two_people_who_ask_at_the_same_time_each_see_their_own_page(hub):
    people = []
    for name in ("Jiu", "Somin", "Haneul", "Dana"):
        browser = hub.browser()
        browser.sign_up(name)
        people.append((name, browser))

    def ask(turn):
        name, browser = people[turn % len(people)]
        return name, browser.state()["name"], f"Hello, {name}" in browser.get("/account").body

    with ThreadPoolExecutor(8) as pool:
        for name, seen, greeted in pool.map(ask, range(200)):
            assert seen == name
            assert greeted
