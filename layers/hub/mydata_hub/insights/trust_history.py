"""The course of a person's score, as it stood each time that records were folded.

It is no fold: what stood then hangs on the day and on the card of that time, and is not worked out
again from records that came later (decision 0036). It lies in the profile beside the folds, holds
at most MAX_STEPS changes and one a day, and goes when the person erases a part of the vault: what
it says was made from what is erased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from mydata_hub.errors import FormatUnknown
from mydata_hub.insights.moments import date_of
from mydata_hub.insights.profile import FoldState, Profile

HISTORY: Final = "trust_history"
VERSION: Final = 1
MAX_STEPS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A score as it stands: by which card, and what each feature gives. None: there is no score."""

    card_version: int
    score: int | None
    points: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A feature whose points changed; None where the card before or after has no such feature."""

    feature: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A change of the score: what it became on a day, and what changed it.

    The first step has no causes; `new_card` tells that the card itself is another than before.
    """

    on: date
    card_version: int
    score: int | None
    new_card: bool
    causes: tuple[Cause, ...]


def read_steps(profile: Profile) -> tuple[Step, ...]:
    """Every change that is remembered, oldest first. Raises FormatUnknown."""
    found, before = [], None
    for day, now in _read(profile):
        found.append(_step(day, before, now))
        # Between two scores there may be a time without: causes are told from score to score.
        before = now if now.score is not None else before
    return tuple(found)


def step_to(profile: Profile, day: int, standing: Standing) -> Step | None:
    """The change from what is remembered to this standing; None where nothing changed."""
    kept = _read(profile)
    if not kept or _same(kept[-1][1], standing):
        return None
    scored = [one for _, one in kept if one.score is not None]
    return _step(day, scored[-1] if scored else None, standing)


def newest_card(profile: Profile) -> int:
    """The latest version of a card that this vault was scored by; 0 for none. An older one is
    refused, or a score could be brought back by bringing a card back."""
    return max((standing.card_version for _, standing in _read(profile)), default=0)


def with_standing(profile: Profile, day: int, standing: Standing) -> Profile:
    """The profile that remembers how the score stands on a local day; the last of a day counts."""
    kept = [one for one in _read(profile) if one[0] != day]
    if (not kept and standing.score is None) or (kept and _same(kept[-1][1], standing)):
        return _write(profile, kept)
    return _write(profile, [*kept, (day, standing)])


def without_history(profile: Profile) -> Profile:
    """The profile that remembers no score."""
    return replace(
        profile, folds={key: one for key, one in profile.folds.items() if key != HISTORY}
    )


def _same(before: Standing, now: Standing) -> bool:
    if before.score is None or now.score is None:
        return before.score is now.score
    return before == now


def _step(day: int, before: Standing | None, now: Standing) -> Step:
    causes: tuple[Cause, ...] = ()
    if before is not None and now.score is not None:
        names = dict.fromkeys([*now.points, *before.points])
        told = [(name, before.points.get(name), now.points.get(name)) for name in names]
        causes = tuple(
            Cause(feature=name, before=was, after=became)
            for name, was, became in told
            if was != became
        )
    return Step(
        on=date_of(day),
        card_version=now.card_version,
        score=now.score,
        new_card=before is not None and before.card_version != now.card_version,
        causes=causes,
    )


def _read(profile: Profile) -> list[tuple[int, Standing]]:
    """Every step with all its points; a step is kept as what differs from the one before."""
    kept = profile.folds.get(HISTORY)
    if kept is None:
        return []
    if kept.version != VERSION:
        raise FormatUnknown(f"{HISTORY}: this release reads version {VERSION}")
    found: list[tuple[int, Standing]] = []
    points: dict[str, int] = {}
    for row in kept.state["steps"]:
        points = {**points, **row["points"]}
        for gone in row.get("gone", ()):
            del points[gone]
        standing = Standing(card_version=row["card"], score=row["score"], points=points)
        found.append((row["day"], standing))
    return found


def _write(profile: Profile, steps: Sequence[tuple[int, Standing]]) -> Profile:
    rows: list[dict[str, Any]] = []
    before: Mapping[str, int] = {}
    for day, standing in steps[-MAX_STEPS:]:
        # Without a score nothing gives points; what the last one had is kept to tell causes by.
        points = before if standing.score is None else standing.points
        row: dict[str, Any] = {"day": day, "card": standing.card_version, "score": standing.score}
        row["points"] = {name: one for name, one in points.items() if before.get(name) != one}
        if gone := sorted(before.keys() - points.keys()):
            row["gone"] = gone
        rows.append(row)
        before = points
    state = FoldState(version=VERSION, state={"steps": rows})
    return replace(profile, folds={**profile.folds, HISTORY: state})
