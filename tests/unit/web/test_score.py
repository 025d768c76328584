"""One's own score: the number with its reasons, what would change it, and where it may not be."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest
from mydata_hub.collection.record import Provenance
from mydata_hub.errors import BadInput
from mydata_hub.insights.advance import advance_profile
from mydata_hub.insights.trust import keep_score, own_score
from mydata_hub.own_vault.score import see_score
from mydata_hub.scorecard.forbidden import FORBIDDEN
from mydata_hub.scorecard.shipped import shipped_card
from mydata_hub.web import score
from mydata_hub.web.answer_words import record_words
from mydata_hub.web.dispatch import answer
from mydata_hub.web.request import Request

from tests.unit.insights.lives import DAY
from tests.unit.insights.test_own_words import dispute, further
from tests.unit.insights.test_perturbation import LIFE
from tests.unit.insights.test_trust_features import bills, monthly
from tests.unit.web.test_today import ISSUER, NOW, Front, session

LATE = bills(13, late=4)


class ScoreFront(Front):
    """The page over whatever profile a test gives."""

    def ask(self, route, query="", lang="en"):
        headers = {"accept": "text/html", "accept-language": lang, "origin": ISSUER}
        event = {"routeKey": route, "rawPath": route.partition(" ")[2], "headers": headers}
        event["rawQueryString"] = query
        return answer(self.front, score.HANDLERS, Request(event, session()))

    def state(self, query=""):
        return json.loads(self.ask("GET /score/state", query).body)

    def page(self, query="", lang="en"):
        """The page's words."""
        text = re.sub(r"<[^>]*>", " ", self.ask("GET /score", query, lang).body)
        return html.unescape(re.sub(r"\s+", " ", text))


@pytest.fixture
def front(tmp_path):
    return ScoreFront(tmp_path)


@pytest.fixture
def late(front):
    front.lived(*LATE)
    return front


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_page_has_the_score_and_every_reason_with_its_words(late, lang):
    body, told = late.page(lang=lang), late.state()
    assert f" {told['score']} " in body
    for one in told["reasons"]:
        for words in (one["label"], one["about"], one["row"]):
            assert words[lang] in body
        assert one["rests_on"]
        assert record_words(one["rests_on"], lang) in body
    no_bureau = {"en": "not a credit bureau's score", "ko": "신용평가회사의 신용점수가 아니"}
    assert no_bureau[lang] in body


def test_the_reasons_add_up_exactly(late):
    told = late.state()
    assert told["score"] == told["base_points"] + sum(one["points"] for one in told["reasons"])
    assert told["tier"] == shipped_card().tier_of(told["score"])


def test_the_step_that_is_told_really_gives_the_score_that_is_told(late):
    told = late.state()
    step = told["improvement"]
    assert step["score"] == told["score"] + step["points"] > told["score"]
    tried = late.state(f"{step['feature']}={step['value']}")["what_if"]
    assert tried["score"] == step["score"]
    assert str(step["score"]) in late.page()


def test_what_if_changes_what_is_asked_and_nothing_else(late):
    before = late.state()
    tried = late.state("late_bills=0&payment_weeks=26")["what_if"]
    card = shipped_card()
    own = own_score(late.profile, NOW)
    gained = sum(
        card.feature(name).row_of(value).points - own.scored.points_of(name)
        for name, value in (("late_bills", 0), ("payment_weeks", 26))
    )
    assert tried["difference"] == gained == tried["score"] - before["score"]
    assert tried["values"] == {"late_bills": 0, "payment_weeks": 26}
    assert {**late.state(), "what_if": None} == before
    # An empty field of the form is as it is.
    assert late.state("late_bills=")["what_if"] is None


def test_the_form_offers_every_other_row_and_remembers_what_was_tried(late):
    body = late.ask("GET /score", "late_bills=0").body
    for feature in shipped_card().features:
        field = re.search(f'name="{feature.id}">(.*?)</select>', body, re.DOTALL)
        offered = re.findall(r'<option value="([^"]+)"', field[1])
        rows = [feature.row_of(float(one)) for one in offered]
        known = own_score(late.profile, NOW).values[feature.id]
        mine = [] if known is None else [feature.row_of(known)]
        assert {*rows, *mine} == set(feature.rows)
        assert len(rows) + len(mine) == len(feature.rows)
    assert re.search(r'<option value="\d+" selected>', body)
    assert "Then your score would be" in body


