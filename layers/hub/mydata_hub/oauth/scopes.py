"""Scopes: one for answers, which a person grants, and two for a client's own grants."""

from __future__ import annotations

from typing import Final

from mydata_hub.errors import OAuthRefused

CLAIMS: Final = "claims"
QUERY: Final = "grant_management_query"
REVOKE: Final = "grant_management_revoke"
ALL: Final = (CLAIMS, QUERY, REVOKE)


def require_scope(asked: str | None, *allowed: str) -> str:
    """The scope that is granted: what was asked, or all that is allowed if nothing was.

    Raises OAuthRefused (invalid_scope): leaving words out silently would hide a mistake.
    """
    words = dict.fromkeys((asked or " ".join(allowed)).split(" "))
    if not words.keys() <= set(allowed):
        raise OAuthRefused("invalid_scope", f"scope: takes {' '.join(allowed)}")
    return " ".join(words)
