"""A grant can be made less of with a tap and more of with a signature, and nothing is forgotten."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.consent.amending import history_of, list_versions, narrow_grant
from mydata_hub.consent.approval import approve
from mydata_hub.consent.endings import withdraw_grant
from mydata_hub.consent.grants import fetch_consent, fetch_grant, list_grants, still
from mydata_hub.errors import BadInput, Conflict, HubError, NotAllowed, NotFound

from tests.unit.objects.samples import GRANT

TIER, COMMUTE = "trust_tier@1", "commute.mode@3"


@pytest.fixture
def given_grant(world):
    passkey, session = world.join()
    return world.give(passkey, session), passkey, session


def renew(world, passkey, session, grant, **changes):
    prepared = world.prepare(session, world.proposal(amends=grant, **changes))
    return approve(world.desk, session, prepared.approval, world.sign(passkey, prepared))


def test_a_claim_is_dropped_without_a_signature_and_from_the_commit_on(world, given_grant):
    grant, _, session = given_grant
    narrowed = narrow_grant(world.desk, session, grant.grant_id, items=[COMMUTE])
    assert (narrowed.items, narrowed.version) == ((COMMUTE,), 2)
    assert fetch_grant(world.tables, grant.grant_id) == narrowed
    assert (narrowed.consent_hash, narrowed.assertion) == (grant.consent_hash, grant.assertion)
    with pytest.raises(Conflict):
        world.tables.commit(still(grant))
    (event,) = world.events(session.account_id, "consent_narrowed")
    assert (event.row_version, event.actor) == (2, session.account_id)


def test_the_end_is_brought_forward(world, given_grant):
    grant, _, session = given_grant
    soon = world.now + timedelta(days=1)
    assert narrow_grant(world.desk, session, grant.grant_id, expires_at=soon).expires_at == soon
    world.clock.advance(timedelta(days=1))
    assert fetch_grant(world.tables, grant.grant_id).state(world.now) == "expired"


@pytest.mark.parametrize(
    "less",
    [
        {"items": []},
        {"items": ["income@1"]},
        {"items": [TIER, "income@1"]},
        {"items": ["trust_tier@2"]},
        {"expires_at": timedelta(days=91)},
        {"expires_at": timedelta(0)},
        {"expires_at": timedelta(days=-1)},
    ],
)
def test_nothing_is_widened_without_a_signature(world, given_grant, less):
    grant, _, session = given_grant
    if "expires_at" in less:
        less = {"expires_at": world.now + less["expires_at"]}
    with pytest.raises(BadInput):
        narrow_grant(world.desk, session, grant.grant_id, **less)
    assert fetch_grant(world.tables, grant.grant_id) == grant


def test_the_same_again_changes_nothing(world, given_grant):
    grant, _, session = given_grant
    once = narrow_grant(world.desk, session, grant.grant_id, items=[TIER])
    assert narrow_grant(world.desk, session, grant.grant_id, items=[TIER]) == once
    assert len(world.events(session.account_id, "consent_narrowed")) == 1


def test_nobody_narrows_what_somebody_else_gave_or_what_is_over(world, given_grant):
    grant, _, session = given_grant
    _, other = world.join("민서")
    for grant_id in (grant.grant_id, "unknown"):
        with pytest.raises(NotFound):
            narrow_grant(world.desk, other, grant_id, items=[TIER])
    withdraw_grant(world.desk, session, grant.grant_id)
    with pytest.raises(BadInput, match="ended"):
        narrow_grant(world.desk, session, grant.grant_id, items=[TIER])


def test_what_is_collected_is_made_less_of_by_its_end_alone(world):
    passkey, session = world.join()
    grant = world.give(passkey, session, world.collecting())
    with pytest.raises(BadInput, match="connect again"):
        narrow_grant(world.desk, session, grant.grant_id, items=["card.bills"])
    soon = world.now + timedelta(days=2)
    assert narrow_grant(world.desk, session, grant.grant_id, expires_at=soon).expires_at == soon


def test_more_is_allowed_by_a_new_signature_and_the_grant_keeps_its_name(world, given_grant):
    grant, passkey, session = given_grant
    narrowed = narrow_grant(world.desk, session, grant.grant_id, items=[TIER])
    later = world.now + timedelta(days=200)
    renewed = renew(world, passkey, session, narrowed, expires_at=later)
    assert (renewed.grant_id, renewed.version) == (grant.grant_id, 3)
    assert (renewed.items, renewed.expires_at) == ((TIER, COMMUTE), later)
    assert renewed.consent_hash != grant.consent_hash
    record, _ = fetch_consent(world.tables, grant.grant_id)
    assert record.digest() == renewed.consent_hash
    assert list_grants(world.tables, session.account_id) == (renewed,)
    (event,) = world.events(session.account_id, "consent_renewed")
    assert event.row_version == 3


@pytest.mark.parametrize("meanwhile", ["narrowed", "withdrawn", "renewed", "expired"])
def test_a_signature_counts_against_the_version_that_was_shown(world, given_grant, meanwhile):
    grant, passkey, session = given_grant
    prepared = world.prepare(session, world.proposal(amends=grant))
    match meanwhile:
        case "narrowed":
            narrow_grant(world.desk, session, grant.grant_id, items=[TIER])
        case "withdrawn":
            withdraw_grant(world.desk, session, grant.grant_id)
        case "renewed":
            renew(world, passkey, session, grant)
        case "expired":
            soon = world.now + timedelta(minutes=1)
            short = narrow_grant(world.desk, session, grant.grant_id, expires_at=soon)
            prepared = world.prepare(session, world.proposal(amends=short))
            world.clock.advance(timedelta(minutes=1))
    before, answer = fetch_grant(world.tables, grant.grant_id), world.sign(passkey, prepared)
    with pytest.raises(BadInput, match="meanwhile"):
        approve(world.desk, session, prepared.approval, answer)
    assert fetch_grant(world.tables, grant.grant_id) == before


def test_nobody_signs_for_somebody_else_s_grant(world, given_grant):
    grant, _, _ = given_grant
    _, other = world.join("민서")
    with pytest.raises(NotAllowed):
        world.prepare(other, world.proposal(amends=grant))


def test_every_version_stays_readable_with_what_was_signed_for_it(world, given_grant):
    grant, passkey, session = given_grant
    narrowed = narrow_grant(world.desk, session, grant.grant_id, items=[TIER])
    renewed = renew(world, passkey, session, narrowed)
    ended = withdraw_grant(world.desk, session, grant.grant_id)
    held = list_versions(world.tables, grant.grant_id)
    assert [one.grant for one in held] == [grant, narrowed, renewed, ended]
    assert [one.grant.version for one in held] == [1, 2, 3, 4]
    assert [one.renewed for one in held] == [False, False, True, True]
    for one in held:
        assert one.record.digest() == one.grant.consent_hash
        assert set(one.grant.items) <= set(one.record.items)
        assert one.credential
    with pytest.raises(NotFound):
        list_versions(world.tables, "unknown")


def test_of_many_changes_at_once_none_is_lost_and_each_version_is_kept_once(world, given_grant):
    grant, _, session = given_grant
    ends = [world.now + timedelta(days=60 - day) for day in range(8)]
    start = threading.Barrier(8)

    def race(end):
        start.wait()
        # Somebody brought the end further forward, or the engine was busy.
        with suppress(HubError):
            narrow_grant(world.desk, session, grant.grant_id, expires_at=end)

    threads = [threading.Thread(target=race, args=(end,)) for end in ends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = [one.grant for one in list_versions(world.tables, grant.grant_id)]
    assert [one.version for one in held] == list(range(1, len(held) + 1))
    assert all(one.expires_at > two.expires_at for one, two in pairwise(held))
    assert len(world.events(session.account_id, "consent_narrowed")) == len(held) - 1


def test_a_version_is_kept_in_the_commit_that_replaces_it(world, given_grant):
    grant, _, session = given_grant
    narrow_grant(world.desk, session, grant.grant_id, items=[TIER])
    tables = [(change.key.table, change.key.partition) for change in world.tables.commits[-1]]
    assert ("grants", history_of(grant.grant_id)) in tables


@settings(max_examples=80)
@given(st.sets(st.integers(0, 3)), st.integers(-2, 120))
def test_a_narrowed_grant_never_allows_what_it_did_not(chosen, days):
    grant = replace(GRANT, items=("a@1", "b@1", "c@1"), ended_at=None, ended_as=None)
    items = [("a@1", "b@1", "c@1", "d@1")[number] for number in chosen]
    at = grant.given_at + timedelta(days=1)
    try:
        narrowed = grant.narrow(at, items=items, expires_at=grant.given_at + timedelta(days=days))
    except BadInput:
        return
    assert set(narrowed.items) <= set(grant.items)
    assert at < narrowed.expires_at <= grant.expires_at
    assert narrowed.version in (grant.version, grant.version + 1)
