"""`mydata operator appeals|read-appeal|decide-appeal`: the review of what people contest."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import (
    HubClient,
    data_option,
    json_option,
    running_hub,
    tell,
    url_option,
)
from mydata_hub.cli.wallet import FIRST, Wallet

QUEUE = "/operator/appeals"


def as_operator(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its options and a client with the operator's session."""

    @click.option("--as", "name", required=True, help="the operator, as in `operator enrol`")
    @data_option
    @url_option
    @json_option
    @wraps(command)
    def run(name: str, data: Path, url: str | None, as_json: bool, **others: object) -> None:
        passkey = Wallet(data).load(name, FIRST)
        with HubClient.open(running_hub(data, url)) as hub:
            hub.sign_in(passkey)
            command(hub, as_json=as_json, **others)

    return run


@click.command()
@as_operator
def appeals(hub: HubClient, as_json: bool) -> None:
    """Show what waits for a decision, the one that is due first coming first."""
    state = hub.get(f"{QUEUE}/state")

    def say() -> None:
        if not state["appeals"]:
            click.echo("Nothing is waiting.")
            return
        table = Table("Appeal", "Came", "Due", "")
        for one in state["appeals"]:
            late = "overdue" if one["overdue"] else ""
            table.add_row(one["appeal_id"], one["opened_at"][:10], one["due_at"][:10], late)
        Console().print(table)

    tell(as_json, state, say)


@click.command("read-appeal")
@click.argument("appeal_id")
@as_operator
def read_appeal(hub: HubClient, appeal_id: str, as_json: bool) -> None:
    """Read one case; that it was read goes into the person's log."""
    case = hub.post(f"{QUEUE}/{appeal_id}")

    def say() -> None:
        click.echo(f"{case['told']['en']}\n\n{case['statement']}\n")
        for one in case["records"]:
            amount = "" if one["amount_minor"] is None else f"  {one['amount_minor']:,}"
            days = f"  due {one['due_on']}, paid {one['paid_on']}" if one["due_on"] else ""
            told = f"{one['at'][:10]}  {one['dataset']}  {one['name'] or ''}{amount}{days}"
            click.echo(told.rstrip())

    tell(as_json, case, say)


@click.command("decide-appeal")
@click.argument("appeal_id")
@click.option("--uphold", "outcome", flag_value="upheld", help="they are right: it counts no more")
@click.option("--reject", "outcome", flag_value="rejected", help="it stays as it is")
@click.option("--words", required=True, help="why, for the person to read")
@as_operator
def decide_appeal(
    hub: HubClient, appeal_id: str, outcome: str | None, words: str, as_json: bool
) -> None:
    """Decide one case, with reasons that its person reads."""
    if outcome is None:
        raise click.UsageError("takes --uphold or --reject")
    done = hub.post(f"{QUEUE}/{appeal_id}/decide", {"outcome": outcome, "words": words})
    told = f"{appeal_id}: {done['state']}. Partners told to ask again: {done['partners_told']}."
    tell(as_json, done, told)
