"""Pages from templates: everything escaped, nothing undefined, in one of two languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mydata_hub.accounts.account import Locale
from mydata_hub.collection.wire import places_of
from mydata_hub.web.language import LOCALES
from mydata_hub.web.wording import translate

TEMPLATES: Final = Path(__file__).with_name("templates")


class Renderer:
    """Templates are compiled once per language, at the first page that needs them."""

    def __init__(self) -> None:
        self._environments: Mapping[Locale, Environment] = {
            locale: _environment(locale) for locale in LOCALES
        }

    def page(self, template: str, locale: Locale, values: Mapping[str, Any]) -> str:
        """The HTML of a page. A value that the template names and nobody gave is an error."""
        return self._environments[locale].get_template(template).render(values)


def _environment(locale: Locale) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        partial(translate, locale), _no_plurals, newstyle=True
    )
    environment.globals["locale"] = locale
    environment.filters["instant"] = instant
    environment.filters["money"] = partial(money, locale)
    return environment


def instant(at: datetime) -> str:
    """An instant for people whose browser runs no script; a script shows it in local time."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def money(locale: Locale, amount_minor: int, currency: str) -> str:
    """An amount as it is said; the sign is in the sentence around it."""
    places = places_of(currency)
    whole, rest = divmod(abs(amount_minor), 10**places)
    number = f"{whole:,}" + (f".{rest:0{places}d}" if places else "")
    if currency == "KRW":
        return f"{number}원" if locale == "ko" else f"₩{number}"
    return f"{number} {currency}"


def _no_plurals(singular: str, plural: str, count: int) -> str:
    raise NotImplementedError("Korean has no plural: word the sentence without one")
