"""One run of `mydata score fit`: which columns are used, why others are not, and the card."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import click

from mydata_hub.cli.score_building import Named, build_card
from mydata_hub.cli.score_fitting import Fitted, fit
from mydata_hub.cli.score_table import (
    Column,
    Table,
    Target,
    read_column,
    read_target,
    why_no_feature,
)
from mydata_hub.fields import Wording
from mydata_hub.scorecard.card import MAX_FEATURES, Card
from mydata_hub.scorecard.forbidden import forbidden_in
from mydata_hub.scorecard.quality import Quality, measure

# Of fewer good or bad people nothing is learnt that holds.
LEAST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says."""

    target: str
    dropped: tuple[str, ...]
    kinds: tuple[str, ...]
    bad: str | None
    card_id: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A card, and what there is to say of how it came about."""

    card: Card
    target: Target
    # Columns that are no features of it, with the reason.
    left_out: tuple[tuple[str, str], ...]
    # As folds that a fit had not seen scored.
    unseen: Quality


def fit_table(table: Table, asked: Asked, tell: Callable[[str], None]) -> Done:
    """Fit a card to a table. Raises ClickException, naming the column and the line."""
    for name in (*asked.dropped, *asked.kinds):
        table.at(name)
    target = read_target(table, asked.target, asked.bad)
    if min(sum(target.bads), len(target.bads) - sum(target.bads)) < LEAST:
        raise click.ClickException(f"{asked.target} has fewer than {LEAST} good or bad rows")
    columns, left_out = [], []
    for column, reason in _sorted_out(table, asked):
        if reason is None:
            columns.append(column)
        else:
            left_out.append((column.name, reason))
    if not columns:
        raise click.ClickException("no column is left to fit")
    if len(columns) > MAX_FEATURES:
        raise click.ClickException(f"a card has at most {MAX_FEATURES} columns: --drop some")
    fitted = fit(columns, target.bads, tell)
    card = build_card(fitted, _named(table, asked, target))
    used = {feature.id for feature in card.features}
    useless = [
        (column.name, "tells nothing that the others do not")
        for column in columns
        if column.name not in used
    ]
    return Done(
        card=card,
        target=target,
        left_out=(*left_out, *useless),
        unseen=_unseen(card, fitted, target),
    )


def _sorted_out(table: Table, asked: Asked) -> Iterator[tuple[Column, str | None]]:
    """Every column but the target, with why it is left out."""
    for name in table.names:
        if name == asked.target:
            continue
        empty = Column(name=name, numeric=False, values=())
        row = forbidden_in(name)
        if name in asked.dropped:
            yield empty, "dropped, as asked"
        elif row is not None:
            yield empty, f"never used: {row.label.en.lower()}"
        elif not name:
            yield empty, "has no name, as the numbers of rows have none"
        else:
            column = read_column(table, name, numeric=False if name in asked.kinds else None)
            yield column, why_no_feature(column)


def _named(table: Table, asked: Asked, target: Target) -> Named:
    people, bads = len(target.bads), sum(target.bads)
    return Named(
        id=asked.card_id,
        version=asked.version,
        title=Wording(ko=f"{table.path.stem}로 만든 점수표", en=f"A card of {table.path.stem}"),
        data=Wording(
            ko=f"{table.path.name}: {people:,}명, 그중 {asked.target} {target.bad}: {bads:,}명",
            en=f"{table.path.name}: {people:,} people, {bads:,} with {asked.target} {target.bad}",
        ),
        bad=target.bad,
    )


def _unseen(card: Card, fitted: Fitted, target: Target) -> Quality:
    """What the folds expected of people they had not seen, on the card's scale."""
    of_good = -card.scale.log_odds_of_bad(0)
    per_log_odds = 1 / (card.scale.log_odds_of_bad(0) - card.scale.log_odds_of_bad(1))
    totals = [round((float(one) - of_good) * per_log_odds) for one in fitted.unseen]
    return measure(card, zip(totals, target.bads, strict=True))
