"""The description of the hub's API for partners, as an OpenAPI 3.1 document.

OAuth is discovered and not described here: its endpoints are in RFC 8414 metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mydata_hub import __version__
from mydata_hub.web.openapi_schemas import SCHEMAS

_PROBLEM: Final = {
    "description": "A problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_OAUTH_ERROR: Final = {
    "description": "An error as the OAuth endpoints write it (RFC 6749 section 5.2)",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "error": {"type": "string"},
                    "error_description": {"type": "string"},
                },
                "required": ["error"],
            }
        }
    },
}
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Names this asking: sent again it gives the same answers and is charged once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_PROOF: Final = {
    "name": "DPoP",
    "in": "header",
    "required": True,
    "description": "The proof for this request (RFC 9449), with the nonce of the last answer.",
    "schema": {"type": "string"},
}


# Forms as those of the OAuth endpoints: the partner proves itself with each (RFC 7523).
_ASSERTION: Final = {
    "client_assertion_type": {
        "const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    },
    "client_assertion": {"type": "string"},
}
_OFFER: Final = {
    "offer": {"type": "string", "description": "The offer, as JSON text"},
    "replaces": {
        "type": "string",
        "pattern": "^[0-9]{1,8}$",
        "description": "The latest version, where another offer has this name",
    },
}
_COUPON: Final = {
    "coupon": {"type": "string", "description": "The coupon, as its owner shows it"},
    "till": {"type": "string", "description": "The name of the till, where the coupon names one"},
}
_OPTIONAL: Final = frozenset({"replaces", "till"})
_OFFER_ID: Final = {"offer_id": {"type": "string"}}


def describe_api(issuer: str) -> dict[str, Any]:
    """What `GET /openapi.json` answers."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MyData Hub",
            "version": __version__,
            "summary": "Partners get answers, never records.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": issuer}],
        "paths": _paths(),
        "components": {
            "schemas": SCHEMAS,
            "responses": {"OAuthError": _OAUTH_ERROR},
            "securitySchemes": {
                "dpop": {
                    "type": "http",
                    "scheme": "dpop",
                    "description": (
                        "An access token bound to a key (RFC 9449), issued by the authorization "
                        f"server that {issuer}/.well-known/oauth-protected-resource names."
                    ),
                }
            },
        },
    }


def _paths() -> dict[str, Any]:
    return {
        "/catalogue": _read("The questions that may be asked, each with its answers", "Catalogue"),
        "/purposes": _read("What answers may be used for: a closed list", "Purposes"),
        "/dry-run": {"get": _dry_run()},
        "/openapi.json": _read("This document", None),
        "/claims": {"post": _claims()},
        "/claims/jwks": _read("The keys of answers and receipts (RFC 7517)", "Keys"),
        "/claims/keys/{kid}": {"get": _key()},
        "/receipts/{event_id}": {"get": _receipt()},
        "/offers/snapshot": {"get": _snapshot()},
        "/offers/blobs/{sha256}": {"get": _offer_blob()},
        "/offers/jwks": _read("The keys of snapshots of offers (RFC 7517)", "Keys"),
        "/offers": {
            "post": _offer_call("Publish an offer: it waits for an operator", "201", _OFFER)
        },
        "/offers/withdraw": {"post": _offer_call("Take an offer back", "200", _OFFER_ID)},
        "/offers/list": {"post": _offer_call("The partner's own offers", "200", {})},
        "/coupons/redeem": {"post": _offer_call("Redeem a coupon, once", "200", _COUPON)},
        "/coupons/jwks": _read("The keys of coupons (RFC 7517)", "Keys"),
        "/offers/report": {
            "post": _offer_call("Acceptances by days that are over", "200", _OFFER_ID)
        },
        "/log/checkpoint": {"get": _log("The latest checkpoint of the log", "text/plain")},
        "/log/tile/{level}/{index}": {
            "get": _log(
                "A tile of hashes, or with level `entries` of entries (C2SP tlog-tiles)",
                "application/octet-stream",
                _in_path("level", r"^([0-9]|[1-5][0-9]|6[0-3]|entries)$"),
                # From the 1,000th tile on, further `x<three digits>/` stand before the last three.
                _in_path("index", r"^(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?$"),
            )
        },
    }


