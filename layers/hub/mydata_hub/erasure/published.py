"""Published: what anyone may read of erasures, by the edge, which holds no key.

The row "keys" of table `erasures` holds the public keys that certificates were ever signed with.
"""

from __future__ import annotations

import json
from typing import Any, Final

from mydata_hub.erasure.state import OVERTAKEN, Erasure, Kind, erasure_key
from mydata_hub.ports.tables import Row, Tables

KEYS: Final = erasure_key("keys")


def certificate_keys(tables: Tables) -> dict[str, Any]:
    """The keys of certificates as a JWK Set (RFC 7517); empty before the first run of `erase`."""
    return {"keys": read_keys(tables.fetch_many(KEYS).get(KEYS))}


def erasure_document(erasure: Erasure) -> dict[str, Any]:
    """An erasure as whoever has its link sees it: how far it is, and its certificates."""
    if OVERTAKEN in erasure.done:
        state = OVERTAKEN
    elif erasure.certificate(Kind.IRRECOVERABLE):
        state = "irrecoverable"
    else:
        state = "inaccessible" if erasure.certificate(Kind.ERASED) else "running"
    done = {step: erasure.done.get(step) for step in erasure.steps}
    return {
        "certificate_id": erasure.certificate_id,
        **({} if erasure.part is None else {"part": dict(erasure.part)}),
        "state": state,
        "begun_at": erasure.begun_at.isoformat(),
        "steps": [{"step": step, "done_at": at and at.isoformat()} for step, at in done.items()],
        "inaccessible_at": erasure.inaccessible_at and erasure.inaccessible_at.isoformat(),
        "irrecoverable_at": erasure.irrecoverable_at and erasure.irrecoverable_at.isoformat(),
        "certificates": [with_proof(one.document, one.log) for one in erasure.issued],
    }


def read_keys(row: Row | None) -> list[dict[str, Any]]:
    """The keys in their row."""
    found: list[dict[str, Any]] = json.loads(str(row.values.get("keys"))) if row else []
    return found


def with_proof(document: bytes, proof: str | None) -> dict[str, Any]:
    """The certificate as it is handed out."""
    return {**json.loads(document), "log": proof}
