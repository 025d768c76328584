"""Gives pending events their place in the log: woken by the events table's stream and a sweep.

Both only start a run: what is pending is read from the table, never from the event, so a repeated
or reordered delivery changes nothing. A failed run raises, and the stream or the next sweep
tries again. Each run also looks after the key that writers seal events to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger
from mydata_hub.config import Handler, SequenceLogSettings, on_first_use
from mydata_hub.observe import logger_for, measure
from mydata_hub.personal_log.intake import Intake
from mydata_hub.personal_log.log_keys import LogKeys
from mydata_hub.personal_log.placing import Placing
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.transparency.sequencer import Log, sequence
from mydata_hub.wiring import blobs_for, keys_for, signer_for, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores that the settings name."""
    settings = SequenceLogSettings.read(env)
    logger = logger_for("sequence_log")
    log, intake = _log(settings, logger)

    def handle(_event: dict[str, Any], _context: Any) -> dict[str, int]:
        intake.tend()  # before the log's own first events, which are sealed like any others
        progress = sequence(log)
        intake.tend()
        # What the alarm on the log's lag listens to; a run without work says so, too.
        measure(
            "sequence_log",
            seconds={"LogLag": progress.lag_seconds},
            LogBacklog=progress.backlog,
            LogEntries=progress.entries,
            LogBatchSize=progress.largest_batch,
        )
        if progress.entries:
            told = {"count": progress.entries, "size": progress.size}
            logger.info("entries are in the log", extra=told)
        return {"entries": progress.entries, "size": progress.size}

    return handle


def _log(settings: SequenceLogSettings, logger: Logger) -> tuple[Log, Intake]:
    tables, clock, entropy = tables_for(settings), SystemClock(), SystemEntropy()
    master = keys_for(settings, settings.log_key)
    intake = Intake(tables, master, clock, entropy)

    def lost() -> None:
        logger.error("an event does not open; it gets its place, and nobody can read it")
        measure("sequence_log", EventsUnopened=1)

    log = Log(
        tables=tables,
        blobs=blobs_for(settings, settings.tiles_bucket),
        openings=blobs_for(settings, settings.openings_bucket),
        signer=signer_for(settings, settings.checkpoint_key, "EdDSA"),
        clock=clock,
        entropy=entropy,
        # tlog-tiles: the address of the log without its scheme.
        origin=settings.issuer.partition("://")[2] + "/log",
        witnessed=bool(settings.witnesses),
        entrants=Placing(
            tables=tables,
            intake=intake,
            keys=LogKeys(tables, master, clock),
            entropy=entropy,
            tell=lost,
        ),
    )
    return log, intake


handler = on_first_use(build)
