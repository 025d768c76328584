"""What may not be inferred of anybody, held over merchants, categories, claims and evidence."""

from __future__ import annotations

import json
import re

import pytest
from mydata_hub.collection.categories import categorise
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.answers import answer_claim, see_insights
from mydata_hub.insights.catalogue import ATTRIBUTES, CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.fold import BANK, CARD, EFIN
from mydata_hub.insights.payments import CATEGORIES, PAYMENTS

from tests.unit.insights.lives import NOW, at, days_before, record, weekdays_before

# GDPR Art. 9, PIPA Art. 23, and what DESIGN section 10 adds: children and third persons.
FORBIDDEN = {
    "health": ["서울대병원", "연세치과", "온누리약국", "마음정신건강의학과의원", "한빛한의원"],
    "religion": ["명동성당 헌금", "여의도순복음교회", "조계사 보시", "Sample Mosque"],
    "politics": ["샘플당 당비", "정치후원금센터", "국회의원 후원회"],
    "sexuality": ["샘플 퀴어문화축제", "Sample Gay Bar"],
    "pregnancy": ["샘플산부인과", "샘플 난임센터", "맘스홀릭 산후조리원"],
    "union": ["샘플노동조합 조합비", "전국금속노조"],
    "ethnicity": ["할랄푸드 이태원", "샘플 다문화센터"],
    "children": ["샘플어린이집", "꿈나무유치원", "샘플학원", "토이저러스"],
}
NAMES = [(kind, name) for kind, names in FORBIDDEN.items() for name in names]
WORDS = re.compile(
    "health|medic|hospital|pharmac|relig|church|politic|party|sexual|pregnan|union|ethnic|nation"
    "|child|kid|school|건강|병원|약국|종교|교회|정당|정치|임신|노조|노동조합|민족|국적|자녀|어린이|아이",
    re.IGNORECASE,
)


def told(dataset, name, connection, **more):
    """Half a year of payments to one payee, at a time and in a rhythm of its own."""
    return [
        record(
            f"{connection}-{day}-{more.get('amount_minor', 0)}",
            at(day, 12, 30),
            dataset=dataset,
            counterparty=name,
            category=categorise(name),
            connection=connection,
            **more,
        )
        for day in weekdays_before(190)
    ]


def answers(records):
    profile = new_profile("vault-1")
    fresh = dict.fromkeys({one.connection_id for one in records}, NOW)
    profile = advance_profile(profile, records, fresh, 1)
    return profile, {
        entry.claim.id: answer_claim(profile, entry, NOW) for entry in CATALOGUE.values()
    }


@pytest.mark.parametrize(("kind", "name"), NAMES)
@pytest.mark.parametrize("dataset", [CARD, EFIN, BANK])
def test_a_payee_that_tells_something_forbidden_answers_as_an_unknown_one_does(dataset, kind, name):
    _, them = answers(told(dataset, name, "connection-1"))
    _, anybody = answers(told(dataset, "샘플상사", "connection-1"))
    assert them == anybody
    assert not {"health", "education"} & set(CATEGORIES)


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_no_fold_remembers_a_category_for_it(kind, name):
    records = told(CARD, name, "connection-1")
    state = PAYMENTS.fold(PAYMENTS.empty(), records)
    assert {one.category for one in PAYMENTS.payments(state, collected_only=True)} == {None}


def test_no_question_label_or_symbol_is_about_any_of_it():
    for entry in CATALOGUE.values():
        claim = entry.claim
        words = [claim.id, claim.question.ko, claim.question.en, *claim.alphabet]
        assert not WORDS.search(" ".join(words)), claim.id
    for attribute in ATTRIBUTES.values():
        words = [attribute.id, attribute.label.ko, attribute.label.en, *attribute.cells]
        assert not WORDS.search(" ".join(words)), attribute.id


def test_a_partner_is_told_symbols_that_were_published_before_anybody_had_a_payee():
    third = "제삼자 홍길동"
    records = [
        *told(CARD, third, "connection-1"),
        *[
            record(
                f"{kind}-{day}",
                at(day, 9),
                dataset=BANK,
                counterparty=third,
                amount_minor=amount,
                connection="connection-2",
            )
            for day in days_before(200)
            if day.day == 5
            for kind, amount in (("pay", 3_000_000), ("rent", -700_000))
        ],
    ]
    profile, found = answers(records)
    for entry in CATALOGUE.values():
        assert found[entry.claim.id] in (*entry.symbols.values(), NO_ANSWER)
    assert found["income.monthly"] == "yes"
    assert third not in json.dumps(found, ensure_ascii=False)
    # The person does see who it is.
    seen = json.dumps([dict(one.finding.evidence) for one in see_insights(profile, NOW)])
    assert json.dumps(third)[1:-1] in seen
