"""The Korean of every English sentence on the pages (docs/decisions/0003-translations.md)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import polib

from mydata_hub.accounts.account import Locale

KOREAN: Final = Path(__file__).with_name("translations") / "ko.po"


def translate(locale: Locale, message: str) -> str:
    """The message in that language; where Korean is missing its English source stands in."""
    return message if locale == "en" else korean().get(message, message)


@lru_cache(maxsize=1)
def korean() -> Mapping[str, str]:
    """English sentence -> Korean sentence, read at first use."""
    catalogue = polib.pofile(str(KOREAN))
    return {entry.msgid: entry.msgstr for entry in catalogue if entry.translated()}


def mark(message: str) -> str:
    """Marks a sentence in Python for translation later; the tests extract what is marked."""
    return message