@pytest.mark.parametrize(
    "query",
    [
        "horoscope=1",
        "late_bills=few",
        "late_bills=nan",
        "late_bills=inf",
        "&".join(f"late_bills={number}" for number in range(60)),
        "late_bills=" + "1" * 5_000,
    ],
)
@pytest.mark.parametrize("lived", [True, False])
def test_what_makes_no_sense_is_refused(front, query, lived):
    if lived:
        front.lived(*LATE)
    for route in ("GET /score", "GET /score/state"):
        with pytest.raises(BadInput):
            front.ask(route, query)


def test_each_benefit_says_what_is_missing_and_what_is_learned(late):
    told = late.state()
    assert [one["tier"] for one in told["benefits"]] == [600, 650, 700]
    for one in told["benefits"]:
        assert one["bits"] == pytest.approx(1.585, abs=1e-3)
        assert one["open"] == (told["score"] >= one["tier"])
        assert one["missing"] == max(0, one["tier"] - told["score"])
    assert "would learn only: at least 650, yes or no (1.6 bits)" in late.page()


def test_what_partners_are_told_is_said_and_what_one_brought_is_not_in_it(front):
    own = [replace(one, provenance=Provenance.SELF_SUPPLIED, connection_id="own") for one in LIFE]
    front.lived(*own)
    told = front.state()
    assert told["score"] is not None
    assert told["partners_are_told"] == "no_answer"
    assert not any(one["open"] for one in told["benefits"])
    assert "What you brought yourself counts for you alone" in front.page()


def test_a_dispute_is_told_as_the_reason_why_partners_are_told_nothing(late):
    late.profile = further(late.profile, dispute(late.profile, LATE[-1]))
    told = late.state()
    assert (told["contested"], told["partners_are_told"]) == (True, "no_answer")
    assert "While that is open they are told nothing" in late.page()


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_what_is_never_used_is_listed_with_its_reason(late, lang):
    body = late.page(lang=lang)
    assert len(FORBIDDEN) >= 12
    for one in FORBIDDEN:
        assert getattr(one.label, lang) in body
        assert getattr(one.reason, lang) in body


def test_the_course_is_told_with_its_causes_and_the_latest_first(late):
    late.profile = keep_score(late.profile, NOW - DAY)
    assert len(late.state()["history"]) == 1
    better = [
        paid
        for payee, kind in (("집주인", "rent"), ("통신사", "telecom"), ("전력", "utilities"))
        for paid in monthly(payee, kind, 13, dataset="card.approvals")
    ]
    fresh = dict.fromkeys([*late.profile.freshness, better[0].connection_id], NOW)
    late.profile = advance_profile(late.profile, better, fresh, 2)
    told = late.state()["history"]
    assert [one["score"] for one in told] == [
        late.state()["score"],
        late.state()["score"] - sum(one["after"] - one["before"] for one in told[0]["causes"]),
    ]
    assert "regular_bills_paid" in {one["feature"] for one in told[0]["causes"]}
    body = late.ask("GET /score").body
    assert 'data-chart="course"' in body
    assert body.count("data-on=") == 2


def test_without_enough_there_is_no_score_and_what_is_missing_is_said(front):
    front.lived(*[one for one in LIFE if one.dataset == "efin.payments"])
    told = front.state()
    assert (told["score"], told["tier"], told["reasons"] != []) == (None, None, True)
    assert told["needed"]
    for lang, words in (("en", "No score yet"), ("ko", "아직 점수가 없어요")):
        body = front.page(lang=lang)
        assert words in body
        assert all(one[lang] in body for one in told["needed"])
    assert "Contest" not in front.page()


def test_a_profile_that_knows_nothing_a_vault_that_is_not_there_and_words_that_wait(front):
    assert "Connect a card or a bank to begin" in front.page()
    assert front.state()["score"] is None
    held = see_score(front.profile, NOW, held=True)
    assert (held.held, held.own, held.course) == (True, None, ())
    missing = see_score(None, NOW)
    assert (missing.open, missing.own) == (False, None)


def test_an_older_card_is_said_to_be_one(late):
    newer = replace(shipped_card(), version=shipped_card().version + 1)
    late.profile = keep_score(late.profile, NOW, newer)
    told = late.state()
    assert (told["old_card"], told["score"], told["partners_are_told"]) == (True, None, "no_answer")
    assert "older than one that you were scored by" in late.page()
