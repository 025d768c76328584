"""Offers: one person against a snapshot, beside Cedar asked about each offer; build, size, load.

Cedar is asked about a sample of the same offers, each with its own policy as it would have to be,
and its time is scaled to all of them. The person has an answer to every claim; ranking is taken
as far as a look takes it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

import cedarpy
from mydata_hub.fields import Wording
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.offer_words import OfferWords
from mydata_hub.offers.catalogue.eligibility import Condition
from mydata_hub.offers.catalogue.offer import Benefit, Offer
from mydata_hub.offers.catalogue.triggers import TRIGGERS
from mydata_hub.offers.matching.chance import OwnPasts
from mydata_hub.offers.matching.index import build_index, read_index
from mydata_hub.offers.matching.matched import match
from mydata_hub.offers.matching.ranking import rank

from tests.bench.ratio import Ratio

NAME = "offers"
SIZES = (1_000, 100_000, 1_000_000)
SAMPLE = 300
ROUNDS = 5
TAKEN = 50
GOAL_MS = 20.0
PARTNERS = 5_000
WORTHS = 40
NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
CLAIMS = tuple(claim for claim, entry in CATALOGUE.items() if not entry.retired)
CATEGORIES = ("cafe", "restaurant", "groceries", "insurance", "mobility", "finance", "travel")
OFFER = Offer(
    offer_id="client-1.one",
    version=1,
    client="client-1",
    category="cafe",
    title=Wording(ko="커피", en="Coffee"),
    text=Wording(ko="커피 한 잔", en="A cup of coffee"),
    image=None,
    purpose="personal_offers",
    eligibility="",
    trigger="always",
    claims_on_acceptance=(),
    benefit=Benefit(
        kind="coupon", wording=Wording(ko="할인", en="Off"), amount_minor=1, currency="KRW"
    ),
    valid_from=NOW - timedelta(days=1),
    valid_until=NOW + timedelta(days=30),
    stock=None,
)


def run() -> Sequence[Ratio]:
    """The sizes in turn; the goal is of the largest."""
    return tuple(ratio for size in SIZES for ratio in _of_size(size))


def _of_size(size: int) -> Iterator[Ratio]:
    draw = Random(size)
    at = time.perf_counter()
    content = build_index(_offers(size))
    built_s = time.perf_counter() - at
    at = time.perf_counter()
    index = read_index(content)
    loaded_ms = (time.perf_counter() - at) * 1000
    answers = {claim: draw.choice(_answers_to(claim)) for claim in CLAIMS}
    happenings = {"always", *draw.sample(list(TRIGGERS), 12)}
    wanted = OfferWords(offers=frozenset(), categories=frozenset())
    past = _a_past(draw)
    times = []
    for _ in range(ROUNDS):
        at = time.perf_counter()
        matched = match(index, answers, happenings, NOW)
        found = list(islice(rank(matched, past, wanted), TAKEN))
        times.append((time.perf_counter() - at) * 1000)
    assert found
    ours_ms, cedar_ms = min(times), _cedar_ms(size, answers)
    last = size == SIZES[-1]
    named = f"{size:,} offers"
    yield Ratio(
        what=f"one person, {named}",
        ours=ours_ms,
        peer=f"Cedar one by one ({SAMPLE} of them, scaled)",
        theirs=cedar_ms,
        unit="ms",
        goal="< 1",
    )
    if last:
        yield _plain(f"one person, {named}", ours_ms, GOAL_MS, "ms", "<= 1")
    yield _plain(f"index of {named}: build, with making them up", built_s, 60.0, "s")
    yield _plain(f"index of {named}: size", len(content) / 1e6, 64.0, "MB")
    yield _plain(f"index of {named}: load", loaded_ms, 1000.0, "ms")


def _a_past(draw: Random) -> OwnPasts:
    """Something of every kind in every category, so that no two have one chance."""
    counts = ({one: draw.randrange(60) for one in CATEGORIES} for _ in range(5))
    used, paid, taken, ignored, likely = counts
    return OwnPasts(used=used, paid=paid, taken=taken, ignored=ignored, likely=likely)


def _plain(what: str, ours: float, limit: float, unit: str, goal: str = "reported") -> Ratio:
    return Ratio(what=what, ours=ours, peer="the goal", theirs=limit, unit=unit, goal=goal)


def _offers(size: int) -> Iterator[tuple[Offer, Condition]]:
    """Of each worth one kind of each trigger and category, under as many names as are needed.

    A validated Offer takes as long as its place in the index; those of one kind share it.
    """
    draw = Random(size)
    triggers, kinds = list(TRIGGERS), {}
    for number in range(size):
        worth = 500 * (WORTHS - number * WORTHS // size)
        kind = (worth, draw.choice(triggers), draw.choice(CATEGORIES))
        if kind not in kinds:
            benefit = replace(OFFER.benefit, amount_minor=worth)
            kinds[kind] = replace(OFFER, benefit=benefit, trigger=kind[1], category=kind[2])
        yield _named(kinds[kind], number), _condition(draw)


def _named(offer: Offer, number: int) -> Offer:
    client = f"client-{number % PARTNERS}"
    copy = object.__new__(Offer)
    for field in Offer.__slots__:
        object.__setattr__(copy, field, getattr(offer, field))
    object.__setattr__(copy, "client", client)
    object.__setattr__(copy, "offer_id", f"{client}.n{number}")
    return copy


def _condition(draw: Random) -> Condition:
    asked = draw.sample(CLAIMS, draw.choice((0, 1, 1, 2, 2, 3)))
    return ({claim: frozenset(_half(draw, claim)) for claim in asked},)


def _half(draw: Random, claim: str) -> list[str]:
    answers = _answers_to(claim)
    return draw.sample(answers, max(1, len(answers) // 2))


def _answers_to(claim: str) -> list[str]:
    return [one for one in CATALOGUE[claim].claim.alphabet if one != NO_ANSWER]


def _cedar_ms(size: int, answers: dict[str, str]) -> float:
    """Each offer's own policy, read and asked, by Cedar's own engine; scaled to all offers."""
    draw = Random(size)
    request = {
        "principal": 'Person::"p"',
        "action": 'Action::"match"',
        "resource": 'Offer::"o"',
        "context": answers,
    }
    policies = [_policy(_condition(draw)) for _ in range(min(SAMPLE, size))]
    at = time.perf_counter()
    for policy in policies:
        cedarpy.is_authorized(request, policy, "[]")
    return (time.perf_counter() - at) * 1000 / len(policies) * size


def _policy(condition: Condition) -> str:
    (case,) = condition
    tests = [
        f"{json.dumps(sorted(told))}.contains(context[{json.dumps(claim)}])"
        for claim, told in case.items()
    ]
    return f"permit (principal, action, resource) when {{ {' && '.join(tests) or 'true'} }};"
