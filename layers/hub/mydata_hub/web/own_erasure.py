"""Leaving for good: what erasure does and does not, how it begins, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from pydantic import Field

from mydata_hub.accounts.account import Locale
from mydata_hub.accounts.store import fetch_account
from mydata_hub.erasure.beginning import CONFIRMATIONS, begin_erasure
from mydata_hub.erasure.published import certificate_keys, erasure_document
from mydata_hub.erasure.state import NOT_COVERED, STEP_NAMES, Erasure, fetch_erasure
from mydata_hub.errors import NotSignedIn
from mydata_hub.fields import LOCAL
from mydata_hub.vault.erased_parts import read_scope
from mydata_hub.web.answers import Answer, json_answer, see_other
from mydata_hub.web.bodies import MAX_TEXT_CHARACTERS, Body
from mydata_hub.web.collect_sheet import DATASETS
from mydata_hub.web.language import language_of
from mydata_hub.web.part_words import PART_BEYOND, PART_STEPS
from mydata_hub.web.request import Request
from mydata_hub.web.site import RouteHandler, Site
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

# What each step does, and what no erasure reaches, in the reader's words.
STEPS: Final = {
    "grants": _("Every service you allowed is stopped and told"),
    "sources": _("Collecting stops, and the keys to your providers go"),
    "keys": _("The keys of your vault are destroyed: from here on nobody can open it"),
    "sealed": _("The sealed records and answers are deleted"),
    "consents": _("Your consents are deleted"),
    "account": _("Your name, passkeys and recovery code are deleted"),
    "log": _("What happened stays in the log, and nobody can read of it that it was you"),
    "leftovers": _("You are signed out everywhere, and notices are deleted"),
}
BEYOND: Final = {
    "exports": _("What you took out yourself"),
    "answers": _("Answers that services were given, and what they made of them"),
    "providers": _("What your card company or insurer keeps of you"),
    "copies": _("Copies that somebody made outside the hub"),
    "marks": _("Random names without meaning, in the log and with services"),
}
assert tuple(STEPS) == STEP_NAMES
assert tuple(BEYOND) == tuple(NOT_COVERED)


class Confirmation(Body):
    """The words that a person types."""

    confirmation: str = Field(max_length=MAX_TEXT_CHARACTERS)


def show_erase(site: Site, request: Request) -> Answer:
    """What will happen, what will not, and the field for the words."""
    account = fetch_account(site.desk.tables, request.caller.account_id)
    if account is None:
        raise NotSignedIn("the account of this session is gone")
    if account.erasure is not None:
        return see_other(f"/certificates/{account.erasure}")
    words = dict(zip(("ko", "en"), CONFIRMATIONS, strict=True))
    return site.page(
        request,
        "erase.html",
        account_locale=account.locale,
        account=account,
        recovery=account.pending_recovery(site.desk.now()),
        steps=STEPS,
        beyond=BEYOND,
        wanted=words[language_of(request, account.locale)],
    )


def begin(site: Site, request: Request) -> Answer:
    """Begins; from now on the link tells how far it is, without any account."""
    body = Confirmation.read(request.json())
    certificate_id = begin_erasure(site.desk, request.caller, body.confirmation)
    location = f"/certificates/{certificate_id}"
    return json_answer(
        202,
        {"certificate_id": certificate_id, "location": location},
        headers={"location": location},
    )


def show_certificate(site: Site, request: Request) -> Answer:
    """An erasure by its link, for a person to read or for a program; it names nobody."""
    erasure = fetch_erasure(site.desk.tables, request.parameter("certificate_id"))
    document = erasure_document(erasure)
    if not request.wants_page or request.query:
        return json_answer(200, document)
    return site.page(
        request,
        "certificate.html",
        erasure=erasure,
        state=document["state"],
        link=f"{site.issuer}/certificates/{erasure.certificate_id}",
        steps=STEPS if erasure.part is None else PART_STEPS,
        beyond=BEYOND if erasure.part is None else PART_BEYOND,
        part=_part(erasure, language_of(request)),
        proven=[issued.log is not None for issued in erasure.issued],
    )


def _part(erasure: Erasure, locale: Locale) -> str | None:
    """What was erased, in a sentence; days as the person named them."""
    if erasure.part is None:
        return None
    scope = read_scope(erasure.part)
    if scope.since is not None:
        days = (scope.since.astimezone(LOCAL), scope.until.astimezone(LOCAL) - timedelta(days=1))
        first, last = (day.date().isoformat() for day in days)
        return translate(locale, _("From %(first)s to %(last)s")) % {"first": first, "last": last}
    if scope.dataset is not None:
        return translate(locale, DATASETS.get(scope.dataset, scope.dataset))
    return str(scope.provider_id)


def show_keys(site: Site, _request: Request) -> Answer:
    """The public keys of certificates."""
    return json_answer(200, certificate_keys(site.desk.tables))


HANDLERS: Final[Mapping[str, RouteHandler]] = {
    "GET /erase": show_erase,
    "POST /erase": begin,
    "GET /certificates/jwks": show_keys,
    "GET /certificates/{certificate_id}": show_certificate,
}
