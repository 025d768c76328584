"""Pages that everybody may read, and the choice of a language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mydata_hub import __version__
from mydata_hub.accounts.enrolment import read_invitation
from mydata_hub.web.answers import REVALIDATE, Answer, json_answer, see_other
from mydata_hub.web.bodies import Language
from mydata_hub.web.checks import visitor
from mydata_hub.web.cookies import language_cookie
from mydata_hub.web.onward import next_of, own_path
from mydata_hub.web.request import Request
from mydata_hub.web.site import RouteHandler, Site
from mydata_hub.web.static_files import static_file


def show_home(site: Site, request: Request) -> Answer:
    """What the hub is, for a person."""
    session = visitor(site.desk, request)
    return site.page(request, "home.html", caching=REVALIDATE, session=session)


def show_sign_up(site: Site, request: Request) -> Answer:
    """Opens an account."""
    onward = next_of(request.query)
    return site.page(request, "sign_up.html", caching=REVALIDATE, onward=onward)


def show_sign_in(site: Site, request: Request) -> Answer:
    """Signs in, or says that somebody is signed in."""
    session, onward = visitor(site.desk, request), next_of(request.query)
    return site.page(
        request, "sign_in.html", caching=REVALIDATE, session=session, ended=False, onward=onward
    )


def show_recover(site: Site, request: Request) -> Answer:
    """Starts a recovery with the printed code."""
    return site.page(request, "recover.html", caching=REVALIDATE)


def show_enrol(site: Site, request: Request) -> Answer:
    """A one-time link: opens the account that somebody was invited to. Raises NotFound."""
    token = request.parameter("token")
    invitation = read_invitation(site.desk, token)
    return site.page(
        request,
        "enrol.html",
        account_locale=invitation.locale,
        invitation=invitation,
        options_path=f"/enrol/{token}/options",
    )


def choose_language(site: Site, request: Request) -> Answer:
    """Keeps the language and goes back to the page."""
    chosen = Language.of(request.form())
    return see_other(own_path(chosen.next)).with_cookies(language_cookie(site.issuer, chosen.lang))


def show_health(_site: Site, _request: Request) -> Answer:
    """That the function runs, and which release it is."""
    return json_answer(200, {"status": "ok", "version": __version__})


def send_static_file(_site: Site, request: Request) -> Answer:
    """A style sheet, a script or a picture."""
    return static_file(request)


HANDLERS: Final[Mapping[str, RouteHandler]] = {
    "GET /": show_home,
    "GET /health": show_health,
    "GET /static/{file}": send_static_file,
    "POST /language": choose_language,
    "GET /sign-up": show_sign_up,
    "GET /sign-in": show_sign_in,
    "GET /recover": show_recover,
    "GET /enrol/{token}": show_enrol,
}
