"""What `mydata score` says to people: figures, tiers, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mydata_hub.scorecard.quality import Quality


def say_fit(told: Mapping[str, Any], quality: Quality, unseen: Quality) -> None:
    """The card that was fitted, its figures on its own rows, and on rows it had not seen."""
    console = Console()
    card = told["card"]
    _say_target(console, told)
    for one in told["left_out"]:
        column = escape(one["column"] or "(a column)")
        console.print(f"Left out: [bold]{column}[/bold] {one['reason']}.", highlight=False)
    console.print(_figures({"fitted on": quality, "not seen": unseen}))
    console.print(_tiers(unseen, "tiers of people it had not seen"))
    lowest, highest = told["range"]
    console.print(
        f"{card['id']} version {card['version']}: {len(told['features'])} features, scores from "
        f"{lowest} to {highest}. It is not signed: `mydata score sign` does that.",
        highlight=False,
    )
    console.print(f"Written to {told['out']}", highlight=False, soft_wrap=True)


def say_evaluation(told: Mapping[str, Any], quality: Quality) -> None:
    """The figures of a card on a table."""
    console = Console()
    card = told["card"]
    _say_target(console, told)
    console.print(
        f"{card['id']} version {card['version']} is signed by {card['signed']}.", highlight=False
    )
    console.print(_figures({"figure": quality}))
    console.print(_tiers(quality, "tiers"))


def _say_target(console: Console, told: Mapping[str, Any]) -> None:
    target = told["target"]
    console.print(
        f"{target['column']} = {target['bad']} is bad ({target['because']}).",
        highlight=False,
        markup=False,
    )


def _figures(columns: Mapping[str, Quality]) -> Table:
    table = Table("", *columns)
    for name, of in (
        ("people", lambda one: f"{one.people:,}"),
        ("bad", lambda one: f"{one.bads / one.people:.2%}"),
        ("AUC", lambda one: f"{one.auc:.4f}"),
        ("KS", lambda one: f"{one.ks:.4f}"),
        ("Brier", lambda one: f"{one.brier:.4f}"),
        ("  of the mean alone", lambda one: f"{one.brier_of_the_mean:.4f}"),
        ("calibration slope", lambda one: f"{one.calibration_slope:.3f}"),
    ):
        table.add_row(name, *map(of, columns.values()))
    return table


def _tiers(quality: Quality, title: str) -> Table:
    falling = "falling" if quality.falls_strictly else "NOT falling"
    table = Table("tier", "people", "share", "default rate", title=f"{title} ({falling})")
    for tier in quality.tiers:
        name = "below 600" if tier.low is None else f"from {tier.low}"
        table.add_row(name, f"{tier.people:,}", f"{tier.share:.1%}", f"{tier.default_rate:.2%}")
    return table
