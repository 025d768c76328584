"""`make evaluate`: what the hub makes of real data, as a table; figures go to evaluation.json."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.evaluation.real_data import VARIABLE, evaluation_data
from tests.evaluation.records import hold_berka


def main() -> int:
    """Evaluate what exists; exit 1 where a row was lost, 2 where there is no data."""
    console = Console()
    data = evaluation_data()
    if data is None:
        console.print(f"There is no evaluation data: name its folder in {VARIABLE}.")
        return 2
    with console.status("encoding and decoding a real bank statement"):
        held = hold_berka(data)
    table = Table("question", "n", "figure", "beside", title="Records on Berka (real, 1993-1994)")
    table.add_row("rows that come back unchanged", f"{held.rows:,}", f"{held.lossless:,}", "all")
    table.add_row("rows refused", f"{held.rows:,}", f"{held.refused:,}", "0")
    table.add_row(
        "bytes a record takes",
        f"{held.rows:,}",
        f"{held.mean_bytes:.0f}",
        f"{held.mean_source_bytes:.0f} (the statement's own line)",
    )
    console.print(table)
    console.print("No insight exists yet, so there is no quality of insights to report.")
    Path("evaluation.json").write_text(json.dumps({"records": asdict(held)}, indent=2) + "\n")
    return 0 if held.lossless == held.rows else 1


if __name__ == "__main__":
    sys.exit(main())
