"""Serves the log to anyone (C2SP tlog-tiles), to auditors what its entries open to, and to each
person what it says about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mydata_hub.accounts.desk import Desk
from mydata_hub.config import AuditSettings, Handler, on_first_use
from mydata_hub.observe import logger_for
from mydata_hub.personal_log.log_keys import LogKeys
from mydata_hub.personal_log.reading import PersonalLogs
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.transparency.openings import OpeningFiles
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.web import auditing, own_log
from mydata_hub.web.audit_pages import PAGES
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.log_files import PREFIX, serve_log
from mydata_hub.web.render import Renderer
from mydata_hub.wiring import blobs_for, keys_for, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the log, and over the keys of people's own entries."""
    settings = AuditSettings.read(env)
    logger, tables = logger_for("audit"), tables_for(settings)
    clock, entropy, renderer = SystemClock(), SystemEntropy(), Renderer()
    front = auditing.AuditFront(
        issuer=settings.issuer,
        renderer=renderer,
        log=PublishedLog(tables, blobs_for(settings, settings.tiles_bucket)),
        files=OpeningFiles(blobs_for(settings, settings.openings_bucket)),
        tables=tables,
        clock=clock,
        entropy=entropy,
    )
    keys = LogKeys(tables, keys_for(settings, settings.log_key), clock)
    own_front = own_log.LogFront(
        issuer=settings.issuer,
        renderer=renderer,
        tables=tables,
        log=front.log,
        entries_of=PersonalLogs(tables=tables, keys=keys).entries,
    )
    desk = Desk(tables=tables, clock=clock, entropy=entropy, issuer=settings.issuer)
    # Reading a session here does not lengthen it: this zone writes nothing of the edge's.
    checks = session_checks(desk, slide=False)
    auditors = handler_for("audit", front, {**auditing.HANDLERS, **PAGES}, checks)
    own = handler_for("audit", own_front, own_log.HANDLERS, checks)

    def handle(event: dict[str, Any], context: Any) -> Any:
        route = str(event.get("routeKey", ""))
        if route.startswith(PREFIX):
            return serve_log(front.log, logger, event)
        return (own if route in own_log.HANDLERS else auditors)(event, context)

    return handle


handler = on_first_use(build)
