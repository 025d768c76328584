"""Event sources of a function as template.yaml writes them: routes, schedules, stream links."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, TypeAlias, cast

from mydata_hub.embedded.feed import MAX_BATCH
from mydata_hub.embedded.template import STREAM, Resource, Template
from mydata_hub.embedded.template_types import HTTP_API, QUEUE, TABLE
from mydata_hub.embedded.template_yaml import TemplateRefused

StreamView = Literal["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"]

# Properties of each kind of event: those used, and behind the bar those that change nothing here.
# A record's age is not counted: a laptop that slept for a day still delivers what it missed.
_EVENTS: Final = {
    "HttpApi": (
        {"ApiId", "Method", "Path", "PayloadFormatVersion"},
        set[str](),
    ),
    "ScheduleV2": (
        {"ScheduleExpression", "Input", "RetryPolicy", "State"},
        {"RoleArn", "DeadLetterConfig", "Description", "Name", "FlexibleTimeWindow"},
    ),
    "DynamoDB": (
        {
            *("Stream", "StartingPosition", "BatchSize", "MaximumBatchingWindowInSeconds"),
            *("MaximumRetryAttempts", "BisectBatchOnFunctionError", "FunctionResponseTypes"),
            *("FilterCriteria", "DestinationConfig"),
        },
        {"MaximumRecordAgeInSeconds", "ParallelizationFactor"},
    ),
}
_METHODS: Final = frozenset({"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_KINDS: Final = frozenset({"INSERT", "MODIFY", "REMOVE"})


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """`method` may be ANY; `path` may hold {name} segments and end in a greedy {name+}."""

    method: str
    path: str
    function: str

    @property
    def key(self) -> str:
        return "$default" if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Calls `function` with `event` every so often."""

    name: str
    function: str
    every: timedelta
    event: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLink:
    """A function reading a table's changes. `max_retries` None retries for ever, as -1 does."""

    name: str
    function: str
    table: str
    view: StreamView
    kinds: frozenset[str]
    batch_size: int
    window_seconds: float
    max_retries: int | None
    bisect: bool
    reports_item_failures: bool
    on_failure: str


Source: TypeAlias = HttpRoute | Schedule | StreamLink


def event_sources(template: Template, resource: Resource) -> Iterator[Source]:
    """What calls this function, in the template's order. Raises TemplateRefused."""
    for name, kind, properties in _events(resource):
        where = f"{resource.name}.Events.{name}"
        match kind:
            case "HttpApi":
                yield _route(template, resource.name, where, properties)
            case "ScheduleV2":
                yield _schedule(resource, where, properties)
            case "DynamoDB":
                yield _stream(template, resource.name, where, properties)


def _events(resource: Resource) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for name, event in resource.properties.get("Events", {}).items():
        where = f"{resource.name}.Events.{name}"
        if event.keys() - {"Type", "Properties"} or event.get("Type") not in _EVENTS:
            raise TemplateRefused(where, f"the event type {event.get('Type')} is not known")
        used, silent = _EVENTS[event["Type"]]
        properties = event.get("Properties", {})
        for key in sorted(properties.keys() - used - silent):
            raise TemplateRefused(
                f"{where}.{key}", f"this property of {event['Type']} is not known"
            )
        yield name, event["Type"], properties


def _route(
    template: Template, function: str, where: str, properties: Mapping[str, Any]
) -> HttpRoute:
    api = template.resources.get(str(properties.get("ApiId", "")))
    if api is None or api.type != HTTP_API:
        raise TemplateRefused(f"{where}.ApiId", "names no HTTP API of this template")
    if str(properties.get("PayloadFormatVersion", "2.0")) != "2.0":
        raise TemplateRefused(f"{where}.PayloadFormatVersion", "only 2.0 is known")
    method, path = str(properties.get("Method", "ANY")).upper(), str(properties.get("Path", ""))
    if method not in _METHODS:
        raise TemplateRefused(f"{where}.Method", "is no method of an HTTP API")
    segments = path.split("/")
    if path != "$default" and (
        segments[0]
        or any("{" in part and not re.fullmatch(r"\{[\w.-]+\+?\}", part) for part in segments)
        or any(part.endswith("+}") for part in segments[:-1])
    ):
        raise TemplateRefused(f"{where}.Path", "is no path of an HTTP API")
    return HttpRoute(method, path, function)


