"""What the person sees of answers: each partner's balance, why one was refused, and receipts."""

from __future__ import annotations

import base64
import json
from datetime import datetime

import pytest
from click.testing import CliRunner
from joserfc.jwk import KeySet
from mydata_hub.cli.main import main
from mydata_hub.errors import NotProven
from mydata_hub.release.policies import read_policies
from mydata_hub.release.receipts import verify_receipt
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.web.own_balances import in_words
from mydata_hub.web.refusal_words import REFUSALS, refusal_words

from tests.architecture.template import ROOT
from tests.unit.answer.answer_world import AskingPartner
from tests.unit.web.conftest import Browser


def state(asked, browser=None):
    browser = browser or asked.jiu
    known = browser.get("/grants/state", accept="application/json").json()["balances"]
    entries = browser.get("/activity/state", accept="application/json").json()["entries"]
    return {"balances": known, "entries": entries}


def own(asked, event_id, browser=None):
    browser = browser or asked.jiu
    event = browser.event("GET", f"/activity/{event_id}/receipt")
    event |= {
        "routeKey": "GET /activity/{event_id}/receipt",
        "pathParameters": {"event_id": event_id},
    }
    return asked.hub.handler(event, None)


def keys(asked):
    asked.hub.invoke("sequence_log", {"sweep": True})
    first = asked.jiu.get("/claims/jwks").json()["keys"][0]
    answer = asked.hub.handler(asked.jiu.event("GET", "/log/key"), None)
    log = VerifierKey.parse(base64.b64decode(answer["body"]).decode().strip())
    return KeySet.import_key_set({"keys": [first]}).keys[0], log


def test_a_person_sees_each_partner_s_balance_in_bits_and_in_words(asked):
    assert state(asked)["balances"] == {"groups": [], "all": {"bits": 0, "cap": 64}}
    asked.partner.ask("commute.mode", "commute.by_subway")
    asked.partner.ask("commute.mode")  # frozen: the same again costs nothing
    known = state(asked)["balances"]
    (one,) = known["groups"]
    assert (one["partners"], one["bits"], one["cap"]) == (["Bicycles"], 4.585, 24)
    # 8 answers to the one question and 3 to the other make 24 kinds of people.
    assert "24 kinds" in one["words"]
    assert one["about"] == ["Means of the commute"]
    assert one["held_back"] == 0
    assert known["all"] == {"bits": 4.585, "cap": 64}
    page = asked.jiu.get("/activity").body
    assert "4.6 of 24 bits" in page
    assert "24 kinds" in page


def test_balances_stay_when_the_consent_is_withdrawn(asked):
    asked.partner.ask("commute.mode")
    asked.jiu.post(f"/grants/{asked.grant_id}/withdraw")
    assert state(asked)["balances"]["all"]["bits"] == 3.0


def test_nobody_sees_another_s_balance(asked):
    asked.partner.ask("commute.mode")
    minseo = Browser(asked.hub)
    minseo.sign_up("Minseo")
    assert state(asked, minseo)["balances"]["groups"] == []


@pytest.mark.parametrize(
    ("units", "words"),
    [(0, "nothing yet"), (15_850, "into 3 kinds"), (64 * 10_000, "very finely")],
)
def test_bits_are_told_as_kinds_of_people(units, words):
    assert words in in_words(units, "en")
    assert in_words(units, "ko") != in_words(units, "en")


def test_why_a_question_was_refused_is_told_in_words(asked):
    asked.partner.ask("insurance.car_cover")
    asked.partner.ask("commute.everything")
    asked.hub.invoke("sequence_log", {"sweep": True})
    refused = [one["why"] for one in state(asked)["entries"] if one["kind"] == "claims_refused"]
    # Within a batch the log's order says nothing of time, and so does not the list's.
    assert sorted(why[0] for why in refused) == [
        "There is no such question",
        "You had not allowed this question",
    ]


def test_every_policy_has_words_for_the_person():
    forbids = [
        one.id for one in read_policies(ROOT / "policies").policies.values() if one.id != "P01"
    ]
    assert set(forbids) <= REFUSALS.keys()
    for name in REFUSALS:
        assert refusal_words([name], "ko") != refusal_words([name], "en")
    assert refusal_words(["P99"], "en") == ["P99"]


# ------------------------------------------------------------------ receipts of one's own


def test_a_person_s_receipt_adds_the_answer_and_what_it_rested_on_and_verifies_offline(asked):
    event_id = asked.partner.ask("commute.mode").json()["event_id"]
    asked.hub.invoke("sequence_log", {"sweep": True})
    reply = own(asked, event_id)
    assert reply["statusCode"] == 200, reply["body"]
    assert "attachment" in reply["headers"]["content-disposition"]
    assert reply["headers"]["cache-control"] == "no-store"
    found = verify_receipt(reply["body"].encode(), *keys(asked))
    covered = found.coverage["commute.mode@1"]
    assert (covered["answer"], covered["sources"]) == ("subway", 1)
    assert datetime.fromisoformat(covered["complete_until"]).tzinfo
    assert found.index is not None
    # The partner's copy of the same event has none of it.
    theirs = asked.partner.receipt(event_id)
    assert "coverage" not in theirs.json()
    assert verify_receipt(theirs.body.encode(), *keys(asked)).coverage is None


@pytest.mark.parametrize("how", ["changed", "gone", "moved to the partner's"])
def test_a_coverage_that_was_not_signed_is_named(asked, how):
    event_id = asked.partner.ask("commute.mode").json()["event_id"]
    receipt = json.loads(own(asked, event_id)["body"])
    if how == "changed":
        receipt["coverage"]["commute.mode@1"]["sources"] = 2
    elif how == "gone":
        del receipt["coverage"]
    else:
        receipt = asked.partner.receipt(event_id).json() | {"coverage": receipt["coverage"]}
    with pytest.raises(NotProven, match="coverage"):
        verify_receipt(json.dumps(receipt).encode(), *keys(asked))


def test_a_refusal_has_a_receipt_of_one_s_own_and_covers_nothing(asked):
    asked.partner.ask("insurance.car_cover")
    event_id = asked.hub.released(asked.person)[-1].event_id
    found = verify_receipt(own(asked, event_id)["body"].encode(), *keys(asked))
    assert (found.coverage, found.release.decision.value) == ({}, "deny")


def test_a_receipt_of_one_s_own_is_for_nobody_else(asked):
    event_id = asked.partner.ask("commute.mode").json()["event_id"]
    minseo = Browser(asked.hub)
    minseo.sign_up("Minseo")
    for name, browser in ((event_id, minseo), ("0" * 32, None), ("x" * 65, None), ("..", None)):
        assert own(asked, name, browser)["statusCode"] == 404
    nobody = Browser(asked.hub)
    assert own(asked, event_id, nobody)["statusCode"] == 401
    # And a partner's token opens no door of people's.
    other = AskingPartner(asked.hub, asked.hub.environment("authorize"), client_id="scooters")
    event = asked.jiu.event(
        "GET", f"/activity/{event_id}/receipt", authorization=f"DPoP {other.token}"
    )
    event["cookies"] = []
    event["routeKey"] = "GET /activity/{event_id}/receipt"
    assert asked.hub.handler(event, None)["statusCode"] == 401


def test_the_command_takes_no_path_for_an_event(tmp_path):
    told = CliRunner().invoke(
        main,
        ["person", "receipt", "../x", "--as", "n", "--out", str(tmp_path / "r"), "--data", "none"],
    )
    assert told.exit_code in (1, 2)
