"""`mydata person insights|dispute|category`: one's own life, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import tell
from mydata_hub.cli.person import Caller, person, signed_in

SHOWN: Final = 5
_NAMED: Final = re.compile(r"([a-z]+\.[a-z]+):([0-9a-f]{12})")


@person.command()
@click.option("--records", is_flag=True, help="name every record behind each insight")
@signed_in
def insights(caller: Caller, records: bool) -> None:
    """Show what the vault sees of one's weeks, bills, spending and ways; only oneself sees it."""
    life = caller.hub.get("/life/state")
    tell(caller.as_json, life, lambda: _say(life, None if records else SHOWN))


@person.command()
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@click.option("--end", is_flag=True, help="they are right after all")
@signed_in
def dispute(caller: Caller, records: tuple[str, ...], end: bool) -> None:
    """Say that records are wrong: they count no more in what one sees, nor for offers.

    RECORD is as `person insights` names it: a dataset and a mark, card.approvals:0123456789ab.
    """
    named = [named_record(one) for one in records]
    path = "/life/disputes/end" if end else "/life/disputes"
    done = caller.hub.post(path, {"records": named})
    what = "counted again" if end else "left out from now on"
    tell(caller.as_json, done, f"{done['records']} records: {what}.{_later(done)}")


@person.command()
@click.argument("payee")
@click.argument("category", required=False)
@click.option("--hub", "by_hub", is_flag=True, help="leave it to the hub again")
@signed_in
def category(caller: Caller, payee: str, category: str | None, by_hub: bool) -> None:
    """Put all payments to a payee, before and after, into a category of one's own view."""
    if (category is None) != by_hub:
        raise click.UsageError("takes a category, or --hub to leave it to the hub")
    done = caller.hub.post("/life/categories", {"payee": payee, "category": category})
    told = f"{payee}: {category or 'as the hub says'}.{_later(done)}"
    tell(caller.as_json, {"payee": payee, "category": category, **done}, told)


def named_record(record: str) -> dict[str, str]:
    """A record as commands name it. Raises UsageError."""
    found = _NAMED.fullmatch(record)
    if found is None:
        raise click.UsageError(f"{record!r} names no record; see `person insights --records`")
    return {"dataset": found[1], "mark": found[2]}


def _later(done: Mapping[str, Any]) -> str:
    return "" if done["in_effect"] else " The vault is still taking it in; look again in a minute."


def _say(life: Mapping[str, Any], most: int | None) -> None:
    if life["held"]:
        click.echo("What you said is being taken in; until then nothing is shown.")
        return
    console = Console()
    told = [one for one in life["pictures"] if one["sources"]]
    if not told:
        click.echo("Nothing yet: connect a source, or import a statement.")
    for one in told:
        _say_picture(console, one, most)
    for one in life["disputes"]:
        state = "left out" if one["open"] else "changed by its provider"
        click.echo(f"You said {one['dataset']}:{one['mark']} is wrong: {state}.")
    for one in life["corrections"]:
        click.echo(f"You put {one['payee']} into {one['category']}.")


def _say_picture(console: Console, one: Mapping[str, Any], most: int | None) -> None:
    console.print(f"\n[bold]{_plain(one['sentence']['en'])}[/bold]")
    if one["support"] and one["support"] != one["sentence"]:
        click.echo(one["support"]["en"])
    until = one["complete_until"] or "not told yet"
    click.echo(f"Sources: {one['sources']}; complete up to {until}. Only you can see this.")
    table = Table("record", "at", "what", "amount")
    for record in one["records"][:most]:
        what = (record["name"], record["category"], record["mode"], *_bill_words(record))
        amount = "" if record["amount_minor"] is None else str(record["amount_minor"])
        table.add_row(
            f"{record['dataset']}:{record['mark']}",
            record["at"],
            _plain(" · ".join(filter(None, what))),
            f"{amount} {record['currency'] or ''}".strip(),
        )
    if one["records"]:
        console.print(table)
    if most is not None and len(one["records"]) > most:
        click.echo(f"... and {len(one['records']) - most} more: --records")


def _bill_words(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Of a card bill, when it was due and paid."""
    if not record["due_on"]:
        return ()
    paid = f"paid {record['paid_on']}" if record["paid_on"] else "not paid yet"
    return (f"due {record['due_on']}", paid, "LATE" if record["late"] else "in time")


def _plain(text: str) -> str:
    """A payee may be named like a colour of the terminal."""
    return text.replace("[", "\\[")
