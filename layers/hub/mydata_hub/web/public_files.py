"""Public files: the same bytes for everybody, and read from anywhere.

A page of ours is strict about its origin (web/answers.py); these are what others check the hub by.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from mydata_hub.errors import HubError, Refusal

# For what changes within seconds, and for what never does.
FRESH: Final = "public, max-age=2"
FOR_EVER: Final = "public, max-age=31536000, immutable"


def file_answer(
    body: bytes, content_type: str, caching: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The file in payload format 2.0."""
    return {
        "statusCode": 200,
        "headers": {
            "content-type": content_type,
            "cache-control": caching,
            "x-content-type-options": "nosniff",
            # It is checked from anywhere, a page of another origin included.
            "access-control-allow-origin": "*",
            **(headers or {}),
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def file_problem(error: HubError, unreadable: str) -> dict[str, Any]:
    """Why there is no file (RFC 9457); `unreadable` is what is said of a failure inside."""
    # What is wrong inside is logged; outside learns it only of its own mistake.
    detail = str(error) if isinstance(error, Refusal) else unreadable
    problem = {"type": error.problem_type, "status": error.status, "detail": detail}
    return {
        "statusCode": error.status,
        "headers": {"content-type": "application/problem+json", "cache-control": "no-store"},
        "body": json.dumps(problem),
    }
