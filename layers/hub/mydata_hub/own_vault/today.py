"""Today: what the vault understands, in the person's own words, with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mydata_hub.fields import ConnectionId
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.answers import Seen, see_insights
from mydata_hub.insights.moments import instant_of
from mydata_hub.insights.next_need import Need, find_needs
from mydata_hub.insights.own_words import own_view
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.reading import one_reading
from mydata_hub.insights.rhythm import RHYTHM
from mydata_hub.insights.sources import SOURCES, complete_until
from mydata_hub.own_vault.importing import PastImport

# More would be a list of everything.
SHOWN_NEEDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A connection or an imported bank, and how far it is complete (None: not told yet)."""

    connection_id: ConnectionId
    datasets: tuple[str, ...]
    # The minute of its first record, by dataset.
    since: Mapping[str, int]
    own: bool
    complete_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """One insight as a card shows it, and the sources that it draws on."""

    seen: Seen
    sources: tuple[Source, ...]

    @property
    def rhythm(self) -> str | None:
        """The category that this tells the rhythm of, as a line beside others."""
        category = self.seen.attribute.id.removeprefix(RHYTHM)
        return None if category == self.seen.attribute.id else category


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """Everything of one look. `open` is False while the vault is being made."""

    open: bool
    thoughts: tuple[Thought, ...]
    sources: tuple[Source, ...]
    imports: tuple[PastImport, ...]
    # What the coming week is likely to bring; for the person and for offers in the vault.
    needs: tuple[Need, ...] = ()
    # Something the person said is not taken in yet: until then no thought is shown, lest what is
    # disputed be seen once more.
    held: bool = False

    @property
    def waiting(self) -> int:
        """Imported segments that are not folded yet: what is shown is without them."""
        return sum(one.waiting for one in self.imports)


@one_reading()
def see_today(
    profile: Profile | None,
    imports: Sequence[PastImport],
    now: datetime,
    *,
    held: bool = False,
) -> Today:
    """What there is to see; without a profile, nothing yet."""
    if profile is None:
        return Today(open=False, thoughts=(), sources=(), imports=tuple(imports))
    sources = _sources(profile)
    return Today(
        open=True,
        needs=() if held else see_needs(profile, now),
        thoughts=tuple(
            _thought(seen, sources) for seen in (() if held else see_insights(profile, now))
        ),
        sources=sources,
        imports=tuple(imports),
        held=held,
    )


def see_needs(profile: Profile, now: datetime) -> tuple[Need, ...]:
    """The likeliest needs of the week after what is known, each category once."""
    until = complete_until(
        fold_state(profile, SOURCES), profile.freshness, PAYMENTS.inputs, now, collected_only=False
    )
    if until is None:
        return ()
    state = fold_state(own_view(profile), PAYMENTS)
    once: dict[str, Need] = {}
    for need in find_needs(state, until, collected_only=False):
        once.setdefault(need.category, need)
    return tuple(once.values())[:SHOWN_NEEDS]


def today_document(today: Today) -> dict[str, Any]:
    """The same for scripts and the command line."""
    return {
        "open": today.open,
        "waiting": today.waiting,
        "held": today.held,
        "needs": [
            {"category": need.category, "slot": need.slot, "score_percent": need.score_percent}
            for need in today.needs
        ],
        "insights": [_thought_document(thought) for thought in today.thoughts],
        "sources": [_source_document(source) for source in today.sources],
        "imports": [_import_document(one) for one in today.imports],
    }


def _sources(profile: Profile) -> tuple[Source, ...]:
    since: Mapping[str, Mapping[str, Mapping[str, int]]] = fold_state(profile, SOURCES)["since"]
    return tuple(
        Source(
            connection_id=ConnectionId(connection),
            datasets=tuple(sorted(datasets)),
            since={name: min(by.values()) for name, by in datasets.items()},
            own=all("collected" not in by for by in datasets.values()),
            complete_until=profile.freshness.get(ConnectionId(connection)),
        )
        for connection, datasets in sorted(since.items())
    )


def _thought(seen: Seen, sources: Sequence[Source]) -> Thought:
    inputs = set(seen.attribute.insight.inputs)
    return Thought(
        seen=seen,
        sources=tuple(source for source in sources if inputs.intersection(source.datasets)),
    )


def _thought_document(thought: Thought) -> dict[str, Any]:
    attribute, finding = thought.seen.attribute, thought.seen.finding
    return {
        "attribute": attribute.id,
        "label": {"ko": attribute.label.ko, "en": attribute.label.en},
        # None where there is no answer; the sentence says why.
        "answer": finding.cell,
        "sentence": {"ko": finding.explanation.ko, "en": finding.explanation.en},
        "support": dict(finding.evidence),
        "sources": [source.connection_id for source in thought.sources],
        "complete_until": _instant(thought.seen.complete_until),
    }


def _source_document(source: Source) -> dict[str, Any]:
    return {
        "connection_id": source.connection_id,
        "datasets": list(source.datasets),
        "since": {name: instant_of(minute).isoformat() for name, minute in source.since.items()},
        "own": source.own,
        "complete_until": _instant(source.complete_until),
    }


def _import_document(one: PastImport) -> dict[str, Any]:
    return {
        "at": one.at.isoformat(),
        "mapping": one.mapping,
        "origin": one.origin,
        "connection_id": one.connection_id,
        "lines": one.lines,
        "broken": one.broken,
        "segments": one.segments,
        "waiting": one.waiting,
        "put_aside": one.put_aside,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
