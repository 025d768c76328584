"""The log's part of `mydata fsck`: this folder's events, head, tiles and checkpoints."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from mydata_hub.cli.laptop import environment_of, laptop_deployment
from mydata_hub.config import AuditSettings, SequenceLogSettings
from mydata_hub.embedded.fsck import Finding
from mydata_hub.embedded.fsck_files import Progress
from mydata_hub.embedded.local_signer import stored_public_keys
from mydata_hub.embedded.root_key import FILE_NAME as ROOT_KEY
from mydata_hub.embedded.row_scan import rows_of_table
from mydata_hub.embedded.sqlite_file import FILE_NAME as DATABASE
from mydata_hub.transparency.fsck import check_log
from mydata_hub.transparency.openings import OpeningFiles
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.wiring import blobs_for, tables_for

# Nothing is served and nobody is called: the address only completes the template's parameters.
NOWHERE: Final = "http://localhost:0"


def check_log_folder(data: Path, progress: Progress) -> tuple[list[Finding], list[str]]:
    """What is wrong with the log in a data folder, and what crashed sequencers left.

    Raises Busy, TemplateRefused.
    """
    if not (data / DATABASE).exists() or not (data / ROOT_KEY).exists():
        return [], []
    deployment = laptop_deployment(data, NOWHERE)
    shown = AuditSettings.read(environment_of(deployment, "audit"))
    sequencer = SequenceLogSettings.read(environment_of(deployment, "sequence_log"))
    checked = check_log(
        PublishedLog(tables_for(shown), blobs_for(shown, shown.tiles_bucket)),
        partial(rows_of_table, data, sequencer.events_table),
        stored_public_keys(data),
        OpeningFiles(blobs_for(shown, shown.openings_bucket)),
        lambda done, size: progress("entries of the log", done, size),
    )
    return [Finding(name, problem) for name, problem in checked.problems], checked.leftovers
