"""The log as files: checkpoint, key and tiles, for anyone (C2SP tlog-tiles)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger

from mydata_hub.errors import HubError, Refusal
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.web.guards import enforce

# A checkpoint changes within seconds; a tile never does.
FRESH: Final = "public, max-age=2"
FOR_EVER: Final = "public, max-age=31536000, immutable"
PREFIX: Final = "GET /log/"


def serve_log(log: PublishedLog, logger: Logger, event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a request for one of the log's files."""
    try:
        enforce("audit", event, {})
        return _read(log, event)
    except HubError as error:
        if not isinstance(error, Refusal):
            logger.exception("the log could not be read")
        return _problem(error)


def _read(log: PublishedLog, event: Mapping[str, Any]) -> dict[str, Any]:
    match event["routeKey"]:
        case "GET /log/checkpoint":
            return _answer(log.checkpoint(), "text/plain; charset=utf-8", FRESH)
        case "GET /log/key":
            return _answer(log.key().encode() + b"\n", "text/plain; charset=utf-8", FRESH)
    content = log.tile("tile/" + event["pathParameters"]["tile"])
    return _answer(content, "application/octet-stream", FOR_EVER)


def _answer(body: bytes, content_type: str, caching: str) -> dict[str, Any]:
    return {
        "statusCode": 200,
        "headers": {
            "content-type": content_type,
            "cache-control": caching,
            "x-content-type-options": "nosniff",
            # A public log is checked from anywhere, a page of another origin included.
            "access-control-allow-origin": "*",
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def _problem(error: HubError) -> dict[str, Any]:
    # What is wrong inside is logged; outside learns it only of its own mistake (RFC 9457).
    detail = str(error) if isinstance(error, Refusal) else "the log could not be read"
    problem = {"type": error.problem_type, "status": error.status, "detail": detail}
    return {
        "statusCode": error.status,
        "headers": {"content-type": "application/problem+json", "cache-control": "no-store"},
        "body": json.dumps(problem),
    }
