"""The JSON documents of the API for partners, as JSON Schemas (draft 2020-12)."""

from __future__ import annotations

from typing import Any, Final

from mydata_hub.fields import Wording
from mydata_hub.insights.claim import AnswerPeriod, Sensitivity


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": required | optional,
        "additionalProperties": False,
    }


def _list(of: dict[str, Any], least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": least}


def _words(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


_TEXT: Final = {"type": "string"}
_WORD: Final = {"type": "string", "minLength": 1, "maxLength": 100}
_SPAN: Final = {"type": "string", "format": "duration"}
_WORDING: Final = _object(dict.fromkeys(Wording.__dataclass_fields__, _TEXT))

_BITS: Final = {"type": "string", "pattern": r"^\d+\.\d{4}$"}
_COUNT: Final = {"type": "integer", "minimum": 1}
_FAIR_USE: Final = _object(
    {"says": _WORDING, **dict.fromkeys(("day", "week", "month", "days", "claims"), _COUNT)}
)

_SHA256: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}

SCHEMAS: Final[dict[str, Any]] = {
    "OffersSnapshot": _object(
        {"number": _COUNT, "manifest": _SHA256, "signed": {"type": "string"}}
    ),
    "Claim": _object(
        {
            "id": _WORD,
            "version": {"type": "integer", "minimum": 1},
            "question": _WORDING,
            "alphabet": _list(_WORD, 2),
            "bits": {"type": "number", "minimum": 1},
            "attributes": _list(_WORD),
            "cells": {"type": "object", "additionalProperties": _WORD},
            "inputs": _list(_WORD),
            "floor": _object(
                {
                    "sources": {"type": "integer", "minimum": 1},
                    "window": _SPAN,
                    "freshness": _SPAN,
                }
            ),
            "answer_period": _words(*(str(period) for period in AnswerPeriod)),
            "valid_for": _SPAN,
            "sensitivity": _words(*(str(one) for one in Sensitivity)),
            "purposes": _list(_WORD),
        }
    ),
    "Attribute": _object(
        {
            "id": _WORD,
            "label": _WORDING,
            "ordered": {"type": "boolean"},
            "cells": _list(_WORD, 2),
        }
    ),
    "Catalogue": _object(
        {
            "claims": _list({"$ref": "#/components/schemas/Claim"}),
            "attributes": _list({"$ref": "#/components/schemas/Attribute"}),
        }
    ),
    "Purposes": _object(
        {
            "purposes": _list(
                _object(
                    {
                        "id": _WORD,
                        "text": _WORDING,
                        "dpv": {"type": "string", "format": "uri"},
                        "fair_use": {"oneOf": [_FAIR_USE, {"type": "null"}]},
                    }
                )
            )
        }
    ),
    "DryRun": _object(
        {
            "claims": _list(
                _object(
                    {
                        "claim": _WORD,
                        "question": _WORDING,
                        "alphabet": _list(_WORD, 2),
                        "attribute": _WORD,
                        "bits": _BITS,
                        "answer_period": _words(*(str(period) for period in AnswerPeriod)),
                        "periods": _COUNT,
                        "answered_for_purpose": {"type": "boolean"},
                    }
                )
            ),
            "attributes": _list(_object({"id": _WORD, "charged": _BITS, "told_at_most": _BITS})),
            "bits_once": _BITS,
            "bits_at_most": _BITS,
            "fits_once": {"type": "boolean"},
            # `most` is the bound, `claim` the question, where the rule is about one.
            "refused": _list(
                _object({"field": _WORD, "rule": _WORD, "reason": _TEXT}, most=_COUNT, claim=_WORD),
                0,
            ),
        }
    ),
    "Asking": _object({"claims": {**_list(_WORD), "uniqueItems": True}}),
    # Readers must bear further members: the answer is padded to a length that tells nothing.
    "Answers": _object(
        {
            "event_id": _WORD,
            "bits": {**_WORD, "description": "What this asking was charged, as a decimal"},
            "answers": _list(
                _object(
                    {
                        "claim": {**_WORD, "description": "The claim's id"},
                        "version": {"type": "integer", "minimum": 1},
                        "answer": {**_WORD, "description": "A symbol of the claim's alphabet"},
                        "sd_jwt": {
                            **_TEXT,
                            "description": "The answer, signed and bound to the key (RFC 9901)",
                        },
                    }
                )
            ),
        }
    )
    | {"additionalProperties": True},
    "Keys": _object({"keys": _list({"$ref": "#/components/schemas/Key"})}),
    # RFC 7517 section 4: a key may have further members.
    "Key": _object(
        {"kty": _words("EC"), "crv": _words("P-256"), "x": _TEXT, "y": _TEXT, "kid": _WORD},
        certificate={
            **_TEXT,
            "description": "The long-lived key's word for it, as a JWT; that key has none itself",
        },
    )
    | {"additionalProperties": True},
    # RFC 9457 lets a problem have further members.
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": _TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": _TEXT,
            "remedy": _TEXT,
            "field": _TEXT,
        },
    },
}
