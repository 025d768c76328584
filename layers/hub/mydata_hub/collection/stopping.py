"""Stopping: a connection whose consent is over gives the provider its tokens back, and ends.

Nothing waits for it: from the withdrawal on no page is committed. A provider that does not answer
is asked again for a day; then the tokens are forgotten here, and end there by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mydata_hub.collection.connections import Link, State, put_link
from mydata_hub.collection.providers import fetch_provider
from mydata_hub.collection.receiving import hub_at
from mydata_hub.collection.tokens import cursor_row, open_tokens, tokens_row
from mydata_hub.collection.wire import Setback
from mydata_hub.errors import NotFound, ProviderFailed
from mydata_hub.ports.tables import Change, Delete, VersionIs

if TYPE_CHECKING:
    from mydata_hub.collection.collecting import Collector

GIVING_BACK: Final = "giving_back"
GIVEN_UP_AFTER: Final = timedelta(days=1)
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=3)
# What passes by itself. Any other answer says that the tokens open nothing there (any more).
_PASSING: Final = frozenset({Setback.UNAVAILABLE, Setback.THROTTLED, Setback.TOO_SLOW})


def stop(at: Collector, link: Link, why: str, also: Sequence[Change]) -> None:
    """End a connection once its provider has its tokens back, or leave it to be tried again.

    `also` are the changes that settle what asked for it. Raises Busy, Conflict where somebody was
    here meanwhile.
    """
    now = at.clock.now()
    trying = link.trouble == GIVING_BACK
    since = link.failing_since if trying and link.failing_since else now
    if _give_back(at, link) or now - since >= GIVEN_UP_AFTER:
        end(at, link, why, also)
        return
    tries = link.failures + 1 if trying else 1
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 12))
    later = link.change(
        due_at=now + pause * (0.5 + 0.5 * at.chance()),
        leased_until=None,
        leased_by="",
        trouble=GIVING_BACK,
        failing_since=since,
        failures=tries,
    )
    at.tables.commit(put_link(later), *also)


def end(at: Collector, link: Link, why: str, also: Sequence[Change]) -> None:
    """Stop for good, and forget what was needed to call the provider."""
    keys = tokens_row(link.connection_id), cursor_row(link.connection_id)
    rows = at.tables.fetch_many(*keys).values()
    ended = link.change(
        state=State.ENDED, due_at=None, leased_until=None, leased_by="", trouble=why
    )
    forgotten = (Delete(row.key, VersionIs(row.version)) for row in rows)
    at.tables.commit(put_link(ended), *forgotten, *also)


def _give_back(at: Collector, link: Link) -> bool:
    """Revoke the tokens there; False if that has to be tried again."""
    key = tokens_row(link.connection_id)
    row = at.tables.fetch_many(key).get(key)
    if row is None:
        return True
    try:
        provider = fetch_provider(at.tables, link.provider_id)
    except NotFound:
        return True
    tokens = open_tokens(at.box, link.connection_id, row)
    try:
        at.give_back(hub_at(at.box, provider), tokens)
    except ProviderFailed as failure:
        return failure.setback not in _PASSING
    return True
