"""The facts of a life, as they should be told and as the hub's records tell them."""

from __future__ import annotations

from typing import Any

from mydata_hub.collection.record import RecordState
from mydata_hub.samples.facts import Change, Life

from tests.samples.sample_world import NOW

Fact = tuple[Any, ...]


def state(change: Change | None) -> RecordState:
    if change is None or change.at > NOW:
        return RecordState.BOOKED
    return RecordState(change.kind)


def life_as_records(life: Life, family: str) -> dict[str, list[Fact]]:
    """What a provider should have made known of a life by now, written without its code."""
    told: dict[str, list[Fact]] = {}
    if family in ("card", "efin"):
        ways = ("credit", "debit") if family == "card" else ("efin",)
        dataset = "card.approvals" if family == "card" else "efin.payments"
        told[dataset] = []
        for bought in life.purchases:
            if bought.through in ways and bought.told_at <= NOW:
                found = state(bought.change)
                paid = bought.change.amount if found is RecordState.CORRECTED else bought.amount
                at = bought.at
                if family == "efin" and bought.change and found is RecordState.CANCELLED:
                    at = bought.change.at  # an e-payment's refund is told with its own instant
                told[dataset].append((at, -paid, bought.merchant, found))
    if family == "card":
        told["card.bills"] = [
            (f"{bill.month:%Y-%m}", -bill.amount, f"{bill.paid_on}" if paid else None, bill.limit)
            for bill in life.bills
            for paid in [bill.paid_on <= NOW.date()]
        ]
    if family == "bank":
        told["bank.accounts"] = [(life.balance,)]
        told["bank.transactions"] = [
            (moved.at, moved.amount, moved.party, moved.balance) for moved in life.transfers
        ]
    if family == "invest":
        told["invest.balances"] = [(held.name, held.value) for held in life.holdings]
    if family == "insurer":
        told["insurance.contracts"] = [
            (f"{cover.starts_on}", f"{cover.ends_on}", cover.loss_free_years)
            for cover in life.covers
        ]
    if family == "mobility":
        told["mobility.trips"] = [
            (trip.depart_at, state(trip.change), trip.mode, len(trip.legs) - 1)
            for trip in life.trips
            if trip.told_at <= NOW
        ]
    return {dataset: sorted(facts, key=repr) for dataset, facts in told.items() if facts}


def records_as_facts(connected: Any) -> dict[str, list[Fact]]:
    told: dict[str, list[Fact]] = {}
    for record in connected.held().values():
        body = record.body
        fact: Fact
        match record.dataset:
            case "card.bills":
                fact = (body["month"], record.amount_minor, body["paid_on"], body["limit_minor"])
            case "bank.accounts":
                fact = (body["balance_minor"],)
            case "bank.transactions":
                fact = (
                    record.occurred_at,
                    record.amount_minor,
                    record.counterparty,
                    body["balance_minor"],
                )
            case "invest.balances":
                fact = (body["product"], body["value_minor"])
            case "insurance.contracts":
                fact = (body["started_on"], body["ends_on"], body["no_claim_years"])
            case "mobility.trips":
                fact = (record.occurred_at, record.state, body["mode"], body["transfers"])
            case _:
                fact = (record.occurred_at, record.amount_minor, record.counterparty, record.state)
        told.setdefault(record.dataset, []).append(fact)
    return {dataset: sorted(facts, key=repr) for dataset, facts in told.items()}
