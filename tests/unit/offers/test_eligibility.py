"""Eligibility says of every person what Cedar says, of those with an answer to each claim read.

The oracle is Cedar itself, asked about every answer that one person can give.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.errors import BadInput
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.offers.catalogue.eligibility import (
    EVERYBODY,
    MAX_CASES,
    Condition,
    claims_of,
    compile_eligibility,
    conjoin,
    validate_eligibility,
)

# Claims with two, four and five answers, two of which read one attribute, and two another.
CLAIMS = (
    "trust.tier@1",
    "trust.at_least_650@1",
    "commute.by_subway@1",
    "commute.transfers@1",
    "habits.deliveries@1",
)
CAFE = 'context["habits.cafe_morning@1"] == "yes"'
SUBWAY = 'context["commute.by_subway@1"] == "yes"'


def people(claims: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Everybody there can be: a cell of each attribute, and each answer that it gives or none."""
    entries = [CATALOGUE[claim] for claim in claims]
    attributes = {entry.attribute.id: entry.attribute for entry in entries}
    for cells in itertools.product(*(one.cells for one in attributes.values())):
        cell = dict(zip(attributes, cells, strict=True))
        told = [(entry.symbol(cell[entry.attribute.id]), NO_ANSWER) for entry in entries]
        for answers in itertools.product(*told):
            yield dict(zip(claims, answers, strict=True))


def matches(condition: Condition, person: Mapping[str, str]) -> bool:
    return any(all(person[claim] in told for claim, told in case.items()) for case in condition)


def decided_by_cedar(text: str, persons: list[dict[str, str]]) -> list[bool]:
    request = {"principal": 'Person::"p"', "action": 'Action::"match"', "resource": 'Offer::"o"'}
    found = cedarpy.is_authorized_batch(
        [{**request, "context": person} for person in persons],
        f"permit (principal, action, resource) when {{ {text} }};",
        "[]",
    )
    assert not any(one.diagnostics.errors for one in found)
    return [one.decision.value == "Allow" for one in found]


def one_test(claim: str) -> st.SearchStrategy[str]:
    answers = st.sampled_from(CATALOGUE[claim].claim.alphabet[:-1])
    read, said = f"context[{json.dumps(claim)}]", answers.map(json.dumps)
    return st.one_of(
        said.map(lambda answer: f"{read} == {answer}"),
        said.map(lambda answer: f"{answer} != {read}"),
        st.lists(said, min_size=1, max_size=3).map(
            lambda some: f"[{', '.join(some)}].contains({read})"
        ),
    )


