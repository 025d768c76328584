"""An acceptance that is withdrawn before its partner heard of it is never told, nor is its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.consent.deliveries import (
    Delivery,
    DeliveryState,
    InitiatedBy,
    acceptance_of,
    delivery_message,
    fetch_deliveries,
    put_delivery,
)
from mydata_hub.ports.messages import send

from tests.unit.consent.test_endings import ENDS, messages, news_of

TOMORROW = timedelta(days=1)


def accept(world, grant, **changes):
    """The news that waits for the end of its window."""
    news = Delivery(
        grant_id=grant.grant_id,
        client_id="bicycles",
        event_id="event-1",
        initiated_by=InitiatedBy.PERSON,
        due_at=world.now + TOMORROW,
        offer="bicycles.deposit@1",
        code="secret",
        **changes,
    )
    world.tables.commit(put_delivery(news), send(delivery_message(news, news.due_at)))
    return news


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_who_was_never_told_of_an_acceptance_is_not_told_of_its_end(world, end):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    news = accept(world, grant)
    end(world, session, grant)
    kept = fetch_deliveries(world.tables, [news.name])[acceptance_of(grant.grant_id)]
    assert (kept.state, kept.code) == (DeliveryState.TAKEN_BACK, "")
    assert news_of(world, grant).state is DeliveryState.TAKEN_BACK
    # Only the message of the acceptance is left, and the courier drops it for its state.
    (left,) = messages(world, 3 * TOMORROW)
    assert left.body == {"grant_id": grant.grant_id, "event_id": "accepted"}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_who_may_have_heard_of_an_acceptance_is_told_of_its_end(world, end):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    news = accept(world, grant, tries=1, state=DeliveryState.SENT)
    end(world, session, grant)
    told = news_of(world, grant)
    assert (told.state, told.offer, told.initiated_by) == (DeliveryState.WAITING, "", ENDS[end])
    kept = fetch_deliveries(world.tables, [news.name])[news.name]
    assert replace(kept, version=0) == news
