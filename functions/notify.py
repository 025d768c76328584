"""Tells people's own browsers that there is something new, and not what: by a sweep alone.

Apart from what is told to partners, so that no partner can hear by its delay that somebody else had
something to be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from mydata_hub.accounts.push_services import PushServices
from mydata_hub.batches import take_swept
from mydata_hub.config import Handler, NotifySettings, on_first_use
from mydata_hub.courier.calling import Caller
from mydata_hub.courier.notifying import Notifier
from mydata_hub.courier.telling import Round
from mydata_hub.courier.vapid import Vapid
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.observe import logger_for, measure
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.tables import Row
from mydata_hub.ports.topics import due_for, message_for
from mydata_hub.wiring import loopback_calls_allowed, signer_for, tables_for

FUNCTION: Final = "notify"
MAX_SWEPT: Final = 1000
# Nobody waits for a push service: it is told that there is something, and answers at once.
DEADLINE_S: Final = 3.0


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores, the key and the push services that the settings name."""
    settings, logger = NotifySettings.read(env), logger_for(FUNCTION)
    tables, clock = tables_for(settings), SystemClock()
    loopback = loopback_calls_allowed(settings)
    notifier = Notifier(
        tables=tables,
        entropy=SystemEntropy(),
        caller=Caller(loopback_allowed=loopback, deadline_s=DEADLINE_S),
        vapid=Vapid(SigningKeys(signer_for(settings, settings.push_key, "ES256")), settings.issuer),
        services=PushServices.read(settings.push_services, loopback_allowed=loopback),
    )

    def handle(_event: dict[str, Any], _context: Any) -> Mapping[str, Any]:
        this_round, taken, refused = Round(), 0, 0

        def notify(row: Row) -> None:
            nonlocal taken, refused
            message = message_for(FUNCTION, row, clock.now())
            if message is not None:
                pushed = notifier.notify(message, clock.now(), this_round)
                taken, refused = taken + pushed.taken, refused + pushed.refused

        due = islice(due_for(FUNCTION, tables, clock.now()), MAX_SWEPT)
        try:
            return take_swept(due, notify, logger.exception)
        finally:
            measure(FUNCTION, PushesTaken=taken, PushesRefused=refused)

    return handle


handler = on_first_use(build)
