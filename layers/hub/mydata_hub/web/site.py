"""The site: what every page is made with, and what every page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mydata_hub.accounts.account import Locale, Role
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.sessions import Session
from mydata_hub.web.answers import NO_STORE, Answer
from mydata_hub.web.language import language_of
from mydata_hub.web.onward import own_path
from mydata_hub.web.render import Renderer
from mydata_hub.web.request import Request

HTML: Final = "text/html; charset=utf-8"
# Where somebody goes on after signing in.
START: Final[Mapping[Role, str]] = {
    Role.PERSON: "/account",
    Role.AUDITOR: "/auditor",
    Role.OPERATOR: "/operator",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What pages are made with where nobody signs in: no table stands behind it."""

    issuer: str
    renderer: Renderer

    @property
    def https(self) -> bool:
        return self.issuer.startswith("https://")

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        caching: str = NO_STORE,
        session: Session | None = None,
        account_locale: Locale | None = None,
        **values: Any,
    ) -> Answer:
        """A page; with a session it offers to sign out and knows the way home."""
        locale = language_of(request, account_locale)
        session = session or request.session
        shared: dict[str, Any] = {
            "here": own_path(request.here) if request.method == "GET" else "/",
            "csrf": session.csrf if session else "",
            "start": START[session.role] if session else "",
        }
        return Answer(
            status=status,
            body=self.renderer.page(template, locale, {**shared, **values}),
            content_type=HTML,
            # With a session the page says that somebody is signed in.
            caching=NO_STORE if session else caching,
            headers={"content-language": locale, "vary": "accept-language, cookie"},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Front):
    """Pages of people who sign in; `engine` is `aws` or `embedded`, for the operator's page."""

    desk: Desk
    engine: str


# What answers one route, once its guard and the checks of its origin have let the request in.
RouteHandler: TypeAlias = Callable[[Site, Request], Answer]
# The same where the function has no tables.
FrontHandler: TypeAlias = Callable[[Front, Request], Answer]
