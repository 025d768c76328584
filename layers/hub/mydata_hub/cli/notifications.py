"""`mydata person notifications|quiet-hours|end-notifications`: where and when one hears of news."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import tell
from mydata_hub.cli.person import Caller, person, signed_in

HOUR = click.IntRange(0, 23)


@person.command()
@signed_in
def notifications(caller: Caller) -> None:
    """Show the browsers that are told of news, and the quiet hours. A browser is added in it."""
    state = caller.hub.get("/notifications/state")
    tell(caller.as_json, state, lambda: _tell(state))


@person.command("end-notifications")
@click.argument("subscription_id")
@signed_in
def end_notifications(caller: Caller, subscription_id: str) -> None:
    """Be told of news no more in a browser (see `person notifications`)."""
    caller.hub.post(f"/notifications/{subscription_id}/end")
    tell(caller.as_json, {"ended": subscription_id}, "That browser is told no more.")


@person.command("quiet-hours")
@click.argument("from_hour", type=HOUR)
@click.argument("until_hour", type=HOUR)
@signed_in
def quiet_hours(caller: Caller, from_hour: int, until_hour: int) -> None:
    """Be told nothing from FROM_HOUR until UNTIL_HOUR; the same hour twice: always be told."""
    hours = {"from_hour": from_hour, "until_hour": until_hour}
    caller.hub.post("/notifications/quiet-hours", hours)
    tell(caller.as_json, hours, _quiet(hours))


def _quiet(hours: Mapping[str, int]) -> str:
    if hours["from_hour"] == hours["until_hour"]:
        return "There are no quiet hours."
    return f"It is quiet from {hours['from_hour']:02d}:00 until {hours['until_hour']:02d}:00."


def _tell(state: Mapping[str, Any]) -> None:
    click.echo(_quiet(state["quiet_hours"]))
    if not state["browsers"]:
        click.echo("No browser is told of news.")
        return
    table = Table("Subscription", "Push service", "Added")
    for one in state["browsers"]:
        table.add_row(one["subscription_id"], one["service"], one["added_at"][:10])
    Console().print(table)
