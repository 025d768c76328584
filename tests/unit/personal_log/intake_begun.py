"""What the first run of `sequence_log` does for a hub: from then on its functions take events."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.personal_log.intake import Intake
from mydata_hub.ports.clock import SystemClock, SystemEntropy

NAMES = {"events": "events", "log_keys": "log_keys", "log_public": "log_public"}


def begin_intake(folder: Path, names: Mapping[str, str] = NAMES, key_id: str = "log") -> None:
    """Make the key that events are sealed to, under the log key of that id."""
    tables = SqliteTables(folder, names, SystemClock())
    Intake(tables, LocalKeys(folder, key_id), SystemClock(), SystemEntropy()).tend()
    tables.close()
