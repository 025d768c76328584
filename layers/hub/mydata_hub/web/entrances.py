"""The ways in: signing up, signing in, a one-time link and a recovery, each in two steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mydata_hub.accounts.account import Role
from mydata_hub.accounts.ceremonies import (
    Begun,
    SignedIn,
    begin_sign_in,
    begin_sign_up,
    finish_sign_in,
    finish_sign_up,
)
from mydata_hub.accounts.enrolment import begin_enrolment
from mydata_hub.accounts.recovery import begin_recovery, finish_recovery
from mydata_hub.accounts.sessions import end_session
from mydata_hub.web.answers import Answer, json_answer, nothing, see_other
from mydata_hub.web.bodies import Ceremony, Code, Empty, NewAccount, NewPasskey
from mydata_hub.web.cookies import (
    LANGUAGE,
    language_cookie,
    no_session_cookie,
    session_cookie,
    session_name,
)
from mydata_hub.web.language import language_of
from mydata_hub.web.onward import own_path
from mydata_hub.web.request import Request
from mydata_hub.web.site import START, RouteHandler, Site


def sign_up_options(site: Site, request: Request) -> Answer:
    """Begins an account: what the browser's authenticator is to make."""
    body = NewAccount.read(request.json())
    locale = body.locale or language_of(request)
    return begun(begin_sign_up(site.desk, body.name, locale))


def sign_up_finish(site: Site, request: Request) -> Answer:
    """Opens the account; one-time links end here too."""
    body = NewPasskey.read(request.json())
    signed_in = finish_sign_up(site.desk, body.ceremony, body.credential, body.passkey_name)
    return _welcome(site, request, signed_in, body.next, status=201)


def enrol_options(site: Site, request: Request) -> Answer:
    """Begins the account of a one-time link."""
    Empty.read(request.json())
    return begun(begin_enrolment(site.desk, request.parameter("token")))


def sign_in_options(site: Site, request: Request) -> Answer:
    """Begins a sign-in with whichever passkey is at hand."""
    Empty.read(request.json())
    return begun(begin_sign_in(site.desk))


def sign_in_finish(site: Site, request: Request) -> Answer:
    """Opens a session."""
    body = Ceremony.read(request.json())
    signed_in = finish_sign_in(site.desk, body.ceremony, body.credential)
    return _welcome(site, request, signed_in, body.next, status=200)


def recover_options(site: Site, request: Request) -> Answer:
    """Begins a recovery with a printed code."""
    return begun(begin_recovery(site.desk, Code.read(request.json()).code))


def recover_finish(site: Site, request: Request) -> Answer:
    """Starts the 72 hours; nobody is signed in by this."""
    body = NewPasskey.read(request.json())
    recovery = finish_recovery(site.desk, body.ceremony, body.credential, body.passkey_name)
    return json_answer(200, {"matures_at": recovery.matures_at.isoformat()})


def sign_out(site: Site, request: Request) -> Answer:
    """Ends the session here."""
    end_session(site.desk, request.cookie(session_name(site.issuer)))
    answer = see_other("/") if request.is_form else nothing()
    return answer.with_cookies(no_session_cookie(site.issuer))


def begun(ceremony: Begun) -> Answer:
    """The first half of a ceremony as the scripts take it."""
    return json_answer(200, {"ceremony": ceremony.ceremony, "publicKey": ceremony.options})


def _welcome(
    site: Site, request: Request, signed_in: SignedIn, onward: str, *, status: int
) -> Answer:
    # A session that this browser still held must not live on beside the new one.
    former = request.cookie(session_name(site.issuer))
    if former:
        end_session(site.desk, former)
    session, account = signed_in.session, signed_in.account
    start = START[account.role]
    # Staff have one page each, whatever led them here.
    onward = own_path(onward, start) if account.role is Role.PERSON and onward else start
    welcome = {"location": onward, "csrf": session.csrf}
    answer = json_answer(status, welcome).with_cookies(session_cookie(site.issuer, signed_in.token))
    if request.cookie(LANGUAGE):
        return answer
    return answer.with_cookies(language_cookie(site.issuer, account.locale))


HANDLERS: Final[Mapping[str, RouteHandler]] = {
    "POST /sign-up/options": sign_up_options,
    "POST /sign-up/finish": sign_up_finish,
    "POST /enrol/{token}/options": enrol_options,
    "POST /sign-in/options": sign_in_options,
    "POST /sign-in/finish": sign_in_finish,
    "POST /recover/options": recover_options,
    "POST /recover/finish": recover_finish,
    "POST /sign-out": sign_out,
}
