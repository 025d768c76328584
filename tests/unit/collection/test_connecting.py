"""From a person's signature to a connection: who may bring a browser back, and once."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from mydata_hub.collection.connecting import depart, state_key, tell_withdrawn
from mydata_hub.collection.connections import State
from mydata_hub.collection.receiving import Note
from mydata_hub.collection.tokens import open_tokens, tokens_row
from mydata_hub.consent.approval import prepare_approval
from mydata_hub.consent.consent_record import Proposal
from mydata_hub.consent.grant import Frequency, FrequencyUnit, GrantKind, GrantState
from mydata_hub.consent.grants import fetch_grant
from mydata_hub.errors import BadInput, NotFound, NotSignedIn, ProviderFailed, Taken

from tests.unit.collection.collecting_world import ORIGIN


def asked(departure) -> dict[str, str]:
    return {name: told[0] for name, told in parse_qs(urlsplit(departure.location).query).items()}


def test_the_browser_is_sent_with_state_and_a_pkce_challenge(world, jiu) -> None:
    departure = world.leave(jiu)
    assert departure.location.startswith("https://card.example/oauth/2.0/authorize?")
    told = asked(departure)
    assert told["redirect_uri"] == f"{ORIGIN}/connect/sample-card/callback"
    assert told["code_challenge_method"] == "S256"
    assert len(told["state"]) == 43
    assert world.link(jiu).state is State.PENDING
    assert world.grant(jiu).items == ("card.approvals", "card.bills")


def test_what_the_table_keeps_of_a_departure_brings_nobody_back(world, jiu) -> None:
    departure = world.leave(jiu)
    state = asked(departure)["state"]
    key = state_key(state)
    row = world.tables.fetch_many(key)[key]
    kept = f"{row.key.partition} {row.values}"
    assert "verifier" in kept
    assert state not in kept
    assert departure.binding not in kept


def test_a_code_is_traded_with_the_verifier_of_its_departure(world, jiu) -> None:
    departure = world.leave(jiu)
    assert world.come_back(departure) is Note.CONNECTED
    ((at, code, verifier, redirect_uri),) = world.card.exchanged
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    assert challenge.decode().rstrip("=") == asked(departure)["code_challenge"]
    assert (code, at.client_secret) == ("code-1", "s3cret")
    assert redirect_uri == asked(departure)["redirect_uri"]


def test_a_connection_keeps_its_tokens_wrapped_and_records_one_event(world, jiu) -> None:
    link = world.connect(jiu)
    assert (link.state, link.due_at) == (State.CONNECTED, world.clock.now())
    key = tokens_row(link.connection_id)
    row = world.tables.fetch_many(key)[key]
    assert b"access-code-1" not in b"".join(row.values.values())
    assert open_tokens(world.box, link.connection_id, row).access == "access-code-1"
    (event,) = world.events(jiu, "connection_made")
    assert (event.actor, event.row_version) == ("sample-card", link.version)
    assert [message.body["provider_id"] for message in world.asked()] == ["sample-card"]


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "x" * 43},
        {"state": ""},
        {"state": "y" * 5000},
        {"binding": "another browser"},
        {"binding": ""},
        {"provider_id": "other-card"},
    ],
)
def test_a_return_that_is_not_of_this_departure_connects_nothing_and_uses_nothing_up(
    world, jiu, changed
) -> None:
    departure = world.leave(jiu)
    assert world.come_back(departure, **changed) is Note.OVER
    assert world.card.exchanged == []
    assert world.come_back(departure) is Note.CONNECTED


def test_a_return_works_once(world, jiu) -> None:
    departure = world.leave(jiu)
    world.come_back(departure)
    assert world.come_back(departure) is Note.OVER
    assert len(world.card.exchanged) == 1


def test_a_return_after_a_quarter_of_an_hour_is_over(world, jiu) -> None:
    departure = world.leave(jiu)
    world.clock.advance(timedelta(minutes=15, seconds=1))
    assert world.come_back(departure) is Note.OVER


def test_two_returns_at_once_trade_one_code(world, jiu) -> None:
    departure = world.leave(jiu)
    notes = []
    world.tables.before.append(lambda: notes.append(world.come_back(departure)))
    assert world.come_back(departure) is Note.OVER
    assert notes == [Note.CONNECTED]
    assert len(world.card.exchanged) == 1


def test_a_consent_that_was_withdrawn_on_the_way_connects_nothing(world, jiu) -> None:
    departure = world.leave(jiu)
    world.withdraw(jiu)
    assert world.come_back(departure) is Note.WITHDRAWN
    assert world.link(jiu).state is State.PENDING
    assert world.asked() == []


def test_a_withdrawal_that_races_the_connection_wins(world, jiu) -> None:
    departure = world.leave(jiu)
    # The first commit uses the state up, the second makes the identity's key, the third connects.
    world.tables.before += [lambda: None, lambda: None, lambda: world.withdraw(jiu)]
    assert world.come_back(departure) is Note.OVER
    assert world.link(jiu).state is State.PENDING


@pytest.mark.parametrize("told", [{"code": "", "error": "access_denied"}, {"code": "c" * 5000}])
def test_a_refusal_of_the_provider_is_kept_for_the_page(world, jiu, told) -> None:
    assert world.come_back(world.leave(jiu), **told) is Note.REFUSED
    assert world.link(jiu).trouble == "refused"
    assert world.card.exchanged == []


def test_a_provider_that_cannot_be_had_leaves_it_unfinished(world, jiu) -> None:
    world.card.fault = ProviderFailed("unavailable", "HTTP status 500")
    assert world.come_back(world.leave(jiu)) is Note.UNAVAILABLE
    assert world.link(jiu).state is State.PENDING
    world.card.fault = None
    unfinished = world.link(jiu).grant_id
    world.connect(jiu)
    # The first consent led nowhere, so the hub ends it when the second takes its place.
    grants = {grant: state(world, grant) for grant in (unfinished, world.link(jiu).grant_id)}
    assert list(grants.values()) == [GrantState.REVOKED, GrantState.ACTIVE]


def test_a_provider_that_names_nobody_connects_nobody(world, jiu) -> None:
    world.card.identity = " "
    assert world.come_back(world.leave(jiu)) is Note.UNAVAILABLE


def test_an_account_of_another_person_is_refused(world, jiu) -> None:
    world.connect(jiu)
    minho = world.join(name="Minho")
    assert world.come_back(world.leave(minho)) is Note.OTHER_PERSON
    assert world.link(minho).state is State.PENDING
    assert world.link(minho).trouble == "other_person"


def test_what_is_connected_must_be_withdrawn_before_it_is_connected_again(world, jiu) -> None:
    before = world.connect(jiu)
    with pytest.raises(Taken):
        world.leave(jiu)
    world.withdraw(jiu)
    world.deliver()
    after = world.connect(jiu, datasets=("card.approvals",))
    assert after.connection_id == before.connection_id
    assert after.datasets == ("card.approvals",)


@pytest.mark.parametrize("datasets", [(), ("bank.transactions",), ("card.approvals", "x")])
def test_a_person_chooses_of_what_the_provider_has_and_at_least_one(world, jiu, datasets) -> None:
    with pytest.raises(BadInput):
        world.leave(jiu, datasets=datasets)


def test_an_unknown_provider_is_not_found(world, jiu) -> None:
    for name in ("no-such", "", "Sample Card", "../x"):
        with pytest.raises(NotFound):
            world.leave(jiu, provider_id=name)


def test_a_consent_to_a_partner_connects_no_provider(world, jiu) -> None:
    proposal = Proposal(
        kind=GrantKind.RELEASE,
        counterparty="sample-card",
        recipient_group="cards",
        purpose="deposit_waiver",
        items=("trust_tier@1",),
        frequency=Frequency(unit=FrequencyUnit.MONTH, count=1),
        max_bits=8,
        expires_at=world.clock.now() + timedelta(days=90),
        request_hash=bytes(32),
    )
    prepared = prepare_approval(
        world.desk, jiu.session, proposal, proposal.items, locale="ko", wording="질문"
    )
    signed = jiu.passkey.get(prepared.options, ORIGIN)
    with pytest.raises(BadInput):
        depart(world.desk, jiu.session, prepared.approval, signed)
    assert world.link(jiu) is None


def test_a_signature_of_another_passkey_connects_nothing(world, jiu) -> None:
    minho = world.join(name="Minho")
    minho.session = jiu.session
    with pytest.raises(NotSignedIn):
        world.leave(minho)
    assert world.link(jiu) is None


def state(world, grant_id):
    return fetch_grant(world.tables, grant_id).state(world.clock.now())


@pytest.mark.parametrize("wish", ["keep", "delete"])
def test_what_shall_become_of_the_records_is_asked_and_stays_written_down(world, jiu, wish) -> None:
    world.connect(jiu)
    grant = world.withdraw(jiu)
    tell_withdrawn(world.desk, grant, wish)
    assert world.link(jiu).leftover == wish
    tell_withdrawn(world.desk, grant)
    world.deliver()
    assert (world.link(jiu).state, world.link(jiu).leftover) == (State.ENDED, wish)
    world.connect(jiu)
    assert world.link(jiu).leftover == ""
