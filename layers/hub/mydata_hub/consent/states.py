"""States of a consent, as people, receipts and the Korean view tell them apart.

A request that waits and one that was refused have no grant: the request's own row and the event of
the refusal tell of them. Everything else is derived from the grant at the instant it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from mydata_hub.consent.grant import GrantState
from mydata_hub.consent.grants import Held


class ConsentState(StrEnum):
    """Withdrawn is the person's act, revoked the hub's or the partner's; expired is nobody's."""

    REQUESTED = "requested"
    GIVEN = "given"
    RENEWED = "renewed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"


# The terms of the Data Privacy Vocabulary 2, module "consent".
DPV: Final[Mapping[ConsentState, str]] = {
    ConsentState.REQUESTED: "ConsentRequested",
    ConsentState.GIVEN: "ConsentGiven",
    ConsentState.RENEWED: "RenewedConsentGiven",
    ConsentState.REFUSED: "ConsentRefused",
    ConsentState.WITHDRAWN: "ConsentWithdrawn",
    ConsentState.REVOKED: "ConsentRevoked",
    ConsentState.EXPIRED: "ConsentExpired",
}


def given_as(held: Held) -> ConsentState:
    """How this version came to be: given, or given anew."""
    return ConsentState.RENEWED if held.renewed else ConsentState.GIVEN


def state_of(held: Held, now: datetime) -> ConsentState:
    """What a consent is at `now`."""
    state = held.grant.state(now)
    return given_as(held) if state is GrantState.ACTIVE else ConsentState(state.value)
