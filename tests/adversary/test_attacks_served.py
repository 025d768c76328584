"""Adversaries before a served hub: over HTTP, too, they learn no more than they are charged for."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER

from tests.adversary.served_town import ServedHub, ServedTown
from tests.modes import times
from tests.unit.release.attack_world import Seen
from tests.unit.release.attacks import ATTACKS, differ_across_periods, excess, make_attack
from tests.unit.release.world import MORNING, TIME

PEOPLE = times(3, 150)  # on whom each attack is made: over 1,000 in all
RACING = 200
EPSILON = 1e-9


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    hub = ServedHub(tmp_path_factory.mktemp("served"))
    yield ServedTown(hub)
    hub.stop()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.__name__)
def test_over_http_no_attack_recovers_more_than_is_charged_nor_charges_more_than_the_cap(
    attack, town
):
    loot = make_attack(town, attack, PEOPLE)
    assert excess(loot) <= EPSILON
    # No status, header, length or refusal depends on the person but by the symbols told.
    assert all(len(shapes) == 1 for shapes in loot.shapes.values())


def test_of_two_hundred_calls_at_once_for_the_last_bits_exactly_one_is_answered(town):
    person, client = town.person(), town.client()
    grant = town.allow(person, client, max_bits=4)
    # 1.585 of 4: one more of 1.585 fits, and no two do.
    assert town.attack(Seen(), person, grant, MORNING, client=client) is not None

    def ask(_):
        seen = Seen()
        told = town.attack(seen, person, grant, MORNING, client=client, anew=True)
        return "answered" if told else seen.shapes[-1][-1]

    with ThreadPoolExecutor(RACING) as racing:
        ended = Counter(racing.map(ask, range(RACING)))
    assert ended == {"answered": 1, "budget": RACING - 1}
    bits, _ = town.charged(person)
    assert bits == pytest.approx(2 * 1.585)


def test_attacks_over_http_do_get_answers_and_do_cross_periods(town):
    """Else all of the above would hold of a hub that says nothing."""
    person, seen = town.person(), Seen()
    differ_across_periods(town, person, seen)
    bits, _ = town.charged(person)
    assert any(symbol != NO_ANSWER for _, symbol in seen.symbols)
    assert bits > sum(CATALOGUE[ref].claim.bits for ref in (MORNING, TIME, "commute.mode@1"))
