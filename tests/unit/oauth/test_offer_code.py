"""The code of an accepted offer brings its partner, and nobody else, to a token, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.consent.endings import withdraw_grant
from mydata_hub.oauth.offer_code import GRANT_TYPE, put_offer_code

from tests.unit.oauth.test_codes_and_refresh import refused, usable


@pytest.fixture
def accepted(hub, partner):
    """A grant that an acceptance made, whose code the partner was told."""
    passkey, session = hub.join()
    hub.session = session
    hub.grant = hub.give(passkey, session)
    hub.tables.commit(put_offer_code("code-1", hub.grant, "pairwise-1", "authorization-1"))
    return hub


def redeem(partner, code="code-1", **changes):
    return partner.token({"grant_type": GRANT_TYPE, "code": code} | changes)


def test_a_partner_trades_the_code_for_a_token_of_the_grant(accepted, partner):
    answer = redeem(partner)
    assert answer.status == 200
    assert answer.body["grant_id"] == accepted.grant.grant_id
    assert usable(accepted, partner, answer.body["access_token"])
    assert partner.refresh(answer.body["refresh_token"]).status == 200


def test_a_second_use_ends_what_the_first_one_gave(accepted, partner):
    token = redeem(partner).body["access_token"]
    assert refused(redeem(partner), "has been revoked")
    assert not usable(accepted, partner, token)


def test_another_partner_gets_nothing_for_it(accepted, partner):
    other = accepted.partner("rivals", group="rivals")
    assert refused(redeem(other), "another client's")
    assert redeem(partner).status == 200


def test_it_lives_as_long_as_the_grant(accepted, partner):
    accepted.clock.at = accepted.grant.expires_at - timedelta(seconds=1)
    assert redeem(partner).status == 200
    accepted.clock.advance(timedelta(seconds=1))
    assert redeem(partner).status == 400


def test_a_withdrawal_is_stronger_than_the_code(accepted, partner):
    withdraw_grant(accepted.desk, accepted.session, accepted.grant.grant_id)
    assert refused(redeem(partner), "withdrawn")


def test_neither_code_passes_for_the_other(accepted, partner):
    """An acceptance's code has no verifier, so it may not be had from a browser's way or back."""
    assert refused(partner.redeem("code-1"), "code: is unknown")
    assert refused(redeem(partner, code=partner.code(*accepted.join())), "code: is unknown")
