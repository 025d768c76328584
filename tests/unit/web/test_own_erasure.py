"""The pages of leaving for good, without a browser: what they say, to whom, and in which state."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from mydata_hub.erasure.state import STEP_NAMES, Issued, Kind, fetch_erasure, put_erasure

from tests.unit.web.conftest import Hub


def begun(hub: Hub):
    """Somebody who asked to be erased; their browser and the path of the certificate."""
    jiu = hub.browser()
    assert jiu.sign_up().status == 201
    answer = jiu.post("/erase", {"confirmation": "지울게요"})
    assert answer.status == 202
    return jiu, answer.json()["location"]


def at_state(hub: Hub, path: str, *kinds: Kind) -> None:
    """What `erase` would have written when these certificates are there."""
    erasure = fetch_erasure(hub.desk.tables, path.rpartition("/")[2])
    now = datetime.now(UTC)
    issued = tuple(Issued(kind=kind, event_id="e", document=b"{}") for kind in kinds)
    done = dict.fromkeys(STEP_NAMES, now)
    erased = replace(erasure, done=done, inaccessible_at=now, irrecoverable_at=now, issued=issued)
    hub.desk.tables.commit(put_erasure(erased))


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ((), "It is being done now"),
        ((Kind.ERASED,), "nobody can open anything"),
        (tuple(Kind), "no copy of the keys"),
    ],
)
def test_the_link_shows_each_state_to_anybody(hub: Hub, kinds, words) -> None:
    jiu, path = begun(hub)
    if kinds:
        at_state(hub, path, *kinds)
    stranger = hub.browser()
    stranger.language = "en"
    page = stranger.get(path)
    assert page.status == 200, page.body
    assert words in page.body
    assert jiu.state()["account_id"] not in page.body
    document = stranger.get(path, accept="application/json").json()
    assert len(document["certificates"]) == len(kinds)
    assert jiu.state()["account_id"] not in json.dumps(document)


def test_midway_only_what_is_so_is_said(hub: Hub) -> None:
    _jiu, path = begun(hub)
    erasure = fetch_erasure(hub.desk.tables, path.rpartition("/")[2])
    now = datetime.now(UTC)
    midway = replace(erasure, done={"grants": now, "keys": now}, inaccessible_at=now)
    hub.desk.tables.commit(put_erasure(midway))
    page = hub.browser(language="en").get(path)
    assert page.status == 200, page.body
    assert page.body.count("not yet") == len(STEP_NAMES) - 2
    assert "Inaccessible" in page.body
    assert "Irrecoverable" not in page.body


def test_who_asked_already_is_led_to_the_certificate(hub: Hub) -> None:
    jiu, path = begun(hub)
    page = jiu.get("/erase")
    assert (page.status, page.headers["location"]) == (303, path)
    assert jiu.post("/erase", {"confirmation": "erase everything"}).json()["location"] == path


@pytest.mark.parametrize("words", ["", "yes", "지울게", "x" * 201, 7, None])
def test_other_words_erase_nobody(hub: Hub, words) -> None:
    jiu = hub.browser()
    jiu.sign_up()
    refused = jiu.post("/erase", {"confirmation": words})
    assert refused.status == 400
    assert refused.json()["field"] == "confirmation"
    assert jiu.get("/erase").status == 200


@pytest.mark.parametrize("path", ["/certificates/x", f"/certificates/{'0' * 64}"])
def test_a_link_that_nobody_was_given_shows_nothing(hub: Hub, path) -> None:
    assert hub.browser().get(path).status == 404


def test_the_keys_are_a_key_set_before_there_is_any(hub: Hub) -> None:
    assert hub.browser().get("/certificates/jwks").json() == {"keys": []}
