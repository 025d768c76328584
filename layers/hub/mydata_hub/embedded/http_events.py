"""HTTP requests as API Gateway gives them to Lambda (HTTP API, payload format 2.0), and back.

What is emulated is what handlers stumble over; sources are the API Gateway developer guide ("Create
AWS Lambda proxy integrations for HTTP APIs", "Quotas for HTTP APIs") and, where it is silent,
captures of live APIs that others published. A choice of ours is marked as such.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

# The quota "total combined size of request line and header values"; names are not counted. The
# guide gives the limit and not the answer; ours is 431 (RFC 6585 section 5), which names the cause.
MAX_HEADER_BYTES: Final = 10_240
# Lambda's limit on one synchronous event or answer, as JSON: base64 leaves 4.5 MB of raw bytes.
MAX_EVENT_BYTES: Final = 6 * 1024 * 1024
# Below this no encoding can reach the limit (JSON writes one byte as six characters at most).
_SURELY_SMALL_BYTES: Final = MAX_EVENT_BYTES // 8

# Bodies of these types and of text/* are text; all others, and a form or a missing type too, come
# as base64. The guide does not list them: this is what live APIs were seen to do.
_TEXT_TYPES: Final = frozenset({"application/json", "application/javascript", "application/xml"})
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 section 5.1
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# What belongs to the connection or is counted by the gateway itself.
_GATEWAYS_OWN: Final = frozenset(
    {"connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade"}
)


class EventTooLarge(Exception):
    """The event would be over Lambda's limit."""


class MalformedResult(Exception):
    """A handler gave something that API Gateway cannot turn into a response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as it arrived; `target_path` is decoded, header names may repeat."""

    method: str
    target_path: str
    query: str
    protocol: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_address: str


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What goes out; `headers` may repeat a name."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def header_bytes(request_line: bytes, headers: Sequence[tuple[bytes, bytes]]) -> int:
    """The size that MAX_HEADER_BYTES limits."""
    return len(request_line) + sum(len(value) for _, value in headers)


def event_of(
    request: HttpRequest,
    route_key: str,
    path_parameters: Mapping[str, str],
    request_id: str,
    at: datetime,
) -> dict[str, Any]:
    """The event of a request. Raises EventTooLarge."""
    headers, cookies = _joined_headers(request.headers)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.target_path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": _context(request, headers, route_key, request_id, at),
        "isBase64Encoded": False,
    }
    # Empty members are left out, as API Gateway does: `event["cookies"]` may be missing.
    if cookies:
        event["cookies"] = cookies
    if request.query:
        event["queryStringParameters"] = _joined_query(request.query)
    if path_parameters:
        event["pathParameters"] = dict(path_parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request.body, headers)
    if len(request.body) > _SURELY_SMALL_BYTES and _json_bytes(event) > MAX_EVENT_BYTES:
        raise EventTooLarge
    return event


def response_of(result: object) -> HttpResponse:
    """The response in a handler's result. Raises MalformedResult.

    A map with `statusCode` says it all; anything else is the JSON body of a 200.
    """
    if not (isinstance(result, Mapping) and "statusCode" in result):
        return HttpResponse(200, (("content-type", "application/json"),), _inferred_body(result))
    status = result["statusCode"]
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise MalformedResult("statusCode")
    # RFC 9110 sections 15.3.5 and 15.4.5: these have no content.
    body = b"" if status in (204, 304) else _given_body(result)
    headers = [*_given_headers(result), *_set_cookies(result)]
    if body and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    return HttpResponse(status, tuple(headers), body)


def message_response(status: int, message: str) -> HttpResponse:
    """API Gateway's own answers look like this."""
    content = json.dumps({"message": message}, separators=(",", ":")).encode()
    return HttpResponse(status, (("content-type", "application/json"),), content)


def _joined_headers(headers: Sequence[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    joined: dict[str, str] = {}
    cookies: list[str] = []
    for given, value in headers:
        name = given.lower()
        if name == "cookie":
            cookies.extend(part for part in (one.strip() for one in value.split(";")) if part)
        else:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined, cookies


def _joined_query(query: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(content: bytes, headers: Mapping[str, str]) -> tuple[str, bool]:
    media_type, _, parameters = headers.get("content-type", "").lower().partition(";")
    media_type = media_type.strip()
    charset = parameters.partition("charset=")[2].strip(' "')
    is_text = media_type.startswith("text/") or media_type in _TEXT_TYPES
    # Text in another charset would not survive JSON, so it comes as bytes.
    if is_text and charset in ("", "utf-8"):
        with suppress(UnicodeDecodeError):
            return content.decode(), False
    return base64.b64encode(content).decode(), True


def _context(
    request: HttpRequest,
    headers: Mapping[str, str],
    route_key: str,
    request_id: str,
    at: datetime,
) -> dict[str, Any]:
    domain = headers.get("host", "")
    return {
        "accountId": "000000000000",
        "apiId": "local",
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0].partition(":")[0],
        "http": {
            "method": request.method,
            "path": request.target_path,
            "protocol": request.protocol,
            "sourceIp": request.source_address,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": route_key,
        "stage": "$default",
        "time": at.strftime("%d/%b/%Y:%H:%M:%S %z"),
        "timeEpoch": int(at.timestamp() * 1000),
    }


def _inferred_body(result: object) -> bytes:
    # A text is the body itself; everything else is written as JSON.
    content = result.encode() if isinstance(result, str) else _json_of(result)
    if len(content) > MAX_EVENT_BYTES:
        raise MalformedResult("too large")
    return content


def _given_body(result: Mapping[str, Any]) -> bytes:
    body = result.get("body")
    encoded = result.get("isBase64Encoded", False)
    if not isinstance(encoded, bool):
        raise MalformedResult("isBase64Encoded")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResult("body")
    if len(body) > _SURELY_SMALL_BYTES and len(_json_of(result)) > MAX_EVENT_BYTES:
        raise MalformedResult("too large")
    try:
        return base64.b64decode(body, validate=True) if encoded else body.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise MalformedResult("body") from None


def _given_headers(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    headers = result.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise MalformedResult("headers")
    found: list[tuple[str, str]] = []
    for name, value in headers.items():
        if isinstance(value, (bool, int, float)):
            text = json.dumps(value)
        elif isinstance(value, str):
            text = value
        else:
            raise MalformedResult("headers")
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise MalformedResult("headers")
        if name.lower() not in _GATEWAYS_OWN:
            found.append((name.lower(), _header_value(text)))
    return found


def _set_cookies(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    cookies = result.get("cookies") or []
    if not isinstance(cookies, list) or not all(isinstance(one, str) for one in cookies):
        raise MalformedResult("cookies")
    return [("set-cookie", _header_value(one)) for one in cookies]


def _header_value(text: str) -> str:
    # A line break in a value would be a header of somebody else's choosing.
    if _CONTROL.search(text):
        raise MalformedResult("headers")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise MalformedResult("headers") from None
    return text.strip()


def _json_of(result: object) -> bytes:
    try:
        return json.dumps(result, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise MalformedResult("not JSON") from None


def _json_bytes(event: object) -> int:
    return len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
