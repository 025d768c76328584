"""What a client discovers is what the endpoints do."""

from __future__ import annotations

import pytest
from mydata_hub.oauth.metadata import resource_metadata, server_metadata

ISSUER = "https://hub.example"


def test_every_endpoint_is_below_the_issuer():
    metadata = server_metadata(ISSUER)
    assert metadata["issuer"] == ISSUER
    endpoints = [value for name, value in metadata.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(endpoints) == len(set(endpoints)) == 8
    assert all(endpoint.startswith(ISSUER + "/") for endpoint in endpoints)


@pytest.mark.fapi2("fapi2-security-profile-final-discovery-end-point-verification")
def test_the_server_says_what_fapi_2_asks_it_to_say():
    metadata = server_metadata(ISSUER)
    assert metadata["require_pushed_authorization_requests"] is True
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["authorization_details_types_supported"] == ["mydata_claims"]
    for endpoint in ("token", "introspection", "revocation"):
        assert metadata[f"{endpoint}_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    for name, value in metadata.items():
        if "alg_values" in name:
            assert value == ["ES256", "PS256", "EdDSA", "Ed25519"]


@pytest.mark.parametrize("grant_type", server_metadata(ISSUER)["grant_types_supported"])
def test_every_grant_type_that_is_named_is_served(partner, grant_type):
    answer = partner.token({"grant_type": grant_type})
    assert answer.body.get("error") != "unsupported_grant_type"


def test_the_resource_wants_bound_tokens_of_this_server():
    metadata = resource_metadata(ISSUER)
    assert metadata["resource"] == ISSUER
    assert metadata["authorization_servers"] == [ISSUER]
    assert metadata["dpop_bound_access_tokens_required"] is True
    assert metadata["bearer_methods_supported"] == []
