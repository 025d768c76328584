"""A consent is signed by the person, with a passkey, over exactly this record, once."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from fido2.cose import CoseKey
from fido2.utils import sha256, websafe_decode
from fido2.webauthn import AttestedCredentialData
from mydata_hub.accounts import ceremonies, enrolment, passkeys, recovery
from mydata_hub.accounts.store import list_passkeys, put_passkey
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.consent.approval import LIFETIME, approve
from mydata_hub.consent.grant import GrantState
from mydata_hub.consent.grants import fetch_consent, fetch_grant, list_grants
from mydata_hub.errors import AccountRestricted, BadInput, HubError, NotAllowed, NotSignedIn

from tests.unit.consent.world import ORIGIN, WORDING


def test_an_approved_record_becomes_its_grant_and_an_event(world):
    passkey, session = world.join()
    prepared = world.prepare(session)
    grant = approve(world.desk, session, prepared.approval, world.sign(passkey, prepared))
    assert grant.grant_id == prepared.record.consent_id
    assert grant.state(world.now) is GrantState.ACTIVE
    assert fetch_grant(world.tables, grant.grant_id) == grant
    assert fetch_consent(world.tables, grant.grant_id) == (prepared.record, WORDING)
    (event,) = world.events(session.account_id, "consent_given")
    assert event.actor == session.account_id
    assert (event.row.partition, event.row_version) == (f"grant#{grant.grant_id}", 1)


def test_a_provider_is_collected_from_by_the_same_signature(world):
    passkey, session = world.join()
    grant = world.give(passkey, session, world.collecting(), ["card.approvals"])
    assert (grant.kind, grant.items, grant.recipient_group) == (
        "collect",
        ("card.approvals",),
        None,
    )


def test_the_kept_assertion_proves_the_approval_without_the_hub(world):
    passkey, session = world.join()
    grant = world.give(passkey, session)
    record, _ = fetch_consent(world.tables, grant.grant_id)
    said = {name: websafe_decode(part) for name, part in json.loads(grant.assertion).items()}
    client_data = json.loads(said["clientDataJSON"])
    assert websafe_decode(client_data["challenge"]) == record.challenge()
    assert client_data["origin"] == ORIGIN == record.hub
    assert said["authenticatorData"][32] & 0x04  # user verified
    (held,) = list_passkeys(world.tables, session.account_id)
    assert held.passkey_id == json.loads(grant.assertion)["id"]
    key: CoseKey = AttestedCredentialData(held.credential).public_key
    key.verify(said["authenticatorData"] + sha256(said["clientDataJSON"]), said["signature"])


def test_a_person_approves_fewer_items_than_asked(world):
    passkey, session = world.join()
    assert world.give(passkey, session, items=["commute.mode@3"]).items == ("commute.mode@3",)


def test_a_second_use_of_an_approval_is_refused(world):
    passkey, session = world.join()
    prepared = world.prepare(session)
    answer = world.sign(passkey, prepared)
    approve(world.desk, session, prepared.approval, answer)
    with pytest.raises(BadInput):
        approve(world.desk, session, prepared.approval, answer)
    with pytest.raises(BadInput):
        approve(world.desk, session, prepared.approval, world.sign(passkey, prepared))


def test_an_assertion_over_another_record_is_none(world):
    passkey, session = world.join()
    one, other = world.prepare(session), world.prepare(session)
    with pytest.raises(NotSignedIn):
        approve(world.desk, session, one.approval, world.sign(passkey, other))


def test_a_sign_in_is_no_consent(world):
    passkey, session = world.join()
    prepared = world.prepare(session)
    signed_in = passkey.get(ceremonies.begin_sign_in(world.desk).options, ORIGIN)
    with pytest.raises(NotSignedIn):
        approve(world.desk, session, prepared.approval, signed_in)


@pytest.mark.parametrize(
    "origin", ["http://localhost:8788", "https://localhost:8787", "http://evil"]
)
def test_an_assertion_made_on_another_page_is_refused(world, origin):
    passkey, session = world.join()
    prepared = world.prepare(session)
    with pytest.raises(NotSignedIn):
        approve(world.desk, session, prepared.approval, world.sign(passkey, prepared, origin))


class Careless(SoftwarePasskey):
    """Answers without having verified its user."""

    def authenticator_data(self, flags, attested=b""):
        data = bytearray(super().authenticator_data(flags, attested))
        data[32] &= ~0x04
        return type(super().authenticator_data(flags, attested))(bytes(data))


def test_a_passkey_that_did_not_verify_its_user_signs_nothing(world):
    passkey, session = world.join()
    careless = Careless(
        key=passkey.key,
        credential_id=passkey.credential_id,
        rp_id=passkey.rp_id,
        user_handle=passkey.user_handle,
        counter=passkey.counter,
    )
    prepared = world.prepare(session)
    with pytest.raises(NotSignedIn):
        approve(world.desk, session, prepared.approval, world.sign(careless, prepared))


def test_nobody_signs_for_somebody_else(world):
    passkey, session = world.join()
    stranger, strangers_session = world.join("민서")
    prepared = world.prepare(session)
    with pytest.raises(NotSignedIn):
        approve(world.desk, session, prepared.approval, world.sign(stranger, prepared))
    with pytest.raises(BadInput):
        approve(world.desk, strangers_session, prepared.approval, world.sign(stranger, prepared))
    assert approve(world.desk, session, prepared.approval, world.sign(passkey, prepared))


def test_an_answer_that_does_not_verify_costs_the_person_nothing(world):
    passkey, session = world.join()
    prepared = world.prepare(session)
    with pytest.raises(NotSignedIn):
        approve(
            world.desk, session, prepared.approval, world.sign(passkey, prepared, "http://evil")
        )
    assert approve(world.desk, session, prepared.approval, world.sign(passkey, prepared))


@pytest.mark.parametrize("credential", [{}, {"id": "x"}, {"id": "x", "rawId": "x", "response": {}}])
def test_what_is_no_answer_of_a_passkey_is_refused(world, credential):
    _, session = world.join()
    prepared = world.prepare(session)
    with pytest.raises(NotSignedIn):
        approve(world.desk, session, prepared.approval, credential)


def test_an_approval_ends_after_ten_minutes(world):
    passkey, session = world.join()
    prepared = world.prepare(session)
    answer = world.sign(passkey, prepared)
    world.clock.advance(LIFETIME)
    with pytest.raises(BadInput):
        approve(world.desk, session, prepared.approval, answer)


def test_a_record_that_expired_before_it_was_signed_gives_nothing(world):
    passkey, session = world.join()
    prepared = world.prepare(session, world.proposal(expires_at=world.now + timedelta(seconds=5)))
    world.clock.advance(timedelta(seconds=5))
    with pytest.raises(BadInput):
        approve(world.desk, session, prepared.approval, world.sign(passkey, prepared))


def test_every_prepared_record_has_a_nonce_and_an_id_of_its_own(world):
    _, session = world.join()
    records = [world.prepare(session).record for _ in range(3)]
    assert len({record.nonce for record in records}) == 3
    assert len({record.consent_id for record in records}) == 3


@pytest.mark.parametrize("wording", ["", "가" * 22_000])
def test_a_consent_without_words_or_with_a_flood_of_them_is_not_prepared(world, wording):
    _, session = world.join()
    with pytest.raises(BadInput):
        world.prepare(session, wording=wording)


def test_what_could_not_become_a_grant_is_not_put_to_the_person(world):
    _, session = world.join()
    with pytest.raises(BadInput):
        world.prepare(session, world.proposal(recipient_group=None))


def test_staff_cannot_consent(world):
    link = enrolment.invite(world.desk, "auditor", "감사")
    passkey = SoftwarePasskey.make()
    begun = enrolment.begin_enrolment(world.desk, link.rpartition("/")[2])
    made = passkey.create(begun.options, ORIGIN)
    staff = ceremonies.finish_sign_up(world.desk, begun.ceremony, made, "key").session
    with pytest.raises(NotAllowed):
        world.prepare(staff)


def begin_recovery(world, session):
    code = recovery.issue_recovery_code(world.desk, session)

    def start():
        begun = recovery.begin_recovery(world.desk, code)
        made = SoftwarePasskey.make().create(begun.options, ORIGIN)
        recovery.finish_recovery(world.desk, begun.ceremony, made, "new phone")

    return start


def test_nothing_new_is_consented_to_while_a_recovery_runs(world):
    passkey, session = world.join()
    prepared = world.prepare(session)
    begin_recovery(world, session)()
    with pytest.raises(AccountRestricted):
        world.prepare(session)
    with pytest.raises(AccountRestricted):
        approve(world.desk, session, prepared.approval, world.sign(passkey, prepared))


def test_a_recovery_that_starts_at_the_last_moment_stops_the_approval(world):
    passkey, session = world.join()
    prepared = world.prepare(session)
    world.tables.before.append(begin_recovery(world, session))
    answer = world.sign(passkey, prepared)
    with pytest.raises(AccountRestricted):
        approve(world.desk, session, prepared.approval, answer)
    assert list_grants(world.tables, session.account_id) == ()


def test_a_passkey_that_is_removed_at_the_last_moment_signs_nothing(world):
    first, session = world.join()
    begun = passkeys.begin_add_passkey(world.desk, session)
    second = SoftwarePasskey.make()
    made = second.create(begun.options, ORIGIN)
    added = passkeys.finish_add_passkey(world.desk, session, begun.ceremony, made, "key")
    prepared = world.prepare(session)
    world.tables.before.append(
        lambda: passkeys.remove_passkey(world.desk, session, added.passkey_id)
    )
    with pytest.raises(NotSignedIn):
        approve(world.desk, session, prepared.approval, world.sign(second, prepared))
    assert approve(world.desk, session, prepared.approval, world.sign(first, prepared))


def test_a_passkey_that_is_not_usable_yet_signs_nothing(world):
    passkey, session = world.join()
    (held,) = list_passkeys(world.tables, session.account_id)
    later = replace(held, usable_from=world.now + timedelta(hours=72))
    world.tables.commit(put_passkey(session.account_id, later))
    prepared = world.prepare(session)
    with pytest.raises(NotSignedIn):
        approve(world.desk, session, prepared.approval, world.sign(passkey, prepared))
    world.clock.advance(timedelta(hours=72))
    prepared = world.prepare(session)
    assert approve(world.desk, session, prepared.approval, world.sign(passkey, prepared))


def test_of_many_approvals_at_once_one_makes_the_grant(world):
    passkey, session = world.join()
    prepared = world.prepare(session)
    answers = [world.sign(passkey, prepared) for _ in range(16)]
    outcomes = []

    def race(answer):
        try:
            outcomes.append(approve(world.desk, session, prepared.approval, answer))
        except HubError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=race, args=(answer,)) for answer in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [outcome for outcome in outcomes if not isinstance(outcome, HubError)]
    assert len(made) <= 1
    assert list_grants(world.tables, session.account_id) == tuple(made)
    # Answers that were overtaken by a newer counter look like a copied key; none of them counts.
    assert {type(outcome) for outcome in outcomes if outcome not in made} <= {BadInput, NotSignedIn}
