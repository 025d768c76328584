"""The door by which browsers come back from providers; it makes the connection and sends them on.

Everybody may knock here, so it shows no page and says no more than a word of a closed list. Whoever
may invoke it directly tells it of providers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from mydata_hub.collection.provider_http import exchange_code
from mydata_hub.collection.receiving import Note, Reception, receive
from mydata_hub.collection.registering import register_provider
from mydata_hub.config import Handler, ReceiveSettings, on_first_use
from mydata_hub.errors import HubError, NotFound
from mydata_hub.observe import logger_for
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.web.answers import Answer, see_other
from mydata_hub.web.cookies import departure_name, no_departure_cookie
from mydata_hub.web.guards import enforce
from mydata_hub.web.observed import observe
from mydata_hub.web.request import Request
from mydata_hub.wiring import intake_box_for, tables_for

FUNCTION: Final = "receive"
MAX_FIELDS: Final = 10


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the tables and the key that the settings name."""
    settings, logger = ReceiveSettings.read(env), logger_for(FUNCTION)
    reception = Reception(
        tables=tables_for(settings),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        box=intake_box_for(settings),
        issuer=settings.issuer,
        exchange=exchange_code,
    )

    def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        if "routeKey" not in event:  # not from the HTTP API, which always names a route
            at = reception
            given = event["provider"]
            told = register_provider(at.tables, at.box, given, at.clock, at.entropy)
            return {"provider_id": told}
        started = time.perf_counter()
        answer = _answer(event)
        observe(FUNCTION, logger, event, answer.status, (time.perf_counter() - started) * 1000)
        return answer.as_event(https=settings.issuer.startswith("https://"))

    def _answer(event: Mapping[str, Any]) -> Answer:
        try:
            enforce(FUNCTION, event, {})
            note = _receive(reception, Request(event))
        except NotFound:
            return Answer(status=404)
        except HubError:
            logger.exception("a return from a provider failed")
            note = Note.UNAVAILABLE
        cookie = no_departure_cookie(settings.issuer)
        return see_other(f"/sources?note={note}").with_cookies(cookie)

    return handle


def _receive(reception: Reception, request: Request) -> Note:
    try:
        query = dict(parse_qsl(request.query, max_num_fields=MAX_FIELDS))
    except ValueError:
        return Note.OVER
    binding = request.cookie(departure_name(reception.issuer))
    return receive(reception, request.parameter("provider_id"), query, binding)


handler = on_first_use(build)
