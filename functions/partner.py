"""What is published for partners: the catalogue, the purposes, and how to connect."""

from __future__ import annotations

from collections.abc import Mapping

from mydata_hub.config import Handler, PartnerSettings, on_first_use
from mydata_hub.insights.fair_use import read_fair_use
from mydata_hub.web.dispatch import handler_for
from mydata_hub.web.partner_pages import HANDLERS, PartnerFront
from mydata_hub.web.render import Renderer
from mydata_hub.wiring import policies_folder


def build(env: Mapping[str, str]) -> Handler:
    """The handler; it keeps nothing and asks nothing of anyone."""
    settings = PartnerSettings.read(env)
    front = PartnerFront(
        issuer=settings.issuer,
        renderer=Renderer(),
        fair_use=read_fair_use(policies_folder()),
    )
    return handler_for("partner", front, HANDLERS, {})


handler = on_first_use(build)
