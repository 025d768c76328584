"""What every sheet does before a passkey signs: hold to what was read, and hand the record over."""

from __future__ import annotations

from mydata_hub.consent.approval import Prepared
from mydata_hub.errors import OutOfDate
from mydata_hub.web.answers import Answer, json_answer


def require_read(shown: str, now: str) -> None:
    """Raises OutOfDate where the page showed other sentences than the hub would now, both by the
    hash of their wording: nobody signs what they have not read."""
    if shown != now:
        raise OutOfDate("the page shows other sentences than the hub would now; load it again")


def prepared_answer(prepared: Prepared) -> Answer:
    """201 with the exact record, and what the passkey is to sign."""
    said = {
        "approval": prepared.approval,
        "record": prepared.record.encode().decode(),
        "publicKey": prepared.options,
    }
    return json_answer(201, said)
