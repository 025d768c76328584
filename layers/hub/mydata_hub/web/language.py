"""Which language a page speaks: the one chosen, else the account's, else the browser's."""

from __future__ import annotations

from typing import Final

from mydata_hub.accounts.account import Locale
from mydata_hub.web.cookies import LANGUAGE
from mydata_hub.web.request import Request

LOCALES: Final[tuple[Locale, ...]] = ("ko", "en")
DEFAULT: Final[Locale] = "en"
MAX_CHOICES: Final = 20


def language_of(request: Request, account: Locale | None = None) -> Locale:
    """The language for this request."""
    chosen = request.cookie(LANGUAGE)
    if chosen in LOCALES:
        return chosen
    return account or accepted_language(request.header("accept-language"))


def accepted_language(header: str) -> Locale:
    """The best of ours in an Accept-Language header (RFC 9110 section 12.5.4), else English."""
    best, weight = DEFAULT, 0.0
    for choice in header.split(",")[:MAX_CHOICES]:
        name, _, parameter = choice.strip().partition(";")
        primary = name.strip().partition("-")[0].lower()
        given = _weight(parameter)
        if primary in LOCALES and given > weight:
            best, weight = primary, given
    return best


def _weight(parameter: str) -> float:
    key, _, value = parameter.strip().partition("=")
    if key != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
