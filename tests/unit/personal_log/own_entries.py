"""What a hub's log holds about a person, opened as `audit` opens it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any

from mydata_hub.cli.laptop import environment_of
from mydata_hub.config import AuditSettings
from mydata_hub.embedded.deployment import Deployment
from mydata_hub.personal_log.entries import Entry
from mydata_hub.personal_log.log_keys import LogKeys
from mydata_hub.personal_log.reading import PersonalLogs
from mydata_hub.ports.clock import SystemClock
from mydata_hub.transparency.event import Event
from mydata_hub.wiring import keys_for, tables_for


def sequence_log(deployment: Deployment) -> Any:
    """One run of the sequencer, as its sweep starts it; what it measures is nobody's answer."""
    environment = environment_of(deployment, "sequence_log")
    with redirect_stdout(sys.stderr):
        return importlib.import_module("functions.sequence_log").build(environment)({}, None)


def logs_of(environment: Mapping[str, str]) -> PersonalLogs:
    """People's logs, by the environment of `audit`."""
    settings = AuditSettings.read(environment)
    tables, keys = tables_for(settings), keys_for(settings, settings.log_key)
    return PersonalLogs(tables=tables, keys=LogKeys(tables, keys, SystemClock()))


def entries_of(logs: PersonalLogs, subject: str) -> list[Entry]:
    """Every entry about a person, newest first."""
    found: list[Entry] = []
    after: str | None = None
    while True:
        page = logs.entries(subject, after)
        found += page.entries
        after = page.after
        if after is None:
            return found


def events_about(deployment: Deployment, subject: str) -> list[Event]:
    """Every event about a person, oldest first, once each has its place."""
    sequence_log(deployment)
    logs = logs_of(environment_of(deployment, "audit"))
    events = [entry.event for entry in entries_of(logs, subject)]
    return sorted(events, key=lambda event: event.occurred_at)
