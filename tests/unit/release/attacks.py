"""What adversaries do to a person's answers, before a gate or a served hub, and what it brings.

Each attack takes a town (`attack_world.Town`, or `tests.adversary.served_town.ServedTown`), one of
its people and what was seen so far. It learns of the hub only what a partner learns.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.release.ledger import GROUP_CAP, PERSON_CAP, UNITS

from tests.unit.release.attack_world import FOR_OFFERS, PARTNERS, Seen, information
from tests.unit.release.world import MORNING, TIME

DAY = timedelta(days=1)


def search_thresholds(town, person, seen):
    """Ask whatever halves what is left of each attribute, then what is just beside it."""
    client = town.client()
    grant = town.allow(person, client)
    for attribute in sorted({entry.attribute.id for entry in CATALOGUE.values()}):
        left = set(next(e for e in CATALOGUE.values() if e.attribute.id == attribute).symbols)
        claims = [ref for ref in FOR_OFFERS if CATALOGUE[ref].attribute.id == attribute]
        while claims:
            # The claim that splits best; a threshold of one's own is tried too, and is no claim.
            ref = min(claims, key=lambda one: abs(len(yes(one) & left) - len(left) / 2))
            claims.remove(ref)
            name = ref.partition("@")[0]
            for forged in (f"{name}_above_3", f"{name}>=3", f"{name}@7"):
                assert town.attack(seen, person, grant, forged, client=client) is None
            told = town.attack(seen, person, grant, ref, client=client)
            if told and told[ref] != NO_ANSWER:
                left &= {cell for cell, one in CATALOGUE[ref].symbols.items() if one == told[ref]}


def yes(ref):
    return {cell for cell, symbol in CATALOGUE[ref].symbols.items() if symbol == "yes"}


def ask_again_and_again(town, person, seen):
    """Average away what noise there might be, free first and then paid for until it is over."""
    client = town.client()
    grant = town.allow(person, client)
    answers = Counter()
    for _ in range(10):
        answers[town.attack(seen, person, grant, TIME, client=client)[TIME]] += 1
    while (told := town.attack(seen, person, grant, TIME, client=client, anew=True)) is not None:
        answers[told[TIME]] += 1
    assert len(answers) == 1
    assert seen.shapes[-1][-1] == "budget"


def differ_across_periods(town, person, seen):
    """The last instant of a period and the first of the next, over and over."""
    client = town.client()
    grant = town.allow(person, client)
    for _ in range(4):
        for claims in ((MORNING,), (MORNING, TIME), ("commute.mode@1",)):
            town.attack(seen, person, grant, *claims, client=client)
        town.advance(46 * DAY)
    town.advance(-4 * 46 * DAY)  # for the next one, where a clock can be set back


def collude(town, person, seen):
    """Five partners of a group, each with a consent of its own, share what they get."""
    clients = [town.client(name) for name in PARTNERS]
    grants = [town.allow(person, client) for client in clients]
    order = [(at, ref) for at in range(len(clients)) for ref in FOR_OFFERS]
    Random(7).shuffle(order)
    for at, ref in order:
        town.attack(seen, person, grants[at], ref, client=clients[at], anew=at > 0)


def launder_purposes(town, person, seen):
    """Ask for one purpose what is answered for another only, and through another's consent."""
    client = town.client(purposes=("personal_offers", "insurance_quote"))
    elsewhere = ("insurance.loss_free_years@1", "insurance.car_cover@1")
    grant = town.allow_all_it_can(person, client, (*FOR_OFFERS, *elsewhere))
    for ref in elsewhere:
        assert town.attack(seen, person, grant, ref, client=client) is None
        assert town.attack(seen, person, grant, MORNING, ref, client=client) is None
    quoting = town.allow(person, client, elsewhere, purpose="insurance_quote")
    assert town.attack(seen, person, quoting, MORNING, client=client) is None
    for ref in elsewhere:
        town.attack(seen, person, quoting, ref, client=client)
    told = {shape[-1] for shape in seen.shapes if shape[1] == "NotReleased"}
    assert "not_granted" in told
    assert told <= {"purpose", "not_granted"}


