"""Publishing: the key that signs certificates, told to whoever may want to check one later."""

from __future__ import annotations

import json
from contextlib import suppress

from mydata_hub.erasure.published import KEYS, read_keys
from mydata_hub.errors import Conflict
from mydata_hub.ports.tables import Absent, Put, Tables, VersionIs
from mydata_hub.release.sd_jwt import AnswerKey


def publish_key(tables: Tables, key: AnswerKey) -> None:
    """Add the key that signs today, unless it is there; keys of old certificates stay."""
    public = key.public.as_dict(private=False)
    row = tables.fetch_many(KEYS).get(KEYS)
    published = read_keys(row)
    if public in published:
        return
    values = {"keys": json.dumps([*published, public])}
    with suppress(Conflict):  # another run was first; the next one looks again
        when = VersionIs(row.version) if row else Absent()
        tables.commit(Put(key=KEYS, values=values, when=when))