def _read(summary: str, schema: str | None) -> dict[str, Any]:
    body = {"$ref": f"#/components/schemas/{schema}"} if schema else {"type": "object"}
    return {"get": {"summary": summary, "security": [], "responses": {"200": _json(body)}}}


def _dry_run() -> dict[str, Any]:
    parameters: dict[str, tuple[dict[str, Any], str, bool]] = {
        "claims": ({"type": "string"}, "Ids of claims, with commas between them", True),
        "purpose": ({"type": "string"}, "One of /purposes", True),
        "max_bits": ({"type": "integer", "minimum": 1, "maximum": 16}, "16 if left out", False),
        "unit": ({"enum": ["day", "week", "month"]}, "Of the frequency; month if left out", False),
        "count": ({"type": "integer", "minimum": 1}, "Of the frequency; 1 if left out", False),
        "days": ({"type": "integer", "minimum": 1, "maximum": 366}, "90 if left out", False),
    }
    return {
        "summary": "What a consent would tell at most, and its price; nothing of anybody is read",
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": required,
                "description": says,
                "schema": {"type": "string", **schema},
            }
            for name, (schema, says, required) in parameters.items()
        ],
        "responses": {
            "200": _json({"$ref": "#/components/schemas/DryRun"}),
            **_problems("400"),
        },
    }


def _claims() -> dict[str, Any]:
    return {
        "summary": "Ask: answers under the grant that the access token names",
        "security": [{"dpop": []}],
        "parameters": [_PROOF, _IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asking"}}},
        },
        "responses": {
            "200": _json({"$ref": "#/components/schemas/Answers"}),
            **_problems("400", "401", "403", "409", "413", "503"),
        },
    }


def _key() -> dict[str, Any]:
    return {
        "summary": "A key that ever signed answers, with its certificate by the long-lived key",
        "security": [],
        "parameters": [_in_path("kid", "^[A-Za-z0-9_-]{43}$")],
        "responses": {"200": _json({"$ref": "#/components/schemas/Key"}), **_problems("404")},
    }


def _receipt() -> dict[str, Any]:
    return {
        "summary": "The receipt of an asking, with its proof from the log once that has it",
        "security": [{"dpop": []}],
        "parameters": [_PROOF, _in_path("event_id", "^[0-9a-f]{32}$")],
        "responses": {"200": _json({"type": "object"}), **_problems("401", "404", "503")},
    }


def _snapshot() -> dict[str, Any]:
    return {
        "summary": "The latest snapshot of all approved offers, signed",
        "security": [],
        "responses": {
            "200": _json({"$ref": "#/components/schemas/OffersSnapshot"}),
            **_problems("404"),
        },
    }


def _offer_blob() -> dict[str, Any]:
    piece = {"name": "piece", "in": "query", "required": False}
    says = "Which 4 MiB of a larger part; the first if left out"
    document = _log("A part of a snapshot, named by its SHA-256", "application/octet-stream")
    document["parameters"] = [
        _in_path("sha256", "^[0-9a-f]{64}$"),
        {**piece, "description": says, "schema": {"type": "integer", "minimum": 0}},
    ]
    return document


def _offer_call(summary: str, done: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    needed = [*_ASSERTION, *(name for name in parameters if name not in _OPTIONAL)]
    schema = {"type": "object", "properties": {**_ASSERTION, **parameters}, "required": needed}
    error = {"$ref": "#/components/responses/OAuthError"}
    return {
        "summary": summary,
        "security": [],
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": schema}},
        },
        "responses": {
            done: _json({"type": "object"}),
            **dict.fromkeys(("400", "401", "503"), error),
        },
    }


def _log(summary: str, media_type: str, *parameters: Mapping[str, Any]) -> dict[str, Any]:
    binary = media_type != "text/plain"
    schema: dict[str, Any] = {} if binary else {"type": "string"}
    return {
        "summary": summary,
        "security": [],
        "parameters": list(parameters),
        "responses": {
            "200": {"description": summary, "content": {media_type: {"schema": schema}}},
            **_problems("404"),
        },
    }


def _in_path(name: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": "As asked", "content": {"application/json": {"schema": dict(schema)}}}


def _problems(*statuses: str) -> dict[str, Any]:
    return dict.fromkeys(statuses, _PROBLEM)
