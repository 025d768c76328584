"""`make evaluate`: what the hub makes of real data, as a table; figures go to evaluation.json."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.evaluation.campaigns import ChanceQuality, evaluate_chance, read_campaigns
from tests.evaluation.coupons_on_the_way import WayQuality, evaluate_coupons_on_the_way
from tests.evaluation.credit import (
    GERMAN,
    TAIWAN,
    CardQuality,
    evaluate_card,
    evaluate_shipped_way,
)
from tests.evaluation.credit_peers import NO_BOOSTING, has_boosting
from tests.evaluation.curves import Difference
from tests.evaluation.habits import SHIPPED, HabitQuality, evaluate_habits
from tests.evaluation.households_in_the_vault import (
    HouseholdsInTheVault,
    evaluate_households_in_the_vault,
)
from tests.evaluation.merchants import MISSING as NO_BRANDS
from tests.evaluation.merchants import MerchantQuality, evaluate_merchants, has_brands
from tests.evaluation.next_needs import NeedQuality, evaluate_next_needs
from tests.evaluation.purchases import (
    MISSING,
    Bought,
    has_purchases,
    is_reported,
    read_purchases,
)
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
    figures["credit"] = _credit(console, data)
    with console.status("foretelling which coupons 458 drivers take"):
        way = evaluate_coupons_on_the_way(data)
    console.print(_way_table(way))
    figures["coupons_on_the_way"] = asdict(way)
    if has_purchases():
        figures |= _households(console)
    else:
        console.print(f"Habits and next needs are left out: {MISSING}")
    if has_brands():
        merchants = evaluate_merchants(data)
        console.print(_merchants_table(merchants))
        figures["merchants"] = asdict(merchants)
    else:
        console.print(f"Merchants' names are left out: {NO_BRANDS}")
    Path("evaluation.json").write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if held.lossless == held.rows else 1


def _credit(console: Console, data: Path) -> dict[str, Any]:
    """Scorecards on people whose credit turned out well or badly."""
    if not has_boosting():
        console.print(f"Boosting is left out: {NO_BOOSTING}")
    found = {}
    for name, evaluate in (
        ("taiwan", lambda: evaluate_card(data, TAIWAN)),
        ("german", lambda: evaluate_card(data, GERMAN)),
        ("shipped", lambda: evaluate_shipped_way(data)),
    ):
        with console.status(f"fitting cards, five times each: {name}"):
            quality = evaluate()
        for table in _credit_tables(quality):
            console.print(table)
        found[name] = asdict(quality)
    return found


def _credit_tables(found: CardQuality) -> list[Table]:
    title = (
        f"{found.name}: a card on {found.people:,} people ({found.bads / found.people:.1%} bad), "
        "five folds, 95 % interval over people"
    )
    figures = Table("question", "figure", "beside", title=title)
    figures.add_row("AUC", str(found.auc), "")
    if found.logistic is not None:
        figures.add_row("  logistic regression", str(found.logistic), "")
    if found.boosting is not None:
        figures.add_row("  LightGBM, untuned", str(found.boosting), "")
        figures.add_row("  the card above LightGBM", str(found.above_boosting), "goal -.015")
    figures.add_row("KS", f"{found.ks:.4f}", "")
    figures.add_row("Brier", str(found.brier), f"{found.brier_of_the_mean:.4f} (the mean alone)")
    figures.add_row("calibration slope", str(found.calibration_slope), "goal .9 to 1.1")
    falling = "falling" if found.falls_strictly else "NOT falling"
    tiers = Table(
        "tier", "people", "share", "default rate", title=f"{found.name}: tiers, {falling}"
    )
    for tier in found.tiers:
        tiers.add_row(
            tier.name, f"{tier.people:,}", f"{tier.share:.1%}", f"{tier.default_rate:.1%}"
        )
    columns = ("attribute", "people", "bad", "expected", "AUC", "below", "600", "650", "700")
    fairness = Table(*columns, title=f"{found.name}: by what no card reads")
    for group in found.groups:
        fairness.add_row(
            f"{group.attribute}: {group.value}",
            f"{group.people:,}",
            f"{group.default_rate:.1%}",
            f"{group.expected:.1%}",
            f"{group.auc:.3f}",
            *(f"{share:.1%}" for share in group.shares),
        )
    return [figures, tiers, fairness]


def _households(console: Console) -> dict[str, Any]:
    """What is made of the half of the real households that nothing was chosen on."""
    with console.status("reading 616,000 purchases of 1,631 real households"):
        bought = read_purchases()
    reported = [one for one in bought if is_reported(one.household)]
    others = [one for one in bought if not is_reported(one.household)]
    with console.status(
        "looking for habits in every second household, and in their shuffled lives"
    ):
        habits = evaluate_habits(reported)
    console.print(_habits_table(habits))
    with console.status("foretelling six weeks of every second household"):
        needs = evaluate_next_needs(reported, others)
    console.print(_needs_table(needs))
    with (
        console.status("importing, sealing and folding some households, four times each"),
        tempfile.TemporaryDirectory() as folder,
    ):
        vault = evaluate_households_in_the_vault(_some(reported), Path(folder))
    console.print(_households_table(vault))
    with console.status("foretelling who redeems a coupon of the later campaigns"):
        chance = evaluate_chance(read_campaigns())
    console.print(_chance_table(chance))
    return {
        "chance": asdict(chance),
        "habits": asdict(habits),
        "next_needs": asdict(needs),
        "households_in_the_vault": asdict(vault),
    }


def _some(bought: list[Bought], every: int = 20) -> list[Bought]:
    names = set(sorted({one.household for one in bought})[::every])
    return [one for one in bought if one.household in names]


def _habits_table(found: HabitQuality) -> Table:
    title = (
        f"Weekly habits on Complete Journey ({found.people:,} households that nothing was chosen "
        f"on, {found.asked:,} categories of theirs), the following 12 weeks"
    )
    table = Table("question", "claims", "precision", "naive", "difference, 95 %", title=title)

    def add(question: str, by: Difference) -> None:
        claims, precision, naive = f"{by.claims:,}", f"{by.precision:.3f}", f"{by.beside:.3f}"
        table.add_row(question, claims, precision, naive, str(by))

    add("score, at a time of the week, 9 of 12 weeks", found.ranking)
    add("score, at any time, 11 of 12 weeks", found.ranking_at_all)
    add(f"what is claimed: {SHIPPED}", found.claims)
    held, kept = found.claims_held, found.claims_kept_weeks
    table.add_row("claims that held in 9 of 12 weeks", f"{held.n:,}", str(held), "", "")
    table.add_row("weeks in which claims were kept", f"{kept.n:,}", str(kept), "", "")
    goal = "at most .05"
    for question, share in (
        ("still claimed, baskets shuffled across people", found.shuffled),
        ("still claimed, acts shuffled across people", found.shuffled_acts),
    ):
        table.add_row(question, f"{share.n:,}", str(share), goal, "")
    shuffled = f"{found.routines_shuffled:,} shuffled"
    table.add_row("weekday routines claimed", f"{found.routines:,}", "", shuffled, "")
    return table


def _needs_table(found: NeedQuality) -> Table:
    title = f"Next need on Complete Journey ({found.people:,} households, {found.weeks} weeks each)"
    table = Table("one of three named comes true", "n", "hit rate@3", "95 %", title=title)
    for question, share in (
        ("category at its time of the week", found.hits),
        ("  without knowing what is common", found.hits_alone),
        ("  naive: one's own most frequent", found.hits_own),
        ("  naive: everybody's most frequent", found.hits_everybody),
        ("  above one's own most frequent", found.above_own),
        ("category at any time", found.category_hits),
        ("  naive: one's own most frequent", found.category_hits_own),
        ("  naive: everybody's most frequent", found.category_hits_everybody),
    ):
        between = f"{share.low:.4f} to {share.high:.4f}"
        table.add_row(question, f"{share.n:,}", f"{share.share:.4f}", between)
    return table


def _households_table(found: HouseholdsInTheVault) -> Table:
    title = f"The same households through import, vault and fold ({found.people})"
    table = Table("question", "households", title=title)
    for question, count in (
        ("lines that could not be read", found.broken),
        ("evidence equal to the rule's own", found.agree),
        ("with a habit", found.with_habit),
        ("equal a year of weeks later", found.equal_when_moved),
        ("equal in another currency, at other prices", found.equal_in_another_currency),
        ("equal with every shop renamed", found.equal_when_renamed),
    ):
        table.add_row(question, f"{count:,}")
    return table


def _chance_table(found: ChanceQuality) -> Table:
    title = (
        f"Who redeems, on Complete Journey ({found.redeemed:,} of {found.sent:,} campaigns sent to "
        f"{found.people:,} households; constants of {found.fitted_on:,} earlier ones)"
    )
    table = Table("question", "AUC, 95 %", "ours above it", title=title)
    for question, auc, above in (
        ("chance of taking an offer, own past alone", found.ours, ""),
        ("  logistic regression, 8 columns of the past", found.logistic, found.above_logistic),
        ("  naive: share of campaigns redeemed in", found.past_rate, found.above_past_rate),
        ("  naive: coupons ever used", found.coupons_used, found.above_coupons_used),
        ("among households of one campaign", found.ours_within, ""),
        ("  pasts dealt out anew in the campaign", found.shuffled_within, "goal: around .5"),
        ("what ships: as a vault counts its own coupons", found.shipped, ""),
        ("  with need alone: none taken or let go", found.need_alone, found.above_need_alone),
        ("constants fitted on other households", found.refitted_elsewhere, ""),
    ):
        table.add_row(question, str(auc), str(above))
    table.add_row(
        "expected in the mean, and what came", f"{found.expected:.3f}", f"{found.came:.3f}"
    )
    return table


def _way_table(found: WayQuality) -> Table:
    title = (
        f"Who takes a coupon on the way ({found.taken:,} of {found.answers:,} answers of "
        f"{found.people:,} drivers; constants of another set)"
    )
    table = Table("question", "AUC, 95 %", "ours above it", title=title)
    for question, auc, above in (
        ("chance of taking an offer, own past alone", found.ours, ""),
        ("  logistic regression on other drivers here", found.logistic, found.above_logistic),
        (
            "  naive: share of the kind taken",
            found.past_rate_of_kind,
            found.above_past_rate_of_kind,
        ),
        ("  naive: share of all taken", found.past_rate, found.above_past_rate),
        ("  with need alone: none taken or let go", found.need_alone, ""),
        ("among one driver's own answers", found.ours_within, ""),
        ("  naive: share of the kind taken", found.past_rate_of_kind_within, ""),
        ("  how often they go there, alone", found.need_within, ""),
        ("pasts dealt out anew", found.shuffled, "goal: around .5"),
    ):
        table.add_row(question, str(auc), str(above))
    return table


def _merchants_table(found: MerchantQuality) -> Table:
    title = "Merchants' names, labelled by others: named at all, and of those rightly"
    table = Table("set", "names", "coverage", "precision", "of other kinds, named", title=title)
    for question, names in (
        ("brands in Korea, not looked at", found.brands),
        ("brands in Korea that the table was extended by", found.brands_looked_at),
        ("merchants in Plaid's examples, looked at", found.plaid_looked_at),
    ):
        wrongly = f"{names.others_named} of {names.others}"
        told = f"{names.names:,}", str(names.coverage), str(names.precision)
        table.add_row(question, *told, wrongly)
    codes = f"{found.codes_known} of {found.codes}"
    table.add_row("codes of ISO 18245 that are a category here", codes, "", "", "")
    return table


def _recurring_table(found: RecurringQuality) -> Table:
    title = f"Recurring payments on Berka ({found.people:,} people), 95 % interval over people"
    table = Table("question", "n", "figure", "beside", title=title)

    def add(question: str, share: Share, beside: Share | str) -> None:
        table.add_row(question, f"{share.n:,}", str(share), str(beside))

    add("precision, orders and fees", found.precision, f"{found.naive_precision} (paid 3 times)")
    add("recall, orders and fees", found.recall, f"{found.naive_recall} (paid 3 times)")
    add("precision, orders alone", found.orders_precision, "goal .99")
    add("recall, orders alone", found.orders_recall, "goal .98")
    add("next date within 3 days, monthly", found.dates, "goal .99")
    add("still found, dates shuffled", found.claimed_shuffled, "at most .05")
    add("people claimed of, dates shuffled", found.people_claimed_shuffled, found.people_claimed)
    size = f"{found.profile_bytes_mean:,.0f} (largest {found.profile_bytes_max:,})"
    table.add_row("bytes of a profile", f"{found.people:,}", size, "at most 131,072")
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
