"""Entries as their person is shown them: values, which lead to no key that the log zone keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mydata_hub.personal_log.period_key import ShownKey
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.leaf import Leaf, Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry with what opens it; `index` is None while an event of an older release waits."""

    event: Event
    index: int | None
    leaf: Leaf
    opening: Opening
    period: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """A page of a person's entries, newest first, with the keys of their periods; `after`
    leads on."""

    entries: Sequence[Entry]
    keys: Sequence[ShownKey]
    after: str | None
