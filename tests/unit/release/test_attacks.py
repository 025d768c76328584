"""Adversaries at the gate: whatever partners do, they learn no more than they were charged for."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import Counter
from dataclasses import fields, replace
from decimal import Decimal

import pytest
from mydata_hub.errors import NotReleased, OAuthRefused
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import Claim
from mydata_hub.release.ledger import UNITS

from tests.modes import times
from tests.unit.accounts.conftest import memory_folder
from tests.unit.release.attack_world import (
    FOR_OFFERS,
    GROUP,
    PARTNERS,
    Seen,
    Town,
    information,
    keys_named,
    row_sizes,
)
from tests.unit.release.attacks import ATTACKS, excess, make_attack, search_thresholds
from tests.unit.release.test_gate_faults import patiently, records, together
from tests.unit.release.world import MORNING, TIME, whole

PEOPLE = times(20, 1_000)  # on whom each attack is made
EPSILON = 1e-9


# ------------------------------------------------------------------ what they recover


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.__name__)
def test_no_attack_recovers_more_bits_than_were_charged_nor_charges_more_than_the_cap(attack):
    with memory_folder() as folder:
        town = Town(folder)
        loot = make_attack(town, attack, PEOPLE)
        assert excess(loot) <= EPSILON
        # All that was seen beside the symbols follows from the symbols: no length, price or
        # refusal tells a thing that was not paid for.
        assert all(len(shapes) == 1 for shapes in loot.shapes.values())


def test_a_gate_that_gives_a_discount_or_a_finer_cell_is_caught_by_the_measure():
    class Cheap(Claim):
        bits = property(lambda self: Decimal("0.1000"))

    claim = CATALOGUE[TIME].claim
    cheap = Cheap(**{one.name: getattr(claim, one.name) for one in fields(claim)})
    catalogue = {**CATALOGUE, TIME: replace(CATALOGUE[TIME], claim=cheap)}
    with memory_folder() as folder:
        town = Town(folder)
        town.gate = replace(town.gate, catalogue=catalogue)
        assert excess(make_attack(town, search_thresholds, 20)) > 0.5


def test_a_price_that_depends_on_the_answer_is_caught_by_what_is_seen_beside_it():
    with memory_folder() as folder:
        town = Town(folder)

        def with_a_hint(town, person, seen):
            search_thresholds(town, person, seen)
            seen.shapes.append(person.cells["insurance.car_cover"])

        loot = make_attack(town, with_a_hint, 20)
        assert any(len(shapes) > 1 for shapes in loot.shapes.values())


def test_information_is_measured_in_bits():
    assert information([(0, "a"), (1, "b"), (2, "c"), (3, "d")]) == (2.0, 2.0)
    assert information([(0, "a"), (1, "a"), (0, "a"), (1, "a")]) == (0.0, 0.0)


# ------------------------------------------------------------------ side channels


class Witness:
    """Every call of a port, with tables and sizes, in the order they came."""

    def __init__(self, town):
        self.calls, self.town = [], town
        self.tables = town.store

    def fetch_many(self, *keys):
        found = self.tables.fetch_many(*keys)
        self.calls.append(("fetch", keys_named(keys)))
        return found

    def commit(self, *changes):
        self.calls.append(("commit", row_sizes(changes)))
        return self.tables.commit(*changes)


def test_two_people_cost_the_same_calls_of_the_same_sizes_whatever_is_answered():
    """Each of a pair: somebody of regular habits, and somebody of whom nothing is known."""
    with memory_folder() as folder:
        town = Town(folder)
        client = town.client()
        pairs, told = [], set()
        for records_of in (town.lives[0], town.lives[1], town.lives[2], []):
            person = town.person(records_of)
            watched = Witness(town)
            town.clock.at = town.clock.at.replace(microsecond=0)  # an instant is as long as another
            grant = town.allow(person, client, grant_id="g" * 8 + str(len(pairs)))
            town.gate = replace(town.gate, tables=watched)
            seen = Seen()
            number = len(pairs)
            for claims in ((MORNING,), FOR_OFFERS[1:4], (MORNING,)):
                town.attack(
                    seen,
                    person,
                    grant,
                    *claims,
                    client=client,
                    key=f"k{number}-{claims[0]}-{len(seen.shapes)}",
                )
            town.attack(
                seen, person, grant, "insurance.car_cover@1", client=client, key=f"k{number}"
            )
            pairs.append((watched.calls, seen.shapes))
            told.add(tuple(seen.symbols))
        assert len(told) == len(pairs)
        first_calls, first_shapes = pairs[0]
        assert [name for name, _ in first_calls] == ["fetch", "commit"] * 4
        for calls, shapes in pairs[1:]:
            for call, first in zip(calls, first_calls, strict=True):
                assert call == first
            assert shapes == first_shapes


# ------------------------------------------------------------------ the last unit


def test_of_two_hundred_that_race_for_the_last_bits_exactly_one_is_answered(asked):
    gate = replace(asked.gate, pause=time.sleep)
    grant, _ = asked.consent(max_bits=4)
    asked.ask(grant, MORNING)  # 1.585 of 4: one more of 1.585 fits, and no two do

    def ask(number):
        claim = MORNING
        return patiently(lambda: asked.ask(grant, claim, key=f"k{number}", anew=True, gate=gate))

    results = together(200, ask)
    refused = Counter(one.rule for one in results if isinstance(one, NotReleased))
    assert refused == {"budget": 199}
    assert records(asked, "vault-1")[0] == [15850, 15850]


def test_a_threshold_race_over_five_partners_never_passes_the_group_s_cap(asked):
    small = replace(asked.gate, group_cap=5 * UNITS, pause=time.sleep)
    passkey, session = asked.join()
    clients = [asked.client(name) for name in PARTNERS]
    grants = [asked.agree(passkey, session, client) for client in clients]

    def ask(number):
        at = number % len(clients)
        key = f"k{number}"
        return patiently(
            lambda: asked.ask(
                grants[at], MORNING, client=clients[at], key=key, anew=True, gate=small
            )
        )

    results = together(20, ask)
    assert sum(isinstance(one, NotReleased) for one in results) == 17
    assert records(asked, "vault-1")[0] == [15850] * 3


# ------------------------------------------------------------------ another audience


def test_an_answer_is_for_one_audience_and_one_key_and_says_so_under_its_signature(asked):
    body = json.loads(asked.ask(asked.grant).body)
    issued = whole(body).split("~")[0].split(".")[1]
    payload = json.loads(base64.urlsafe_b64decode(issued + "=="))
    assert (payload["aud"], payload["cnf"]) == ("bicycles", {"jkt": "A" * 43})
    other = asked.client("trains", "railways")
    with pytest.raises(NotReleased, match="other_partner"):
        asked.ask(asked.grant, client=other)
    key = asked.store.find_keys("events", "subject", asked.grant.subject)
    assert key.keys


def test_a_second_thread_with_the_same_proof_gets_nothing_even_if_it_is_faster(asked):
    """A thief who saw a request on its way sends it first: one of the two is answered."""
    gate = replace(asked.gate, pause=time.sleep)
    outcome = []

    def send():
        try:
            outcome.append(patiently(lambda: asked.ask(asked.grant, key="k", proof="p", gate=gate)))
        except OAuthRefused as error:
            outcome.append(error.code)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one == "invalid_dpop_proof" for one in outcome) == 1
    assert GROUP == "rentals"
