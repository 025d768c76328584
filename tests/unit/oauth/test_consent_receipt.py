"""A consent receipt: what was signed, who can check it, and what the partner's copy lacks."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.consent.amending import list_versions, narrow_grant
from mydata_hub.consent.grants import fetch_grant_row, read_held
from mydata_hub.consent.signature import check_signature
from mydata_hub.consent.states import DPV, ConsentState, state_of
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.errors import NotFound, NotProven
from mydata_hub.insights.purposes import PURPOSES
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.consent_receipt import (
    Counterparty,
    issue_consent_receipt,
    verify_consent_receipt,
)
from mydata_hub.oauth.grant_management import give_receipt
from mydata_hub.oauth.jose import peek
from mydata_hub.oauth.metadata import GRANTS

from tests.unit.consent.world import ORIGIN, WORDING

ITEMS = ("commute.mode@1", "commute.transfers@1")


@pytest.fixture
def signed(hub, tmp_path):
    """A person, and a grant they signed for claims of the published catalogue."""
    hub.keys = SigningKeys(LocalSigner(tmp_path / "receipts", "receipts", "ES256"))
    passkey, session = hub.join()
    asked = hub.proposal(items=ITEMS, purpose="mobility_service")
    return hub.give(passkey, session, asked), passkey, session


def held_of(hub, grant):
    return read_held(fetch_grant_row(hub.tables, grant.grant_id))


def issue(hub, grant, own=True):
    return issue_consent_receipt(
        hub.keys,
        ORIGIN,
        held_of(hub, grant),
        subject="pairwise-1",
        party=Counterparty(name="자전거", contact="mailto:dpo@bicycles.example"),
        now=hub.now,
        own=own,
    )


def verify(hub, receipt):
    encoded = receipt if isinstance(receipt, bytes) else json.dumps(receipt).encode()
    return verify_consent_receipt(encoded, hub.keys.public)


def test_the_person_s_copy_verifies_with_the_hub_s_key_and_nothing_else(hub, signed):
    grant, _, _ = signed
    found = verify(hub, issue(hub, grant))
    assert found.signed == held_of(hub, grant).record
    assert found.statement["state"] == "given"


def test_the_statement_has_the_fields_of_iso_27560_and_the_terms_of_dpv(hub, signed):
    grant, _, _ = signed
    statement = verify(hub, issue(hub, grant)).statement
    assert statement["schema_version"] == "ISO/IEC TS 27560:2023"
    header = {"receipt_id", "record_id", "pii_principal_id", "language", "privacy_notice"}
    assert header | {"purposes", "party_identification", "events"} <= statement.keys()
    (purpose,) = statement["purposes"]
    assert purpose["purpose_type"] == f"dpv:{PURPOSES['mobility_service'].dpv}"
    assert purpose["lawful_basis"] == "dpv:Consent"
    assert [one["pii_type"] for one in purpose["pii_information"]] == list(ITEMS)
    assert all(one["allowed"] and one["question"]["ko"] for one in purpose["pii_information"])
    assert purpose["withdrawal_method"] == f"{ORIGIN}/consents/{grant.grant_id}"
    assert [one["party_id"] for one in statement["party_identification"]] == ["hub", "bicycles"]
    (event,) = statement["events"]
    assert (event["event_state"], event["entity_id"]) == ("dpv:ConsentGiven", "pii_principal")


def test_the_partner_s_copy_commits_to_the_signature_and_shows_nothing_of_it(hub, signed):
    grant, passkey, session = signed
    own, theirs = (json.loads(issue(hub, grant, own=whose)) for whose in (True, False))
    assert verify(hub, theirs).signed is None
    assert theirs["approval"] is None
    same = [peek(one["statement"]).claims["approval"]["sha256"] for one in (own, theirs)]
    assert same[0] == same[1]
    told = json.dumps(theirs) + str(peek(theirs["statement"]).claims)
    held = held_of(hub, grant)
    for secret in (
        session.account_id,
        base64.urlsafe_b64encode(held.record.nonce).decode().rstrip("="),
        base64.urlsafe_b64encode(passkey.credential_id).decode().rstrip("="),
        json.loads(grant.assertion)["signature"],
        WORDING,
    ):
        assert secret not in told
    # Who has the person's copy opens the commitment of the partner's.
    assert verify(hub, {**own, "statement": theirs["statement"]}).signed == held.record


@pytest.mark.parametrize("state", ConsentState)
def test_every_state_has_a_term_of_the_vocabulary(state):
    assert DPV[state]
    assert len(set(DPV.values())) == len(DPV)


def test_states_stay_distinct_and_expiry_is_judged_when_it_is_asked_for(hub, signed):
    grant, passkey, session = signed
    again = hub.give(passkey, session, hub.proposal(items=ITEMS, purpose="mobility_service"))
    late = hub.give(passkey, session, hub.proposal(items=ITEMS, purpose="mobility_service"))
    renewal = hub.proposal(items=ITEMS, purpose="mobility_service", amends=late)
    hub.give(passkey, session, renewal)
    from mydata_hub.consent.endings import revoke_grant

    hub.withdraw(session, grant.grant_id)
    revoke_grant(hub.desk, again.grant_id, "hub")
    held = [held_of(hub, one) for one in (grant, again, late)]
    assert [state_of(one, hub.now).value for one in held] == ["withdrawn", "revoked", "renewed"]
    later = hub.now + timedelta(days=91)
    assert [state_of(one, later).value for one in held] == ["withdrawn", "revoked", "expired"]
    states = [verify(hub, issue(hub, one)).statement["state"] for one in (grant, again, late)]
    assert states == ["withdrawn", "revoked", "renewed"]


def test_a_narrowed_consent_s_receipt_flags_what_was_taken_back(hub, signed):
    grant, _, session = signed
    narrow_grant(hub.desk, session, grant.grant_id, items=[ITEMS[1]])
    found = verify(hub, issue(hub, grant))
    (purpose,) = found.statement["purposes"]
    assert [one["allowed"] for one in purpose["pii_information"]] == [False, True]
    assert found.statement["receipt_id"] == f"{grant.grant_id}.2"
    assert found.signed.items == ITEMS
    first = list_versions(hub.tables, grant.grant_id)[0]
    assert first.grant == grant


def damaged(receipt, part):
    own = json.loads(receipt)
    other = dict(own["approval"])
    match part:
        case "wording":
            other["wording"] += "!"
        case "salt":
            other["salt"] = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
        case "record":
            record = json.loads(base64.urlsafe_b64decode(other["record"] + "=="))
            encoded = json.dumps({**record, "max_bits": 64}, separators=(",", ":"), sort_keys=True)
            other["record"] = base64.urlsafe_b64encode(encoded.encode()).decode().rstrip("=")
        case "cut":
            del other["assertion"]
        case "statement":
            own["statement"] = own["statement"][:-8] + "AAAAAAAA"
    return {**own, "approval": other}


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("wording", "wording"),
        ("salt", "commitment"),
        ("record", "record"),
        ("cut", "approval"),
        ("statement", "signature"),
    ],
)
def test_a_change_of_any_part_is_found_and_named(hub, signed, part, words):
    with pytest.raises(NotProven, match=words):
        verify(hub, damaged(issue(hub, signed[0]), part))


@pytest.mark.parametrize(
    "encoded", [b"", b"[]", b"{}", b"\xff", b'{"object":"consent_receipt"}', b"[" * 300_000]
)
def test_what_is_no_receipt_is_refused(hub, signed, encoded):
    with pytest.raises(NotProven):
        verify(hub, encoded)


def test_a_receipt_that_another_hub_signed_is_refused(hub, signed):
    with pytest.raises(NotProven, match="signature"):
        verify_consent_receipt(issue(hub, signed[0]), [ECKey.generate_key("P-256")])


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("challenge", "other record"),
        ("origin", "other page"),
        ("passkey", "other passkey"),
        ("signature", "other key"),
        ("user verification", "no verification"),
        ("ceremony", "registration"),
    ],
)
def test_the_signature_is_over_this_record_on_this_hub_by_this_passkey(hub, signed, part, wrong):
    grant, passkey, _ = signed
    held = held_of(hub, grant)
    options = {"rpId": "localhost", "challenge": b64(held.record.challenge())}
    other, credential = passkey, held.credential
    origin = ORIGIN
    match wrong:
        case "other record":
            options["challenge"] = b64(bytes(32))
        case "other page":
            origin = "http://localhost:9999"
        case "other passkey":
            other = SoftwarePasskey.make()
            other.rp_id = "localhost"
        case "other key":
            other = SoftwarePasskey.make()
            other.rp_id, other.credential_id = "localhost", passkey.credential_id
        case "no verification":
            other = Unverified(passkey)
        case "registration":
            other = Registering(passkey)
    answer = other.get(options, origin)
    assertion = json.dumps({"id": answer["id"], **answer["response"]}).encode()
    with pytest.raises(NotProven, match=part):
        check_signature(held.record, assertion, credential)


def test_what_was_signed_before_its_passkey_was_kept_says_so(hub, signed):
    from dataclasses import replace

    grant, _, _ = signed
    held = replace(held_of(hub, grant), credential=None)
    party = Counterparty(name="자전거")
    receipt = issue_consent_receipt(
        hub.keys, ORIGIN, held, subject="p", party=party, now=hub.now, own=True
    )
    with pytest.raises(NotProven, match="passkey"):
        verify(hub, receipt)


def test_a_client_gets_its_copy_also_after_the_end_and_nobody_else_does(hub, signed, tmp_path):
    from dataclasses import replace

    hub.authority = replace(hub.authority, receipt_keys=hub.keys)
    partner, other = hub.partner("bicycles"), hub.partner("insurer")
    grant, _, session = signed
    path = f"{GRANTS}/{grant.grant_id}/receipt"

    def ask(who):
        call = who.resource(who.own_token(), "GET", path)
        return give_receipt(hub.authority, call, grant.grant_id)

    assert verify(hub, dict(ask(partner).body)).statement["state"] == "given"
    hub.withdraw(session, grant.grant_id)
    found = verify(hub, dict(ask(partner).body))
    assert (found.statement["state"], found.signed) == ("withdrawn", None)
    with pytest.raises(NotFound):
        ask(other)


def b64(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class Unverified(SoftwarePasskey):
    """An authenticator that did not ask its user for anything."""

    def __init__(self, of):
        super().__init__(**{name: getattr(of, name) for name in FIELDS})

    def authenticator_data(self, flags, attested=b""):
        from fido2.utils import sha256
        from fido2.webauthn import AuthenticatorData

        flags |= AuthenticatorData.FLAG.UP
        return AuthenticatorData.create(sha256(self.rp_id.encode()), flags, self.counter, attested)


class Registering(Unverified):
    """An answer of another ceremony, with an otherwise good signature."""

    authenticator_data = SoftwarePasskey.authenticator_data

    def client_data(self, kind, challenge, origin):
        return super().client_data("webauthn.create", challenge, origin)


FIELDS = ("key", "credential_id", "rp_id", "user_handle", "counter")
