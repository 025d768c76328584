"""Calls of partners: a request as the OAuth endpoints read it, and the guards that partners pass.

Both guards look only at whether somebody presents what the route asks for; nothing else of a
request is read before. Whether it is worth anything, the endpoint verifies as its first step.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from mydata_hub.errors import OAuthRefused
from mydata_hub.oauth.call import MAX_BODY_BYTES, Call
from mydata_hub.oauth.client_assertion import require_assertion
from mydata_hub.oauth.protected_resource import presented_token
from mydata_hub.web.guards import Check, Guard


def call_of(event: Mapping[str, Any], max_body_bytes: int = MAX_BODY_BYTES) -> Call:
    """The call in an event of payload format 2.0. Raises OAuthRefused."""
    text = str(event.get("body") or "")
    try:
        encoded = bool(event.get("isBase64Encoded"))
        body = base64.b64decode(text, validate=True) if encoded else text.encode()
    except (binascii.Error, ValueError):
        raise OAuthRefused("invalid_request", "send a body that can be read") from None
    return Call(
        method=str(event["requestContext"]["http"]["method"]),
        path=str(event.get("rawPath", "/")),
        headers=event.get("headers") or {},
        query=str(event.get("rawQueryString", "")),
        body=body,
        max_body_bytes=max_body_bytes,
    )


def carries_assertion(event: Mapping[str, Any], max_body_bytes: int = MAX_BODY_BYTES) -> Call:
    """The guard's check of a client: its call. Raises OAuthRefused."""
    call = call_of(event, max_body_bytes)
    require_assertion(call.form())
    return call


def _carries_token_and_proof(event: Mapping[str, Any]) -> Call:
    call = call_of(event)
    presented_token(call)
    if call.header("dpop") is None:
        raise OAuthRefused("invalid_dpop_proof", "send one DPoP header")
    return call


PARTNER_CHECKS: Final[Mapping[Guard, Check]] = {
    Guard.CLIENT: carries_assertion,
    Guard.DPOP: _carries_token_and_proof,
}