def _schedule(resource: Resource, where: str, properties: Mapping[str, Any]) -> Schedule:
    rate = _RATE.fullmatch(str(properties.get("ScheduleExpression")))
    if rate is None or int(rate[1]) < 1:
        raise TemplateRefused(f"{where}.ScheduleExpression", "only rate(n minutes) is known")
    if properties.get("State", "ENABLED") != "ENABLED":
        raise TemplateRefused(f"{where}.State", "only ENABLED is known")
    # The next run is the retry; more of them would need the queue that Lambda keeps for events.
    retried = (
        properties.get("RetryPolicy", {}),
        resource.properties.get("EventInvokeConfig", {}),
    )
    if any(policy.get("MaximumRetryAttempts") != 0 for policy in retried):
        raise TemplateRefused(where, "a schedule is not retried here: set MaximumRetryAttempts 0")
    try:
        event = json.loads(properties.get("Input", "{}"))
    except (ValueError, TypeError):
        raise TemplateRefused(f"{where}.Input", "is not JSON") from None
    every = timedelta(**{f"{rate[2]}s": int(rate[1])})
    return Schedule(_short(where), resource.name, every, event)


def _stream(
    template: Template, function: str, where: str, properties: Mapping[str, Any]
) -> StreamLink:
    stream = str(properties.get("Stream", ""))
    table = template.resources.get(stream.removesuffix(STREAM))
    if not stream.endswith(STREAM) or table is None or table.type != TABLE:
        raise TemplateRefused(f"{where}.Stream", "is not the StreamArn of a table")
    view = table.properties.get("StreamSpecification", {}).get("StreamViewType")
    if view not in ("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"):
        raise TemplateRefused(f"{table.name}.StreamSpecification", "has no known StreamViewType")
    # A new consumer of the feed starts at the oldest entry kept, and nowhere else.
    if properties.get("StartingPosition") != "TRIM_HORIZON":
        raise TemplateRefused(f"{where}.StartingPosition", "only TRIM_HORIZON is known")
    batch_size = properties.get("BatchSize", 100)
    if not (isinstance(batch_size, int) and 0 < batch_size <= MAX_BATCH):
        raise TemplateRefused(f"{where}.BatchSize", f"takes 1 to {MAX_BATCH}")
    reports = properties.get("FunctionResponseTypes", [])
    if reports not in ([], ["ReportBatchItemFailures"]):
        raise TemplateRefused(f"{where}.FunctionResponseTypes", "holds something not known")
    retries = int(properties.get("MaximumRetryAttempts", -1))
    return StreamLink(
        name=_short(where),
        function=function,
        table=table.name,
        view=cast("StreamView", view),
        kinds=_kinds(where, properties.get("FilterCriteria")),
        batch_size=batch_size,
        window_seconds=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        max_retries=None if retries < 0 else retries,
        bisect=properties.get("BisectBatchOnFunctionError", False) is True,
        reports_item_failures=bool(reports),
        on_failure=_on_failure(template, where, properties.get("DestinationConfig", {})),
    )


def _kinds(where: str, criteria: Any) -> frozenset[str]:
    """Which changes pass the filter: patterns over eventName are known, and no others."""
    if criteria is None:
        return _KINDS
    try:
        patterns = [json.loads(found["Pattern"]) for found in criteria["Filters"]]
    except (KeyError, TypeError, ValueError):
        raise TemplateRefused(f"{where}.FilterCriteria", "is not a list of patterns") from None
    names: set[str] = set()
    for pattern in patterns:
        kinds = pattern.get("eventName") if isinstance(pattern, dict) else None
        if list(pattern) != ["eventName"] or not isinstance(kinds, list) or set(kinds) - _KINDS:
            raise TemplateRefused(f"{where}.FilterCriteria", "only eventName is known")
        names.update(kinds)
    return frozenset(names)


def _on_failure(template: Template, where: str, config: Mapping[str, Any]) -> str:
    destination = config.get("OnFailure", {}).get("Destination", "")
    queue = template.resources.get(str(destination))
    if queue is None or queue.type != QUEUE:
        # Without one, AWS drops what failed too often; the hub loses nothing.
        raise TemplateRefused(f"{where}.DestinationConfig", "names no queue of this template")
    return queue.name


def _short(where: str) -> str:
    return where.replace(".Events.", ".")
