"""The peers that a scorecard stands beside: logistic regression, and boosting as it comes."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from mydata_hub.cli.score_table import Table, read_column
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.evaluation.purchases import PYTHON

NO_BOOSTING: Final = "LightGBM is not installed: make setup-evaluation"


def has_boosting() -> bool:
    """Whether LightGBM is installed in the evaluation's own environment."""
    return any(PYTHON.parents[1].glob("lib/*/site-packages/lightgbm"))


def logistic(table: Table, used: Sequence[str], bads: Any, folds: Any) -> Any:
    """Logistic regression: numbers standardised, kinds one by one."""
    columns = [read_column(table, name) for name in used]
    numbers = [at for at, column in enumerate(columns) if column.numeric]
    kinds = [at for at, column in enumerate(columns) if not column.numeric]
    design = np.array([column.values for column in columns], dtype=object).T
    expected = np.zeros(len(bads))
    for seen, kept in folds:
        model = make_pipeline(
            make_column_transformer(
                (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), kinds)
            ),
            LogisticRegression(max_iter=2000),
        ).fit(design[seen], bads[seen])
        expected[kept] = model.predict_proba(design[kept])[:, 1]
    return expected


def boosted(table: Table, used: Sequence[str], bads: Any, folds: Any) -> Any:
    """What LightGBM expects, from the evaluation's own environment; None where that is missing."""
    if not has_boosting():
        return None
    fold_of = np.zeros(len(bads), dtype=int)
    for number, (_, kept) in enumerate(folds):
        fold_of[kept] = number
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(["fold", "bad", *used])
    cells = [table.cells(name) for name in used]
    for at, row in enumerate(zip(*cells, strict=True)):
        out.writerow([fold_of[at], int(bads[at]), *row])
    script = Path(__file__).with_name("boosting.py")
    told = subprocess.run(
        [PYTHON, script], input=text.getvalue(), stdout=subprocess.PIPE, text=True, check=True
    )
    return np.array([float(line) for line in told.stdout.split()])
