"""Whatever bytes come instead of a passkey's answer, what comes back is a refusal."""

from __future__ import annotations

import copy

import pytest
from fido2 import cbor
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import CollectedClientData
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mydata_hub.accounts.webauthn import (
    MAX_CREDENTIAL_ID_BYTES,
    claimed_identity,
    creation_options,
    request_options,
    verify_assertion,
    verify_registration,
)
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.errors import BadInput, NotSignedIn

from tests.unit.accounts.conftest import ORIGIN

CHALLENGE = bytes(32)
NAME = "laptop"
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just(2**40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
ANY_CBOR = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8) | st.binary(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.integers(-5, 5) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=8,
)
LAW = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FIELDS = ("id", "rawId", "type", "response", "clientExtensionResults", "authenticatorAttachment")
MADE = ("clientDataJSON", "attestationObject")
SAID = ("clientDataJSON", "authenticatorData", "signature", "userHandle")


def register(desk, passkey):
    options = creation_options(desk, CHALLENGE, user="person", name="지우")
    return passkey.create(options, ORIGIN)


def spoil(answer, member, value):
    spoilt = copy.deepcopy(answer)
    (spoilt if member in FIELDS else spoilt["response"])[member] = value
    return spoilt


def refuses_registration(desk, answer):
    try:
        verify_registration(desk, CHALLENGE, answer, NAME)
    except BadInput:
        return True
    return False


@LAW
@given(
    member=st.sampled_from(FIELDS + MADE),
    value=ANY_JSON | st.binary(max_size=80).map(websafe_encode),
)
def test_a_spoilt_new_passkey_is_refused_or_changes_nothing(desk, member, value):
    made = register(desk, SoftwarePasskey.make())
    truth = verify_registration(desk, CHALLENGE, made, NAME)
    spoilt = spoil(made, member, value)
    assert refuses_registration(desk, spoilt) or (
        verify_registration(desk, CHALLENGE, spoilt, NAME) == truth
    )


def with_key(public_key):
    """A new passkey whose COSE key is whatever it likes."""
    attested = bytes(16) + b"\x00\x04" + b"name" + cbor.encode(public_key)
    data = sha256(b"localhost") + b"\x45" + bytes(4) + attested
    client_data = CollectedClientData.create(
        type="webauthn.create", challenge=CHALLENGE, origin=ORIGIN
    )
    attestation = cbor.encode({"fmt": "none", "authData": data, "attStmt": {}})
    return {
        "id": websafe_encode(b"name"),
        "rawId": websafe_encode(b"name"),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(client_data),
            "attestationObject": websafe_encode(attestation),
        },
    }


@LAW
@given(public_key=ANY_CBOR)
@example(public_key={3: -7})
@example(public_key={1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)})
@example(public_key={1: 3, 3: -257, -1: bytes(256), -2: b"\x01\x00\x01"})
@example(public_key={1: 1, 3: -8, -1: 6, -2: bytes(3)})
def test_a_key_that_can_verify_nothing_makes_no_passkey(desk, public_key):
    assert refuses_registration(desk, with_key(public_key))


@pytest.mark.parametrize("member", sorted({"rawId", *MADE, *SAID}))
@pytest.mark.parametrize("number", [2**40, [2**40], {"length": 2**40}], ids=repr)
def test_a_number_takes_no_memory(desk, member, number):
    passkey = SoftwarePasskey.make()
    made = register(desk, passkey)
    kept = verify_registration(desk, CHALLENGE, made, NAME)
    said = passkey.get(request_options(desk, CHALLENGE), ORIGIN)
    if member in ("rawId", *MADE):
        assert refuses_registration(desk, spoil(made, member, number))
    if member in ("rawId", *SAID):
        with pytest.raises(NotSignedIn):
            claimed_identity(spoil(said, member, number))
        with pytest.raises(NotSignedIn):
            verify_assertion(desk, CHALLENGE, spoil(said, member, number), kept)


@pytest.mark.parametrize("nested", [b"\x81" * 5000, b"\xa1\x00" * 5000], ids=["lists", "maps"])
def test_an_answer_that_nests_without_end_is_refused(desk, nested):
    made = register(desk, SoftwarePasskey.make())
    assert refuses_registration(desk, spoil(made, "attestationObject", websafe_encode(nested)))
    deep = websafe_encode(b'{"type":' + b"[" * 50_000)
    assert refuses_registration(desk, spoil(made, "clientDataJSON", deep))


def test_an_algorithm_that_was_not_offered_is_refused(desk):
    es384 = {1: 2, 3: -35, -1: 2, -2: bytes(48), -3: bytes(48)}
    assert refuses_registration(desk, with_key(es384))


def test_a_credential_id_that_is_too_long_for_a_key_is_refused(desk):
    longest = SoftwarePasskey(credential_id=b"x" * MAX_CREDENTIAL_ID_BYTES)
    assert verify_registration(desk, CHALLENGE, register(desk, longest), NAME)
    longer = SoftwarePasskey(credential_id=b"x" * (MAX_CREDENTIAL_ID_BYTES + 1))
    assert refuses_registration(desk, register(desk, longer))


def test_a_credential_without_an_id_is_refused(desk):
    options = creation_options(desk, CHALLENGE, user="person", name="지우")
    made = SoftwarePasskey(credential_id=b"").create(options, ORIGIN)
    assert refuses_registration(desk, {**made, "id": "", "rawId": ""})


@LAW
@given(
    member=st.sampled_from(FIELDS + SAID),
    value=ANY_JSON | st.binary(max_size=80).map(websafe_encode),
)
def test_a_spoilt_answer_opens_nothing_and_breaks_nothing(desk, member, value):
    passkey = SoftwarePasskey.make()
    kept = verify_registration(desk, CHALLENGE, register(desk, passkey), NAME)
    said = passkey.get(request_options(desk, CHALLENGE), ORIGIN)
    spoilt = spoil(said, member, value)
    try:
        identity = claimed_identity(spoilt)
        verify_assertion(desk, CHALLENGE, spoilt, kept)
    except NotSignedIn:
        return
    # What was spoilt is then nothing that the answer rests on, or names another account.
    rests_on_nothing = ("clientExtensionResults", "authenticatorAttachment", "type", "userHandle")
    assert member in rests_on_nothing or spoilt == said
    assert identity[1] == kept.passkey_id


@LAW
@given(answer=ANY_JSON)
def test_an_answer_that_is_no_answer_at_all_is_refused(desk, answer):
    assert refuses_registration(desk, answer)
    with pytest.raises(NotSignedIn):
        claimed_identity(answer)
