"""One's own score as JSON, for scripts and the command line."""

from __future__ import annotations

from typing import Any

from mydata_hub.fields import Wording
from mydata_hub.insights.trust_features import RESTS_ON
from mydata_hub.insights.trust_history import Cause, Step
from mydata_hub.own_vault.score import Benefit, Score, about
from mydata_hub.scorecard import improve
from mydata_hub.scorecard.evaluate import Reason
from mydata_hub.scorecard.forbidden import FORBIDDEN


def score_document(seen: Score) -> dict[str, Any]:
    """Everything of one look, in both languages."""
    scored = seen.scored
    return {
        "open": seen.open,
        "held": seen.held,
        "old_card": seen.old_card,
        "score": scored and scored.total,
        "tier": scored and scored.tier,
        "confidence": scored and scored.confidence,
        "level": scored and scored.level.value,
        "base_points": scored and scored.card.base_points,
        "card": scored and {"id": scored.card.id, "version": scored.card.version},
        "complete_until": seen.own and seen.own.complete_until.isoformat(),
        "needed": [_words(one.label) for one in scored.needed] if scored else [],
        "unknown": [_words(one.label) for one in scored.unknown] if scored else [],
        "reasons": [_reason(one) for one in scored.reasons] if scored else [],
        "improvement": seen.step and _improvement(seen.step),
        "what_if": seen.what_if
        and {
            "values": dict(seen.asked),
            "score": seen.what_if.after.total,
            "tier": seen.what_if.after.tier,
            "difference": seen.what_if.difference,
        },
        "history": [_step(one) for one in seen.course],
        "partners_are_told": seen.told,
        "contested": seen.contested,
        "benefits": [_benefit(one) for one in seen.benefits],
        "never_used": [
            {"id": one.id, "what": _words(one.label), "reason": _words(one.reason)}
            for one in FORBIDDEN
        ],
    }


def _reason(one: Reason) -> dict[str, Any]:
    return {
        "feature": one.feature.id,
        "label": _words(one.feature.label),
        "about": _words(about(one)),
        "value": one.value,
        "row": _words(one.row),
        "points": one.points,
        "best": one.best,
        "above_typical": one.above_typical,
        "rests_on": list(RESTS_ON.get(one.feature.id, ())),
        "set_by": one.feature.source.value,
    }


def _improvement(step: improve.Step) -> dict[str, Any]:
    return {
        "feature": step.feature.id,
        "label": _words(step.feature.label),
        "advice": _words(step.advice),
        "value": step.value,
        "row": _words(step.row),
        "points": step.gained,
        "score": step.after.total,
        "tier": step.after.tier,
    }


def _step(one: Step) -> dict[str, Any]:
    return {
        "on": one.on.isoformat(),
        "card_version": one.card_version,
        "new_card": one.new_card,
        "score": one.score,
        "causes": [_cause(cause) for cause in one.causes],
    }


def _cause(one: Cause) -> dict[str, Any]:
    return {"feature": one.feature, "before": one.before, "after": one.after}


def _benefit(one: Benefit) -> dict[str, Any]:
    return {
        "tier": one.tier,
        "what": _words(one.what),
        "claim": one.claim.id,
        "bits": float(one.claim.bits),
        "open": one.open,
        "missing": one.missing,
    }


def _words(told: Wording) -> dict[str, str]:
    return {"ko": told.ko, "en": told.en}
