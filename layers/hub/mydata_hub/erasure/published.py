"""Published: what anyone may read of erasures, by the edge, which holds no key.

The row "keys" of table `erasures` holds the public keys that certificates were ever signed with.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Final

from mydata_hub.erasure.certificate import with_proof
from mydata_hub.erasure.state import STEP_NAMES, Erasure, Kind, erasure_key
from mydata_hub.errors import Conflict
from mydata_hub.ports.tables import Absent, Put, Tables, VersionIs
from mydata_hub.release.sd_jwt import AnswerKey

_KEYS: Final = erasure_key("keys")


def publish_key(tables: Tables, key: AnswerKey) -> None:
    """Add the key that signs today, unless it is there; keys of old certificates stay."""
    public = key.public.as_dict(private=False)
    row = tables.fetch_many(_KEYS).get(_KEYS)
    published = _read(row.values.get("keys")) if row else []
    if public in published:
        return
    values = {"keys": json.dumps([*published, public])}
    with suppress(Conflict):  # another run was first; the next one looks again
        when = VersionIs(row.version) if row else Absent()
        tables.commit(Put(key=_KEYS, values=values, when=when))


def certificate_keys(tables: Tables) -> dict[str, Any]:
    """The keys of certificates as a JWK Set (RFC 7517); empty before the first run of `erase`."""
    row = tables.fetch_many(_KEYS).get(_KEYS)
    return {"keys": _read(row.values.get("keys")) if row else []}


def erasure_document(erasure: Erasure) -> dict[str, Any]:
    """An erasure as whoever has its link sees it: how far it is, and its certificates."""
    if erasure.certificate(Kind.IRRECOVERABLE):
        state = "irrecoverable"
    else:
        state = "inaccessible" if erasure.certificate(Kind.ERASED) else "running"
    done = {step: erasure.done.get(step) for step in STEP_NAMES}
    return {
        "certificate_id": erasure.certificate_id,
        "state": state,
        "begun_at": erasure.begun_at.isoformat(),
        "steps": [{"step": step, "done_at": at and at.isoformat()} for step, at in done.items()],
        "inaccessible_at": erasure.inaccessible_at and erasure.inaccessible_at.isoformat(),
        "irrecoverable_at": erasure.irrecoverable_at and erasure.irrecoverable_at.isoformat(),
        "certificates": [with_proof(one.document, one.log) for one in erasure.issued],
    }


def _read(encoded: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(str(encoded))
    return found
