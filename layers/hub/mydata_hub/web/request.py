"""A request as API Gateway hands it over (payload format 2.0), read as far as somebody asks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from mydata_hub.accounts.sessions import Session
from mydata_hub.errors import BadInput, NotSignedIn, TooLarge

# A passkey's answer is 1 to 4 kB; the largest with an attestation stay below this.
MAX_BODY_BYTES: Final = 32 * 1024
MAX_FORM_FIELDS: Final = 10
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """One request and, once its guard has let it in, the session behind it."""

    event: Mapping[str, Any]
    session: Session | None = None

    @property
    def route(self) -> str:
        """The route key of the table, such as `POST /passkeys/{passkey_id}/remove`."""
        return str(self.event.get("routeKey", ""))

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path that was asked for; never logged, it may hold a one-time token."""
        return str(self.event.get("rawPath", "/"))

    @property
    def query(self) -> str:
        """What stands after the question mark, as it was sent; never logged."""
        return str(self.event.get("rawQueryString", ""))

    @property
    def here(self) -> str:
        """The path with its query: where this page is."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def caller(self) -> Session:
        """The session. Raises NotSignedIn."""
        if self.session is None:
            raise NotSignedIn("sign in first")
        return self.session

    @property
    def wants_page(self) -> bool:
        """Whether a browser navigates, so that a person and not a script reads the answer."""
        return "text/html" in self.header("accept")

    def header(self, name: str) -> str:
        """A header's value, or an empty text."""
        return str((self.event.get("headers") or {}).get(name, ""))

    def parameter(self, name: str) -> str:
        """A part of the path."""
        return str((self.event.get("pathParameters") or {}).get(name, ""))

    def cookie(self, name: str) -> str:
        """A cookie's value, or an empty text; of two with one name the first."""
        for cookie in self.event.get("cookies") or ():
            key, _, value = str(cookie).partition("=")
            if key.strip() == name:
                return value
        return ""

    def json(self, maximum_bytes: int = MAX_BODY_BYTES) -> bytes:
        """The body of a JSON request. Raises BadInput, TooLarge."""
        return self._body(JSON, maximum_bytes)

    def form(self) -> dict[str, str]:
        """The fields of a form. Raises BadInput, TooLarge."""
        try:
            text = self._body(FORM).decode()
            return dict(parse_qsl(text, strict_parsing=bool(text), max_num_fields=MAX_FORM_FIELDS))
        except ValueError:
            raise BadInput("body", "send form fields") from None

    @property
    def is_form(self) -> bool:
        return _media_type(self.header("content-type")) == FORM

    def _body(self, media_type: str, maximum_bytes: int = MAX_BODY_BYTES) -> bytes:
        # A page of another origin can send the three "simple" types without asking; JSON it cannot.
        if _media_type(self.header("content-type")) != media_type:
            raise BadInput("content-type", f"send {media_type}")
        text = self.event.get("body") or ""
        if len(text) > maximum_bytes * 4 // 3 + 4:
            raise TooLarge(f"a body may have {maximum_bytes} bytes")
        try:
            encoded = bool(self.event.get("isBase64Encoded"))
            body = base64.b64decode(text, validate=True) if encoded else text.encode()
        except (binascii.Error, ValueError):
            raise BadInput("body", "send bytes that can be read") from None
        if len(body) > maximum_bytes:
            raise TooLarge(f"a body may have {maximum_bytes} bytes")
        return body


def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()
