"""Calls and answers: what an OAuth endpoint needs of an HTTP request, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from mydata_hub.errors import BadInput, Busy, OAuthRefused, OutcomeUnknown

MAX_BODY_BYTES: Final = 64 * 1024
MAX_PARAMETERS: Final = 50
FORM: Final = "application/x-www-form-urlencoded"
# Threat: tokens and codes in a cache (RFC 6749 section 5.1).
NO_STORE: Final = {"cache-control": "no-store", "pragma": "no-cache"}
# RFC 6749 section 5.2 and RFC 7662 section 2.3: every other code is 400.
_STATUS: Final = {"invalid_client": 401, "temporarily_unavailable": 503}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as API Gateway hands it over: header names in lower case, several values of one
    header joined by commas, the path without its query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: bytes = b""
    max_body_bytes: int = MAX_BODY_BYTES
    _parsed: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def header(self, name: str) -> str | None:
        """A header's value, or None."""
        return self.headers.get(name)

    def form(self) -> dict[str, str]:
        """The parameters of the body, which is parsed once. Raises OAuthRefused."""
        if self._parsed:
            return dict(self._parsed)
        media_type = (self.header("content-type") or "").partition(";")[0].strip().lower()
        if media_type != FORM:
            raise OAuthRefused("invalid_request", f"send {FORM}")
        if len(self.body) > self.max_body_bytes:
            raise OAuthRefused("invalid_request", f"a body may have {self.max_body_bytes} bytes")
        self._parsed.update(_parameters(self.body))
        return dict(self._parsed)

    def parameters(self) -> dict[str, str]:
        """The parameters of the query. Raises OAuthRefused."""
        return _parameters(self.query)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: a JSON object, or nothing, or a redirect by its `location` header."""

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def answering(act: Callable[[], Answer]) -> Answer:
    """Do what an endpoint does, and answer a refusal as its RFC writes it.

    Damage and defects are not caught: they are the function's to report, never the client's.
    """
    try:
        answer = act()
    except OAuthRefused as error:
        answer = refusal(error)
    except BadInput as error:
        answer = refusal(OAuthRefused("invalid_request", str(error)))
    except (Busy, OutcomeUnknown):
        answer = refusal(OAuthRefused("temporarily_unavailable", "try again in a moment"))
    return Answer(
        status=answer.status, body=answer.body, headers={**NO_STORE, **dict(answer.headers)}
    )


def refusal(error: OAuthRefused) -> Answer:
    """The error response (RFC 6749 section 5.2), with the nonce of a challenge in its header."""
    return Answer(
        status=_STATUS.get(error.code, 400),
        body={"error": error.code, "error_description": error.description},
        headers={"dpop-nonce": error.nonce} if error.nonce else {},
    )


def _parameters(encoded: str | bytes) -> dict[str, str]:
    try:
        text = encoded.decode("ascii") if isinstance(encoded, bytes) else encoded
        # Parameters without a value are left out, as RFC 6749 section 3.1 asks.
        pairs = parse_qsl(text, max_num_fields=MAX_PARAMETERS, errors="strict")
    except ValueError:
        raise OAuthRefused("invalid_request", "send parameters that can be read") from None
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        # Threat: two readers of one request that each see another value (RFC 6749 section 3.1).
        raise OAuthRefused("invalid_request", "send each parameter once")
    return parameters
