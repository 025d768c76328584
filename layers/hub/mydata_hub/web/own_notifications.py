"""Where and when a person is told that there is something new: browsers and quiet hours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from mydata_hub.accounts.push_services import PushServices
from mydata_hub.accounts.subscriptions import (
    QuietHours,
    Subscription,
    keep_quiet,
    read_reach,
    subscribe,
    unsubscribe,
)
from mydata_hub.courier.vapid import application_server_key
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.web.answers import Answer, json_answer, nothing
from mydata_hub.web.bodies import Browser, Empty, Hours
from mydata_hub.web.request import Request
from mydata_hub.web.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesSite(Site):
    """People's own pages; `push_keys` are public halves, which browsers know pushes by."""

    push_keys: SigningKeys
    services: PushServices


# What answers one route of the function `pages`.
PagesHandler: TypeAlias = Callable[[PagesSite, Request], Answer]


def show_notifications(site: PagesSite, request: Request) -> Answer:
    """The page: what a notification says, where they come and when not."""
    reach = read_reach(site.desk.tables, request.caller.account_id)
    return site.page(
        request,
        "notifications.html",
        browsers=[_browser(one) for one in reach.subscriptions],
        quiet=reach.quiet_hours,
        application_server_key=application_server_key(site.push_keys),
    )


def notifications_state(site: PagesSite, request: Request) -> Answer:
    """The same as the page shows; the addresses themselves go nowhere."""
    reach = read_reach(site.desk.tables, request.caller.account_id)
    quiet = reach.quiet_hours
    return json_answer(
        200,
        {
            "application_server_key": application_server_key(site.push_keys),
            "quiet_hours": {"from_hour": quiet.from_hour, "until_hour": quiet.until_hour},
            "browsers": [
                {**_browser(one), "added_at": one.added_at.isoformat()}
                for one in reach.subscriptions
            ],
        },
    )


def add_browser(site: PagesSite, request: Request) -> Answer:
    """Tells the person at this browser too."""
    endpoint = Browser.read(request.json()).endpoint
    made = subscribe(site.desk, request.caller.account_id, endpoint, site.services)
    return json_answer(201, {"subscription_id": made.subscription_id})


def end_browser(site: PagesSite, request: Request) -> Answer:
    """Tells the person there no more."""
    Empty.read(request.json())
    unsubscribe(site.desk, request.caller.account_id, request.parameter("subscription_id"))
    return nothing()


def quiet_hours(site: PagesSite, request: Request) -> Answer:
    """Says when nothing comes."""
    hours = Hours.read(request.json())
    quiet = QuietHours(from_hour=hours.from_hour, until_hour=hours.until_hour)
    keep_quiet(site.desk, request.caller.account_id, quiet)
    return nothing()


def _browser(one: Subscription) -> dict[str, Any]:
    return {
        "subscription_id": one.subscription_id,
        "service": urlsplit(one.endpoint).hostname,
        "added_at": one.added_at,
    }


HANDLERS: Final[Mapping[str, PagesHandler]] = {
    "GET /notifications": show_notifications,
    "GET /notifications/state": notifications_state,
    "POST /notifications": add_browser,
    "POST /notifications/{subscription_id}/end": end_browser,
    "POST /notifications/quiet-hours": quiet_hours,
}
