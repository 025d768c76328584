"""Metadata: what a client discovers (RFC 8414, RFC 9728); the paths of the endpoints are here."""

from __future__ import annotations

from typing import Any, Final

from mydata_hub.oauth.amendments import CREATE, MERGE, REPLACE
from mydata_hub.oauth.authorization_details import TYPE
from mydata_hub.oauth.jose import ALGORITHMS
from mydata_hub.oauth.scopes import ALL
from mydata_hub.oauth.security_events import ATTEST
from mydata_hub.oauth.token_endpoint import EXCHANGES

SERVER_METADATA: Final = "/.well-known/oauth-authorization-server"
RESOURCE_METADATA: Final = "/.well-known/oauth-protected-resource"
AUTHORIZE: Final = "/authorize"
PAR: Final = "/oauth/par"
TOKEN: Final = "/oauth/token"  # noqa: S105 (a path)
INTROSPECT: Final = "/oauth/introspect"
REVOKE: Final = "/oauth/revoke"
JWKS: Final = "/oauth/jwks"
GRANTS: Final = "/oauth/grants"
ANSWERS_ISSUER: Final = "/.well-known/jwt-vc-issuer"
ANSWERS_JWKS: Final = "/claims/jwks"
ANSWERS_KEY: Final = "/claims/keys/{kid}"


def server_metadata(issuer: str) -> dict[str, Any]:
    """RFC 8414 section 2, with the members of RFC 9126, 9207, 9396, 9449 and grant management."""
    authenticates: dict[str, Any] = {}
    for endpoint in ("token", "introspection", "revocation"):
        authenticates[f"{endpoint}_endpoint_auth_methods_supported"] = ["private_key_jwt"]
        name = f"{endpoint}_endpoint_auth_signing_alg_values_supported"
        authenticates[name] = list(ALGORITHMS)
    return authenticates | {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE,
        "pushed_authorization_request_endpoint": issuer + PAR,
        "require_pushed_authorization_requests": True,
        "token_endpoint": issuer + TOKEN,
        "introspection_endpoint": issuer + INTROSPECT,
        "revocation_endpoint": issuer + REVOKE,
        "jwks_uri": issuer + JWKS,
        "scopes_supported": list(ALL),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(EXCHANGES),
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "authorization_details_types_supported": [TYPE],
        "grant_management_endpoint": issuer + GRANTS,
        "grant_management_actions_supported": [CREATE, MERGE, REPLACE, "query", "revoke"],
        "grant_management_action_required": False,
        "protected_resources": [issuer],
        "deletion_attestation_endpoint": issuer + ATTEST,
        "ui_locales_supported": ["ko", "en"],
    }


def resource_metadata(issuer: str) -> dict[str, Any]:
    """RFC 9728 section 2: the hub is one resource, named as its issuer."""
    return {
        "resource": issuer,
        "authorization_servers": [issuer],
        # The keys that sign answers and receipts; those of access tokens are the server's.
        "jwks_uri": issuer + ANSWERS_JWKS,
        "scopes_supported": list(ALL),
        "bearer_methods_supported": [],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_bound_access_tokens_required": True,
        "authorization_details_types_supported": [TYPE],
    }


def answers_issuer_metadata(issuer: str) -> dict[str, Any]:
    """Where verifiers of SD-JWT VCs find the keys of an issuer (its draft's JWT VC metadata)."""
    return {"issuer": issuer, "jwks_uri": issuer + ANSWERS_JWKS}