EXPRESSIONS = st.recursive(
    st.sampled_from(CLAIMS).flatmap(one_test),
    lambda inner: st.one_of(
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, st.sampled_from(("&&", "||")), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(text=EXPRESSIONS)
def test_a_compiled_expression_says_of_everybody_what_cedar_says_of_those_who_answer(text: str):
    condition = compile_eligibility(text, CATALOGUE)
    read = claims_of(text)
    everyone = list(people(read))
    expected = [
        allowed and NO_ANSWER not in person.values()
        for person, allowed in zip(everyone, decided_by_cedar(text, everyone), strict=True)
    ]
    assert [matches(condition, person) for person in everyone] == expected
    # Nobody is left is found out, not only lived with.
    assert (condition == ()) is not any(expected)
    assert len(condition) <= MAX_CASES
    for case in condition:
        assert set(case) == set(read)
        assert all(told and NO_ANSWER not in told for told in case.values())


@settings(max_examples=60, deadline=None)
@given(text=EXPRESSIONS)
def test_what_is_conjoined_is_true_of_those_of_whom_both_are(text: str):
    condition = compile_eligibility(text, CATALOGUE)
    needs = {"commute.by_subway@1": frozenset({"yes"}), "trust.tier@1": frozenset({"600", "650"})}
    both = conjoin(condition, needs, CATALOGUE)
    read = tuple(dict.fromkeys((*claims_of(text), *needs)))
    for person in people(read):
        expected = matches(condition, person) and matches((needs,), person)
        assert matches(both, person) is expected


@settings(max_examples=40, deadline=None)
@given(text=EXPRESSIONS)
def test_whatever_compiles_is_sound_to_the_validator_of_cedar(text: str):
    compile_eligibility(text, CATALOGUE)
    validate_eligibility(text, CATALOGUE)


def test_the_validator_holds_an_expression_to_the_schema_of_all_claims():
    validate_eligibility("", CATALOGUE)
    wrong = 'context["habits.tea@1"] == "yes"', 'context["commute.by_subway@1"] == 1', "nonsense("
    for text in wrong:
        with pytest.raises(BadInput, match="eligibility"):
            validate_eligibility(text, CATALOGUE)


def test_no_expression_is_for_everybody_and_reads_nothing():
    assert compile_eligibility("", CATALOGUE) == EVERYBODY == ({},)
    assert claims_of("") == ()


def test_claims_are_named_once_each_in_the_order_of_the_expression():
    text = f'{SUBWAY} && ({CAFE} || !({SUBWAY}) && context["commute.transfers@1"] != "0")'
    assert claims_of(text) == (
        "commute.by_subway@1",
        "habits.cafe_morning@1",
        "commute.transfers@1",
    )


def test_a_case_that_another_covers_is_dropped_and_two_that_differ_in_one_claim_are_one():
    transfers = ['context["commute.transfers@1"] == "0"', 'context["commute.transfers@1"] == "1"']
    whole = " || ".join([f"({one} && {SUBWAY})" for one in transfers] + [f"({SUBWAY} && {CAFE})"])
    assert compile_eligibility(f"{SUBWAY} || {SUBWAY} && {CAFE}", CATALOGUE) == (
        {"commute.by_subway@1": {"yes"}, "habits.cafe_morning@1": {"yes", "no"}},
    )
    assert len(compile_eligibility(whole, CATALOGUE)) == 2


@pytest.mark.parametrize(
    "text",
    [
        f"{CAFE} && !({CAFE})",
        # One attribute has one cell: who reaches 650 is in no tier below it.
        'context["trust.tier@1"] == "600" && context["trust.at_least_650@1"] == "yes"',
        'context["habits.cafe_time@1"] == "none" && !(context["habits.cafe_morning@1"] == "no")',
        '!(["yes", "no"].contains(context["commute.by_subway@1"]))',
        'context["life.moved@1"] != "yes" && context["life.moved@1"] != "no"',
    ],
)
def test_an_expression_that_contradicts_itself_is_true_of_nobody(text: str):
    assert compile_eligibility(text, CATALOGUE) == ()


REFUSED = {
    "prose": "people who like coffee",
    "nothing": " ",
    "a comment": "// everybody",
    "another clause": f"{CAFE} }} unless {{ {SUBWAY}",
    "another policy": f"{CAFE} }}; permit (principal, action, resource) when {{ {SUBWAY}",
    "a template": (
        f"{CAFE} }}; permit (principal == ?principal, action, resource) when {{ {SUBWAY}"
    ),
    "an end that is commented out": f"{CAFE} }}; //",
    "a constant": "true",
    "a claim that there is not": 'context["habits.tea@1"] == "yes"',
    "a claim without its version": 'context["habits.cafe_morning"] == "yes"',
    "a claim as a member": 'context.cafe == "yes"',
    "another variable": 'principal["habits.cafe_morning@1"] == "yes"',
    "an entity": 'principal == Person::"one"',
    "an answer that there is not": 'context["habits.cafe_morning@1"] == "perhaps"',
    "a case that no answer is in": 'context["habits.cafe_morning@1"] == "Yes"',
    "no answer": 'context["habits.cafe_morning@1"] == "no_answer"',
    "anything but no answer": 'context["habits.cafe_morning@1"] != "no_answer"',
    "a number": 'context["habits.cafe_morning@1"] == 1',
    "an order": 'context["habits.deliveries@1"] < "3"',
    "a pattern": 'context["habits.cafe_morning@1"] like "y*"',
    "presence": 'context has "habits.cafe_morning@1"',
    "an alternative": f"if {CAFE} then {SUBWAY} else {CAFE}",
    "two claims compared": 'context["commute.by_subway@1"] == context["habits.cafe_morning@1"]',
    "two answers compared": '"yes" == "yes"',
    "no answers to be among": '[].contains(context["commute.by_subway@1"])',
    "numbers to be among": '[1].contains(context["commute.by_subway@1"])',
    "a set turned round": 'context["commute.by_subway@1"].contains("yes")',
    "another question of sets": '["yes"].containsAny(["yes"])',
    "too long": " || ".join([CAFE] * 60),
    "too deep": "!(" * 70 + CAFE + ")" * 70,
    "far too deep": "!(" * 600 + CAFE + ")" * 600,
    "half a text": 'context["habits.cafe_morning@1"] == "yes',
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_condition_over_answers_is_refused_by_its_field(text: str):
    with pytest.raises(BadInput) as refused:
        compile_eligibility(text, CATALOGUE)
    assert refused.value.field == "eligibility"
    assert refused.value.remedy


def test_more_cases_than_an_index_should_hold_are_refused():
    claims = [
        claim
        for claim, entry in CATALOGUE.items()
        if entry.claim.alphabet == ("yes", "no", NO_ANSWER)
    ][:14]
    pairs = zip(claims[::2], claims[1::2], strict=True)
    text = " && ".join(
        f'(context["{one}"] == "yes" || context["{other}"] == "yes")' for one, other in pairs
    )
    with pytest.raises(BadInput) as refused:
        compile_eligibility(text, CATALOGUE)
    assert f"at most {MAX_CASES} cases" in refused.value.remedy


def test_a_retired_version_still_compiles_for_offers_that_were_approved_with_it():
    assert compile_eligibility('context["insurance.renewal@1"] == "within_30"', CATALOGUE) == (
        {"insurance.renewal@1": {"within_30"}},
    )
