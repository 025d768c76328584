"""My life: a person's weeks, bills, spending and ways, and what they say of their own records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Final

from pydantic import Field

from mydata_hub.accounts.account import Locale
from mydata_hub.errors import Busy
from mydata_hub.fields import Dataset, VaultId
from mydata_hub.insights.payments import CATEGORIES
from mydata_hub.insights.profile import Profile
from mydata_hub.own_vault.importing import Letterbox
from mydata_hub.own_vault.life import Life, life_document, see_life
from mydata_hub.own_vault.life_words import CATEGORY_WORDS, DAY_WORDS, UNKNOWN
from mydata_hub.own_vault.speaking import (
    MAX_TOGETHER,
    Pointed,
    correct_category,
    dispute_records,
    see_words,
    take_back,
)
from mydata_hub.web.answer_words import RECORDS
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import MAX_TEXT_CHARACTERS, Body
from mydata_hub.web.language import language_of
from mydata_hub.web.request import Request
from mydata_hub.web.today import TodayFront, vault_of
from mydata_hub.web.wording import mark as _

# As long as somebody waits for what they said to hold. Folding takes less but for a cold start.
WAIT_SECONDS: Final = 8.0
LOOK_SECONDS: Final = 0.1
MODES: Final = {
    "subway": _("Subway"),
    "bus": _("Bus"),
    "bike": _("Bicycle"),
    "car": _("Car"),
    "walk": _("On foot"),
    "mixed": _("Several of these"),
}
TITLES: Final = {
    "cafe": _("Your coffee"),
    "cover": _("Your car insurance"),
    "card_bills": _("Your card bills"),
    "holdings": _("Your investments"),
    "week": _("Your week"),
    "bills": _("Your bills"),
    "spending": _("Where your money goes"),
    "commute": _("Your way to work"),
}
CADENCES: Final = {
    "weekly": _("Every week"),
    "monthly": _("Every month"),
    "quarterly": _("Every three months"),
    "yearly": _("Every year"),
}
Mark = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]


class OneRecord(Body):
    """A record as the person's own view names it."""

    dataset: str = Field(max_length=MAX_TEXT_CHARACTERS)
    mark: Mark


class ManyRecords(Body):
    """Records that are wrong, or right after all."""

    records: list[OneRecord] = Field(min_length=1, max_length=MAX_TOGETHER)

    def pointed(self) -> list[Pointed]:
        """As the vault names them."""
        return [
            Pointed(dataset=Dataset(one.dataset), mark=bytes.fromhex(one.mark))
            for one in self.records
        ]


class NewCategory(Body):
    """A payee, and the category of all payments to it; null for what the hub says."""

    payee: str = Field(min_length=1, max_length=MAX_TEXT_CHARACTERS)
    category: str | None = Field(max_length=MAX_TEXT_CHARACTERS)


def show_life(front: TodayFront, request: Request) -> Answer:
    """The page."""
    locale: Locale = language_of(request)
    return front.page(
        request,
        "life.html",
        life=_see(front, request),
        say=lambda wording: getattr(wording, locale),
        titles=TITLES,
        labels=RECORDS,
        modes=MODES,
        cadences=CADENCES,
        days=DAY_WORDS,
        categories=CATEGORY_WORDS,
        choices=(*CATEGORIES, UNKNOWN),
    )


def life_state(front: TodayFront, request: Request) -> Answer:
    """The same for scripts and the command line."""
    return json_answer(200, life_document(_see(front, request)))


def dispute(front: TodayFront, request: Request) -> Answer:
    """Records are wrong: from the moment this answers `in_effect`, they count no more."""
    pointed = ManyRecords.read(request.json()).pointed()
    return _point(front, request, dispute_records, pointed)


def end_dispute(front: TodayFront, request: Request) -> Answer:
    """They are right after all."""
    pointed = ManyRecords.read(request.json()).pointed()
    return _point(front, request, take_back, pointed)


def correct(front: TodayFront, request: Request) -> Answer:
    """All payments to a payee belong elsewhere."""
    body, vault_id = NewCategory.read(request.json()), vault_of(request)
    correct_category(front.letterbox, vault_id, body.payee, body.category)
    return json_answer(201, {"in_effect": until_taken_in(front, vault_id)})


def _point(
    front: TodayFront,
    request: Request,
    act: Callable[[Letterbox, VaultId, Profile, Sequence[Pointed]], int],
    pointed: Sequence[Pointed],
) -> Answer:
    vault_id = vault_of(request)
    # What was said just before decides what there is to say now.
    profile = front.profile_of(vault_id) if until_taken_in(front, vault_id) else None
    if profile is None:
        raise Busy("the vault is not ready; try again in a moment")
    count = act(front.letterbox, vault_id, profile, pointed)
    return json_answer(201, {"records": count, "in_effect": until_taken_in(front, vault_id)})


def until_taken_in(front: TodayFront, vault_id: VaultId) -> bool:
    """Wait until the vault has taken in all that was said; whether it has."""
    for _look in range(int(WAIT_SECONDS / LOOK_SECONDS)):
        if not see_words(front.letterbox.tables, vault_id).waiting:
            return True
        front.pause(LOOK_SECONDS)
    return False


def _see(front: TodayFront, request: Request) -> Life:
    vault_id = vault_of(request)
    # Read before the profile: what is folded in between is in it.
    held = see_words(front.letterbox.tables, vault_id).waiting > 0
    return see_life(front.profile_of(vault_id), front.clock.now(), held=held)


HANDLERS: Final[Mapping[str, Callable[[TodayFront, Request], Answer]]] = {
    "GET /life": show_life,
    "GET /life/state": life_state,
    "POST /life/disputes": dispute,
    "POST /life/disputes/end": end_dispute,
    "POST /life/categories": correct,
}
