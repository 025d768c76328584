"""The same request to the gate again: the same bytes, checked anew, logged and not charged."""

from __future__ import annotations

import pytest
from mydata_hub.errors import OAuthRefused
from mydata_hub.release.release import Release

from tests.unit.release.gate_readings import DAY, ledger, refused, total
from tests.unit.release.world import MORNING, TIME


def test_a_repeated_request_gets_the_same_bytes_and_is_logged_and_not_charged(asked):
    first = asked.ask(asked.grant, key="one")
    again = asked.ask(asked.grant, key="one")
    assert again.body == first.body
    assert (first.repeated, again.repeated) == (False, True)
    assert total(asked) == 15850
    assert ledger(asked).used(asked.grant, asked.now) == 1
    events = asked.released(asked.grant.subject)
    assert [event.kind for event in events] == ["claims_answered", "claims_repeated"]
    assert [str(Release.decode(event.payload).bits) for event in events] == ["1.5850", "0.0000"]


def test_a_repeated_request_is_checked_like_the_first(asked):
    asked.ask(asked.grant, key="one")
    suspended = asked.client(suspended=True)
    assert refused(lambda: asked.ask(asked.grant, key="one", client=suspended)) == "suspended"
    asked.withdraw(asked.session, asked.grant)
    with pytest.raises(OAuthRefused):
        asked.ask(asked.grant, key="one")


@pytest.mark.parametrize("change", [{"jkt": "B" * 43}, {"anew": True}, {"claims": (TIME,)}])
def test_a_key_that_was_used_for_another_request_is_refused(asked, change):
    asked.ask(asked.grant, key="one")
    claims = change.pop("claims", (MORNING,))
    ask = lambda: asked.ask(asked.grant, *claims, key="one", **change)  # noqa: E731
    assert refused(ask) == "idempotency_key"
    assert total(asked) == 15850


def test_a_key_belongs_to_its_client(asked):
    other = asked.client("scooters")
    grant, _ = asked.consent(other)
    first = asked.ask(asked.grant, key="one")
    assert not asked.ask(grant, key="one", client=other).repeated
    assert not first.repeated


def test_after_a_day_a_key_is_free_again(asked):
    asked.ask(asked.grant, key="one")
    asked.clock.advance(DAY)
    assert not asked.ask(asked.grant, key="one").repeated


def test_a_proof_serves_one_request_refused_ones_included(asked):
    refused(lambda: asked.ask(asked.grant, "insurance.car_cover", proof="p"))
    for claim in (MORNING, "insurance.car_cover"):
        with pytest.raises(OAuthRefused, match="has been used"):
            asked.ask(asked.grant, claim, proof="p")
    assert len(asked.released(asked.grant.subject)) == 1
