"""What people and operators do from the command line, against a hub that really serves."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from mydata_hub.cli.client import HubClient
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.cli.stage import run

numbers = itertools.count()


@pytest.fixture
def somebody(mydata):
    """A person with an account and one passkey; their name."""
    name = f"Person {next(numbers)}"
    assert mydata("person", "add", name, "--locale", "en").code == 0
    return name


def state_of(mydata, name, *more):
    return mydata("person", "show", "--as", name, "--json", *more).json()


def test_a_person_is_added_with_a_passkey_and_can_see_their_account(mydata):
    told = mydata("person", "add", "Jiyoon", "--json").json()
    state = state_of(mydata, "Jiyoon")
    assert (state["name"], state["role"]) == ("Jiyoon", "person")
    assert state["account_id"] == told["account_id"]
    assert [passkey["software"] for passkey in state["passkeys"]] == [True]
    assert "csrf" not in state


def test_the_same_name_is_not_added_twice_here(mydata, somebody):
    again = mydata("person", "add", somebody)
    assert again.code == 1
    assert "has a passkey first here" in again.err


def test_people_here_are_listed(mydata, somebody):
    assert mydata("person", "list", "--json").json()[somebody] == ["first"]


def test_a_second_passkey_opens_the_account_and_is_removed_by_the_first(mydata, somebody):
    assert mydata("person", "add-passkey", "phone", "--as", somebody).code == 0
    passkeys = {one["name"]: one["passkey_id"] for one in state_of(mydata, somebody)["passkeys"]}
    assert len(passkeys) == 2
    assert state_of(mydata, somebody, "--passkey", "phone")["name"] == somebody
    removed = mydata("person", "remove-passkey", passkeys["phone"], "--as", somebody)
    assert removed.code == 0
    assert mydata("person", "show", "--as", somebody, "--passkey", "phone").code == 1


def test_the_last_passkey_stays(mydata, somebody):
    (only,) = state_of(mydata, somebody)["passkeys"]
    refused = mydata("person", "remove-passkey", only["passkey_id"], "--as", somebody)
    assert refused.code == 1
    assert refused.err.startswith("Error: ")
    assert state_of(mydata, somebody)["passkeys"] != []


def test_a_recovery_is_told_restricts_and_is_cancelled(mydata, somebody):
    code = mydata("person", "recovery-code", "--as", somebody, "--json").json()["code"]
    started = mydata("person", "recover", code, "--as", f"finder of {somebody}", "--json").json()
    assert state_of(mydata, somebody)["recovery"]["matures_at"] == started["matures_at"]
    assert mydata("person", "add-passkey", "more", "--as", somebody).code == 1
    assert mydata("person", "cancel-recovery", "--as", somebody).code == 0
    assert state_of(mydata, somebody)["recovery"] is None
    assert mydata("person", "add-passkey", "more", "--as", somebody).code == 0


def test_a_notice_is_acknowledged(mydata, somebody):
    assert mydata("person", "add-passkey", "tablet", "--as", somebody).code == 0
    for _ in range(50):
        notices = state_of(mydata, somebody)["notices"]
        if notices:
            break
    assert [notice["acknowledged"] for notice in notices] == [False]
    told = mydata("person", "acknowledge", notices[0]["notice_id"], "--as", somebody)
    assert told.code == 0
    assert [notice["acknowledged"] for notice in state_of(mydata, somebody)["notices"]] != [False]


def test_the_words_for_people_name_their_passkeys(mydata, somebody):
    words = mydata("person", "show", "--as", somebody).out
    assert somebody in words
    assert "none yet" in words


@pytest.fixture
def answered(hub, mydata, somebody):
    """The event of an answer that a sample partner got by this person's consent."""
    with httpx.Client(headers={"accept": "application/json"}, timeout=20) as http:
        begun = http.post(f"{hub.about['partners']['bicycle']}/start", json={}).json()
        approved = mydata("person", "approve", begun["authorization_url"], "--as", somebody)
        assert approved.code == 0, approved.err
        return http.get(approved.out.strip()).json()["event_id"]


