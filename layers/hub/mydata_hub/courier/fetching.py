"""Fetching partners' keys: one GET to an address that an operator registered, bounded like a push.

What comes back is kept only if it is a JWK Set that may authenticate somebody; anything else leaves
the keys as they were, and is tried again, less and less often.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from mydata_hub.courier.calling import Caller
from mydata_hub.courier.telling import pause_after
from mydata_hub.errors import BadInput, Conflict, Damaged
from mydata_hub.oauth.clients import check_keys, fetch_client
from mydata_hub.oauth.fetched_keys import fetched_keys, keys_message, put_keys
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.messages import Message, send, settle
from mydata_hub.ports.tables import Change, Tables

EVERY: Final = timedelta(days=1)


def fetch_client_keys(
    tables: Tables, caller: Caller, entropy: Entropy, message: Message, now: datetime
) -> bool:
    """Fetch once what the message asks for; True if it is settled. Raises Damaged, Busy."""
    client_id, tries = message.body.get("client_id"), message.body.get("tries")
    if not isinstance(client_id, str) or not isinstance(tries, int):
        raise Damaged("a message does not say whose keys to fetch")
    client = fetch_client(tables, client_id)
    changes: list[Change] = []
    if client is not None and client.jwks_uri is not None:
        before = fetched_keys(tables, client_id)
        jwks = _fetch(caller, client.jwks_uri)
        if jwks is not None:
            changes.append(put_keys(client_id, jwks, now, before))
        if message.body.get("always"):
            later = EVERY if jwks is not None else pause_after(tries + 1, entropy)
            again = keys_message(client_id, now + later, 0 if jwks is not None else tries + 1)
            changes.append(send(again))
    try:
        tables.commit(settle(message), *changes)
    except Conflict:
        return False  # somebody else settled it, or fetched meanwhile; a sweep finds what is left
    return True


def _fetch(caller: Caller, url: str) -> str | None:
    body = caller.fetch(url)
    if body is None:
        return None
    try:
        jwks = body.decode()
        check_keys(jwks)
    except (UnicodeDecodeError, BadInput):
        return None
    return jwks
