"""What a request costs at the engine: each read and each commit is a call that is paid for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mydata_hub.oauth.dpop_nonce import WINDOW, current_nonce

from tests.unit.oauth.hub import said


class Counting:
    """Tables that count their calls."""

    def __init__(self, tables):
        self._tables, self.reads, self.commits = tables, 0, 0

    def __getattr__(self, name):
        return getattr(self._tables, name)

    def fetch_many(self, *keys):
        self.reads += 1
        return self._tables.fetch_many(*keys)

    def commit(self, *changes):
        self.commits += 1
        return self._tables.commit(*changes)


@pytest.fixture
def counting(hub):
    """Every call of the authority from now on."""
    tables = Counting(hub.tables)
    hub.authority = replace(hub.authority, desk=replace(hub.desk, tables=tables))

    def calls(act):
        before = tables.reads, tables.commits
        answer = act()
        assert answer.status in (200, 201), answer.body
        return tables.reads - before[0], tables.commits - before[1]

    return calls


def test_a_request_reads_its_client_what_was_spent_and_what_it_is_about(hub, partner, counting):
    tokens = partner.tokens(*hub.join())
    assert counting(partner.push) == (2, 1)
    assert counting(lambda: partner.refresh(tokens["refresh_token"])) == (4, 1)
    assert counting(lambda: partner.introspect(tokens["access_token"])) == (3, 1)
    assert counting(lambda: partner.introspect(tokens["refresh_token"])) == (4, 1)


def test_a_nonce_is_read_once_in_its_window_and_another_one_after_it(hub, partner, counting):
    hub.demanding_nonces()
    nonce = current_nonce(hub.desk)

    def push():
        return partner.push(dpop=partner.proof(path="/oauth/par", nonce=nonce))

    assert counting(push) == (3, 1)
    assert counting(push) == (2, 1)
    # It is good for the next window as well, and for no further one, kept or not.
    hub.clock.advance(WINDOW)
    assert counting(push) == (2, 1)
    hub.clock.advance(WINDOW)
    assert push().body["error"] == "use_dpop_nonce"
    nonce = current_nonce(hub.desk)
    assert counting(push) == (3, 1)


def test_a_refresh_sees_an_end_that_another_instance_wrote_a_moment_ago(hub, partner):
    """Nothing of a grant, a client or a token is kept between requests."""
    person = hub.join()
    tokens = partner.tokens(*person)
    assert partner.refresh(tokens["refresh_token"]).status == 200
    hub.withdraw(person[1], tokens["grant_id"])
    assert partner.refresh(tokens["refresh_token"]).body["error"] == "invalid_grant"
    code = said(hub.approve(*person, partner.question()))["code"]
    again = partner.redeem(code).body
    assert partner.revoke(again["refresh_token"]).status == 200
    assert partner.refresh(again["refresh_token"]).body["error"] == "invalid_grant"
