"""Fitting a scorecard: optbinning cuts each column into rows, and one regression weighs all rows.

The regression is logistic with a penalty on each step between rows, and steps go only the way in
which the column's rows order people where that is one way: so a card rises or falls throughout,
and a column cannot turn round because others tell the same. How strong the penalty is, and how far
the weights are too sure of themselves, is found on rows that a fit has not seen.

The libraries are those of the development environment and are imported where they are used.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from mydata_hub.cli.score_table import Column
from mydata_hub.scorecard.card import Direction
from mydata_hub.scorecard.evaluate import Value

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.float64]]
    Rows = np.ndarray[Any, np.dtype[np.int64]]

FOLDS: Final = 3
SEED: Final = 0
PENALTIES: Final = (320.0, 80.0, 20.0, 5.0, 1.0)
# At least this share of people in a row, and as many kinds as have a row of their own.
LEAST_SHARE: Final = 0.02
BINNING_SECONDS: Final = 10
MAX_ITERATIONS: Final = 1000
# Edges in so many digits: what nobody can read need not be in a card.
DIGITS: Final = 6
NEEDED: Final = ("optbinning", "numpy", "scipy", "sklearn")
_TRENDS: Final = {
    None: "auto_heuristic",
    Direction.FREE: "auto_heuristic",
    Direction.MORE_IS_BETTER: "ascending",
    Direction.MORE_IS_WORSE: "descending",
}
INSTALL: Final = (
    "fitting needs optbinning, which the hub itself does not: install it beside the hub with"
    " `pip install optbinning`, or run `make setup` in the project"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binned:
    """A column cut into rows: edges of numbers, or kinds by row; the row after the last is missing.

    `direction` is the one way in which its rows order people, or FREE.
    """

    column: str
    numeric: bool
    whole: bool
    edges: tuple[float, ...]
    kinds: tuple[tuple[str, ...], ...]
    direction: Direction

    @property
    def count(self) -> int:
        """How many rows there are, without the missing one."""
        return len(self.edges) + 1 if self.numeric else len(self.kinds)

    def rows(self, column: Column) -> Rows:
        """The row of each value; -1 for a kind that no row has, `count` for a missing value."""
        import numpy as np

        if not self.numeric:
            row_of: dict[Value, int] = {None: self.count}
            row_of |= {kind: at for at, kinds in enumerate(self.kinds) for kind in kinds}
            return np.array([row_of.get(value, -1) for value in column.values])
        numbers = _numbers(column)
        found = np.searchsorted(np.array(self.edges), numbers, side="right")
        return np.where(np.isnan(numbers), self.count, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The log odds of good: `base` and one number for each row of each column, missing last."""

    base: float
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Columns with their rows and weights, and what the fit expects of rows it had not seen."""

    binned: tuple[Binned, ...]
    weights: Weights
    # Row by row of the table: which row of each column, and the log odds of good of unseen people.
    rows: tuple[Rows, ...]
    unseen: Numbers
    penalty: float
    # What the weights were multiplied by, because fits are too sure of what they have seen.
    shrunk: float


def require_libraries() -> None:
    """Raises ClickException, saying how to install what is missing."""
    from importlib.util import find_spec

    if not all(find_spec(name) for name in NEEDED):
        raise click.ClickException(INSTALL)


def fit(
    columns: Sequence[Column],
    bads: Sequence[bool],
    tell: Callable[[str], None],
    ways: Mapping[str, Direction] | None = None,
) -> Fitted:
    """Fit the columns; `tell` hears what is being done. Takes at least FOLDS good and bad people.

    `ways` says of columns of numbers what more of them may do, where that is not left to the data.
    Raises ClickException where no column tells good from bad.
    """
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    good = 1.0 - np.array(bads, dtype=float)
    unseen = {penalty: np.zeros(len(good)) for penalty in PENALTIES}
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(good, good)
    for number, (seen, kept) in enumerate(folds, start=1):
        tell(f"fold {number} of {FOLDS}")
        binned = bin_columns([_some(one, seen) for one in columns], good[seen], tell, ways)
        rows = [one.rows(column) for one, column in _pairs(binned, columns)]
        weighing = Weighing(binned, [row[seen] for row in rows], good[seen])
        for penalty in PENALTIES:
            tell(f"fold {number} of {FOLDS}, penalty {penalty:g}")
            weights = weighing.with_penalty(penalty)
            unseen[penalty][kept] = log_odds(weights, [row[kept] for row in rows])
    penalty = min(PENALTIES, key=lambda one: _loss(unseen[one], good))
    base, shrunk = _recalibrate(unseen[penalty], good)
    tell("the whole table")
    binned = bin_columns(columns, good, tell, ways)
    if not binned:
        raise click.ClickException("no column tells good from bad")
    rows = [one.rows(column) for one, column in _pairs(binned, columns)]
    found = Weighing(binned, rows, good).with_penalty(penalty)
    weights = Weights(
        base=base + shrunk * found.base,
        rows=tuple(tuple(shrunk * one for one in row) for row in found.rows),
    )
    return Fitted(
        binned=tuple(binned),
        weights=weights,
        rows=tuple(rows),
        unseen=base + shrunk * unseen[penalty],
        penalty=penalty,
        shrunk=shrunk,
    )


def bin_columns(
    columns: Sequence[Column],
    good: Numbers,
    tell: Callable[[str], None],
    ways: Mapping[str, Direction] | None = None,
) -> list[Binned]:
    """Each column cut into rows; without those that optbinning finds nothing in."""
    found = []
    for column in columns:
        tell(column.name)
        binned = _bin(column, good, (ways or {}).get(column.name))
        if binned is not None:
            found.append(binned)
    return found


class Weighing:
    """The weights of all rows together, by penalised logistic regression with one-way steps."""

    def __init__(self, binned: Sequence[Binned], rows: Sequence[Rows], good: Numbers) -> None:
        import numpy as np

        self._good = good
        self._blocks: list[tuple[Binned, Rows, slice]] = []
        bounds: list[tuple[float | None, float | None]] = [(None, None)]
        for one, row in zip(binned, rows, strict=True):
            limits = _bounds(one)
            place = slice(len(bounds), len(bounds) + len(limits))
            self._blocks.append((one, np.where(row < 0, one.count + 1, row), place))
            bounds += limits
        self._bounds = bounds
        # Each penalty begins where the one before has ended, which is most of the way.
        self._weights = np.zeros(len(bounds))

    def with_penalty(self, penalty: float) -> Weights:
        """The weights at which likelihood less penalty is greatest."""
        import numpy as np
        from scipy.optimize import minimize

        # The base is not held to anything.
        held = np.array([0.0] + [penalty] * (len(self._bounds) - 1))
        self._weights = minimize(
            lambda weights: self._loss(weights, held),
            self._weights,
            jac=True,
            method="L-BFGS-B",
            bounds=self._bounds,
            options={"maxiter": MAX_ITERATIONS},
        ).x
        rows = tuple(_of_steps(one, self._weights[at]) for one, _, at in self._blocks)
        return Weights(base=float(self._weights[0]), rows=rows)

    def _loss(self, weights: Numbers, held: Numbers) -> tuple[float, Numbers]:
        """Minus the penalised log likelihood of a person, and its gradient."""
        import numpy as np

        z = np.full(len(self._good), weights[0])
        for one, row, at in self._blocks:
            z += np.array([*_of_steps(one, weights[at]), 0.0])[row]
        missed = 1.0 / (1.0 + np.exp(-z)) - self._good
        gradient = np.zeros(len(weights))
        gradient[0] = missed.sum()
        for one, row, at in self._blocks:
            by_row = np.bincount(row, weights=missed, minlength=one.count + 2)
            gradient[at] = _to_steps(one, by_row[: one.count + 1])
        likely = np.logaddexp(0.0, z).sum() - self._good @ z
        people = len(self._good)
        total = float(likely + 0.5 * held @ weights**2)
        return total / people, (gradient + held * weights) / people


def log_odds(weights: Weights, rows: Sequence[Rows]) -> Numbers:
    """The log odds of good of people by their rows; a kind that no row has weighs nothing."""
    import numpy as np

    total = np.full(len(rows[0]) if rows else 0, weights.base)
    for points, row in zip(weights.rows, rows, strict=True):
        total = total + np.array([*points, 0.0])[row]
    return total


def _bin(column: Column, good: Numbers, way: Direction | None) -> Binned | None:
    import numpy as np
    from optbinning import OptimalBinning

    options: dict[str, Any] = {"dtype": "categorical", "cat_cutoff": LEAST_SHARE / 2}
    values: Any = np.array(["" if one is None else str(one) for one in column.values], dtype=object)
    known = np.array([one is not None for one in column.values])
    if column.numeric:
        options = {"dtype": "numerical", "monotonic_trend": _TRENDS[way]}
        values = _numbers(column)
    # A fold can hold one kind of people or one value alone, and then there is nothing to cut.
    if len(set(good[known])) < 2 or len(set(values[known])) < 2:
        return None
    binning = OptimalBinning(
        column.name, min_prebin_size=LEAST_SHARE, time_limit=BINNING_SECONDS, **options
    )
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of libraries, about libraries
        binning.fit(values[known], good[known].astype(int))
    whole = column.numeric and all(float(one).is_integer() for one in values[known])
    edges = _edges(binning.splits, values[known], whole) if column.numeric else ()
    kinds = () if column.numeric else tuple(tuple(map(str, one)) for one in binning.splits)
    binned = Binned(
        column=column.name,
        numeric=column.numeric,
        whole=bool(whole),
        edges=edges,
        kinds=kinds,
        direction=way or Direction.FREE,
    )
    if not edges and len(kinds) < 2:
        return None
    return binned if way else _directed(binned, column, good)


def _edges(splits: Sequence[float], values: Numbers, whole: bool) -> tuple[float, ...]:
    """Where rows begin: readable, rising, and with people on both sides of each."""
    import math

    edges = {float(math.ceil(one)) if whole else float(f"{one:.{DIGITS}g}") for one in splits}
    return tuple(sorted(one for one in edges if values.min() < one <= values.max()))


def _directed(binned: Binned, column: Column, good: Numbers) -> Binned:
    import dataclasses

    import numpy as np

    if not binned.numeric:
        return binned
    rows = binned.rows(column)
    rates = [good[rows == at].mean() for at in range(binned.count) if (rows == at).any()]
    steps = np.diff(rates)
    if (steps >= 0).all():
        return dataclasses.replace(binned, direction=Direction.MORE_IS_BETTER)
    if (steps <= 0).all():
        return dataclasses.replace(binned, direction=Direction.MORE_IS_WORSE)
    return binned


def _bounds(binned: Binned) -> list[tuple[float | None, float | None]]:
    """The bounds of a column's weights.

    Of numbers, a weight is the step at an edge; of kinds, it is a row; the last one is missing's.
    """
    free: tuple[float | None, float | None] = (None, None)
    if not binned.numeric:
        return [free] * (binned.count + 1)
    way = {Direction.MORE_IS_BETTER: (0.0, None), Direction.MORE_IS_WORSE: (None, 0.0)}
    return [*([way.get(binned.direction, free)] * (binned.count - 1)), free]


def _of_steps(binned: Binned, found: Numbers) -> tuple[float, ...]:
    """The weight of each row from those of the steps, missing last."""
    import numpy as np

    if binned.numeric:
        return (0.0, *map(float, np.cumsum(found[:-1])), float(found[-1]))
    return tuple(map(float, found))


def _to_steps(binned: Binned, by_row: Any) -> Any:
    """The gradient by steps from that by rows: a step moves every row from its edge on."""
    import numpy as np

    if not binned.numeric:
        return by_row
    beyond = np.cumsum(by_row[:-1][::-1])[::-1][1:]
    return np.append(beyond, by_row[-1])


def _recalibrate(unseen: Numbers, good: Numbers) -> tuple[float, float]:
    """Base and factor that make what was expected of unseen people what came."""
    from sklearn.linear_model import LogisticRegression

    found = LogisticRegression(C=1e6).fit(unseen[:, None], good)
    return float(found.intercept_[0]), max(float(found.coef_[0, 0]), 0.05)


def _loss(expected: Numbers, good: Numbers) -> float:
    import numpy as np

    return float(np.logaddexp(0.0, expected).sum() - good @ expected)


def _numbers(column: Column) -> Numbers:
    import numpy as np

    return np.array([np.nan if one is None else one for one in column.values], dtype=float)


def _some(column: Column, rows: Rows) -> Column:
    values = tuple(column.values[int(at)] for at in rows)
    return Column(name=column.name, numeric=column.numeric, values=values)


def _pairs(binned: Sequence[Binned], columns: Sequence[Column]) -> list[tuple[Binned, Column]]:
    named = {column.name: column for column in columns}
    return [(one, named[one.column]) for one in binned]
