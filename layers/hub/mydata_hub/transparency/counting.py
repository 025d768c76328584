"""Counting openings: what happened how often, and how many bits left, for whoever has read them.

Pure sums over what an auditor was shown: the hub keeps none of them, so none has to be believed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

# Longer than this a period is counted by days.
MAX_HOURS: Final = 72
_DAY_LETTERS: Final = len("2026-11-20")


@dataclass(slots=True)
class Counts:
    """Sums over entries; each names nothing that is not in the entries themselves."""

    entries: int = 0
    by_hour: Counter[str] = field(default_factory=Counter)
    by_class: Counter[str] = field(default_factory=Counter)
    by_partner: Counter[str] = field(default_factory=Counter)
    by_purpose: Counter[str] = field(default_factory=Counter)
    by_decision: Counter[str] = field(default_factory=Counter)
    # Of entries that say no, by the rules that said it; one entry may name several.
    refusals: Counter[str] = field(default_factory=Counter)
    # (partner, the claims that were asked together) -> bits. A price is of all of them.
    bits: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    def add(self, payload: Mapping[str, str]) -> None:
        """Count one entry."""
        self.entries += 1
        self.by_hour[payload.get("hour", "")] += 1
        self.by_class[payload.get("class", "")] += 1
        for name, counter in (
            ("partner", self.by_partner),
            ("purpose", self.by_purpose),
            ("decision", self.by_decision),
        ):
            if name in payload:
                counter[payload[name]] += 1
        if payload.get("decision") == "deny":
            self.refusals.update(payload.get("policy_id", "").split())
        if "bits" in payload:
            key = payload.get("partner", ""), payload.get("claim", "")
            self.bits[key] = self.bits.get(key, Decimal(0)) + Decimal(payload["bits"])

    @property
    def by_time(self) -> dict[str, int]:
        """In the order of time: by the hour, or by the day where there are many hours."""
        if len(self.by_hour) <= MAX_HOURS:
            return dict(sorted(self.by_hour.items()))
        days: Counter[str] = Counter()
        for hour, count in self.by_hour.items():
            days[hour[:_DAY_LETTERS]] += count
        return dict(sorted(days.items()))

    def document(self) -> dict[str, Any]:
        """As plain values: the largest first, but time in its order."""
        return {
            "entries": self.entries,
            "by_time": self.by_time,
            "by_class": dict(self.by_class.most_common()),
            "by_partner": dict(self.by_partner.most_common()),
            "by_purpose": dict(self.by_purpose.most_common()),
            "by_decision": dict(self.by_decision.most_common()),
            "refusals": dict(self.refusals.most_common()),
            "bits": [
                {"partner": partner, "claim": claim, "bits": f"{bits:f}"}
                for (partner, claim), bits in sorted(
                    self.bits.items(), key=lambda pair: (-pair[1], pair[0])
                )
            ],
        }


def count(payloads: Iterable[Mapping[str, str]]) -> Counts:
    """The sums over some entries."""
    counts = Counts()
    for payload in payloads:
        counts.add(payload)
    return counts
