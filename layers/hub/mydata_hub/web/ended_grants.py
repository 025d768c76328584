"""What became of a grant that ended: was its partner told, did it confirm, did it delete?"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from mydata_hub.consent.deliveries import Delivery, DeliveryState
from mydata_hub.web.wording import mark as _

# What a person reads; the partner's name stands beside it.
WORDS: Final = {
    DeliveryState.WAITING: _("Not told yet. That happens in a moment."),
    DeliveryState.SENT: _("Told. Not yet confirmed."),
    DeliveryState.NOT_CONFIRMED: _("Not yet confirmed. We tell them again and again for a day."),
    DeliveryState.GIVEN_UP: _("Not confirmed. We told them for a day and have stopped."),
    DeliveryState.NO_ADDRESS: _("Takes no messages. Their next question is refused."),
    DeliveryState.ACKNOWLEDGED: _(
        "Told and confirmed. They have not yet signed that they deleted."
    ),
    DeliveryState.DELETION_ATTESTED: _("Signed that they deleted. We cannot see whether they did."),
}


def told_document(delivery: Delivery | None) -> dict[str, Any] | None:
    """A delivery as its person reads it; None where nothing was ever to be told."""
    if delivery is None:
        return None
    return {
        "state": delivery.state.value,
        "confirmed": delivery.acknowledged_at is not None,
        "tries": delivery.tries,
        "tried_at": _iso(delivery.tried_at),
        "trouble": delivery.trouble,
        "acknowledged_at": _iso(delivery.acknowledged_at),
        "attested_at": _iso(delivery.attested_at),
        # The partner's signed statement: whoever has its published keys can verify it.
        "attestation": delivery.attestation,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
