"""Eligibility: a Cedar expression over a person's answers, compiled once to sets of answers.

`context["habits.cafe_time@1"] == "before_7"` is true of whoever has that answer. The subset of
Cedar taken here (==, !=, ["a", "b"].contains(...), &&, || and !) always compiles, so matching needs
no evaluator, and what an offer is for can be shown, indexed and checked for sense before anybody is
matched.

A person who has no answer to one of the claims that the expression reads is not eligible, whatever
the rest says: a match always rests on answers that an acceptance can give.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mydata_hub.errors import BadInput
from mydata_hub.fields import ClaimRef
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.entries import Entry
from mydata_hub.offers.catalogue.offer import MAX_ELIGIBILITY_LETTERS

# All of these at once: of each claim read, the answers that will do, never `no_answer`.
Answers = Mapping[ClaimRef, frozenset[str]]
# Any of these: ({},) is everybody, () is nobody.
Condition = tuple[Answers, ...]
Catalogue = Mapping[ClaimRef, Entry]

EVERYBODY: Final[Condition] = ({},)
MAX_CASES: Final = 64
MAX_DEPTH: Final = 64
_FIELD: Final = "eligibility"
_PUBLISHED: Final = "takes claims of the published catalogue, as <id>@<version>"
_SUBSET: Final = 'takes ==, !=, ["a", "b"].contains(...), &&, || and ! over claims in quotes'


@dataclass(frozen=True, slots=True)
class _Test:
    """The answer to a claim is one of these or, `negated`, another."""

    claim: ClaimRef
    answers: frozenset[str]
    negated: bool


@dataclass(frozen=True, slots=True)
class _Join:
    """Both hold, or one of the two."""

    both: bool
    left: _Expression
    right: _Expression


_Expression = _Test | _Join


def compile_eligibility(text: str, catalogue: Catalogue) -> Condition:
    """The answers that an expression is true of, among people who have one to each claim it reads.

    Each case names every claim of the expression. Raises BadInput for what is no such expression,
    reads anything but claims and their answers, or takes more than MAX_CASES cases. An expression
    that contradicts itself gives (), also where no one property of a person has both answers.
    """
    if not text:
        return EVERYBODY
    expression = _parse(text)
    if any(test.claim not in catalogue for test in _tests(expression)):
        raise BadInput(_FIELD, _PUBLISHED)
    whole = {test.claim: _alphabet(catalogue[test.claim]) for test in _tests(expression)}
    cases = _cases(expression, catalogue)
    return _merge([{**whole, **case} for case in cases])


def validate_eligibility(text: str, catalogue: Catalogue) -> None:
    """That Cedar itself finds an expression sound by the schema of all claims. Raises BadInput.

    A second opinion for whoever publishes; what compiles has passed it, so matching need not ask.
    """
    import cedarpy

    if text and not cedarpy.validate_policies(_policy(text), _schema(tuple(catalogue))):
        raise BadInput(_FIELD, _PUBLISHED)


def claims_of(text: str) -> tuple[ClaimRef, ...]:
    """The claims an expression reads, once each, in the order it names them. Raises BadInput."""
    tests = _tests(_parse(text)) if text else ()
    return tuple(dict.fromkeys(test.claim for test in tests))


def conjoin(condition: Condition, needs: Answers, catalogue: Catalogue) -> Condition:
    """Those of a condition who have, to each of these claims, one of these answers, too."""
    return _merge(_product(condition, (needs,), catalogue))


def idle_claims(condition: Condition, catalogue: Catalogue) -> tuple[ClaimRef, ...]:
    """The claims that a compiled condition names in vain: every answer will do in every case."""
    return tuple(
        claim
        for claim in (condition[0] if condition else ())
        if all(case[claim] == _alphabet(catalogue[claim]) for case in condition)
    )


def _parse(text: str) -> _Expression:
    import cedarpy

    if len(text) > MAX_ELIGIBILITY_LETTERS:
        raise BadInput(_FIELD, f"takes at most {MAX_ELIGIBILITY_LETTERS} letters")
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(_policy(text)))
    except (ValueError, RecursionError):
        raise BadInput(_FIELD, f"is no Cedar expression; {_SUBSET}") from None
    # A brace in the text could end the clause, and begin another, another policy or a template.
    match [*parsed["staticPolicies"].values(), *parsed["templates"].values()]:
        case [{"conditions": [{"kind": "when", "body": body}]}]:
            return _read(body, False, 0)
    raise BadInput(_FIELD, f"takes one expression; {_SUBSET}")


def _policy(text: str) -> str:
    # On lines of its own, so that a comment at its end hides nothing of the rest.
    return f"permit (principal, action, resource) when {{\n{text}\n}};"


def _read(node: Any, negated: bool, depth: int) -> _Expression:
    """A node of Cedar's JSON format for expressions, `!` taken into the tests (De Morgan)."""
    if depth > MAX_DEPTH:
        raise BadInput(_FIELD, f"nests at most {MAX_DEPTH} deep")
    match node:
        case {"!": {"arg": inner}}:
            return _read(inner, not negated, depth + 1)
        case {"&&": {"left": left, "right": right}}:
            both = not negated
        case {"||": {"left": left, "right": right}}:
            both = negated
        case _:
            return _read_test(node, negated)
    return _Join(both, _read(left, negated, depth + 1), _read(right, negated, depth + 1))


