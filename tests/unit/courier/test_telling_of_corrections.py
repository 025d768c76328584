"""That answers are corrected reaches their partner, apart from the news of the grant's end."""

from __future__ import annotations

import pytest
from mydata_hub.consent.deliveries import (
    Delivery,
    DeliveryState,
    InitiatedBy,
    delivery_message,
    fetch_deliveries,
    put_delivery,
)
from mydata_hub.consent.endings import withdraw_grant
from mydata_hub.oauth.clients import set_event_endpoint
from mydata_hub.oauth.security_events import ANSWERS_CORRECTED, GRANT_ENDED
from mydata_hub.ports.messages import send

from tests.unit.consent.world import ORIGIN
from tests.unit.courier.receiver import opened, receiving
from tests.unit.courier.test_telling import TellingWorld


@pytest.fixture
def world(tmp_path):
    return TellingWorld(tmp_path)


def test_a_partner_is_told_which_answers_are_corrected_and_later_of_the_end(world):
    """The news of a correction has a row of its own: it neither hides nor becomes the end's."""
    with receiving() as (url, seen):
        set_event_endpoint(world.desk, "bicycles", url)
        passkey, session = world.join()
        grant = world.give(passkey, session, world.proposal(counterparty="bicycles"))
        news = Delivery(
            grant_id=grant.grant_id,
            client_id="bicycles",
            event_id="correction-1",
            initiated_by=InitiatedBy.HUB,
            due_at=world.now,
            corrected=("trust.tier@1",),
        )
        world.tables.commit(put_delivery(news), send(delivery_message(news, world.now)))
        assert world.work() == [True]
        withdraw_grant(world.desk, session, grant.grant_id)
        assert world.work() == [True]
    told = [opened(one, world.keys.jwks(), ORIGIN, "bicycles") for one in seen.tokens]
    assert [one["events"] for one in told] == [
        {ANSWERS_CORRECTED: {"grant_id": grant.grant_id, "claims": ["trust.tier@1"]}},
        {GRANT_ENDED: {"grant_id": grant.grant_id, "initiated_by": "person"}},
    ]
    states = fetch_deliveries(world.tables, [news.name, grant.grant_id])
    assert {one.state for one in states.values()} == {DeliveryState.ACKNOWLEDGED}
    assert len(states) == 2
