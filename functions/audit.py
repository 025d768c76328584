"""Serves the log to anyone: its checkpoint, its key and its tiles (C2SP tlog-tiles)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from mydata_hub.config import AuditSettings, Handler, on_first_use
from mydata_hub.errors import HubError, Refusal
from mydata_hub.observe import logger_for
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.web.guards import enforce
from mydata_hub.wiring import blobs_for, tables_for

# A checkpoint changes within seconds; a tile never does.
FRESH: Final = "public, max-age=2"
FOR_EVER: Final = "public, max-age=31536000, immutable"


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the log that the settings name."""
    settings = AuditSettings.read(env)
    logger = logger_for("audit")
    log = PublishedLog(tables_for(settings), blobs_for(settings, settings.tiles_bucket))

    def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        try:
            enforce("audit", event, {})
            return _read(log, event)
        except HubError as error:
            if not isinstance(error, Refusal):
                logger.exception("the log could not be read")
            return _problem(error)

    return handle


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


handler = on_first_use(build)
