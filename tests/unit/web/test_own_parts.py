"""The page of erasing a part: what it offers, what it takes, and what the link shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from mydata_hub.erasure.state import OVERTAKEN, PART_STEPS, fetch_erasure, put_erasure
from mydata_hub.ports.messages import due_messages

from tests.unit.web.conftest import Hub
from tests.unit.web.test_consent_sheet import AskedHub

CARD = {"dataset": "card.approvals", "sure": "yes"}


@pytest.fixture
def hub(tmp_path) -> Hub:
    return AskedHub(tmp_path)


@pytest.fixture
def jiu(hub: Hub):
    person = hub.browser(language="en")
    assert person.sign_up().status == 201
    return person


def test_the_page_says_what_happens_and_offers_three_ways(jiu) -> None:
    page = jiu.get("/sources/erase")
    assert page.status == 200, page.body
    for words in ("Everything from one source", "One kind of record", "Some days"):
        assert words in page.body
    assert "does not come back by itself" in page.body
    assert "Files that I brought" in page.body


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"dataset": "card.approvals"}, "What you pay by card"),
        ({"provider": "self"}, "self"),
        ({"since": "2026-03-01", "until": "2026-03-02"}, "From 2026-03-01 to 2026-03-02"),
    ],
)
def test_asking_gives_a_link_that_says_which_part_and_not_whose(hub: Hub, jiu, part, words) -> None:
    asked = jiu.post("/sources/erase", {"sure": "yes", **part})
    assert asked.status == 202, asked.body
    stranger = hub.browser(language="en")
    page = stranger.get(asked.json()["location"])
    assert page.status == 200, page.body
    assert words in page.body
    assert "It is being done now" in page.body
    assert page.body.count("not yet") == len(PART_STEPS)
    assert jiu.state()["account_id"] not in page.body
    topics = [one.topic for one in due_messages(hub.desk.tables, datetime.now(UTC))]
    assert "erase_part" in topics


def test_where_everything_was_erased_meanwhile_the_link_says_so(hub: Hub, jiu) -> None:
    path = jiu.post("/sources/erase", {"dataset": "card.approvals", "sure": "yes"}).json()[
        "location"
    ]
    erasure = fetch_erasure(hub.desk.tables, path.rpartition("/")[2])
    hub.desk.tables.commit(put_erasure(erasure.mark(OVERTAKEN, datetime.now(UTC))))
    assert "Everything was erased meanwhile" in jiu.get(path).body


def test_done_it_says_since_when(hub: Hub, jiu) -> None:
    path = jiu.post("/sources/erase", {"dataset": "card.approvals", "sure": "yes"}).json()[
        "location"
    ]
    erasure = fetch_erasure(hub.desk.tables, path.rpartition("/")[2])
    now = datetime.now(UTC)
    done = dict.fromkeys(PART_STEPS, now)
    hub.desk.tables.commit(put_erasure(replace(erasure, done=done, inaccessible_at=now)))
    page = jiu.get(path)
    assert "Inaccessible" in page.body
    assert "not yet" not in page.body


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({}, "part"),
        ({"since": "2026-03-01"}, "since"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "until"),
        ({"since": "", "until": ""}, "since"),
        ({"since": "soon", "until": "2026-03-01"}, "since"),
        ({"dataset": "card.approvals", "provider": "self"}, "part"),
        ({"dataset": 7}, "dataset"),
        ({"all": True}, "body"),
    ],
)
def test_what_is_no_part_is_refused_by_its_field(jiu, part, field) -> None:
    refused = jiu.post("/sources/erase", {"sure": "yes", **part})
    assert refused.status == 400
    assert refused.json()["field"] == field


def test_a_day_that_is_still_to_come_is_refused(jiu) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    refused = jiu.post("/sources/erase", {"since": "2026-03-01", "until": day, "sure": "yes"})
    assert refused.json()["field"] == "until"


def test_nobody_erases_by_a_slip_of_the_finger(jiu) -> None:
    for slip in ({}, {"sure": "no"}):
        refused = jiu.post("/sources/erase", {"dataset": "card.approvals", **slip})
        assert refused.json()["field"] == "sure"
