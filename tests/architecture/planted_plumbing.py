"""Faults planted in settings, streams, sweeps, alarms, tables and logs."""

from __future__ import annotations

from tests.architecture.planting import Fault, arn, of, role_statements, set_in, stream_of, without

FAULTS: list[Fault] = [
    (
        "a settings variable that is missing",
        set_in("Pages", "Environment", "Variables", "NOTICES_TABLE", to=None),
        "the environment is what settings read",
        "pages: NOTICES_TABLE is missing",
    ),
    (
        "a settings variable too many",
        set_in("Audit", "Environment", "Variables", "CHECKPOINT_KEY", to=arn("CheckpointKey")),
        "the environment is what settings read",
        "audit: CHECKPOINT_KEY is surplus",
    ),
    (
        "a variable that names another table",
        set_in("Audit", "Environment", "Variables", "LOG_TABLE", to={"Ref": "EventsTable"}),
        "each variable names what it says",
        "audit: LOG_TABLE is {'Ref': 'EventsTable'}",
    ),
    (
        "a variable that its role makes useless",
        lambda r: role_statements("AuditRole", r).pop(0),
        "each variable names what it says",
        "audit: LOG_TABLE is of no use to its role",
    ),
    (
        "a stream consumer without an on-failure queue",
        stream_of("Deliver", "DestinationConfig", to=None),
        "streams stop, halve and give up",
        "deliver: no on-failure queue",
    ),
    (
        "a stream consumer that may not send to its queue",
        lambda r: role_statements("DeliverRole", r).pop(7),
        "streams stop, halve and give up",
        "deliver: may not send to its on-failure queue",
    ),
    (
        "a stream consumer that tries for ever",
        stream_of("SequenceLog", "MaximumRetryAttempts", to=-1),
        "streams stop, halve and give up",
        "sequence_log: tries without end",
    ),
    (
        "a stream consumer that does not halve",
        stream_of("Deliver", "BisectBatchOnFunctionError", to=False),
        "streams stop, halve and give up",
        "deliver: one bad record fails its whole batch",
    ),
    (
        "a stream consumer whose queue has no alarm",
        without("DeliverFailuresAlarm"),
        "every failure rings",
        "DeliverFailures: no alarm when it is not empty",
    ),
    (
        "an alarm that nobody hears",
        set_in("SequenceLogFailuresAlarm", "AlarmActions", to=[]),
        "every failure rings",
        "SequenceLogFailures: no alarm when it is not empty",
    ),
    (
        "an alarm that waits",
        set_in("PagesErrorsAlarm", "Threshold", to=100),
        "every failure rings",
        "pages: no alarm on its errors",
    ),
    (
        "a queue in the clear",
        set_in("DeliverFailures", "SqsManagedSseEnabled", to=False),
        "every failure rings",
        "DeliverFailures: not encrypted",
    ),
    (
        "a stream without a sweep",
        set_in("Deliver", "Events", "Sweep", to=None),
        "sweeps follow each stream",
        "deliver: has no sweep",
    ),
    (
        "a sweep whose failed start is lost",
        set_in("Deliver", "Events", "Sweep", "Properties", "DeadLetterConfig", to=None),
        "sweeps follow each stream",
        "sweep of deliver: no on-failure queue",
    ),
    (
        "events that expire",
        set_in("EventsTable", "TimeToLiveSpecification", to={"AttributeName": "expires_at"}),
        "tables are laid out and kept",
        "EventsTable: its rows may not expire",
    ),
    (
        "accounts without point-in-time recovery",
        set_in("AccountsTable", "PointInTimeRecoverySpecification", to=None),
        "tables are laid out and kept",
        "AccountsTable: not restorable to a point in time",
    ),
    (
        "a log that goes with its stack",
        lambda r: r["LogTable"].update(DeletionPolicy="Delete"),
        "tables are laid out and kept",
        "LogTable: can be deleted with the stack",
    ),
    (
        "an index that holds whole rows",
        lambda r: of("EventsTable", r)["GlobalSecondaryIndexes"][1].update(
            Projection={"ProjectionType": "ALL"}
        ),
        "tables are laid out and kept",
        "EventsTable: index subject holds more than keys",
    ),
    (
        "keys that are restorable for longer than erasure promises",
        set_in("KeysTable", "PointInTimeRecoverySpecification", "RecoveryPeriodInDays", to=35),
        "tables are laid out and kept",
        "KeysTable: not restorable to a point in time",
    ),
    (
        "a log group that Lambda would make",
        set_in("Audit", "LoggingConfig", to=None),
        "logs end",
        "audit: no log group of its own",
    ),
]
