"""Balances: what each group of partners may know of a person by now, in bits and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mydata_hub.accounts.account import Locale
from mydata_hub.accounts.rows import rows_of
from mydata_hub.consent.grant import Grant, GrantKind
from mydata_hub.consent.grants import list_grants
from mydata_hub.insights.catalogue import ATTRIBUTES
from mydata_hub.oauth.clients import fetch_client
from mydata_hub.release.ledger import GROUP_CAP, PERSON_CAP, UNITS, Ledger, Total
from mydata_hub.release.ledger_rows import TABLE, read_ledger, read_total
from mydata_hub.web.language import language_of
from mydata_hub.web.request import Request
from mydata_hub.web.site import Site
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

_GROUP: Final = "group#"
# By this many bits one can no longer tell a person from so many others.
_NOTHING: Final = _("They have learned nothing yet.")
_IN_WORDS: Final = _(
    "With all answers together they can tell people into %(groups)s kinds, no more."
)
_MANY: Final = 1_000_000
_VERY_MANY: Final = _("With all answers together they can tell people apart very finely.")


def balances(site: Site, request: Request) -> dict[str, Any]:
    """Each group's account of this person and the person's own over all groups.

    Bits are of the last 365 days, since the caps are; the rows lie in clear, so no key of a vault
    is needed to read them.
    """
    tables, account_id, locale = site.desk.tables, request.caller.account_id, language_of(request)
    ledgers: dict[str, Ledger] = {}
    total = Total()
    for row in rows_of(tables, TABLE, account_id):
        if row.key.sort.startswith(_GROUP):
            ledgers[row.key.sort.removeprefix(_GROUP)] = read_ledger(row)
        else:
            total = read_total(row)
    grants = [one for one in list_grants(tables, account_id) if one.kind is GrantKind.RELEASE]
    now = site.desk.now()
    counted = {at for at, *_ in total.charges}
    groups = []
    for group, ledger in sorted(ledgers.items()):
        units = ledger.charged(now)
        held = {one.charged_at for one in ledger.charges if one.counts(now)} - counted
        groups.append(
            {
                "group": group,
                "partners": _partners(site, group, grants),
                "bits": units / UNITS,
                "cap": GROUP_CAP // UNITS,
                "words": in_words(units, locale),
                "about": _about(ledger, locale),
                # Not told, because the person's own cap was reached; charged to the group alone.
                "held_back": len(held),
            }
        )
    return {
        "groups": groups,
        "all": {"bits": total.charged(now) / UNITS, "cap": PERSON_CAP // UNITS},
    }


def in_words(units: int, locale: Locale) -> str:
    """Bits as a sentence: how many kinds of people they tell apart at most."""
    if units == 0:
        return translate(locale, _NOTHING)
    kinds = 2 ** (units / UNITS)
    if kinds > _MANY:
        return translate(locale, _VERY_MANY)
    return translate(locale, _IN_WORDS) % {"groups": f"{int(kinds):,}"}


def _partners(site: Site, group: str, grants: Sequence[Grant]) -> list[str]:
    named = {grant.counterparty for grant in grants if grant.recipient_group == group}
    clients = (fetch_client(site.desk.tables, name) for name in sorted(named))
    return [client.name for client in clients if client] or [group]


def _about(ledger: Ledger, locale: Locale) -> list[str]:
    asked = {attribute for attribute, _period in ledger.attributes()}
    known = (ATTRIBUTES[one] for one in sorted(asked) if one in ATTRIBUTES)
    return [getattr(attribute.label, locale) for attribute in known]
