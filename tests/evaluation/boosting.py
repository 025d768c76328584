"""Run by the evaluation's own environment: what boosting expects of people it has not seen.

Reads CSV from standard input: `fold`, `bad` (0 or 1), then the columns. Writes one probability a
line, in the order of the rows, each from a model that was fitted on the other folds: LightGBM as it
comes, a hundred rounds and nothing tuned.
"""

from __future__ import annotations

import sys

import lightgbm
import pandas

ROUNDS = 100
SETTINGS = {"objective": "binary", "verbosity": -1, "seed": 0, "num_threads": 2}


def main() -> None:
    """Write a probability for each row."""
    table = pandas.read_csv(sys.stdin, keep_default_na=False, na_values=[""])
    fold, bad = table.pop("fold"), table.pop("bad")
    for name in table.select_dtypes(exclude="number"):
        table[name] = table[name].astype("category")
    expected = pandas.Series(0.0, index=table.index)
    for one in sorted(fold.unique()):
        seen = fold != one
        data = lightgbm.Dataset(table[seen], bad[seen], free_raw_data=False)
        booster = lightgbm.train(SETTINGS, data, ROUNDS)
        expected[~seen] = booster.predict(table[~seen])
    for probability in expected:
        sys.stdout.write(f"{probability:.9f}\n")


if __name__ == "__main__":
    main()
