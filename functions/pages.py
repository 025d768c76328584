"""The pages of people, auditors and operators, and the calls their scripts make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.sessions import Session
from mydata_hub.config import Handler, PagesSettings, on_first_use
from mydata_hub.observe import logger_for
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.web.answers import Answer
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import FUNCTION, answer, respond
from mydata_hub.web.guards import enforce
from mydata_hub.web.render import Renderer
from mydata_hub.web.request import Request
from mydata_hub.web.site import Site
from mydata_hub.wiring import software_passkeys_allowed, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the tables that the settings name."""
    settings = PagesSettings.read(env)
    desk = Desk(
        tables=tables_for(settings),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=settings.issuer,
        software_passkeys=software_passkeys_allowed(settings),
    )
    site = Site(desk=desk, renderer=Renderer(), engine=settings.engine.partition(":")[0])
    checks = session_checks(desk)
    logger = logger_for(FUNCTION)

    def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        def work() -> Answer:
            # The guard first: nothing else of a request is read before it lets the caller in.
            caller = cast("Session | None", enforce(FUNCTION, event, checks))
            return answer(site, Request(event, caller))

        return respond(site, logger, event, work)

    return handle


handler = on_first_use(build)
