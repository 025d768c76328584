"""Every small expression, and every way to compile it wrong: the first are right, the rest found.

The expressions are made here with their meaning, so that nothing has to read them.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mydata_hub.errors import BadInput
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.offers.catalogue import eligibility

# Two claims of one attribute, and one of another.
TIER, REACHED, SUBWAY = "trust.tier@1", "trust.at_least_650@1", "commute.by_subway@1"


def everybody() -> Iterator[dict[str, str]]:
    """Each tier with each answer about the commute, and each of the three answers missing."""
    for tier, subway in itertools.product(CATALOGUE[TIER].symbols, ("yes", "no")):
        whole = {TIER: tier, REACHED: CATALOGUE[REACHED].symbols[tier], SUBWAY: subway}
        for missing in itertools.product((False, True), repeat=3):
            told = zip(whole.items(), missing, strict=True)
            yield {claim: NO_ANSWER if gone else said for (claim, said), gone in told}


PEOPLE = list(everybody())
ALL = frozenset(range(len(PEOPLE)))


@dataclass(frozen=True)
class Said:
    """An expression, the claims it reads, and whom Cedar finds it true of."""

    text: str
    read: frozenset[str]
    true_of: frozenset[int]

    def expected(self) -> frozenset[int]:
        answered = {n for n in ALL if all(PEOPLE[n][one] != NO_ANSWER for one in self.read)}
        return self.true_of & answered


def ways_to_ask(claim: str, *answers: str) -> Iterator[Said]:
    """That an answer is one of these, in each way to write it."""
    read, of = frozenset({claim}), frozenset(n for n in ALL if PEOPLE[n][claim] in answers)
    said, among = f'context["{claim}"]', ", ".join(f'"{answer}"' for answer in answers)
    yield Said(f"[{among}].contains({said})", read, of)
    if len(answers) == 1:
        yield Said(f"{said} == {among}", read, of)
        yield Said(f"!({among} != {said})", read, of)
        yield Said(f"{said} != {among}", read, ALL - of)


def no(one: Said) -> Said:
    return Said(f"!({one.text})", one.read, ALL - one.true_of)


def both(one: Said, other: Said) -> Said:
    meaning = one.true_of & other.true_of
    return Said(f"({one.text} && {other.text})", one.read | other.read, meaning)


def either(one: Said, other: Said) -> Said:
    meaning = one.true_of | other.true_of
    return Said(f"({one.text} || {other.text})", one.read | other.read, meaning)


def expressions() -> Iterator[Said]:
    written = [
        list(ways_to_ask(TIER, "600")),
        list(ways_to_ask(TIER, "600", "650")),
        list(ways_to_ask(REACHED, "yes")),
        list(ways_to_ask(SUBWAY, "yes")),
        list(ways_to_ask(SUBWAY, "yes", "no")),
    ]
    for one in itertools.chain(*written):
        yield from (one, no(one))
    tests = [sign(ways[0]) for ways in written for sign in (lambda one: one, no)]
    for join, one, other in itertools.product((both, either), tests, tests):
        yield from (join(one, other), no(join(one, other)))
    narrow = both(tests[0], tests[6])
    yield from (either(narrow, one) for one in tests)
    signed = [(ways[0], no(ways[0])) for ways in (written[0], written[2], written[3])]
    joins = itertools.product((both, either), repeat=2)
    for (first, second), (a, b, c) in itertools.product(joins, itertools.product(*signed)):
        yield from (second(first(a, b), c), no(first(a, second(b, c))))


EXPRESSIONS = list(expressions())


def is_right(compiled: Any, said: Said) -> bool:
    """Whether a condition is true of whom it should be, and no larger than it need be."""
    found = {
        n
        for n in ALL
        if any(all(PEOPLE[n][claim] in told for claim, told in case.items()) for case in compiled)
    }
    slim = not any(
        one is not other and all(one[claim] <= other[claim] for claim in one)
        for one in compiled
        for other in compiled
    )
    possible = bool(compiled) is bool(found)
    whole = all(case.keys() == said.read and all(case.values()) for case in compiled)
    return found == said.expected() and possible and whole and slim


def test_every_small_expression_compiles_to_what_it_means():
    assert len(EXPRESSIONS) > 450
    for said in EXPRESSIONS:
        compiled = eligibility.compile_eligibility(said.text, CATALOGUE)
        assert is_right(compiled, said), said.text


SOURCE = Path(eligibility.__file__).read_text("utf-8")
MUTANTS = {
    "not is forgotten": (
        "_read(inner, not negated, depth + 1)",
        "_read(inner, negated, depth + 1)",
    ),
    "not of && stays &&": ("            both = not negated\n", "            both = True\n"),
    "not of || stays ||": ("            both = negated\n", "            both = False\n"),
    "&& is ||": ("            both = not negated\n", "            both = negated\n"),
    "!= is ==": ("            negated = not negated\n", "            pass\n"),
    "a list is its complement": (
        "frozenset(map(_read_answer, values)), negated)",
        "frozenset(map(_read_answer, values)), not negated)",
    ),
    "a negation takes the answers themselves": (
        "told = alphabet - expression.answers if expression.negated else expression.answers",
        "told = expression.answers",
    ),
    "no answer is an answer": (
        "return frozenset(entry.claim.alphabet) - {NO_ANSWER}",
        "return frozenset(entry.claim.alphabet)",
    ),
    "what is read elsewhere need not be answered": (
        "_merge([{**whole, **case} for case in cases])",
        "_merge(cases)",
    ),
    "nothing left is a case": (
        "return ({expression.claim: told},) if told else ()",
        "return ({expression.claim: told},)",
    ),
    "both is either": (
        "_product(left, right, catalogue) if expression.both else",
        "_product(left, right, catalogue) if not expression.both else",
    ),
    "the right side is lost": ("_gather((*left, *right))", "_gather(left)"),
    "the later test wins": ("one.get(claim, told) & told", "told"),
    "both answers will do": ("one.get(claim, told) & told", "one.get(claim, told) | told"),
    "every case is possible": ("return all(cells.values())", "return True"),
    "one possible attribute is enough": (
        "return all(cells.values())",
        "return any(cells.values())",
    ),
    "cells are those of other answers": ("if symbol in told)", "if symbol not in told)"),
    "claims of an attribute are apart": (
        "cells.get(entry.attribute.id, here) & here",
        "cells.get(entry.attribute.id, here) | here",
    ),
    "the wider case is dropped": (
        "any(_covers(other, case) for other in kept)",
        "any(_covers(case, other) for other in kept)",
    ),
    "narrower cases stay": ("kept if not _covers(case, other)]", "kept]"),
    "one claim in common covers": (
        "return all(claim in narrow and",
        "return any(claim in narrow and",
    ),
    "cases that differ in two are one": (
        "sum(one[claim] != other[claim] for claim in one) == 1",
        "sum(one[claim] != other[claim] for claim in one) == 2",
    ),
    "two cases are one in what they share": ("told | other[claim]", "told & other[claim]"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_compiler_that_is_wrong_is_found_out(mutant: str, monkeypatch):
    right, wrong = MUTANTS[mutant]
    assert SOURCE.count(right) == 1
    module = ModuleType("wrong_eligibility")
    # Data classes look their module up.
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(SOURCE.replace(right, wrong), "wrong_eligibility", "exec"), module.__dict__)

    def is_wrong(said: Said) -> bool:
        try:
            return not is_right(module.compile_eligibility(said.text, CATALOGUE), said)
        except (BadInput, KeyError):
            return True

    assert any(map(is_wrong, EXPRESSIONS))
