"""A person's own log: every entry about them, in words, with what anybody needs to check it.

Each entry comes with its leaf, its opening and, for its period, the key that made its tag; the page
and the command line hold them to the public log (static/log.js, cli/own_log.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from pydantic import Field

from mydata_hub.accounts.account import Locale
from mydata_hub.base64url import encode_base64url
from mydata_hub.collection.providers import list_providers
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.oauth.clients import fetch_client
from mydata_hub.personal_log.disclosure import KEY_DISCLOSED
from mydata_hub.personal_log.entries import Entries, Entry
from mydata_hub.portability.own_entries import entries_part
from mydata_hub.portability.parts import LINES
from mydata_hub.ports.tables import MAX_FETCH, Key, Tables
from mydata_hub.release.release import Release
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import TABLE
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.web.answer_words import record_words
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import MAX_TEXT_CHARACTERS, Body
from mydata_hub.web.language import language_of
from mydata_hub.web.refusal_words import refusal_words
from mydata_hub.web.request import Request
from mydata_hub.web.site import Front
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

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
    "offer_accepted": _("You accepted an offer"),
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
    "part_erasure_started": _("You asked to erase a part"),
    "vault_part_erased": _("A part of your vault is gone"),
    "vault_keys_given_up": _("Your vault's old keys were destroyed"),
    "statement_imported": _("You brought a statement"),
    "archive_imported": _("You brought an archive"),
    "record_disputed": _("You said that a record is wrong"),
    "dispute_taken_back": _("You took that back"),
    "favourite_kept": _("You made an offer of points a favourite"),
    "favourite_left": _("You left a favourite"),
    "points_spent": _("You spent points"),
    "points_given_back": _("You gave back what you had spent points on"),
    "category_corrected": _("You corrected a category"),
    "offer_word_said": _("You said what you think of an offer"),
    "appeal_opened": _("You contested a reason of your score"),
    "appeal_taken_back": _("You took it back"),
    "appeal_read": _("A person of the hub read what you contested"),
    "appeal_decided": _("A person of the hub decided what you contested"),
    "export_started": _("You took your data with you"),
    KEY_DISCLOSED: _("You showed a month to an auditor"),
    "claims_answered": _("A question was answered"),
    "claims_repeated": _("The same answer was given again"),
    "claims_refused": _("A question was refused"),
}
REFUSED: Final = "claims_refused"
_YOU: Final = _("You")
_HUB: Final = _("The hub")
_BITS: Final = _("%(bits)s bits")
_FROM: Final = _("%(count)s records from %(hub)s")
_COUNTED: Final = _("%(count)s %(records)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFront(Front):
    """`entries_of` opens a page of somebody's entries, from a mark on."""

    tables: Tables
    log: PublishedLog
    entries_of: Callable[[str, str | None], Entries]


def own_entries(front: LogFront, request: Request) -> Answer:
    """A page of the caller's entries, newest first; an entry's index is its place in the log."""
    locale, account_id = language_of(request), request.caller.account_id
    after = dict(parse_qsl(request.query)).get("after")
    page = front.entries_of(account_id, after)
    names = dict(_names(front, {one.event.actor for one in page.entries}, account_id, locale))
    why = _refused(front.tables, page.entries)
    return json_answer(
        200,
        {
            "entries": [
                _told(one, names, locale)
                | {"why": refusal_words(why.get(one.event.event_id, []), locale)}
                for one in page.entries
            ],
            "periods": {
                key.period: {"tag_key": encode_base64url(key.tag_key)} for key in page.keys
            },
            "after": page.after,
        },
    )


class After(Body):
    """Behind which mark; None for the newest."""

    after: str | None = Field(max_length=MAX_TEXT_CHARACTERS)


def archive_entries(front: LogFront, request: Request) -> Answer:
    """Some of the caller's entries with their proofs, as lines of an archive (docs/export.md)."""
    body = After.read(request.json())
    page = front.entries_of(request.caller.account_id, body.after)
    encoded = entries_part(page, front.log).encode()
    return Answer(body=encoded.decode(), content_type=LINES)


def _told(entry: Entry, names: Mapping[str, str], locale: Locale) -> dict[str, Any]:
    event = entry.event
    return {
        "event_id": event.event_id,
        "at": event.occurred_at.isoformat(),
        "kind": event.kind,
        "words": translate(locale, KINDS.get(event.kind, event.kind)),
        "who": names[event.actor],
        "more": _more(event, locale),
        **_charged(event),
        "index": entry.index,
        "period": entry.period,
        # Checked against the log by whoever reads this: docs/protocol.md.
        "leaf": encode_base64url(entry.leaf.encode()) if entry.leaf.tag else None,
        "salt": encode_base64url(entry.opening.salt),
        "payload": encode_base64url(entry.opening.payload),
    }


def _refused(tables: Tables, entries: Sequence[Entry]) -> dict[str, list[str]]:
    """Refused event -> the policies in the way, which stand among the facts for auditors."""
    keys = [Key(TABLE, one.event.event_id) for one in entries if one.event.kind == REFUSED]
    found: dict[str, list[str]] = {}
    for start in range(0, len(keys), MAX_FETCH):
        for key, row in tables.fetch_many(*keys[start : start + MAX_FETCH]).items():
            audit = row.values.get("audit")
            if isinstance(audit, bytes):
                found[key.partition] = str(json.loads(audit).get("policy_id", "")).split()
    return found


def _names(
    front: LogFront, actors: set[str], account_id: str, locale: Locale
) -> Iterator[tuple[str, str]]:
    providers = {str(one.provider_id): one for one in list_providers(front.tables)}
    for actor in actors:
        if actor == account_id:
            yield actor, translate(locale, _YOU)
        elif actor == "hub":
            yield actor, translate(locale, _HUB)
        elif actor in providers:
            yield actor, getattr(providers[actor].name, locale)
        else:
            client = fetch_client(front.tables, actor)
            yield actor, client.name if client else actor


def _more(event: Event, locale: Locale) -> str:
    if release := _release(event):
        asked = (getattr(find_claim(ref).claim.question, locale) for ref in release.claims)
        bits = translate(locale, _BITS) % {"bits": f"{release.bits.normalize():f}"}
        return " · ".join((*(f"“{question}”" for question in asked), bits))
    if event.kind not in ("records_collected", "archive_imported", KEY_DISCLOSED):
        return ""
    told = json.loads(event.payload)
    if event.kind == KEY_DISCLOSED:
        return f"{told['period']} · {told['to']}"
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


HANDLERS: Final[Mapping[str, Callable[[LogFront, Request], Answer]]] = {
    "GET /activity/state": own_entries,
    "POST /export/{export_id}/entries": archive_entries,
}