def test_a_person_allows_less_looks_back_keeps_receipts_and_ends_everything(
    mydata, somebody, answered, tmp_path
):
    connected = ("person", "connect", "sample-card", "--as", somebody, "--sample-person", "jiu")
    assert mydata(*connected).code == 0
    whose, file = ("--as", somebody, "--json"), tmp_path / "receipt.json"
    given = mydata("person", "grants", *whose).json()["grants"]
    (grant,) = (one for one in given if one["counterparty"] != "sample-card")
    grant_id, (kept, *_, dropped) = grant["grant_id"], grant["items"]
    narrow = ("person", "narrow", grant_id, "--drop", dropped.partition("@")[0])
    # Nothing is dropped where one of the names is none: nobody shall believe that it was.
    mistyped = mydata(*narrow, "--drop", kept[:-3], *whose)
    assert mistyped.code == 2
    assert f"{kept[:-3]}: not allowed here" in mistyped.err
    soon = datetime.now(UTC).date() + timedelta(days=9)
    narrowed = mydata(*narrow, "--until", soon.isoformat(), *whose)
    assert narrowed.code == 0, narrowed.err
    before, after = mydata("person", "history", grant_id, *whose).json()["versions"]
    assert (before["version"], after["version"]) == (1, 2)
    assert (before["items"], before["expires_at"]) == (grant["items"], grant["expires_at"])
    assert after["items"] == [item for item in grant["items"] if item != dropped]
    assert after["expires_at"] == f"{soon}T00:00:00+00:00"
    # It is by what the passkey signed that less is allowed.
    assert before["consent"] == after["consent"]
    saved = mydata("person", "receipt", grant_id, "--out", str(file), *whose)
    assert saved.code == 0, saved.err
    told = mydata("receipt", "verify", str(file), "--json").json()
    assert (told["verified"], told["signed_by_person"]) == (True, True)
    assert (told["grant_id"], told["version"], told["items"]) == (grant_id, 2, after["items"])
    saved = mydata("person", "receipt", answered, "--out", str(file), *whose)
    assert saved.code == 0, saved.err
    told = mydata("receipt", "verify", str(file), "--json").json()
    assert (told["verified"], told["event_id"], told["grant_id"]) == (True, answered, grant_id)
    ended = mydata("person", "withdraw", "--all", *whose).json()["withdrawn"]
    assert sorted(ended) == sorted(one["grant_id"] for one in given)
    left = mydata("person", "grants", *whose).json()["grants"]
    assert [one["state"] for one in left] == ["withdrawn"] * 2


@pytest.mark.parametrize("role", ["auditor", "operator"])
def test_staff_enrol_by_a_link_once_and_see_their_own_page_only(hub, mydata, role):
    link = mydata(role, "add", "Sora", "--json").json()["link"]
    assert link.startswith(hub.url)
    pages = {"/auditor": role == "auditor", "/operator": role == "operator", "/account": False}
    with HubClient.open(hub.url) as client:
        client.enrol(SoftwarePasskey.make(), link)
        for page, theirs in pages.items():
            assert client.http.get(page).status_code == (200 if theirs else 403)
    assert mydata("person", "add", f"late {role}", "--link", link).code == 1


def test_without_a_running_hub_the_command_says_how_to_start_one(tmp_path):
    told = run("person", "add", "Jiu", "--data", str(tmp_path / "nothing"))
    assert told.code == 1
    assert "mydata serve" in told.err


def test_a_hub_that_does_not_answer_is_named(tmp_path):
    told = run("person", "add", "Jiu", "--data", str(tmp_path), "--url", "http://localhost:9")
    assert told.code == 1
    assert "does not answer" in told.err


def test_wrong_usage_exits_with_2(mydata):
    assert mydata("person", "add").code == 2
    assert run("no-such-command").code == 2


def test_the_public_log_holds_what_the_commands_did(hub, mydata, somebody):
    for _ in range(20):
        told = run("log", "verify", "--url", hub.url, "--json")
        if told.code == 0 and json.loads(told.out)["size"] > 0:
            break
    assert json.loads(told.out)["verified"] is True
    checkpoint = httpx.get(f"{hub.url}/log/checkpoint").text
    assert checkpoint.startswith(hub.url.removeprefix("http://") + "/log\n")
