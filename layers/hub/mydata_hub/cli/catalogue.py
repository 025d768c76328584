"""`mydata catalogue`: the questions that partners may ask, of this release or of another hub."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import HubClient, json_option, tell
from mydata_hub.insights.catalogue import view_catalogue


@click.command()
@click.option("--url", help="the hub to ask [default: this release's own catalogue]")
@json_option
def catalogue(url: str | None, as_json: bool) -> None:
    """Show the claims: id, question, answers, bits, inputs, floor."""
    if url is None:
        shown = view_catalogue()
    else:
        with HubClient.open(url.rstrip("/")) as hub:
            shown = hub.get("/catalogue")
    tell(as_json, shown, lambda: _tell(shown["claims"]))


def _tell(claims: list[dict[str, Any]]) -> None:
    table = Table("claim", "question", "answers", "bits", "inputs", "floor")
    for claim in claims:
        floor = claim["floor"]
        table.add_row(
            claim["id"],
            claim["question"]["en"],
            " ".join(claim["alphabet"]),
            str(claim["bits"]),
            " ".join(claim["inputs"]),
            f"{floor['sources']} source, {floor['window']}, fresh {floor['freshness']}",
        )
    Console().print(table)
