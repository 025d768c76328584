"""The command line's own authenticator speaks WebAuthn and keeps its secret to its user."""

from __future__ import annotations

import json
import stat

import pytest
from fido2.server import Fido2Server
from fido2.webauthn import PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity
from mydata_hub.accounts.webauthn import SOFTWARE_AAGUID
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.errors import BadInput, Damaged, Taken

ORIGIN = "http://localhost:8787"
USER = PublicKeyCredentialUserEntity(id=b"person", name="Jiu", display_name="Jiu")


@pytest.fixture
def server():
    return Fido2Server(
        PublicKeyCredentialRpEntity(id="localhost", name="MyData Hub"),
        verify_origin=lambda origin: origin == ORIGIN,
    )


def options_of(begun):
    return json.loads(json.dumps(dict(begun.public_key), default=dict))


def register(server, passkey):
    begun, state = server.register_begin(USER, user_verification="required")
    made = json.loads(json.dumps(passkey.create(options_of(begun), ORIGIN)))
    return server.register_complete(state, made)


def assert_opens(server, passkey, credential):
    begun, state = server.authenticate_begin(user_verification="required")
    said = json.loads(json.dumps(passkey.get(options_of(begun), ORIGIN)))
    assert server.authenticate_complete(state, [credential], said) == credential
    return said


def test_an_independent_verifier_accepts_what_it_makes_and_says(server):
    passkey = SoftwarePasskey.make()
    data = register(server, passkey)
    assert data.credential_data.aaguid == SOFTWARE_AAGUID
    assert data.is_user_verified()
    assert not data.is_backup_eligible()
    assert_opens(server, passkey, data.credential_data)


def test_each_use_counts_one_further_also_after_a_restart(server, tmp_path):
    passkey = SoftwarePasskey.make()
    passkey.save(tmp_path / "key.json")
    credential = register(server, passkey).credential_data
    for use in (1, 2, 3):
        passkey = SoftwarePasskey.load(tmp_path / "key.json")
        assert_opens(server, passkey, credential)
        assert passkey.counter == use
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]


def test_two_passkeys_share_nothing():
    one, other = SoftwarePasskey.make(), SoftwarePasskey.make()
    assert one.credential_id != other.credential_id
    assert one.key.private_numbers() != other.key.private_numbers()


def test_its_file_is_for_its_user_alone_and_replaces_no_other(tmp_path):
    path = tmp_path / "key.json"
    first = SoftwarePasskey.make()
    first.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(Taken):
        SoftwarePasskey.make().save(path)
    assert SoftwarePasskey.load(path).credential_id == first.credential_id


def test_the_file_stays_private_when_it_is_written_again(server, tmp_path):
    passkey = SoftwarePasskey.make()
    passkey.save(tmp_path / "key.json")
    register(server, passkey)
    assert stat.S_IMODE((tmp_path / "key.json").stat().st_mode) == 0o600
    assert SoftwarePasskey.load(tmp_path / "key.json").user_handle == b"person"


def test_its_key_is_not_in_its_representation():
    assert "key=" not in repr(SoftwarePasskey.make())


def test_it_answers_for_no_other_hub_than_its_own(server):
    passkey = SoftwarePasskey.make()
    register(server, passkey)
    with pytest.raises(BadInput):
        passkey.get({"rpId": "elsewhere.example", "challenge": "AAAA"}, ORIGIN)
    assert passkey.counter == 0


def test_a_hub_that_does_not_offer_its_algorithm_is_told_so(server):
    begun, _ = server.register_begin(USER)
    options = options_of(begun) | {"pubKeyCredParams": [{"type": "public-key", "alg": -8}]}
    with pytest.raises(BadInput):
        SoftwarePasskey.make().create(options, ORIGIN)


# A private key of another kind, Ed25519, as RFC 8410 section 10.3 prints it.
ED25519 = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp-K06_nwoy_HU--CXqI9EdVhC"


@pytest.mark.parametrize(
    "damage",
    [
        {"format": 2},
        {"private_key": "AAAA"},
        {"private_key": ED25519},
        {"counter": "many"},
        {"credential_id": None},
        None,
    ],
    ids=["newer format", "no key", "another kind of key", "no number", "no id", "no object"],
)
def test_a_damaged_file_is_told_as_such(tmp_path, damage):
    path = tmp_path / "key.json"
    SoftwarePasskey.make().save(path)
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(damage and kept | damage))
    with pytest.raises(Damaged):
        SoftwarePasskey.load(path)
