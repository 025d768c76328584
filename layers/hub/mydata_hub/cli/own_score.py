"""`mydata person score`: one's own trust score, its reasons, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import tell
from mydata_hub.cli.person import Caller, person, signed_in

SHOWN_STEPS: Final = 10


@person.command()
@click.option(
    "--what-if",
    "changed",
    multiple=True,
    metavar="FEATURE=VALUE",
    help="what the score would be with it; more than one may be given",
)
@signed_in
def score(caller: Caller, changed: tuple[str, ...]) -> None:
    """Show one's own trust score with its reasons; partners are told a tier at most."""
    query = urlencode([_pair(one) for one in changed])
    told = caller.hub.get(f"/score/state?{query}" if query else "/score/state")
    tell(caller.as_json, told, lambda: _say(told))


def _pair(one: str) -> tuple[str, str]:
    feature, separator, value = one.partition("=")
    if not (feature and separator and value):
        raise click.UsageError(f"{one!r} is no FEATURE=VALUE")
    return feature, value


def _say(told: Mapping[str, Any]) -> None:
    if told["held"]:
        click.echo("What you said is being taken in; until then nothing is shown.")
        return
    if told["score"] is None:
        _say_none(told)
        return
    tier = f"it reaches {told['tier']}" if told["tier"] else "it reaches no tier"
    click.echo(f"Your trust score is {told['score']}: {tier}. Confidence {told['confidence']} %.")
    click.echo(f"Partners are told: {told['partners_are_told']}. Only you see the number.")
    console = Console()
    console.print(_reasons(told))
    step = told["improvement"]
    if step:
        click.echo(
            f"Nearest step: {step['label']['en']}, {step['row']['en']}: "
            f"your score would be {step['score']}. {step['advice']['en']}"
        )
    if told["what_if"]:
        click.echo(_what_if(told["what_if"]))
    _say_history(console, told["history"])
    for one in told["benefits"]:
        state = "open" if one["open"] else "not open"
        click.echo(
            f"{one['tier']} {one['what']['en']}: {state}; "
            f"a partner would learn yes or no, {one['bits']:.1f} bits."
        )
    never = ", ".join(one["what"]["en"].lower() for one in told["never_used"])
    click.echo(f"Never used: {never}. It is not a credit bureau's score.")


def _say_none(told: Mapping[str, Any]) -> None:
    if told["old_card"]:
        click.echo("No score: the card at this hub is older than one you were scored by.")
    elif told["needed"]:
        missing = ", ".join(one["en"] for one in told["needed"])
        click.echo(f"No score yet. What is missing: {missing}.")
    else:
        click.echo("No score yet: connect a card or a bank.")


def _reasons(told: Mapping[str, Any]) -> Table:
    table = Table("feature", "reason", "what is known", "points", "at best", title="How it adds up")
    table.add_row("", "where everybody begins", "", str(told["base_points"]), "")
    for one in told["reasons"]:
        points, best = f"{one['points']:+d}", f"{one['best']:+d}"
        table.add_row(one["feature"], one["label"]["en"], one["row"]["en"], points, best)
    table.add_row("", "your score", "", str(told["score"]), "")
    return table


def _what_if(told: Mapping[str, Any]) -> str:
    values = ", ".join(f"{name}={value}" for name, value in told["values"].items())
    if told["score"] is None:
        return f"With {values} there would be no score."
    return f"With {values} it would be {told['score']} ({told['difference']:+d})."


def _say_history(console: Console, steps: Sequence[Mapping[str, Any]]) -> None:
    if not steps:
        return
    table = Table("day", "score", "what changed it", title="How it went")
    for one in steps[:SHOWN_STEPS]:
        causes = [_cause(cause) for cause in one["causes"]]
        if one["new_card"]:
            causes.insert(0, f"card {one['card_version']}")
        score = "none" if one["score"] is None else str(one["score"])
        table.add_row(one["on"], score, "; ".join(causes))
    console.print(table)


def _cause(one: Mapping[str, Any]) -> str:
    before, after = ("-" if at is None else f"{at:+d}" for at in (one["before"], one["after"]))
    return f"{one['feature']} {before} to {after}"
