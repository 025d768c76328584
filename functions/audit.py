"""Serves the log to anyone (C2SP tlog-tiles), and to auditors what its entries open to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mydata_hub.accounts.desk import Desk
from mydata_hub.config import AuditSettings, Handler, on_first_use
from mydata_hub.observe import logger_for
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.transparency.openings import OpeningFiles
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.web.audit_pages import PAGES
from mydata_hub.web.auditing import HANDLERS, AuditFront
from mydata_hub.web.checks import session_checks
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.log_files import PREFIX, serve_log
from mydata_hub.web.render import Renderer
from mydata_hub.wiring import blobs_for, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the log that the settings name."""
    settings = AuditSettings.read(env)
    logger, tables = logger_for("audit"), tables_for(settings)
    clock, entropy = SystemClock(), SystemEntropy()
    front = AuditFront(
        issuer=settings.issuer,
        renderer=Renderer(),
        log=PublishedLog(tables, blobs_for(settings, settings.tiles_bucket)),
        files=OpeningFiles(blobs_for(settings, settings.openings_bucket)),
        tables=tables,
        clock=clock,
        entropy=entropy,
    )
    desk = Desk(tables=tables, clock=clock, entropy=entropy, issuer=settings.issuer)
    # Reading a session here does not lengthen it: this zone writes nothing of the edge's.
    handlers = {**HANDLERS, **PAGES}
    pages = handler_for("audit", front, handlers, session_checks(desk, slide=False))

    def handle(event: dict[str, Any], context: Any) -> Any:
        if str(event.get("routeKey", "")).startswith(PREFIX):
            return serve_log(front.log, logger, event)
        return pages(event, context)

    return handle


handler = on_first_use(build)
