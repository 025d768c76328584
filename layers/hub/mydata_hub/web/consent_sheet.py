"""The consent sheet: every sentence that a person reads before saying yes or no.

The page shows these sentences and no others about the consent, and their hash is what the
person's passkey signs besides the record: `Sheet.wording` is the one text both are made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final, Protocol

from mydata_hub.accounts.account import Locale
from mydata_hub.consent.consent_record import hash_wording
from mydata_hub.consent.grant import Frequency, FrequencyUnit, Grant, GrantState
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.claim import Claim
from mydata_hub.insights.purposes import find_purpose
from mydata_hub.oauth.authorization_details import Asked
from mydata_hub.oauth.authorize import Question
from mydata_hub.oauth.clients import Client
from mydata_hub.release.ledger import GROUP_CAP, UNITS
from mydata_hub.web.answer_words import answer_words, record_words
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

CAP_BITS: Final = GROUP_CAP // UNITS
# Dates are part of what is signed, so no script turns them into another zone's.
_ZONES: Final[Mapping[Locale, tuple[timezone, str]]] = {
    "ko": (timezone(timedelta(hours=9)), "%Y. %m. %d. %H:%M (한국 시각)"),
    "en": (timezone(timedelta(0)), "%Y-%m-%d %H:%M UTC"),
}
_ONCE: Final = {
    FrequencyUnit.DAY: _("At most once a day"),
    FrequencyUnit.WEEK: _("At most once a week"),
    FrequencyUnit.MONTH: _("At most once a month"),
}
_OFTEN: Final = {
    FrequencyUnit.DAY: _("At most %(count)s times a day"),
    FrequencyUnit.WEEK: _("At most %(count)s times a week"),
    FrequencyUnit.MONTH: _("At most %(count)s times a month"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question: `item` is what is granted, `answers` is everything it can ever say."""

    item: str
    question: str
    answers: tuple[str, ...]
    price: str


class Asking(Protocol):
    """Who asks for what, and which consent a yes would change: `oauth.authorize.Question`."""

    @property
    def client(self) -> Client: ...

    @property
    def asked(self) -> Asked: ...

    @property
    def amends(self) -> Grant | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The sentences in the order they are read, and the bits of the bar."""

    locale: Locale
    partner: str
    heading: str
    # What was allowed before, where this would take its place.
    change: tuple[str, ...]
    asks: tuple[Ask, ...]
    stays: tuple[str, ...]
    why: str
    often: str
    until: str
    stopping: tuple[str, ...]
    learns: tuple[str, ...]
    bits_before: int
    bits_now: int

    @property
    def wording(self) -> str:
        """What is shown, as one text: its hash is in the record."""
        return "\n".join(self._sentences())

    @property
    def wording_hash(self) -> str:
        """What the page says back, so that nobody signs other sentences than they have read."""
        return hash_wording(self.wording).hex()

    def _sentences(self) -> Iterator[str]:
        yield self.heading
        yield from self.change
        for ask in self.asks:
            yield ask.question
            yield " / ".join(ask.answers)
            yield ask.price
        yield from (*self.stays, self.why, self.often, self.until, *self.stopping, *self.learns)


def read_sheet(question: Asking, given: Iterable[Grant], now: datetime, locale: Locale) -> Sheet:
    """The sheet of a question for somebody who gave these grants before."""
    say = Speaker(locale)
    asked, partner = question.asked, question.client.name
    before, after = _bits(question, given, now)
    records = record_words((one for claim in asked.claims for one in claim.inputs), locale)
    learns = [
        say(
            _("%(partner)s learns at most %(bits)s of the %(cap)s bits one partner may learn."),
            partner=partner,
            bits=after,
            cap=CAP_BITS,
        ),
        say(
            _("One bit is as much as one answer of yes or no. The %(cap)s are for a year."),
            cap=CAP_BITS,
        ),
    ]
    if before:
        learns.insert(1, say(_("%(bits)s of them you have allowed before."), bits=before))
    return Sheet(
        locale=locale,
        partner=partner,
        heading=_heading(question, say),
        change=_change(question.amends, say),
        asks=tuple(_ask(claim, say) for claim in asked.claims),
        stays=(
            say(_("Your records stay in your vault: %(records)s."), records=records),
            say(_("No shop, amount, place or other person is in an answer.")),
        ),
        why=getattr(find_purpose(asked.purpose).text, locale),
        often=frequency_words(asked.frequency, locale),
        until=say(
            _("Until %(date)s, then it ends by itself"), date=date_words(asked.expires_at, locale)
        ),
        stopping=(
            say(_("You can stop it at any time, and the next question is refused.")),
            say(
                _(
                    "%(partner)s keeps what it was told until then.",
                ),
                partner=partner,
            ),
        ),
        learns=tuple(learns),
        bits_before=before,
        bits_now=after - before,
    )


def sheet_document(sheet: Sheet, question: Question) -> dict[str, Any]:
    """The sheet for scripts and the command line."""
    request = question.request
    return {
        "client_id": request["client_id"],
        "partner": sheet.partner,
        "redirect_uri": request["redirect_uri"],
        "amends": question.amends.grant_id if question.amends else None,
        "purpose": question.asked.purpose,
        "asks": [
            {"item": ask.item, "question": ask.question, "answers": list(ask.answers)}
            for ask in sheet.asks
        ],
        "locale": sheet.locale,
        "wording": sheet.wording,
        "wording_hash": sheet.wording_hash,
    }


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says sentences in one language."""

    locale: Locale

    def __call__(self, message: str, **values: object) -> str:
        said = translate(self.locale, message)
        return said % values if values else said


def _heading(question: Asking, say: Speaker) -> str:
    words = _("%(partner)s asks to change what you allowed")
    if question.amends is None:
        words = _("%(partner)s asks about you")
    return say(words, partner=question.client.name)


def _change(grant: Grant | None, say: Speaker) -> tuple[str, ...]:
    if grant is None:
        return ()
    return (
        say(_("You have allowed:")),
        *(getattr(find_claim(item).claim.question, say.locale) for item in grant.items),
        say(_("Until %(date)s"), date=date_words(grant.expires_at, say.locale)),
        say(_("What you allow now takes its place. What you leave out ends.")),
        say(_("If you refuse, everything stays as it is.")),
    )


def _ask(claim: Claim, say: Speaker) -> Ask:
    # Rounded up, so that the sheet never promises less than the ledger charges.
    bits = claim.bits.quantize(Decimal("0.1"), ROUND_CEILING)
    return Ask(
        item=claim.ref,
        question=getattr(claim.question, say.locale),
        answers=answer_words(claim, say.locale),
        price=say(_("One answer tells at most %(bits)s bits"), bits=bits),
    )


def _bits(question: Asking, given: Iterable[Grant], now: datetime) -> tuple[int, int]:
    """What the partner's group may learn without this consent, and with it."""
    before = sum(
        grant.max_bits
        for grant in given
        if grant.recipient_group == question.client.group
        and grant.state(now) is GrantState.ACTIVE
        and not (question.amends and question.amends.grant_id == grant.grant_id)
    )
    return min(CAP_BITS, before), min(CAP_BITS, before + question.asked.max_bits)


def frequency_words(frequency: Frequency, locale: Locale) -> str:
    """How often, as people say it."""
    unit, count, say = frequency.unit, frequency.count, Speaker(locale)
    return say(_ONCE[unit]) if count == 1 else say(_OFTEN[unit], count=count)


def date_words(at: datetime, locale: Locale) -> str:
    zone, form = _ZONES[locale]
    return at.astimezone(zone).strftime(form)
