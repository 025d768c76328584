"""Proofs about what keeps running: settings, streams, schedules, queues, alarms, tables, logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from tests.architecture.permissions import permissions, snake, thing_named
from tests.architecture.template import (
    Template,
    as_list,
    events,
    functions,
    logical_id,
    properties,
    resources,
    target,
)

MAX_TRIES = 10
MAX_AGE_S = 6 * 3600
# Tables whose loss would be a person's loss, or the log's.
VAULT = {"KeysTable", "VaultPublicTable", "VaultsTable", "SegmentsTable", "LedgerTable"}
KEPT = {
    "AccountsTable",
    "GrantsTable",
    "ClientsTable",
    "DeliveriesTable",
    "NoticesTable",
    "EventsTable",
    "LogTable",
    "LogKeysTable",
    "LogPublicTable",
    "LogBooksTable",
    "ReleasesTable",
    "WitnessesTable",
    "ProvidersTable",
    "ConnectionsTable",
    "IntakeTable",
    "ErasuresTable",
    "InForceTable",
    "SigningKeysTable",
    "RotationsTable",
    "AppealsTable",
    "OffersTable",
    "CouponsTable",
    *VAULT,
}
# Rows that must never vanish by themselves.
NEVER_EXPIRE = {"ClientsTable", "EventsTable", "LogTable", "OutboxTable", "WitnessesTable", *VAULT}
NEVER_EXPIRE |= {"LogKeysTable", "LogPublicTable", "LogBooksTable", "ReleasesTable"}
NEVER_EXPIRE |= {
    "ProvidersTable",
    "IntakeTable",
    "ErasuresTable",
    "InForceTable",
    "SigningKeysTable",
    "RotationsTable",
    "OffersTable",
}
# Not restorable on purpose: what they held must not come back.
NO_BACKUP = {"SessionsTable", "OutboxTable", "OauthTable", "IdempotencyTable"}
# Restorable for so many days and no longer: what was erased is gone for good when they are over.
BACKED_UP_DAYS = {"AppealsTable": 7, "KeysTable": 7, "LogKeysTable": 7, "LogPublicTable": 7}


def settings(template: Template, variables: Mapping[str, Set[str]]) -> list[str]:
    """Differences between the declared environment and what the settings of config.py read."""
    found: list[str] = []
    for function, own in functions(template).items():
        declared = set(own["Environment"]["Variables"])
        read = variables.get(function, set())
        found += [f"{function}: {one} is missing" for one in sorted(read - declared)]
        found += [f"{function}: {one} is surplus" for one in sorted(declared - read)]
    return found + [f"{one}: no settings" for one in sorted(functions(template).keys() - variables)]


def values_of_settings(template: Template) -> list[str]:
    """Variables that name another thing than they say, or one that the function may not touch."""
    found: list[str] = []
    touched = {(one.function, one.thing) for one in permissions(template)}
    for function, own in functions(template).items():
        for variable, value in own["Environment"]["Variables"].items():
            name, attribute = target(value)
            kind = variable.rpartition("_")[2]
            if kind in ("TABLE", "BUCKET", "KEY"):
                expected = "Arn" if kind == "KEY" else "Ref"
                if snake(name).upper() != variable or attribute != expected:
                    found.append(f"{function}: {variable} is {value}")
                elif not any(
                    who == function and f"{thing} ".startswith(f"{thing_named(template, value)} ")
                    for who, thing in touched
                ):
                    found.append(f"{function}: {variable} is of no use to its role")
            elif name not in template["Parameters"]:
                found.append(f"{function}: {variable} is not a parameter")
    return found


def streams(template: Template) -> list[str]:
    """Stream consumers that could stop, go on for ever, or lose a record without a sound."""
    found: list[str] = []
    for function, _, event in events(template, "DynamoDB"):
        stream, attribute = target(event.get("Stream"))
        if attribute != "StreamArn" or "StreamSpecification" not in properties(
            resources(template).get(stream, {})
        ):
            found.append(f"{function}: reads a stream that the template does not make")
        if not 0 <= int(event.get("MaximumRetryAttempts", -1)) <= MAX_TRIES:
            found.append(f"{function}: tries without end")
        if not 60 <= int(event.get("MaximumRecordAgeInSeconds", -1)) <= MAX_AGE_S:
            found.append(f"{function}: holds a shard up for longer than {MAX_AGE_S} s")
        if event.get("BisectBatchOnFunctionError") is not True:
            found.append(f"{function}: one bad record fails its whole batch")
        destination = event.get("DestinationConfig", {}).get("OnFailure", {})
        found += _without_queue(template, function, destination.get("Destination"), function)
    return found


def sweeps(template: Template) -> list[str]:
    """Schedules whose failed starts go nowhere; consumers of a stream that have no sweep."""
    swept: set[str] = set()
    found: list[str] = []
    for function, _, event in events(template, "ScheduleV2"):
        swept.add(function)
        queue = event.get("DeadLetterConfig", {}).get("Arn")
        found += _without_queue(template, f"sweep of {function}", queue, "sweeps")
        own = functions(template)[function].get("EventInvokeConfig", {})
        if own.get("MaximumRetryAttempts") != 0:
            found.append(f"{function}: a failed sweep is tried again beside the next one")
    reading = {function for function, _, _ in events(template, "DynamoDB")}
    return found + [f"{function}: has no sweep" for function in sorted(reading - swept)]


def _without_queue(template: Template, who: str, destination: Any, caller: str) -> list[str]:
    queue, attribute = target(destination)
    if attribute != "Arn" or queue not in resources(template, "AWS::SQS::Queue"):
        return [f"{who}: no on-failure queue"]
    may_send = any(
        (one.function, one.thing, one.action)
        == (caller, thing_named(template, destination), "sqs:SendMessage")
        for one in permissions(template)
    )
    return [] if may_send else [f"{who}: may not send to its on-failure queue"]


def alarms(template: Template) -> list[str]:
    """Queues and functions whose failures nobody hears of."""
    rings = set(_rings(template))
    queues = resources(template, "AWS::SQS::Queue")
    silent = [
        f"{name}: no alarm when it is not empty"
        for name in queues
        if ("ApproximateNumberOfMessagesVisible", name, "QueueName") not in rings
    ]
    silent += [
        f"{function}: no alarm on its errors"
        for function in functions(template)
        if ("Errors", logical_id(template, function), "Ref") not in rings
    ]
    return silent + [
        f"{name}: not encrypted"
        for name, queue in queues.items()
        if properties(queue).get("SqsManagedSseEnabled") is not True
    ]


def _rings(template: Template) -> Iterator[tuple[str, str, str]]:
    """(metric, logical id, attribute) of every alarm that rings at the first failure."""
    for alarm in resources(template, "AWS::CloudWatch::Alarm").values():
        own = properties(alarm)
        heard = any(
            target(action)[0] in resources(template, "AWS::SNS::Topic")
            for action in as_list(own.get("AlarmActions"))
        )
        first = (own.get("Threshold"), own.get("ComparisonOperator")) == (
            0,
            "GreaterThanThreshold",
        )
        if heard and first and own.get("ActionsEnabled", True):
            for dimension in own["Dimensions"]:
                yield str(own["MetricName"]), *target(dimension["Value"])


def tables(template: Template) -> list[str]:
    """Tables that are not laid out as aws/item_layout.py says, or not kept as they must be."""
    found: list[str] = []
    for name, resource in resources(template, "AWS::DynamoDB::Table").items():
        own = properties(resource)
        if own["KeySchema"] != _keys("partition", "sort"):
            found.append(f"{name}: other keys than partition and sort")
        for index in own.get("GlobalSecondaryIndexes", []):
            label = index["IndexName"]
            if index["KeySchema"] != _keys(f"{label}_partition", f"{label}_sort"):
                found.append(f"{name}: index {label} has other keys than its name says")
            if index["Projection"] != {"ProjectionType": "KEYS_ONLY"}:
                found.append(f"{name}: index {label} holds more than keys")
        found += _unkept(name, resource)
    return found


def _unkept(name: str, resource: Mapping[str, Any]) -> Iterator[str]:
    own = properties(resource)
    if own.get("BillingMode") != "PAY_PER_REQUEST" or own.get("SSESpecification") != {
        "SSEEnabled": True
    }:
        yield f"{name}: not on demand or not encrypted with a key that leaves a trace"
    recovery = {"PointInTimeRecoveryEnabled": True}
    if name in BACKED_UP_DAYS:
        recovery["RecoveryPeriodInDays"] = BACKED_UP_DAYS[name]
    backed_up = own.get("PointInTimeRecoverySpecification") == recovery
    if backed_up is (name in NO_BACKUP):
        yield f"{name}: " + ("backed up" if backed_up else "not restorable to a point in time")
    if name in KEPT and (
        own.get("DeletionProtectionEnabled") is not True
        or {resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")} != {"Retain"}
    ):
        yield f"{name}: can be deleted with the stack"
    expires = own.get("TimeToLiveSpecification")
    if name in NEVER_EXPIRE and expires:
        yield f"{name}: its rows may not expire"
    if name not in NEVER_EXPIRE and expires != {"AttributeName": "expires_at", "Enabled": True}:
        yield f"{name}: expired rows are kept"


def _keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def logs(template: Template) -> list[str]:
    """Functions that share a log group or let Lambda make one that is kept for ever."""
    found: list[str] = []
    groups: list[str] = []
    for function, own in functions(template).items():
        group = target(own.get("LoggingConfig", {}).get("LogGroup"))[0]
        groups.append(group)
        if group not in resources(template, "AWS::Logs::LogGroup"):
            found.append(f"{function}: no log group of its own")
    found += [f"{group}: shared" for group in sorted(set(groups)) if groups.count(group) > 1]
    return found + [
        f"{name}: kept for ever"
        for name, group in resources(template, "AWS::Logs::LogGroup").items()
        if "RetentionInDays" not in properties(group)
    ]
