"""The answers of the catalogue and the records behind them, in the words that people read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mydata_hub.accounts.account import Locale
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

ANSWERS: Final = {
    "yes": _("Yes"),
    "no": _("No"),
    "no_answer": _("No answer"),
    "none": _("None that is regular"),
    "before_7": _("Before 7"),
    "7_to_9": _("From 7 to 9"),
    "9_to_11": _("From 9 to 11"),
    "11_to_14": _("From 11 to 14"),
    "14_to_18": _("From 14 to 18"),
    "after_18": _("After 18"),
    "subway": _("Subway"),
    "bus": _("Bus"),
    "bike": _("Bicycle"),
    "car": _("Car"),
    "walk": _("On foot"),
    "mixed": _("Several of these"),
    "0": _("None"),
    "1": _("One"),
    "1_to_2": _("1 or 2"),
    "2_or_more": _("2 or more"),
    "3_to_5": _("3 to 5"),
    "6_to_10": _("6 to 10"),
    "6_or_more": _("6 or more"),
    "11_or_more": _("11 or more"),
}
RECORDS: Final = {
    "bank.accounts": _("bank accounts"),
    "bank.transactions": _("bank transactions"),
    "card.approvals": _("card payments"),
    "card.bills": _("card bills"),
    "efin.payments": _("mobile payments"),
    "insurance.contracts": _("insurance contracts"),
    "invest.balances": _("investments"),
    "mobility.trips": _("trips"),
}


def answer_words(symbols: Iterable[str], locale: Locale) -> tuple[str, ...]:
    """Each answer that there is, spelled out."""
    return tuple(translate(locale, ANSWERS[symbol]) for symbol in symbols)


def record_words(datasets: Iterable[str], locale: Locale) -> str:
    """The kinds of records, as a list in a sentence."""
    return ", ".join(translate(locale, RECORDS[dataset]) for dataset in sorted(set(datasets)))
