"""The log as files: checkpoint, key and tiles, for anyone (C2SP tlog-tiles)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger

from mydata_hub.errors import HubError, Refusal
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.web.guards import enforce
from mydata_hub.web.public_files import FOR_EVER, FRESH, file_answer, file_problem

PREFIX: Final = "GET /log/"


def serve_log(log: PublishedLog, logger: Logger, event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a request for one of the log's files."""
    try:
        enforce("audit", event, {})
        return _read(log, event)
    except HubError as error:
        if not isinstance(error, Refusal):
            logger.exception("the log could not be read")
        return file_problem(error, "the log could not be read")


def _read(log: PublishedLog, event: Mapping[str, Any]) -> dict[str, Any]:
    match event["routeKey"]:
        case "GET /log/checkpoint":
            return file_answer(log.checkpoint(), "text/plain; charset=utf-8", FRESH)
        case "GET /log/key":
            return file_answer(log.key().encode() + b"\n", "text/plain; charset=utf-8", FRESH)
    content = log.tile("tile/" + event["pathParameters"]["tile"])
    return file_answer(content, "application/octet-stream", FOR_EVER)
