"""Disclosing a month: it is recorded for its person alone, and refused to whoever may not."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.rows import rows_of
from mydata_hub.accounts.sessions import FRESH
from mydata_hub.erasure.beginning import CONFIRMATIONS
from mydata_hub.personal_log.disclosure import KEY_DISCLOSED
from mydata_hub.personal_log.period_key import log_key_period
from mydata_hub.ports.tables import Put, VersionIs

from functions.sequence_log import build as sequencer
from tests.unit.web.conftest import Browser, Hub
from tests.unit.web.test_consent_sheet import AskedHub

PATH = "/activity/disclose"


@pytest.fixture
def hub(tmp_path) -> Hub:
    return AskedHub(tmp_path)


@pytest.fixture
def month(hub: Hub) -> dict[str, str]:
    return {"period": log_key_period(hub.desk.now()), "to": " Dana of Audit & Co "}


def entries(hub: Hub, person: Browser):
    """What the log shows somebody about themselves, once all of it has its place."""
    settings = {"CHECKPOINT_KEY": "checkpoint", "WITNESSES": ""}
    sequencer({**hub.environment, **settings})({}, None)
    return person.get("/activity/state", accept="application/json").json()["entries"]


def payload(entry) -> bytes:
    event = json.loads(base64.urlsafe_b64decode(entry["payload"] + "=="))
    return base64.urlsafe_b64decode(event["payload"] + "==")


def test_a_disclosure_is_in_the_persons_log_with_the_month_and_whom(hub, jiu, month):
    told = jiu.post(PATH, month)
    assert told.status == 200, told.body
    assert told.json() == {
        "hub": hub.issuer,
        "event_id": told.json()["event_id"],
        "period": month["period"],
        "to": "Dana of Audit & Co",
    }
    (entry,) = [one for one in entries(hub, jiu) if one["kind"] == KEY_DISCLOSED]
    assert entry["event_id"] == told.json()["event_id"]
    assert entry["words"] == "You showed a month to an auditor"
    assert entry["more"] == f"{month['period']} · Dana of Audit & Co"
    assert json.loads(payload(entry)) == {"period": month["period"], "to": "Dana of Audit & Co"}


NO_MONTH_AND_NO_NAME = (
    *(({"period": text}, "period") for text in ("1999-12", "9999-12", "2026-13", "")),
    *(({"to": text}, "to") for text in (" ", "a" * 61, "Da\x1bna")),
    ({"key": "mine"}, "body"),
)


def test_what_is_no_month_and_no_name_is_refused_by_its_field(jiu, month):
    for changed, field in NO_MONTH_AND_NO_NAME:
        told = jiu.post(PATH, {**month, **changed})
        assert (told.status, told.json()["field"]) == (400, field), changed


def test_it_takes_a_passkey_that_was_used_a_moment_ago(hub, jiu, month):
    tables = hub.desk.tables
    for row in rows_of(tables, "sessions", jiu.state()["account_id"]):
        earlier = hub.desk.now() - FRESH - timedelta(seconds=1)
        values = {**row.values, "authenticated_at": earlier.isoformat()}
        when = VersionIs(row.version)
        tables.commit(Put(key=row.key, values=values, when=when, expires_at=row.expires_at))
    assert jiu.post(PATH, month).problem == "step-up-needed"
    assert not [one for one in entries(hub, jiu) if one["kind"] == KEY_DISCLOSED]


def test_while_a_recovery_runs_nobody_discloses(hub, jiu, month):
    code = jiu.post("/recovery-code").json()["code"]
    thief = hub.browser()
    begun = thief.make_passkey("/recover/options", "/recover/finish", {"code": code})
    assert begun.status < 300, begun.body
    assert jiu.post(PATH, month).problem == "account-restricted"


def test_somebody_who_is_being_erased_discloses_nothing_more(jiu, month):
    assert jiu.post("/erase", {"confirmation": CONFIRMATIONS[-1]}).status < 300
    assert jiu.post(PATH, month).problem == "account-restricted"


def test_only_people_have_a_month_to_disclose(hub, month):
    auditor = hub.browser()
    auditor.enrol(Role.AUDITOR)
    assert auditor.post(PATH, month).status == 403
    assert hub.browser().post(PATH, month).status == 401
