"""PyPI's requests_oauth2client completes a partner's part against the served hub.

The one thing it is told is the audience of its assertions, as its documentation shows: FAPI 2.0
wants the issuer, and its default is the endpoint.
"""

from __future__ import annotations

import itertools
import json

import pytest
import requests
from joserfc.jwk import ECKey
from requests_oauth2client import (
    InvalidGrant,
    MissingDPoPNonce,
    OAuth2Client,
    PrivateKeyJwt,
)

from tests.protocol.conftest import REDIRECT

DETAILS = [{"type": "mydata_claims", "claims": ["commute.mode"], "purpose": "mobility_service"}]
numbers = itertools.count()


@pytest.fixture
def http():
    """The connections of both, closed at the end."""
    with requests.Session() as session:
        yield session


@pytest.fixture
def client(hub, mydata, http, tmp_path):
    """A registered partner that speaks with this library."""
    key = ECKey.generate_key("P-256", {"kid": "1", "alg": "ES256", "use": "sig"})
    public = tmp_path / "jwks.json"
    public.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    made = mydata(
        *("partner", "add", "--name", "Bicycles", "--jwks", str(public)),
        *("--redirect-uri", REDIRECT, "--purpose", "mobility_service", "--json"),
    )
    client_id = made.json()["client_id"]
    return OAuth2Client.from_discovery_endpoint(
        f"{hub.url}/.well-known/oauth-authorization-server",
        issuer=hub.url,
        auth=PrivateKeyJwt(client_id, key.as_dict(private=True), aud=hub.url),
        redirect_uri=REDIRECT,
        dpop_bound_access_tokens=True,
        session=http,
        testing=True,
    )


@pytest.mark.parametrize("nonce", ["required", "optional"])
def test_a_python_partner_gets_answers_until_the_person_withdraws(nonce, client, http, hub, mydata):
    person = f"Reader {next(numbers)}"
    assert mydata("person", "add", person, "--locale", "en").code == 0
    asked = client.authorization_request(
        scope="claims", authorization_details=json.dumps(DETAILS), nonce=None
    )
    pushed = client.pushed_authorization_request(asked)
    approved = mydata("person", "approve", str(pushed), "--as", person)
    assert approved.code == 0, approved.err
    answer = asked.validate_callback(approved.out.strip())
    token = client.authorization_code(answer)
    assert token.token_type == "DPoP"
    assert token.authorization_details[0]["claims"] == ["commute.mode"]
    described = client.introspect_token(token.access_token)
    assert (described["active"], described["grant_id"]) == (True, token.grant_id)
    asking = {"json": {"claims": ["commute.mode"]}, "headers": {"idempotency-key": "1"}}
    answered = http.post(f"{hub.url}/claims", auth=token, timeout=30, **asking)
    assert answered.status_code == 200, answered.text
    assert answered.json()["answers"][0]["answer"] == "no_answer"
    refreshed = client.refresh_token(token)
    assert refreshed.access_token != token.access_token
    assert client.revoke_access_token(refreshed.access_token)
    assert client.introspect_token(refreshed.access_token) == {"active": False}
    assert client.introspect_token(token.access_token)["active"]
    (grant,) = mydata("person", "grants", "--as", person, "--json").json()["grants"]
    assert mydata("person", "withdraw", grant["grant_id"], "--as", person).code == 0
    # This library takes every 401 of DPoP for a challenge, and says that there is no nonce in it.
    with pytest.raises(MissingDPoPNonce) as refused:
        http.post(f"{hub.url}/claims", auth=token, timeout=30, **asking)
    with refused.value.response as response:
        assert response.status_code == 401
    with pytest.raises(InvalidGrant):
        client.refresh_token(token)
