"""A person's activity: every entry of the log that is about them, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mydata_hub.accounts.account import Locale
from mydata_hub.collection.providers import list_providers
from mydata_hub.consent.grant import GrantKind, GrantState
from mydata_hub.consent.grants import list_grants
from mydata_hub.errors import Damaged
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.oauth.clients import fetch_client
from mydata_hub.ports.tables import MAX_FETCH, Row
from mydata_hub.release.release import Release
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import TABLE
from mydata_hub.web.answer_words import record_words
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.ended_grants import ended_grants
from mydata_hub.web.language import language_of
from mydata_hub.web.request import Request
from mydata_hub.web.site import RouteHandler, Site
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

MAX_ENTRIES: Final = 100
# Event kind -> what a person reads; a newer release's kind is told by its own word.
KINDS: Final = {
    "account_opened": _("You opened your account"),
    "passkey_added": _("A passkey was added"),
    "passkey_removed": _("A passkey was removed"),
    "recovery_code_issued": _("A recovery code was made"),
    "recovery_started": _("A recovery was started"),
    "recovery_cancelled": _("The recovery was cancelled"),
    "recovery_completed": _("The passkey of a recovery was used"),
    "erasure_started": _("You asked to be erased"),
    "consent_given": _("You allowed it"),
    "consent_refused": _("You refused"),
    "consent_narrowed": _("You allowed less"),
    "consent_renewed": _("You allowed it anew"),
    "consent_withdrawn": _("You withdrew it"),
    "consent_revoked": _("A consent was ended for you"),
    "deletion_attested": _("They signed that they deleted"),
    "connection_made": _("A source was connected"),
    "records_collected": _("Records were collected and sealed"),
    "records_folded": _("Your vault took records in"),
    "records_resealed": _("Your records were sealed anew"),
    "vault_keys_rewrapped": _("The lock on your vault's keys was renewed"),
    "vault_keys_turned": _("Your vault got new keys"),
    "vault_keys_given_up": _("Your vault's old keys were destroyed"),
    "statement_imported": _("You brought a statement"),
    "archive_imported": _("You brought an archive"),
    "export_started": _("You took your data with you"),
    "claims_answered": _("A question was answered"),
    "claims_repeated": _("The same answer was given again"),
    "claims_refused": _("A question was refused"),
}
_YOU: Final = _("You")
_HUB: Final = _("The hub")
_BITS: Final = _("%(bits)s bits")
_FROM: Final = _("%(count)s records from %(hub)s")
_COUNTED: Final = _("%(count)s %(records)s")


def show_activity(site: Site, request: Request) -> Answer:
    """The page."""
    entries, allowed = _entries(site, request), _allowed(site, request)
    ended = ended_grants(site, request)
    return site.page(request, "activity.html", entries=entries, allowed=allowed, ended=ended)


def activity_state(site: Site, request: Request) -> Answer:
    """The same as a document; an entry's index is its place in the log."""
    entries = [{**entry, "at": entry["at"].isoformat()} for entry in _entries(site, request)]
    return json_answer(200, {"entries": entries})


def _entries(site: Site, request: Request) -> list[dict[str, Any]]:
    locale, account_id = language_of(request), request.caller.account_id
    tables = site.desk.tables
    keys = tables.find_keys(TABLE, "subject", account_id, limit=MAX_ENTRIES, newest_first=True).keys
    rows: dict[Any, Row] = {}
    for start in range(0, len(keys), MAX_FETCH):
        rows |= tables.fetch_many(*keys[start : start + MAX_FETCH])
    events = [(_event(rows[key]), rows[key].values.get("index")) for key in keys if key in rows]
    names = dict(_names(site, {event.actor for event, _index in events}, account_id, locale))
    return [
        {
            "event_id": event.event_id,
            "at": event.occurred_at,
            "kind": event.kind,
            "words": translate(locale, KINDS.get(event.kind, event.kind)),
            "who": names[event.actor],
            "more": _more(event, locale),
            **_charged(event),
            "index": index,
        }
        for event, index in events
    ]


def _allowed(site: Site, request: Request) -> list[dict[str, Any]]:
    """Which partners may ask what at the moment, so that each is ended where it is seen."""
    locale, tables, now = language_of(request), site.desk.tables, site.desk.now()
    return [
        {
            "grant_id": grant.grant_id,
            "name": _partner(site, grant.counterparty),
            "questions": [getattr(find_claim(item).claim.question, locale) for item in grant.items],
            "expires_at": grant.expires_at,
        }
        for grant in list_grants(tables, request.caller.account_id)
        if grant.kind is GrantKind.RELEASE and grant.state(now) is GrantState.ACTIVE
    ]


def _names(
    site: Site, actors: set[str], account_id: str, locale: Locale
) -> Iterator[tuple[str, str]]:
    providers = {str(one.provider_id): one for one in list_providers(site.desk.tables)}
    for actor in actors:
        if actor == account_id:
            yield actor, translate(locale, _YOU)
        elif actor == "hub":
            yield actor, translate(locale, _HUB)
        elif actor in providers:
            yield actor, getattr(providers[actor].name, locale)
        else:
            yield actor, _partner(site, actor)


def _partner(site: Site, client_id: str) -> str:
    client = fetch_client(site.desk.tables, client_id)
    return client.name if client else client_id


def _more(event: Event, locale: Locale) -> str:
    if release := _release(event):
        asked = (getattr(find_claim(ref).claim.question, locale) for ref in release.claims)
        bits = translate(locale, _BITS) % {"bits": f"{release.bits.normalize():f}"}
        return " · ".join((*(f"“{question}”" for question in asked), bits))
    if event.kind not in ("records_collected", "archive_imported"):
        return ""
    told = json.loads(event.payload)
    if event.kind == "archive_imported":
        return translate(locale, _FROM) % {"count": f"{told['records']:,}", "hub": told["hub"]}
    records = record_words([told["dataset"]], locale)
    return translate(locale, _COUNTED) % {"count": f"{told['records']:,}", "records": records}


def _charged(event: Event) -> dict[str, Any]:
    """What was asked and what it cost, where a partner asked."""
    release = _release(event)
    return {"claims": list(release.claims), "bits": float(release.bits)} if release else {}


def _release(event: Event) -> Release | None:
    if not (event.kind.startswith("claims_") and event.payload):
        return None
    return Release.decode(event.payload)


def _event(row: Row) -> Event:
    encoded = row.values.get("personal")
    if not isinstance(encoded, bytes):
        raise Damaged("an event row does not hold an event")
    return Event.decode(encoded)


HANDLERS: Final[Mapping[str, RouteHandler]] = {
    "GET /activity": show_activity,
    "GET /activity/state": activity_state,
}
