"""The answers of the catalogue and the records behind them, in the words that people read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mydata_hub.accounts.account import Locale
from mydata_hub.insights.claim import Claim
from mydata_hub.insights.units import number_words
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
    "2_to_3": _("2 or 3"),
    "4_or_more": _("4 or more"),
    "3_or_more": _("3 or more"),
    "5_or_more": _("5 or more"),
    "13_or_more": _("13 or more"),
    "3_to_4": _("3 or 4"),
    "0_to_2": _("0 to 2"),
    "3_to_7": _("3 to 7"),
    "8_to_12": _("8 to 12"),
    "1_to_10": _("1 to 10"),
    "11_to_20": _("11 to 20"),
    "21_to_31": _("21 to 31"),
    "under_10": _("Under 10"),
    "10_to_29": _("10 to 29"),
    "30_to_49": _("30 to 49"),
    "30_or_more": _("30 or more"),
    "50_or_more": _("50 or more"),
    "under_30": _("Under 30"),
    "30_to_60": _("30 to under 60"),
    "60_to_90": _("60 to under 90"),
    "90_or_more": _("90 or more"),
    "under_80": _("Under 80"),
    "80_to_149": _("80 to 149"),
    "150_or_more": _("150 or more"),
    "under_20": _("Under 20"),
    "20_to_59": _("20 to 59"),
    "60_to_149": _("60 to 149"),
    "under_3": _("Under 3"),
    "20_to_39": _("20 to 39"),
    "40_or_more": _("40 or more"),
    "not_at_all": _("Not at all"),
    "sometimes": _("Now and then"),
    "weekly": _("In most weeks"),
    "monthly": _("Every month"),
    "quarterly": _("Every three months"),
    "yearly": _("Every year"),
    "under_600": _("Under 600"),
    "600": _("600 to 649"),
    "650": _("650 to 699"),
    "700": _("700 or more"),
    "within_30": _("Within 30"),
    "31_to_60": _("31 to 60"),
    "61_to_180": _("61 to 180"),
    "181_or_more": _("181 or more"),
    "7_to_8": _("From 7 to 8"),
    "8_to_9": _("From 8 to 9"),
    "after_9": _("After 9"),
    "started": _("Begun"),
    "stopped": _("Ended"),
    "both": _("Both"),
    "unchanged": _("No change"),
    "raised": _("Gone up"),
    "lowered": _("Gone down"),
    "weekday_before_7": _("Workdays, before 7"),
    "weekday_7_to_9": _("Workdays, 7 to 9"),
    "weekday_9_to_11": _("Workdays, 9 to 11"),
    "weekday_11_to_14": _("Workdays, 11 to 14"),
    "weekday_14_to_18": _("Workdays, 14 to 18"),
    "weekday_after_18": _("Workdays, after 18"),
    "weekend_before_7": _("Weekends, before 7"),
    "weekend_7_to_9": _("Weekends, 7 to 9"),
    "weekend_9_to_11": _("Weekends, 9 to 11"),
    "weekend_11_to_14": _("Weekends, 11 to 14"),
    "weekend_14_to_18": _("Weekends, 14 to 18"),
    "weekend_after_18": _("Weekends, after 18"),
    "seoul_gangnam": _("Gangnam-gu, Seoul"),
    "seoul_gangdong": _("Gangdong-gu, Seoul"),
    "seoul_gangbuk": _("Gangbuk-gu, Seoul"),
    "seoul_gangseo": _("Gangseo-gu, Seoul"),
    "seoul_gwanak": _("Gwanak-gu, Seoul"),
    "seoul_gwangjin": _("Gwangjin-gu, Seoul"),
    "seoul_guro": _("Guro-gu, Seoul"),
    "seoul_geumcheon": _("Geumcheon-gu, Seoul"),
    "seoul_nowon": _("Nowon-gu, Seoul"),
    "seoul_dobong": _("Dobong-gu, Seoul"),
    "seoul_dongdaemun": _("Dongdaemun-gu, Seoul"),
    "seoul_dongjak": _("Dongjak-gu, Seoul"),
    "seoul_mapo": _("Mapo-gu, Seoul"),
    "seoul_seodaemun": _("Seodaemun-gu, Seoul"),
    "seoul_seocho": _("Seocho-gu, Seoul"),
    "seoul_seongdong": _("Seongdong-gu, Seoul"),
    "seoul_seongbuk": _("Seongbuk-gu, Seoul"),
    "seoul_songpa": _("Songpa-gu, Seoul"),
    "seoul_yangcheon": _("Yangcheon-gu, Seoul"),
    "seoul_yeongdeungpo": _("Yeongdeungpo-gu, Seoul"),
    "seoul_yongsan": _("Yongsan-gu, Seoul"),
    "seoul_eunpyeong": _("Eunpyeong-gu, Seoul"),
    "seoul_jongno": _("Jongno-gu, Seoul"),
    "seoul_jung": _("Jung-gu, Seoul"),
    "seoul_jungnang": _("Jungnang-gu, Seoul"),
    "seongnam_bundang": _("Bundang-gu, Seongnam"),
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


def answer_words(claim: Claim, locale: Locale) -> tuple[str, ...]:
    """Each answer that there is, spelled out, numbers with what they count."""
    (attribute,) = claim.attributes
    return tuple(_words(attribute, symbol, locale) for symbol in claim.alphabet)


def one_answer(claim: Claim, symbol: str, locale: Locale) -> str:
    """One answer, spelled out."""
    (attribute,) = claim.attributes
    return _words(attribute, symbol, locale)


def _words(attribute: str, symbol: str, locale: Locale) -> str:
    # "None" says more than "0 bills".
    counted = None if symbol == "0" else number_words(attribute, symbol)
    return translate(locale, ANSWERS[symbol]) if counted is None else getattr(counted, locale)


def record_words(datasets: Iterable[str], locale: Locale) -> str:
    """The kinds of records, as a list in a sentence."""
    return ", ".join(translate(locale, RECORDS[dataset]) for dataset in sorted(set(datasets)))
