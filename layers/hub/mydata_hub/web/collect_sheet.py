"""The sheet of a collection: every sentence a person reads before data may be collected for them.

As with a partner's question, the page shows these sentences and no others about the consent, and
their hash is part of what the passkey signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from mydata_hub.accounts.account import Locale
from mydata_hub.collection.connecting import CONSENT_LASTS
from mydata_hub.collection.providers import ProviderEntry
from mydata_hub.consent.consent_record import hash_wording
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

# A day and no time of day: it is part of what is signed, and the page must not outlive a minute.
_DAYS: Final = {
    "ko": (timezone(timedelta(hours=9)), "%Y. %m. %d."),
    "en": (timezone(timedelta(hours=9)), "%Y-%m-%d"),
}
DATASETS: Final = {
    "bank.accounts": _("Accounts and what is in them"),
    "bank.transactions": _("What comes in and goes out of your accounts"),
    "card.approvals": _("What you pay by card: where, when, how much"),
    "card.bills": _("Card bills"),
    "efin.payments": _("What you pay by phone: where, when, how much"),
    "insurance.contracts": _("Car insurance: since when, until when"),
    "invest.balances": _("Investments and what they are worth"),
    "mobility.trips": _("Trips: from where, to where, how"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectSheet:
    """The sentences in the order they are read; `items` are (dataset, sentence)."""

    provider_id: str
    name: str
    heading: str
    items: tuple[tuple[str, str], ...]
    terms: tuple[str, ...]

    @property
    def wording(self) -> str:
        """What is shown, as one text: its hash is in the record."""
        return "\n".join((self.heading, *(words for _name, words in self.items), *self.terms))

    @property
    def wording_hash(self) -> str:
        """What the page says back, so that nobody signs other sentences than they have read."""
        return hash_wording(self.wording).hex()


def collect_sheet(provider: ProviderEntry, now: datetime, locale: Locale) -> CollectSheet:
    """The sheet of a provider."""

    def say(message: str, **values: str) -> str:
        said = translate(locale, message)
        return said % values if values else said

    name = str(getattr(provider.name, locale))
    zone, form = _DAYS[locale]
    until = (now + CONSENT_LASTS).astimezone(zone).strftime(form)
    return CollectSheet(
        provider_id=provider.provider_id,
        name=name,
        heading=say(_("What to collect from %(provider)s"), provider=name),
        items=tuple((one, say(DATASETS[one])) for one in provider.datasets),
        terms=(
            say(_("Once a day, until %(date)s. Then it ends by itself."), date=until),
            say(_("It is sealed into your vault at once. What collects it cannot open it.")),
            say(_("Nobody is told anything by this. Services ask you separately.")),
            say(_("You can stop it at any time. What was collected stays in your vault.")),
        ),
    )
