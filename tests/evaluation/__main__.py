"""`make evaluate`: what the hub makes of real data, as a table; figures go to evaluation.json."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.evaluation.real_data import VARIABLE, evaluation_data
from tests.evaluation.records import hold_berka
from tests.evaluation.recurring import RecurringQuality, Share, evaluate_recurring
from tests.evaluation.through_the_vault import VaultQuality, evaluate_through_the_vault


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
    with console.status("folding 1,229 real accounts, twice"):
        recurring = evaluate_recurring(data)
    console.print(_recurring_table(recurring))
    with (
        console.status("importing, sealing and folding every tenth real account"),
        tempfile.TemporaryDirectory() as folder,
    ):
        vault = evaluate_through_the_vault(data, Path(folder))
    console.print(_vault_table(vault))
    figures = {"records": asdict(held), "recurring": asdict(recurring), "vault": asdict(vault)}
    Path("evaluation.json").write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if held.lossless == held.rows else 1


def _recurring_table(found: RecurringQuality) -> Table:
    title = f"Recurring payments on Berka ({found.people:,} people), 95 % interval over people"
    table = Table("question", "n", "figure", "beside", title=title)

    def add(question: str, share: Share, beside: Share | str) -> None:
        table.add_row(question, f"{share.n:,}", str(share), str(beside))

    add("precision, orders and fees", found.precision, f"{found.naive_precision} (paid 3 times)")
    add("recall, orders and fees", found.recall, f"{found.naive_recall} (paid 3 times)")
    add("precision, orders alone", found.orders_precision, "goal .99")
    add("recall, orders alone", found.orders_recall, "goal .98")
    add("still found, dates shuffled", found.claimed_shuffled, "at most .05")
    add("people claimed of, dates shuffled", found.people_claimed_shuffled, found.people_claimed)
    size = f"{found.profile_bytes_mean:,.0f} (largest {found.profile_bytes_max:,})"
    table.add_row("bytes of a profile", f"{found.people:,}", size, "at most 65,536")
    return table


def _vault_table(found: VaultQuality) -> Table:
    title = f"The same through import, vault, fold and claim ({found.people:,} people)"
    table = Table("question", "n", "figure", "beside", title=title)
    lines = f"{found.lines:,}", f"{found.broken:,}"
    table.add_row("lines that could not be read", *lines, "0")
    for question, share in (
        ("precision, orders and fees that still run", found.precision),
        ("recall, orders and fees that still run", found.recall),
        ("recall, orders alone", found.orders_recall),
        ("claims that tell the bank's own number", found.claim_as_truth),
    ):
        table.add_row(question, f"{share.n:,}", str(share), "goal .98")
    silent = f"{found.no_answers:,}"
    table.add_row("claims below their floor: no answer", f"{found.people:,}", silent, "")
    leaked = f"{found.self_supplied_answers:,}"
    table.add_row("claims that count on what people supplied", f"{found.people:,}", leaked, "0")
    return table


if __name__ == "__main__":
    sys.exit(main())
