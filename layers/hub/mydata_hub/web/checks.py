"""Who is calling, and whether a change comes from a page of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mydata_hub.accounts.account import Role
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.sessions import Session, check_csrf, read_session
from mydata_hub.errors import NotAllowed, NotSignedIn, OutOfDate
from mydata_hub.web.cookies import session_name
from mydata_hub.web.guards import Check, Guard
from mydata_hub.web.request import Request

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


def session_checks(desk: Desk, *, slide: bool = True) -> Mapping[Guard, Check]:
    """A check for each guard that a session can pass; partners' guards are other functions'."""
    return {
        Guard.SESSION: _session_of(desk, frozenset(Role), slide),
        Guard.PERSON: _session_of(desk, frozenset({Role.PERSON}), slide),
        Guard.AUDITOR: _session_of(desk, frozenset({Role.AUDITOR}), slide),
        Guard.OPERATOR: _session_of(desk, frozenset({Role.OPERATOR}), slide),
    }


def visitor(desk: Desk, request: Request) -> Session | None:
    """The session of somebody on a public page, if there is a live one. Raises Busy."""
    try:
        return _session_of(desk, frozenset(Role))(request.event)
    except NotSignedIn:
        return None


def check_origin_and_csrf(issuer: str, request: Request) -> None:
    """Refuse a change that no page of ours asked for. Raises NotAllowed.

    Threat: another site that makes a signed-in browser send a request. `Origin` is the browser's
    word for where a request comes from; the token shows that its sender could read our page.
    """
    if request.method in SAFE_METHODS:
        return
    if request.header("origin") != issuer:
        raise NotAllowed("the request does not come from a page of this hub")
    if request.session is not None:
        try:
            check_csrf(request.session, _csrf_given(request))
        except NotAllowed:
            raise OutOfDate("the page is out of date; load it again") from None


def _csrf_given(request: Request) -> str:
    header = request.header("x-csrf-token")
    return header or (request.form().get("csrf", "") if request.is_form else "")


def _session_of(
    desk: Desk, roles: frozenset[Role], slide: bool = True
) -> Callable[[Mapping[str, Any]], Session]:
    def check(event: Mapping[str, Any]) -> Session:
        token = Request(event).cookie(session_name(desk.issuer))
        if not token:
            raise NotSignedIn("sign in first")
        session = read_session(desk, token, slide=slide)
        if session.role not in roles:
            raise NotAllowed("this page is for somebody else")
        return session

    return check
