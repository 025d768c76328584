"""A reason is one sentence of its reader: every answer that an offer may be for has its words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.offers.catalogue.triggers import TRIGGERS
from mydata_hub.offers.matching.inbox import Shown
from mydata_hub.web.clause_words import ANSWERS, COUNTED, RHYTHMS
from mydata_hub.web.clauses import because, clause_of, trigger_clause
from mydata_hub.web.offer_reasons import FOR_EVERYBODY, MAX_CLAUSES, reason_of

from tests.unit.offers.offering import an_offer

CLAIMS = {ref: entry.claim for ref, entry in CATALOGUE.items()}
SUBWAY, MORNING, TIER = "commute.by_subway@1", "habits.cafe_morning@1", "trust.tier@1"


def answers_of(claim):
    return [one for one in claim.alphabet if one != NO_ANSWER]


def shown(*decided_by, trigger="always", reads=None):
    return Shown(
        offer=an_offer(trigger=trigger),
        reads=decided_by if reads is None else reads,
        decided_by=decided_by,
        new=False,
    )


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_every_answer_that_an_offer_may_be_for_has_a_clause_in_both_languages(claim):
    for answer in answers_of(claim):
        clause = clause_of(claim, answer)
        assert clause is not None, answer
        assert clause.ko_last.endswith("서")
        assert clause.ko_first.endswith("고")
        assert "you" in clause.en
        assert "person" not in clause.en
        assert not clause.en.endswith(".")
        for told in clause:
            assert not set(told) & set("{}|_")
            assert told == " ".join(told.split())


@pytest.mark.parametrize("place", range(3))
def test_no_two_answers_to_a_question_read_alike(place):
    for claim in CLAIMS.values():
        said = [clause_of(claim, one)[place] for one in answers_of(claim)]
        assert len(said) == len(set(said)), claim.id


def test_no_words_are_of_a_question_or_an_answer_that_there_is_not():
    alphabets = {claim.id: set(answers_of(claim)) for claim in CLAIMS.values()}
    for name, answers in ANSWERS.items():
        assert answers.keys() <= alphabets[name]
    rhythms = {f"spending.rhythm_{category}" for category in RHYTHMS}
    assert COUNTED.keys() | rhythms <= alphabets.keys()


def test_what_has_no_words_of_its_own_has_no_clause():
    subway = CLAIMS[SUBWAY]
    assert clause_of(subway, NO_ANSWER) is None
    assert clause_of(subway, "maybe") is None
    assert clause_of(replace(subway, id="commute.by_boat"), "yes") is None


@pytest.mark.parametrize("name", [one.id for one in TRIGGERS.values() if one.needs])
def test_the_reason_of_every_happening_can_go_on(name):
    wording = TRIGGERS[name].wording
    clause = trigger_clause(wording)
    assert clause.ko_first.endswith("고")
    assert because([clause]) == wording


@pytest.mark.parametrize(
    ("offer", "answers", "ko", "en"),
    [
        (
            shown(SUBWAY),
            {SUBWAY: "yes"},
            "평일마다 지하철을 타서",
            "because you ride the subway on weekdays",
        ),
        (
            shown(MORNING, SUBWAY, trigger="payment.cafe"),
            {SUBWAY: "yes", MORNING: "yes"},
            "얼마 전에 카페에서 결제했고 평일 오전에 자주 카페에 가서",
            "because you paid at a café lately and you usually visit a café on weekday mornings",
        ),
        (
            shown("insurance.car_cover@1", trigger="renewal.car"),
            {"insurance.car_cover@1": "yes"},
            "자동차보험이 곧 끝나서",
            "because your car cover ends soon",
        ),
        (
            shown(trigger="tier.600"),
            {},
            "신뢰 점수가 600점 이상이라서",
            "because your trust score is at least 600",
        ),
        (
            shown(TIER, trigger="tier.600"),
            {TIER: "650"},
            "신뢰 점수가 600점 이상이라서",
            "because your trust score is at least 600",
        ),
        (
            shown(SUBWAY, TIER),
            {SUBWAY: "yes", TIER: "700"},
            "신뢰 점수가 700점 이상이고 평일마다 지하철을 타서",
            "because your trust score is at least 700 and you ride the subway on weekdays",
        ),
        (
            shown("payments.subscriptions@1"),
            {"payments.subscriptions@1": "4_or_more"},
            "돈을 내는 구독이 4개 이상이라서",
            "because you pay for 4 subscriptions or more",
        ),
    ],
)
def test_a_reason_is_one_sentence_of_what_happened_and_what_the_person_answers_to(
    offer, answers, ko, en
):
    told = reason_of(offer, answers)
    assert (told.ko, told.en) == (ko, en)


def test_what_is_for_everybody_and_what_has_no_words_say_what_they_always_said():
    assert reason_of(shown(), {}) == FOR_EVERYBODY
    assert reason_of(shown(SUBWAY), {}) == TRIGGERS["always"].wording
    alone = reason_of(shown(SUBWAY, trigger="payment.cafe"), {SUBWAY: NO_ANSWER})
    assert alone == TRIGGERS["payment.cafe"].wording


def test_what_an_offer_does_not_hang_on_is_no_reason_for_it():
    """Of "by subway, or in tier 700", who is in tier 700 is not told that they take no subway."""
    one = shown(TIER, reads=(SUBWAY, TIER))
    assert reason_of(one, {SUBWAY: "no", TIER: "700"}).ko == "신뢰 점수가 700점 이상이라서"


def test_a_reason_has_two_clauses_at_most():
    told = reason_of(
        shown(SUBWAY, TIER, MORNING, trigger="payment.taxi"),
        {SUBWAY: "yes", TIER: "650", MORNING: "yes"},
    )
    assert told.en.count(" and ") + 1 == MAX_CLAUSES
