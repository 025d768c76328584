"""Onward: where a page may lead after something was done, which is a place of ours or nowhere."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs

MAX_LETTERS: Final = 1000
# Threat: a link or form of ours that sends people on to another site. Only plain paths of our own:
# no second slash at the start (//host), no backslash, no scheme. A query cannot lead away.
_OWN_PATH: Final = re.compile(
    r"/(?:[A-Za-z0-9_-][A-Za-z0-9_/-]*)?(?:\?[A-Za-z0-9_.~%=&:+-]*)?", re.ASCII
)


def own_path(text: str, otherwise: str = "/") -> str:
    """The text if it is a path of ours, with or without a query."""
    return text if len(text) <= MAX_LETTERS and _OWN_PATH.fullmatch(text) else otherwise


def next_of(query: str) -> str:
    """The path of ours that a query names as `next`, or an empty text."""
    try:
        named = parse_qs(query, max_num_fields=10).get("next", [""])
    except ValueError:
        return ""
    return own_path(named[0], "")
