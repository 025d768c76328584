"""Answers as API Gateway takes them, each with the headers that keep a browser strict."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

# Whatever may differ between two people, or says that somebody was here, is never stored.
NO_STORE: Final = "no-store"
# The same bytes for everybody, yet checked each time so that a release is seen at once.
REVALIDATE: Final = "no-cache"

# Threat: a script or style that got into a page. Nothing runs that is not a file of ours, nothing
# is framed, and no form or script sends anything anywhere else.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    # Not "no-referrer": with it browsers send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "permissions-policy": (
        "publickey-credentials-create=(self), publickey-credentials-get=(self), "
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# Two years, as browsers ask for before they preload a name.
TRANSPORT_SECURITY: Final = "max-age=63072000; includeSubDomains"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status, a body and what else the browser must know."""

    status: int = 200
    body: str | bytes = ""
    content_type: str = ""
    caching: str = NO_STORE
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()

    def with_cookies(self, *cookies: str) -> Answer:
        """The same answer that also sets these cookies."""
        return replace(self, cookies=(*self.cookies, *cookies))

    def as_event(self, *, https: bool) -> dict[str, Any]:
        """The answer in payload format 2.0."""
        headers = {**SECURITY_HEADERS, "cache-control": self.caching, **self.headers}
        if self.content_type:
            headers["content-type"] = self.content_type
        if https:
            headers["strict-transport-security"] = TRANSPORT_SECURITY
        event: dict[str, Any] = {"statusCode": self.status, "headers": headers, "body": self.body}
        if isinstance(self.body, bytes):
            event |= {"body": base64.b64encode(self.body).decode(), "isBase64Encoded": True}
        if self.cookies:
            event["cookies"] = list(self.cookies)
        return event


def json_answer(
    status: int,
    document: Mapping[str, Any],
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A JSON document."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Answer(status=status, body=body, content_type=content_type, headers=headers or {})


def nothing() -> Answer:
    """Done, and there is nothing to say."""
    return Answer(status=204)


def see_other(path: str) -> Answer:
    """Done; the browser reads on at a path of ours."""
    return Answer(status=303, headers={"location": path})
