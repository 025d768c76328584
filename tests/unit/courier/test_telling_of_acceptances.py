"""That an offer was accepted reaches its partner when the window ends, with a code that is kept no
longer than that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.consent.deliveries import DeliveryState, fetch_deliveries
from mydata_hub.consent.endings import withdraw_grant
from mydata_hub.oauth.clients import set_event_endpoint
from mydata_hub.oauth.security_events import OFFER_ACCEPTED
from mydata_hub.offers.acceptance.hastening import hasten

from tests.unit.consent.test_untold import TOMORROW, accept
from tests.unit.consent.world import ORIGIN
from tests.unit.courier.receiver import opened, receiving
from tests.unit.courier.test_telling import TellingWorld


@pytest.fixture
def world(tmp_path):
    return TellingWorld(tmp_path)


@pytest.fixture
def grant(world):
    passkey, world.session = world.join()
    return world.give(passkey, world.session, world.proposal(counterparty="bicycles"))


def test_a_partner_hears_of_an_acceptance_when_its_window_ends_and_not_before(world, grant):
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        news = accept(world, grant)
        assert world.work() == []
        world.clock.advance(TOMORROW)
        assert world.work() == [True]
    (told,) = [opened(one, world.keys.jwks(), ORIGIN, "bicycles") for one in seen.tokens]
    assert told["events"] == {
        OFFER_ACCEPTED: {
            "grant_id": grant.grant_id,
            "offer_id": "bicycles.deposit",
            "version": 1,
            "code": "secret",
        }
    }
    # The event bears the window's end, not the moment of the tap.
    assert told["iat"] == int(news.due_at.timestamp())
    kept = fetch_deliveries(world.tables, [news.name])[news.name]
    assert (kept.state, kept.code) == (DeliveryState.ACKNOWLEDGED, "")


def test_an_acceptance_that_was_taken_back_is_never_told(world, grant):
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        accept(world, grant)
        withdraw_grant(world.desk, world.session, grant.grant_id)
        world.clock.advance(TOMORROW + timedelta(minutes=1))
        assert world.work() == [True]
    assert seen.tokens == []


def test_a_partner_that_takes_no_events_leaves_no_code_behind(world, grant):
    news = accept(world, grant)
    world.clock.advance(TOMORROW)
    assert world.work() == [True]
    kept = fetch_deliveries(world.tables, [news.name])[news.name]
    assert (kept.state, kept.code) == (DeliveryState.NO_ADDRESS, "")


def test_whoever_redeems_at_once_is_told_of_at_once_and_once(world, grant):
    """The message of the window is still there; it finds the news told, and tells nothing."""
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        news = accept(world, grant)
        world.tables.commit(*hasten(world.tables, grant.grant_id, world.now))
        assert hasten(world.tables, grant.grant_id, world.now) == ()
        assert world.work() == [True]
        world.clock.advance(TOMORROW)
        assert world.work() == [True]
    (told,) = [opened(one, world.keys.jwks(), ORIGIN, "bicycles") for one in seen.tokens]
    assert told["jti"] == news.event_id
    assert told["iat"] == int((world.now - TOMORROW).timestamp())


def test_what_was_taken_back_or_never_accepted_is_not_hastened(world, grant):
    assert hasten(world.tables, grant.grant_id, world.now) == ()
    accept(world, grant)
    withdraw_grant(world.desk, world.session, grant.grant_id)
    assert hasten(world.tables, grant.grant_id, world.now) == ()
