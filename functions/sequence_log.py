"""Gives pending events their place in the log: woken by the events table's stream and a sweep.

Both only start a run: what is pending is read from the table, never from the event, so a repeated
or reordered delivery changes nothing. A failed run raises, and the stream or the next sweep
tries again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mydata_hub.config import Handler, SequenceLogSettings, on_first_use
from mydata_hub.observe import logger_for, measure
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.transparency.sequencer import Log, sequence
from mydata_hub.wiring import blobs_for, signer_for, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores that the settings name."""
    settings = SequenceLogSettings.read(env)
    logger = logger_for("sequence_log")
    log = Log(
        tables=tables_for(settings),
        blobs=blobs_for(settings, settings.tiles_bucket),
        openings=blobs_for(settings, settings.openings_bucket),
        signer=signer_for(settings, settings.checkpoint_key, "EdDSA"),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        # tlog-tiles: the address of the log without its scheme.
        origin=settings.issuer.partition("://")[2] + "/log",
        witnessed=bool(settings.witnesses),
    )

    def handle(_event: dict[str, Any], _context: Any) -> dict[str, int]:
        progress = sequence(log)
        # What the alarm on the log's lag listens to; a run without work says so, too.
        measure(
            "sequence_log",
            seconds={"LogLag": progress.lag_seconds},
            LogBacklog=progress.backlog,
            LogEntries=progress.entries,
            LogBatchSize=progress.largest_batch,
        )
        if progress.entries:
            logger.info(
                "entries are in the log",
                extra={
                    "count": progress.entries,
                    "size": progress.size,
                    "oldest_age_s": round(progress.lag_seconds, 3),
                },
            )
        return {"entries": progress.entries, "size": progress.size}

    return handle


handler = on_first_use(build)
