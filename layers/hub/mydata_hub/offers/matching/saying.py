"""Saying what one thinks of an offer or a category of offers, by the way that own words take."""

from __future__ import annotations

from typing import Final

from mydata_hub.errors import BadInput
from mydata_hub.fields import VaultId, require_id, require_word
from mydata_hub.insights.offer_words import OWN_OFFERS, Scope, Word
from mydata_hub.own_vault.importing import Letterbox
from mydata_hub.own_vault.speaking import Said, own_word, say

OFFER_WORD_SAID: Final = "offer_word_said"


def say_of_offers(
    letterbox: Letterbox, vault_id: VaultId, scope: Scope, name: str, word: Word
) -> None:
    """Of an offer, by its id, or of a category: not interested, not now, or interested after all.

    It shows nowhere outside the vault. Raises BadInput, Busy.
    """
    if scope is Scope.OFFER:
        require_id("name", name)
    else:
        require_word("name", name)
        if word is Word.NOT_NOW:
            raise BadInput("word", "is not_interested or interested for a category")
    now = letterbox.clock.now()
    body = {"scope": scope.value, "name": name, "word": word.value, "as_of": now.isoformat()}
    said = own_word(vault_id, OWN_OFFERS, f"{scope.value}:{name}", now, body)
    say(letterbox, vault_id, Said(records=(said,), kind=OFFER_WORD_SAID))
