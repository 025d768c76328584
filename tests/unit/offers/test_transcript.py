"""The silent match (promise 5): until somebody accepts, what a partner sees of a person who matches
an offer and of one who does not is the same to the last byte, and so is the order of all calls that
its requests make."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.oauth.security_events import OFFER_ACCEPTED

from tests.unit.consent.world import ORIGIN
from tests.unit.courier.receiver import opened, receiving
from tests.unit.insights.lives import cafe_visits, contract, weekdays_before
from tests.unit.offers.accepting_world import SUBWAY
from tests.unit.offers.shelf_world import an_offer
from tests.unit.offers.transcript_world import Twin
from tests.unit.release.world import regular_life

DAY = timedelta(days=1)


def no_subway():
    """The same life without a single trip: the offer is not for them, the other answer is equal."""
    return [*cafe_visits(weekdays_before(80)), contract("car")]


def ride_offer(twin):
    now = twin.clock.now()
    return an_offer(
        "rides",
        "bicycles",
        category="mobility",
        purpose="mobility_service",
        eligibility=f'context["{SUBWAY}"] == "yes"',
        valid_from=now - DAY,
        valid_until=now + 30 * DAY,
    )


def days_of_a_partner(twin, seen):
    """What a partner does and hears in three days, with the vault at work in between."""
    twin.ask_claims()
    twin.approve(ride_offer(twin))
    twin.read_files()
    shown = []
    for _ in range(3):
        shown.append(twin.look())
        twin.ask_claims()
        twin.read_list()
        twin.read_report()
        twin.read_files()
        twin.hear(seen)
        twin.clock.advance(DAY)
    return shown


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """Both hubs after the same three days, and what the endpoint of the partner got."""
    with receiving() as (url, seen):
        made = []
        for records in (regular_life(), no_subway()):
            twin = Twin(tmp_path_factory.mktemp("twin"), url, records)
            twin.shown = days_of_a_partner(twin, seen)
            made.append(twin)
        yield *made, seen


def test_one_of_the_two_is_shown_the_offer_and_the_other_is_not(twins):
    """Otherwise the rest would be about nothing."""
    matching, other, _ = twins
    assert [len(shown) for shown in matching.shown] == [1, 1, 1]
    assert [len(shown) for shown in other.shown] == [0, 0, 0]


def test_until_acceptance_the_partner_sees_the_same_of_both_to_the_last_byte(twins):
    matching, other, _ = twins
    assert len(matching.transcript) == len(other.transcript) == 17
    for one, two in zip(matching.transcript, other.transcript, strict=True):
        assert one[0] == two[0]


def test_until_acceptance_the_same_calls_are_made_in_the_same_order_for_both(twins):
    matching, other, _ = twins
    assert any(calls for _, calls in matching.transcript)
    for one, two in zip(matching.transcript, other.transcript, strict=True):
        assert one[1] == two[1]


def test_until_acceptance_nothing_is_sent_to_the_partner(twins):
    assert twins[2].tokens == []


def test_an_acceptance_ends_it_when_its_day_is_over(tmp_path):
    """The test of the test: a transcript with an acceptance is another one."""
    with receiving() as (url, seen):
        twin = Twin(tmp_path, url, regular_life())
        twin.approve(ride_offer(twin))
        before = twin.read_report()
        twin.accept()
        assert twin.read_report() == before
        assert twin.hear(seen) == ()
        twin.clock.advance(DAY)
        assert twin.read_report() != before
        (token,) = twin.hear(seen)
    told = opened(token, twin.courier.keys.jwks(), ORIGIN, "bicycles")
    assert list(told["events"]) == [OFFER_ACCEPTED]