def _read_test(node: Any, negated: bool) -> _Test:
    match node:
        case {"==": {"left": left, "right": right}}:
            pass
        case {"!=": {"left": left, "right": right}}:
            negated = not negated
        case {"contains": {"left": {"Set": [_, *_] as values}, "right": right}}:
            return _Test(_read_claim(right), frozenset(map(_read_answer, values)), negated)
        case _:
            raise BadInput(_FIELD, _SUBSET)
    # Which side the claim is on does not matter.
    claim, answer = (right, left) if "Value" in left else (left, right)
    return _Test(_read_claim(claim), frozenset({_read_answer(answer)}), negated)


def _read_claim(node: Any) -> ClaimRef:
    match node:
        case {".": {"left": {"Var": "context"}, "attr": str(claim)}}:
            return ClaimRef(claim)
    raise BadInput(_FIELD, _SUBSET)


def _read_answer(node: Any) -> str:
    match node:
        case {"Value": str(answer)}:
            return answer
    raise BadInput(_FIELD, _SUBSET)


def _tests(expression: _Expression) -> Iterator[_Test]:
    if isinstance(expression, _Test):
        yield expression
    else:
        yield from _tests(expression.left)
        yield from _tests(expression.right)


@functools.lru_cache(maxsize=4)
def _schema(claims: tuple[ClaimRef, ...]) -> str:
    context = ", ".join(f"{json.dumps(claim)}: String" for claim in claims)
    return (
        "entity Person; entity Offer; action match appliesTo "
        f"{{ principal: [Person], resource: [Offer], context: {{ {context} }} }};"
    )


def _alphabet(entry: Entry) -> frozenset[str]:
    """Every answer that is one."""
    return frozenset(entry.claim.alphabet) - {NO_ANSWER}


def _cases(expression: _Expression, catalogue: Catalogue) -> Condition:
    if isinstance(expression, _Test):
        alphabet = _alphabet(catalogue[expression.claim])
        if not expression.answers <= alphabet:
            raise BadInput(_FIELD, f"takes answers of the claim's alphabet; {NO_ANSWER} is none")
        told = alphabet - expression.answers if expression.negated else expression.answers
        return ({expression.claim: told},) if told else ()
    left, right = _cases(expression.left, catalogue), _cases(expression.right, catalogue)
    return _product(left, right, catalogue) if expression.both else _gather((*left, *right))


def _product(left: Condition, right: Condition, catalogue: Catalogue) -> Condition:
    pairs = (_both(one, other) for one in left for other in right)
    return _gather(case for case in pairs if _is_possible(case, catalogue))


def _both(one: Answers, other: Answers) -> Answers:
    return {**one, **{claim: one.get(claim, told) & told for claim, told in other.items()}}


def _is_possible(case: Answers, catalogue: Catalogue) -> bool:
    """Whether one person can have all these answers: claims of one attribute tell one cell."""
    cells: dict[str, frozenset[str]] = {}
    for claim, told in case.items():
        entry = catalogue[claim]
        here = frozenset(cell for cell, symbol in entry.symbols.items() if symbol in told)
        cells[entry.attribute.id] = cells.get(entry.attribute.id, here) & here
    return all(cells.values())


def _gather(cases: Iterable[Answers]) -> Condition:
    """The cases without those that another covers."""
    kept: list[Answers] = []
    for case in cases:
        if any(_covers(other, case) for other in kept):
            continue
        kept = [other for other in kept if not _covers(case, other)] + [case]
        if len(kept) > MAX_CASES:
            raise BadInput(_FIELD, f"takes at most {MAX_CASES} cases; split the offer")
    return tuple(kept)


def _covers(wide: Answers, narrow: Answers) -> bool:
    return all(claim in narrow and narrow[claim] <= told for claim, told in wide.items())


def _merge(cases: Iterable[Answers]) -> Condition:
    """The same with fewer cases: two that differ in one claim are one."""
    merged: list[Answers] = []
    for case in _gather(cases):
        found = case
        while other := next((one for one in merged if _differ_in_one(one, found)), None):
            merged.remove(other)
            found = {claim: told | other[claim] for claim, told in found.items()}
        merged.append(found)
    return _gather(merged)


def _differ_in_one(one: Answers, other: Answers) -> bool:
    return one.keys() == other.keys() and sum(one[claim] != other[claim] for claim in one) == 1