def use_what_is_over(town, person, seen):
    """Replayed proofs and keys, others' grants, grants that have expired or ended."""
    client, other = town.client(), town.client("scooters")
    grant = town.allow(person, client, expires_at=town.now + DAY)
    one, proof = f"one-{person.vault}", f"p-{person.vault}"
    town.attack(seen, person, grant, MORNING, client=client, proof=proof, key=one)
    for claims in ((MORNING,), (TIME,)):
        replayed = town.attack(seen, person, grant, *claims, client=client, proof=proof)
        assert replayed is None
    assert town.attack(seen, person, grant, TIME, client=client, key=one) is None
    assert town.attack(seen, person, grant, MORNING, client=other) is None
    again = town.attack(seen, person, grant, MORNING, client=client, key=one)
    assert again is not None
    town.advance(DAY)
    for key in (one, f"two-{person.vault}"):
        assert town.attack(seen, person, grant, MORNING, client=client, key=key) is None
    town.advance(-DAY)
    ended = town.withdraw_again(person, client)
    assert town.attack(seen, person, ended, MORNING, client=client) is None


def throw_names(town, person, seen):
    """Anything at all in the place of a claim's name."""
    client = town.client()
    grant = town.allow(person, client)
    random = Random(11)  # the same for everybody
    letters = "abcdefghijklmnopqrstuvwxyz.@_0123456789<>=' -/%\x00한"
    for _ in range(40):
        name = "".join(random.choice(letters) for _ in range(random.randrange(1, 30)))
        if random.random() < 0.5:
            ref = random.choice(FOR_OFFERS)
            name = ref[: random.randrange(1, len(ref))] + random.choice(letters)
        if name in CATALOGUE or f"{name}@1" in CATALOGUE:
            continue
        assert town.attack(seen, person, grant, name, client=client) is None
        assert town.attack(seen, person, grant, MORNING, name, client=client) is None
    assert {shape[2] for shape in seen.shapes} <= {"catalogue", "bad-input"}
    assert any(shape[2] == "catalogue" for shape in seen.shapes)


ATTACKS = (
    search_thresholds,
    ask_again_and_again,
    differ_across_periods,
    collude,
    launder_purposes,
    use_what_is_over,
    throw_names,
)


# ------------------------------------------------------------------ what they recover


@dataclass
class Loot:
    """What an attack on everybody in a town came to."""

    # (cells, view) of each person, per attribute and in all; bits charged, likewise.
    pairs: dict
    charged: dict
    # symbols -> what else was seen with them.
    shapes: dict


def make_attack(town, attack, people):
    loot = Loot(defaultdict(list), defaultdict(list), defaultdict(set))
    for _ in range(people):
        person, seen = town.person(), Seen()
        attack(town, person, seen)
        bits, each = town.charged(person)
        assert bits <= GROUP_CAP / UNITS
        assert town.total(person) <= PERSON_CAP / UNITS
        told = tuple(seen.symbols)
        loot.shapes[told].add(tuple(seen.shapes))
        for attribute, cell in person.cells.items():
            view = tuple(one for one in told if CATALOGUE[one[0]].attribute.id == attribute)
            loot.pairs[attribute].append((cell, view))
            loot.charged[attribute].append(each[attribute])
        loot.pairs["all"].append((tuple(sorted(person.cells.items())), told))
        loot.charged["all"].append(bits)
    return loot


def excess(loot):
    """By how many bits more was recovered than charged, at the worst attribute and in all."""
    worst = -1.0
    for name, pairs in loot.pairs.items():
        charged = max(loot.charged[name])
        worst = max(worst, *(bits - charged for bits in information(pairs)))
    return worst
