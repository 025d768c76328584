"""Provider families: which feeds a provider of each kind has, in the order they are walked."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from mydata_hub.collection import bank, card, efin, insurer, invest, mobility

FAMILIES: Final = MappingProxyType(
    {
        "card": card.FEEDS,
        "efin": efin.FEEDS,
        "bank": bank.FEEDS,
        "invest": invest.FEEDS,
        "insurer": insurer.FEEDS,
        "mobility": mobility.FEEDS,
    }
)
