"""`mydata person contest|appeals|end-appeal`: what one says of the reasons of one's score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import tell
from mydata_hub.cli.insights import named_record
from mydata_hub.cli.person import Caller, person, signed_in


@person.command()
@click.argument("reason")
@click.option("--words", required=True, help="what is wrong, and how you know")
@click.option("--record", "records", multiple=True, help="a record that is wrong; repeatable")
@signed_in
def contest(caller: Caller, reason: str, words: str, records: tuple[str, ...]) -> None:
    """Contest a reason of the score: a person of the hub decides within 30 days.

    REASON and RECORD are as `person appeals` names them.
    """
    named = [named_record(one) for one in records]
    body = {"reason": reason, "statement": words, "records": named}
    done = caller.hub.post("/appeals", body)
    told = f"{done['appeal_id']}: a person decides by {done['due_at'][:10]}."
    tell(caller.as_json, done, told)


@person.command()
@click.option("--reasons", is_flag=True, help="which reasons there are, with their records")
@signed_in
def appeals(caller: Caller, reasons: bool) -> None:
    """Show what one contested and what was decided."""
    state = caller.hub.get("/appeals/state")
    tell(caller.as_json, state, lambda: _reasons(state) if reasons else _appeals(state))


@person.command("end-appeal")
@click.argument("appeal_id")
@signed_in
def end_appeal(caller: Caller, appeal_id: str) -> None:
    """Take an appeal back: what it contested counts again."""
    done = caller.hub.post(f"/appeals/{appeal_id}/end")
    tell(caller.as_json, done, f"{appeal_id} is taken back.")


def _appeals(state: Mapping[str, Any]) -> None:
    if not state["appeals"]:
        click.echo("Nothing is contested. `--reasons` shows what can be.")
        return
    table = Table("Appeal", "Reason", "State", "Due")
    for one in state["appeals"]:
        due = one["due_at"][:10] + (" (overdue)" if one["overdue"] else "")
        table.add_row(one["appeal_id"], one["reason"], one["state"], due)
    Console().print(table)
    for one in state["appeals"]:
        if one["words"]:
            click.echo(f"{one['appeal_id']}: {one['words']}")


def _reasons(state: Mapping[str, Any]) -> None:
    for one in state["reasons"]:
        click.echo(f"{one['id']}: {one['label']['en']}")
        for record in one["records"]:
            named = f"{record['dataset']}:{record['mark']}"
            click.echo(f"  {named}  {record['at'][:10]}  {record['name'] or ''}".rstrip())
