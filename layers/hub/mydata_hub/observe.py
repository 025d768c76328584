"""Logs and metrics that cannot carry personal data: only fields on a list get out.

A log line is a constant sentence and fields from FIELDS. What a caller adds besides is dropped,
the arguments of a message are never filled in, and of an exception only its type and its places in
the code are kept, because its text and its variables may hold anything.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from typing import IO, Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import EphemeralMetrics

NAMESPACE: Final = "MyDataHub"

# Fields a log line may have. Add one only if no value of it could ever name or describe a person.
FIELDS: Final = frozenset(
    {
        # what powertools writes of itself
        *("level", "message", "timestamp", "service", "location"),
        # the request: which route of the table, never the path that was asked for
        *("request_id", "route", "guard", "status", "duration_ms"),
        # a failure: its type, problem type and place in the code
        *("error", "problem", "frames"),
        # work in the background: kinds and counts
        *("topic", "count", "failed", "oldest_age_s", "position", "size"),
        # a refused question: the numbers of the policies in the way, and no question, no partner
        "policies",
    }
)


def logger_for(function: str, stream: IO[str] | None = None) -> Logger:
    """The logger of one function; its name is the service field."""
    return Logger(
        service=function,
        stream=stream or sys.stdout,
        level="INFO",
        utc=True,
        logger_formatter=AllowListFormatter(),
    )


def metrics_for(function: str) -> EphemeralMetrics:
    """Metrics of one invocation: make them, add, flush; nothing is shared between threads."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=function)
    metrics.set_default_dimensions(function=function)
    return metrics


def measure(function: str, *, seconds: Mapping[str, float] | None = None, **counts: int) -> None:
    """Write down counts, and durations in seconds, of one invocation."""
    metrics = metrics_for(function)
    for name, count in counts.items():
        metrics.add_metric(name, "Count", count)
    for name, duration in (seconds or {}).items():
        metrics.add_metric(name, "Seconds", duration)
    metrics.flush_metrics()


class AllowListFormatter(LambdaPowertoolsFormatter):
    """Formats a record as one line of JSON that holds nothing but FIELDS."""

    def __init__(self) -> None:
        super().__init__(utc=True, use_rfc3339=True)

    def format(self, record: logging.LogRecord) -> str:
        """The line; `exc_info` becomes `error` and `frames`."""
        # Filled-in arguments could hold anything, so the sentence stays as it stands in the code.
        sentence = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        told = {**record.__dict__, "msg": sentence, "args": None, "exc_info": None}
        if record.exc_info and record.exc_info[0] is not None:
            told["error"] = record.exc_info[0].__name__
            told["frames"] = [
                f"{frame.name}:{frame.lineno}"
                for frame in traceback.extract_tb(record.exc_info[2])[-8:]
            ]
        return super().format(logging.makeLogRecord(told))

    def serialize(self, log: Any) -> str:
        """The last step of formatting, and the one place where a line becomes text."""
        kept = {name: log[name] for name in log if name in FIELDS}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), default=str)
