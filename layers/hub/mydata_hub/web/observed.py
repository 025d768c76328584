"""What is logged and counted of each answer: its route and how it went, never its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from mydata_hub.observe import metrics_for
from mydata_hub.web.guards import ROUTES

_GUARDS: Final = {route.key: str(route.guard) for route in ROUTES}


def observe(
    function: str, logger: Logger, event: Mapping[str, Any], status: int, duration_ms: float
) -> None:
    """Log and count one answer."""
    logger.info(
        "a request was answered",
        extra={**route_of(event), "status": status, "duration_ms": round(duration_ms)},
    )
    metrics = metrics_for(function)
    metrics.add_metric("Failures", MetricUnit.Count, 1 if status >= 500 else 0)
    metrics.add_metric("Duration", MetricUnit.Milliseconds, duration_ms)
    metrics.flush_metrics()


def route_of(event: Mapping[str, Any]) -> dict[str, str]:
    """Route and guard of a request, for its log line."""
    # A key that is not in the table is the caller's text and stays out of the log.
    key = str(event.get("routeKey", ""))
    return {"route": key, "guard": _GUARDS[key]} if key in _GUARDS else {"route": "none"}
