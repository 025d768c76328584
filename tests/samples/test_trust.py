"""The trust score of sample people: collected, sealed, folded and told, beside the plain sum."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.record import Record
from mydata_hub.collection.versions import settle
from mydata_hub.fields import ClientId, GroupId, Purpose
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import CATALOGUE, find_claim
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.fair_use import read_fair_use
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.trust import own_score
from mydata_hub.insights.trust_history import read_steps
from mydata_hub.oauth.clients import Client
from mydata_hub.offers.catalogue.check import check_offer
from mydata_hub.offers.matching.inbox import look_at
from mydata_hub.own_vault.score import see_score
from mydata_hub.own_vault.score_document import score_document
from mydata_hub.samples.facts import KST
from mydata_hub.samples.offers import offers_of
from mydata_hub.samples.trades import TRADES
from mydata_hub.scorecard.shipped import shipped_card
from mydata_hub.wiring import policies_folder

from tests.samples.sample_world import NOW, Samples, served
from tests.unit.offers.offering import Shelf
from tests.unit.offers.shelf_world import PUBLIC
from tests.unit.own_vault.own_world import ME, OwnWorld

FAMILIES = ("card", "efin", "bank", "invest")
PEOPLE = ("jiu", "minho", "hana")
TODAY = NOW.astimezone(KST).date()
REGULAR = {"utilities", "telecom", "rent", "insurance"}


@dataclass
class Lived:
    """A sample person whose records went the whole way, and the records beside it."""

    profile: Profile
    records: list[Record]


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lived]]:
    with served() as samples:
        yield {person: lived(samples, person, tmp_path_factory) for person in PEOPLE}


def lived(samples: Samples, person: str, folders: Any) -> Lived:
    """Collected from the served providers, sealed, announced, folded, and told to be complete."""
    world = OwnWorld(folders.mktemp(person))
    world.clock.advance(NOW - world.clock.now())
    world.make(ME)
    records: list[Record] = []
    for family in FAMILIES:
        connected = samples.connect(family, person)
        outcome = connected.sync()
        by_dataset: dict[str, list[Record]] = defaultdict(list)
        for batch in connected.batches:
            for one in batch.records:
                by_dataset[one.dataset].append(one)
        segments = [
            world.collected(*told, dataset=dataset, schema_hash=schema_of(dataset).digest())
            for dataset, told in by_dataset.items()
        ]
        world.fold(*segments)
        assert outcome.fresh_at is not None
        if segments:
            assert world.told(outcome.fresh_at, connected.connection_id)
        records += [one for told in by_dataset.values() for one in told]
    return Lived(world.profile(), list(settle(records).values()))


# ------------------------------------------------------------------ the same features, plainly


def day(one: Record) -> date:
    return one.occurred_at.astimezone(KST).date()


def paid(records: list[Record], dataset: str, memory: int) -> tuple[list[Record], date, date]:
    """The payments that a vault remembers of a dataset, since when, and when they began."""
    of_it = [one for one in records if one.dataset == dataset]
    of_it.sort(key=lambda one: one.occurred_at)
    kept = of_it[-memory:]
    begun = day(of_it[0])
    whole = day(kept[0]) + timedelta(days=1) if len(kept) == memory else begun
    live = [one for one in kept if one.counts and (one.amount_minor or 0) < 0]
    return [one for one in live if whole <= day(one) < TODAY], whole, begun


def regular(records: list[Record], dataset: str, memory: int) -> int:
    told, whole, begun = paid(records, dataset, memory)
    known = min(365, (TODAY - begun).days)
    kept = min(known, (TODAY - whole).days)
    streams = defaultdict(set)
    for one in told:
        if one.category in REGULAR and day(one) >= TODAY - timedelta(days=kept):
            streams[one.counterparty, one.category].add(day(one))
    count = 0
    for days in streams.values():
        gaps = [(later - earlier).days for earlier, later in pairwise(sorted(days))]
        if len(days) >= 3 and 25 <= statistics.median(gaps) <= 36:
            count += len(days)
    return count * known // kept


def saving(records: list[Record]) -> int | None:
    bank = [one for one in records if one.dataset == "bank.transactions" and one.counts]
    pays = sorted(day(one) for one in bank if "급여" in (one.counterparty or ""))
    if len(pays) < 4:
        return None
    begin, end = pays[-4], pays[-1]
    # What goes to one's own savings is kept, not spent.
    within = [
        one
        for one in bank
        if begin <= day(one) < end and "적금" not in f"{one.body['kind']} {one.counterparty}"
    ]
    came = sum(one.amount_minor or 0 for one in within if (one.amount_minor or 0) > 0)
    went = -sum(one.amount_minor or 0 for one in within if (one.amount_minor or 0) < 0)
    return (came - went) * 100 // came


def plain_features(records: list[Record]) -> dict[str, int | None]:
    """What the score is made of, from the records themselves, without folds."""
    bills = [
        (date.fromisoformat(one.body["due_on"]), one.body["paid_on"], one)
        for one in records
        if one.dataset == "card.bills" and one.amount_minor
    ]
    due = [told for told in bills if TODAY - timedelta(days=365) <= told[0] <= TODAY]
    late = [
        told
        for told in due
        if ((date.fromisoformat(told[1]) if told[1] else TODAY) - told[0]).days > 4
    ]
    assert all(told[1] for told in due if told[0] < TODAY - timedelta(days=20))
    latest = [one for _, _, one in sorted(due, key=lambda told: told[0])[-3:]]
    limits = [one.body["limit_minor"] for one in latest]
    efin, _, _ = paid(records, "efin.payments", 240)
    weeks = {(TODAY - timedelta(days=1) - day(one)).days // 7 for one in efin}
    first = min(day(one) for one in records if one.dataset != "invest.balances")
    return {
        "late_bills": len(late),
        "overdue_now": 0,
        "utilisation_percent": (
            -sum(one.amount_minor or 0 for one in latest) * 100 // sum(limits)
            if all(limits)
            else None
        ),
        "regular_bills_paid": regular(records, "bank.transactions", 320)
        + regular(records, "card.approvals", 400),
        "payment_weeks": len({week for week in weeks if week < 26}),
        "saving_percent": saving(records),
        "holds_investments": 1
        if any(one.dataset == "invest.balances" for one in records)
        else None,
        "history_months": (TODAY - first).days * 12 // 365,
    }


def plain_sum(values: dict[str, int | None]) -> int:
    """The card, added up row by row."""
    card = shipped_card()
    total = card.base_points
    for feature in card.features:
        value = values[feature.id]
        total += (
            feature.missing
            if value is None
            else next(row.points for row in feature.rows if row.begin <= value < row.end)
        )
    return total


@pytest.mark.parametrize("person", PEOPLE)
def test_a_sample_persons_score_is_the_plain_sum_over_their_records(
    lives: dict[str, Lived], person: str
) -> None:
    values = plain_features(lives[person].records)
    own = own_score(lives[person].profile, NOW)
    assert own is not None
    assert own.values == values
    assert own.scored.total == plain_sum(values)


def test_the_sample_people_are_in_different_tiers(lives: dict[str, Lived]) -> None:
    told = {
        person: answer_claim(one.profile, find_claim("trust.tier"), NOW)
        for person, one in lives.items()
    }
    assert told == {"jiu": "700", "hana": "650", "minho": "600"}


def test_everything_that_a_partner_may_ask_tells_no_more_of_the_score_than_the_tier(
    lives: dict[str, Lived],
) -> None:
    for one in lives.values():
        claims = [entry for entry in CATALOGUE.values() if entry.attribute.id == "trust.tier"]
        told = {entry.claim.id: answer_claim(one.profile, entry, NOW) for entry in claims}
        cells = [
            cell
            for cell in claims[0].attribute.cells
            if all(entry.symbols[cell] == told[entry.claim.id] for entry in claims)
        ]
        assert cells == [told["trust.tier"]]
        # Nor is the number in any other answer.
        total = see_score(one.profile, NOW).scored
        assert total is not None
        every = {answer_claim(one.profile, entry, NOW) for entry in CATALOGUE.values()}
        assert str(total.total) not in json.dumps(sorted(every)) or total.total in (600, 650, 700)


def test_the_course_begins_when_enough_is_known(lives: dict[str, Lived]) -> None:
    for one in lives.values():
        steps = read_steps(one.profile)
        assert [step.on for step in steps] == [TODAY]
        own = own_score(one.profile, NOW)
        assert own is not None
        assert steps[0].score == own.scored.total


def test_what_the_person_sees_is_whole(lives: dict[str, Lived]) -> None:
    told = score_document(see_score(lives["jiu"].profile, NOW))
    assert told["score"] == told["base_points"] + sum(one["points"] for one in told["reasons"])
    assert {one["open"] for one in told["benefits"]} != set()
    assert told["partners_are_told"] != NO_ANSWER


def all_samples() -> Shelf:
    """What all sample partners offer, checked as it is when they publish it."""
    fair_use = read_fair_use(policies_folder())
    offers = []
    for name, trade in TRADES.items():
        client = Client(
            client_id=ClientId(name),
            name=trade.name.ko,
            jwks=json.dumps({"keys": [PUBLIC]}),
            redirect_uris=("http://127.0.0.1/callback",),
            group=GroupId(name),
            purposes=tuple(map(Purpose, (trade.purpose, *trade.offers_for))),
        )
        for document in offers_of(name, NOW).values():
            checked = check_offer(json.dumps(document), NOW, CATALOGUE, fair_use, client)
            offers.append(checked.offer)
    return Shelf(*offers)


def test_each_is_shown_what_their_tier_is_good_for_at_the_cost_of_that_tier(
    lives: dict[str, Lived],
) -> None:
    shelf = all_samples()
    told = {
        person: {
            one.offer.offer_id: one.discloses
            for one in look_at(lived.profile, shelf, NOW).shown
            if one.offer.trigger.startswith("tier.")
        }
        for person, lived in lives.items()
    }
    car = {"bicycle.no-deposit-car": ("trust.at_least_650@1",)}
    # One partner brings one new offer a week, the best: the bicycle is for whom there is no car.
    assert told == {
        "jiu": car | {"travel.airport-lounge": ("trust.at_least_700@1",)},
        "hana": car,
        "minho": {"bicycle.no-deposit": ("trust.at_least_600@1",)},
    }
