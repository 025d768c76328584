"""Asking: what an operator may say to the function that turns keys, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mydata_hub.errors import BadInput
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Tables
from mydata_hub.rotation.job import begin_job, fetch_job, job_document, read_kind, running_job

_ASKED: Final = ({"rotate"}, {"rotate", "vault"}, {"rotation"}, {"running"})


def answer_operator(
    tables: Tables, clock: Clock, entropy: Entropy, event: Mapping[str, Any]
) -> dict[str, Any]:
    """Begin a rotation (`rotate`, with `vault` for one alone), or say how far one is (`rotation`).

    `running` gives the rotation of a kind that is under way, and {} where there is none. All give
    the job as a document. Raises BadInput, NotFound, Taken, Conflict, Busy.
    """
    if event.keys() not in _ASKED:
        raise BadInput("event", "takes rotate and vault, or rotation, or running")
    if "rotation" in event:
        return job_document(fetch_job(tables, str(event["rotation"])))
    if "running" in event:
        found = running_job(tables, read_kind(event["running"]))
        return job_document(found) if found else {}
    vault = event.get("vault")
    kind = read_kind(event["rotate"])
    return job_document(
        begin_job(tables, clock, entropy, kind, None if vault is None else str(vault))
    )
