"""Words of offers: what their categories are called, and what becomes of one."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.offers.catalogue.check import CATEGORIES as NAMES
from mydata_hub.own_vault.life_words import CATEGORY_WORDS

# Categories of payments, and two that nobody pays at a till.
CATEGORIES: Final = {
    name: {
        "mobility": Wording(ko="이동", en="Getting around"),
        "finance": Wording(ko="금융", en="Finance"),
    }.get(name)
    or CATEGORY_WORDS[name]
    for name in NAMES
}
