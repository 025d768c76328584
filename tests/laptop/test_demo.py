"""The demonstration tells the truth: it fails with the first line that does not hold."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from pathlib import Path

import pytest
from mydata_hub.cli.stage import LineFailed, Stage, mydata
from rich.console import Console

from tests.architecture import zone_page

COLUMNS = ("class", "when", "audit facts")
PROTOCOL = zone_page.PAGE.with_name("protocol.md")
TOLD = {
    *("account_opened", "recovery_code_issued", "recovery_started", "recovery_cancelled"),
    *("consent_given", "consent_withdrawn", "connection_made", "records_collected"),
    *("records_folded", "statement_imported", "claims_answered", "deletion_attested"),
    *("claims_refused", "partner_added", "provider_registered", "auditor_invited"),
    "export_started",
    *("policy_changed", "catalogue_changed", "signing_key_changed"),
}


def command_lines():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            yield path.read_bytes()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="this system lists no processes in /proc")
def test_the_demonstration_holds_and_leaves_nothing_running():
    told = subprocess.run(
        [*mydata(), "demo", "--json"], capture_output=True, text=True, timeout=120
    )
    assert told.returncode == 0, told.stderr
    figures = json.loads(told.stdout)
    assert figures["acknowledged_before_kill"] > 0
    assert figures["log_entries"] >= figures["acknowledged_before_kill"] + 3
    assert "✗" not in told.stderr
    # What the log holds after all of it is what the page says there is, and the story has it.
    listed = {cells[0].strip("`") for cells in zone_page.table(*COLUMNS, page=PROTOCOL)}
    assert figures["kinds"].keys() <= listed
    assert figures["kinds"].keys() >= TOLD
    assert not [line for line in command_lines() if b"mydata-demo-" in line]


def test_a_line_that_does_not_hold_ends_the_story():
    printed = io.StringIO()
    stage = Stage(Console(file=printed))
    stage.line("This holds.", True)
    with pytest.raises(LineFailed, match=r"This does not\."):
        stage.line("This does not.", False)
    assert "✓ This holds." in printed.getvalue()
    assert "✗ This does not." in printed.getvalue()
