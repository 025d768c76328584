"""The index says of everybody what the conditions say one by one, and what Cedar says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.errors import BadInput, Damaged
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.offer_words import OfferWords, name_of
from mydata_hub.offers.catalogue.eligibility import Condition, claims_of
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.worth import PERK_WON, slot_order, worth_of
from mydata_hub.offers.matching.chance import OwnPasts, chance_of_taking
from mydata_hub.offers.matching.index import MAGIC, build_index, read_index
from mydata_hub.offers.matching.matched import match
from mydata_hub.offers.matching.ranking import chance, in_order, rank

from tests.unit.offers.offering import DAY, NOW, an_offer, compiled
from tests.unit.offers.test_eligibility import CLAIMS, EXPRESSIONS

TRIGGERS = ("always", "payment.cafe", "tier.at_650", "life.moved")
CATEGORIES = ("cafe", "insurance", "mobility")
ALPHABETS = {
    ref: [one for one in entry.claim.alphabet if one != NO_ANSWER]
    for ref, entry in CATALOGUE.items()
}
NOTHING_SAID = OfferWords(offers=frozenset(), categories=frozenset())


@st.composite
def offers_of_all_kinds(draw: st.DrawFn) -> list[Offer]:
    made = []
    for number in range(draw(st.integers(0, 14))):
        begin = draw(st.integers(-3, 2))
        made.append(
            an_offer(
                f"n{number}",
                client=f"client-{draw(st.integers(1, 4))}",
                worth=draw(st.integers(1, 5)) * 1000,
                eligibility=draw(st.just("") | EXPRESSIONS),
                trigger=draw(st.sampled_from(TRIGGERS)),
                category=draw(st.sampled_from(CATEGORIES)),
                valid_from=NOW + begin * DAY,
                valid_until=NOW + (begin + draw(st.integers(1, 3))) * DAY,
            )
        )
    return made


ANSWERS = st.fixed_dictionaries(
    {}, optional={one: st.sampled_from(CATALOGUE[one].claim.alphabet) for one in CLAIMS}
)
HAPPENINGS = st.frozensets(st.sampled_from(TRIGGERS))
COUNTS = st.dictionaries(st.sampled_from(CATEGORIES), st.integers(0, 60))
PASTS = st.builds(
    OwnPasts,
    used=COUNTS,
    paid=COUNTS,
    taken=COUNTS,
    ignored=COUNTS,
    likely=st.dictionaries(st.sampled_from(CATEGORIES), st.integers(0, 100)),
)


def plainly(pairs: list[tuple[Offer, Condition]], answers: dict, happenings: frozenset) -> list:
    """The definition, offer by offer."""
    return [
        offer.offer_id
        for offer, condition in pairs
        if offer.trigger in happenings
        and offer.is_open(NOW, 0)
        and any(
            all(answers.get(claim, NO_ANSWER) in told for claim, told in case.items())
            for case in condition
        )
    ]


def by_cedar(pairs: list[tuple[Offer, Condition]], answers: dict, happenings: frozenset) -> list:
    """Cedar, one by one; of those who lack an answer to a claim that is read, nobody."""
    context = {claim: answers.get(claim, NO_ANSWER) for claim in CLAIMS}
    request = {"principal": 'Person::"p"', "action": 'Action::"match"', "resource": 'Offer::"o"'}
    found = []
    for offer, _ in pairs:
        policy = f"permit (principal, action, resource) when {{ {offer.eligibility or 'true'} }};"
        told = cedarpy.is_authorized({**request, "context": context}, policy, "[]")
        whole = all(context[claim] != NO_ANSWER for claim in claims_of(offer.eligibility))
        if told.allowed and whole and offer.trigger in happenings and offer.is_open(NOW, 0):
            found.append(offer.offer_id)
    return found


@settings(max_examples=40, deadline=None)
@given(offers=offers_of_all_kinds(), answers=ANSWERS, happenings=HAPPENINGS)
def test_the_index_gives_what_the_conditions_give_one_by_one_and_what_cedar_gives(
    offers, answers, happenings
):
    pairs = compiled(offers)
    matched = match(read_index(build_index(pairs), 8), answers, happenings, NOW)
    found = [pairs[slot][0].offer_id for slot in matched.slots()]
    assert found == plainly(pairs, answers, happenings) == by_cedar(pairs, answers, happenings)
    assert found == [offer.offer_id for slot, (offer, _) in enumerate(pairs) if matched.fits(slot)]


@settings(max_examples=40, deadline=None)
@given(offers=offers_of_all_kinds(), answers=ANSWERS)
def test_of_what_an_offer_is_not_decided_by_any_answer_would_do(offers, answers):
    pairs = compiled(offers)
    index = read_index(build_index(pairs), 8)
    for slot in match(index, answers, frozenset(TRIGGERS), NOW).slots():
        by = index.decided_by(slot, answers, ALPHABETS)
        assert set(by) <= set(index.reads(slot))
        for claim in set(index.reads(slot)) - set(by):
            for other in ALPHABETS[claim]:
                asked = match(index, {**answers, claim: other}, frozenset(TRIGGERS), NOW)
                assert asked.fits(slot)


def test_an_offer_of_two_cases_is_decided_by_the_one_that_fits():
    subway, tier = "commute.by_subway@1", "trust.tier@1"
    text = f'context["{subway}"] == "yes" || context["{tier}"] == "700"'
    index = read_index(build_index(compiled([an_offer(eligibility=text)])))
    for answers, by in (
        ({subway: "yes", tier: "600"}, (subway,)),
        ({subway: "no", tier: "700"}, (tier,)),
        ({subway: "no", tier: "600"}, ()),
    ):
        assert index.decided_by(0, answers, ALPHABETS) == by


@settings(max_examples=25, deadline=None)
@given(offers=offers_of_all_kinds(), answers=ANSWERS, happenings=HAPPENINGS, seed=st.integers())
def test_neither_the_order_of_offers_nor_the_size_of_chunks_changes_what_matches(
    offers, answers, happenings, seed
):
    shuffled = [*offers]
    Random(seed).shuffle(shuffled)
    content = build_index(compiled(shuffled))
    assert content == build_index(compiled(offers))
    found = [
        list(match(read_index(content, chunk), answers, happenings, NOW).slots())
        for chunk in (8, 64, 65_536)
    ]
    assert found[0] == found[1] == found[2]


@settings(max_examples=25, deadline=None)
@given(
    offers=offers_of_all_kinds(),
    answers=ANSWERS,
    happenings=HAPPENINGS,
    pasts=PASTS,
    unwanted=st.frozensets(st.sampled_from(CATEGORIES)),
)
def test_ranking_gives_every_match_of_wanted_categories_once_the_most_benefit_first(
    offers, answers, happenings, pasts, unwanted
):
    pairs = compiled(offers)
    matched = match(read_index(build_index(pairs), 8), answers, happenings, NOW)
    words = OfferWords(offers=frozenset(), categories=frozenset(map(name_of, unwanted)))
    ranked = list(rank(matched, pasts, words))
    wanted = {slot: pairs[slot][0] for slot in matched.slots()}
    wanted = {slot: offer for slot, offer in wanted.items() if offer.category not in unwanted}
    assert ranked == in_order(wanted, pasts)


@settings(max_examples=60, deadline=None)
@given(
    offers=offers_of_all_kinds(),
    happenings=HAPPENINGS,
    pasts=PASTS,
    category=st.sampled_from(CATEGORIES),
    more=st.integers(1, 40),
)
def test_coupons_used_never_rank_offers_of_their_category_lower_and_those_let_go_never_higher(
    offers, happenings, pasts, category, more
):
    pairs = compiled(offers)
    matched = match(read_index(build_index(pairs), 8), {}, happenings, NOW)

    def ranked(of: OwnPasts) -> list[int]:
        return list(rank(matched, of, NOTHING_SAID))

    def further(counts: dict) -> dict:
        return {**counts, category: counts.get(category, 0) + more}

    before = ranked(pasts)
    better = [
        ranked(replace(pasts, used=further(pasts.used))),
        ranked(replace(pasts, taken=further(pasts.taken))),
    ]
    worse = [
        ranked(replace(pasts, ignored=further(pasts.ignored))),
        ranked(replace(pasts, paid=further(pasts.paid))),
    ]
    of_it = [slot for slot in before if pairs[slot][0].category == category]
    for slot in of_it:
        assert all(after.index(slot) <= before.index(slot) for after in better)
        assert all(after.index(slot) >= before.index(slot) for after in worse)
    # Among themselves nothing changes: they share one chance.
    for after in (*better, *worse):
        assert [slot for slot in after if slot in of_it] == of_it


def test_what_ranks_is_the_function_that_is_evaluated():
    pasts = OwnPasts(
        used={"cafe": 3},
        paid={"cafe": 20, "insurance": 4},
        taken={"mobility": 2},
        ignored={"insurance": 5},
        likely={"cafe": 80},
    )
    for category in (*CATEGORIES, "fuel"):
        alone = chance_of_taking(pasts.of(category))
        assert chance("always", category, pasts) == int(1_000_000 * alone)


def test_whoever_has_no_answers_matches_what_is_for_everybody_and_nothing_else():
    text = 'context["commute.by_subway@1"] != "yes"'
    pairs = compiled([an_offer("all"), an_offer("some", eligibility=text)])
    index = read_index(build_index(pairs))
    assert [pairs[one][0].offer_id for one in match(index, {}, {"always"}, NOW).slots()] == [
        "client-1.all"
    ]
    assert list(match(index, {}, frozenset(), NOW).slots()) == []


def test_an_offer_is_found_by_the_short_name_of_its_id():
    pairs = compiled([an_offer(f"n{number}", worth=number + 1) for number in range(30)])
    index = read_index(build_index(pairs))
    assert [index.slot_of(name_of(offer.offer_id)) for offer, _ in pairs] == list(range(30))
    assert index.slot_of(name_of("client-1.other")) is None
    assert {index.client(slot) for slot in range(30)} == {"client-1"}


def test_slots_out_of_their_order_are_refused_since_ranking_relies_on_it():
    pairs = compiled([an_offer("small", worth=1), an_offer("large", worth=2)])
    with pytest.raises(BadInput, match="worthiest first"):
        build_index(reversed(pairs))


def test_an_offer_opens_and_closes_in_no_second_that_it_is_open_in_only_partly():
    half = NOW.replace(microsecond=500_000)
    index = read_index(build_index(compiled([an_offer(valid_from=half, valid_until=half + DAY)])))
    second = int(NOW.timestamp())
    day = 24 * 3600
    assert [index.is_open(0, second + at) for at in (0, 1, day - 1, day)] == [
        False,
        True,
        True,
        False,
    ]


def test_what_is_no_index_is_told_as_damage_and_unpacks_to_no_more_than_it_says():
    whole = build_index(compiled([an_offer(), an_offer("two", category="insurance")]))
    header = json.loads(whole[len(MAGIC) + 4 : whole.index(b"}") + 1])
    assert header["count"] == 2
    for content in (
        b"",
        MAGIC,
        whole[:-1],
        whole.replace(b'"count":2', b'"count":9'),
        whole.replace(b'"present"', b'"absents"'),
        whole.replace(MAGIC, MAGIC.replace(b"1", b"2")),
    ):
        with pytest.raises(Damaged):
            read_index(content)


def test_worth_is_in_won_and_of_a_programme_what_a_month_earns():
    coupon = an_offer().benefit
    stamps = replace(
        coupon, kind="stamps", amount_minor=5000, merchants=("카페",), goal=10, expires_days=90
    )
    points = replace(stamps, kind="points", per_minor=1000, goal=600)
    perk = replace(coupon, kind="perk", amount_minor=None, currency=None)
    dollars = replace(coupon, amount_minor=300, currency="USD")
    found = [worth_of(one) for one in (coupon, stamps, points, perk, dollars)]
    assert found == [3000, 2000, 500, PERK_WON, 4200]
    assert slot_order(an_offer("a")) < slot_order(an_offer("b")) < slot_order(an_offer(worth=1))
