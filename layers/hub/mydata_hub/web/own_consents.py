"""A person's consents: each of them with its terms, versions and receipt, and how to allow less.

`GET /consents` as a document is the view of the Korean MyData standard (purpose, period, cycle, end
date, a flag for each item), made of the same grants that the gate decides by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final, TypeAlias

from mydata_hub.accounts.account import Locale
from mydata_hub.collection.connecting import tell_withdrawn
from mydata_hub.collection.providers import list_providers
from mydata_hub.consent.amending import list_versions, narrow_grant
from mydata_hub.consent.endings import withdraw_all
from mydata_hub.consent.grant import Grant, GrantKind, GrantState
from mydata_hub.consent.grants import Held, fetch_grant_row, list_held, no_such_grant, read_held
from mydata_hub.consent.pairwise import find_pairwise_subject
from mydata_hub.consent.states import ConsentState, state_of
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.purposes import find_purpose
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.clients import fetch_client
from mydata_hub.oauth.consent_receipt import Counterparty, issue_consent_receipt
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import Empty, Narrowing
from mydata_hub.web.collect_sheet import DATASETS
from mydata_hub.web.consent_sheet import frequency_words
from mydata_hub.web.language import language_of
from mydata_hub.web.request import Request
from mydata_hub.web.site import Site
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

PUBLISHED: Final = "public, max-age=300"
_SEOUL: Final = timezone(timedelta(hours=9))
WORDS: Final = {
    ConsentState.GIVEN: _("allowed"),
    ConsentState.RENEWED: _("allowed anew"),
    ConsentState.WITHDRAWN: _("withdrawn"),
    ConsentState.REVOKED: _("ended for you"),
    ConsentState.EXPIRED: _("expired"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentsSite(Site):
    """A site that gives receipts of consents."""

    receipt_keys: SigningKeys


ConsentsHandler: TypeAlias = Callable[[ConsentsSite, Request], Answer]


def show_consents(site: ConsentsSite, request: Request) -> Answer:
    """Every consent, the newest first, as a page or as the Korean view."""
    now, names = site.desk.now(), _Names(site, language_of(request))
    held = sorted(
        list_held(site.desk.tables, request.caller.account_id),
        key=lambda one: one.grant.given_at,
        reverse=True,
    )
    if not request.wants_page:
        consents = [_korean(one, names.of(one.grant), now) for one in held]
        return json_answer(200, {"consent_cnt": len(consents), "consents": consents})
    cards = [_card(one, names, now) for one in held]
    return site.page(
        request,
        "consents.html",
        active=[card for card in cards if card["active"]],
        over=[card for card in cards if not card["active"]],
    )


def show_consent(site: ConsentsSite, request: Request) -> Answer:
    """One consent: its terms, what was signed, and every version that it ever had."""
    held, now = _own(site, request), site.desk.now()
    versions = list_versions(site.desk.tables, held.grant.grant_id)
    names = _Names(site, language_of(request))
    if not request.wants_page:
        document = _korean(held, names.of(held.grant), now) | {
            "record": held.record.encode().decode(),
            "wording": held.wording,
            "versions": [_version(one, now) for one in versions],
        }
        return json_answer(200, document)
    return site.page(
        request,
        "one_consent.html",
        card=_card(held, names, now),
        record=held.record.encode().decode(),
        wording=held.wording,
        versions=[_card(one, names, now) for one in reversed(versions)],
    )


def give_receipt(site: ConsentsSite, request: Request) -> Answer:
    """The person's copy of the consent receipt, to keep; it verifies without the hub."""
    held = _own(site, request)
    grant = held.grant
    subject = find_pairwise_subject(site.desk.tables, grant) or str(grant.subject)
    party = Counterparty(name=_Names(site, language_of(request)).of(grant))
    receipt = issue_consent_receipt(
        site.receipt_keys,
        site.issuer,
        held,
        subject=subject,
        party=party,
        now=site.desk.now(),
        own=True,
    )
    name = f"consent-{grant.grant_id}-{grant.version}.json"
    return Answer(
        body=receipt.decode(),
        content_type="application/json",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def publish_keys(site: ConsentsSite, _request: Request) -> Answer:
    """The keys that verify receipts of consents (RFC 7517 section 5)."""
    answer = json_answer(200, site.receipt_keys.jwks())
    return Answer(body=answer.body, content_type=answer.content_type, caching=PUBLISHED)


def narrow(site: ConsentsSite, request: Request) -> Answer:
    """Allows less from the commit on; more takes a signature and another way."""
    body = Narrowing.read(request.json())
    grant_id = request.parameter("grant_id")
    narrow_grant(site.desk, request.caller, grant_id, items=body.items, expires_at=body.expires_at)
    held = _own(site, request)
    name = _Names(site, language_of(request)).of(held.grant)
    return json_answer(200, _korean(held, name, site.desk.now()))


def withdraw_everything(site: ConsentsSite, request: Request) -> Answer:
    """Ends every consent; what was collected stays in the vault."""
    Empty.read(request.json())
    ended = withdraw_all(site.desk, request.caller)
    for grant in ended:
        if grant.kind is GrantKind.COLLECT:
            tell_withdrawn(site.desk, grant)
    return json_answer(200, {"withdrawn": [grant.grant_id for grant in ended]})


def _own(site: Site, request: Request) -> Held:
    row = fetch_grant_row(site.desk.tables, request.parameter("grant_id"))
    held = None if row is None else read_held(row)
    if held is None or str(held.grant.subject) != request.caller.account_id:
        raise no_such_grant()
    return held


class _Names:
    """What counterparties and items are called in a language; each is looked up once."""

    def __init__(self, site: Site, locale: Locale) -> None:
        self._site, self.locale = site, locale
        self._known: dict[str, str] = {}

    def of(self, grant: Grant) -> str:
        party = str(grant.counterparty)
        if party not in self._known:
            tables = self._site.desk.tables
            if grant.kind is GrantKind.RELEASE:
                client = fetch_client(tables, party)
                self._known[party] = client.name if client else party
            else:
                known = {str(one.provider_id): one.name for one in list_providers(tables)}
                self._known[party] = getattr(known[party], self.locale) if party in known else party
        return self._known[party]

    def item(self, grant: Grant, item: str) -> str:
        if grant.kind is GrantKind.RELEASE:
            return str(getattr(find_claim(item).claim.question, self.locale))
        return translate(self.locale, DATASETS[item]) if item in DATASETS else item


def _korean(held: Held, name: str, now: datetime) -> dict[str, Any]:
    """A consent in the terms of the Korean standard's list of transmission requests; days are
    Korean ones. What is collected has no period: it is the person's until they delete it."""
    grant, purpose = held.grant, find_purpose(held.grant.purpose)
    end = f"{grant.expires_at.astimezone(_SEOUL):%Y%m%d}"
    return {
        "consent_id": grant.grant_id,
        "version": grant.version,
        "state": state_of(held, now).value,
        "kind": grant.kind.value,
        "counterparty": grant.counterparty,
        "name": name,
        "is_scheduled": True,
        "cycle": f"{grant.frequency.count}/{grant.frequency.unit.value[0]}",
        "purpose": purpose.text.ko,
        "purpose_id": purpose.id,
        "period": end if grant.kind is GrantKind.RELEASE else None,
        "end_date": end,
        "items": [{"item": item, "is_consent": item in grant.items} for item in held.record.items],
        "given_at": grant.given_at.isoformat(),
        "expires_at": grant.expires_at.isoformat(),
        "ended_at": grant.ended_at and grant.ended_at.isoformat(),
    }


def _version(held: Held, now: datetime) -> dict[str, Any]:
    grant = held.grant
    return {
        "version": grant.version,
        "state": state_of(held, now).value,
        "items": list(grant.items),
        "frequency": {"unit": grant.frequency.unit.value, "count": grant.frequency.count},
        "max_bits": grant.max_bits,
        "given_at": grant.given_at.isoformat(),
        "expires_at": grant.expires_at.isoformat(),
        "ended_at": grant.ended_at and grant.ended_at.isoformat(),
        "consent": grant.consent_hash.hex(),
    }


def _card(held: Held, names: _Names, now: datetime) -> dict[str, Any]:
    grant, locale = held.grant, names.locale
    return {
        "grant_id": grant.grant_id,
        "version": grant.version,
        "active": grant.state(now) is GrantState.ACTIVE,
        "collects": grant.kind is GrantKind.COLLECT,
        "state": translate(locale, WORDS[state_of(held, now)]),
        "counterparty": grant.counterparty,
        "name": names.of(grant),
        "why": getattr(find_purpose(grant.purpose).text, locale),
        "often": frequency_words(grant.frequency, locale),
        "items": [
            {"item": item, "words": names.item(grant, item), "allowed": item in grant.items}
            for item in held.record.items
        ],
        "given_at": grant.given_at,
        "expires_at": grant.expires_at,
        "ended_at": grant.ended_at,
    }


HANDLERS: Final[Mapping[str, ConsentsHandler]] = {
    "GET /consents": show_consents,
    "GET /consents/jwks": publish_keys,
    "GET /consents/{grant_id}": show_consent,
    "GET /consents/{grant_id}/receipt": give_receipt,
    "POST /grants/{grant_id}/narrow": narrow,
    "POST /grants/withdraw": withdraw_everything,
}
