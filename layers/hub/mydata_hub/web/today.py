"""Today: a person's own page on what their vault understands, and the import of a statement."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, Field

from mydata_hub.accounts.account import Locale
from mydata_hub.collection.csv_lines import BrokenLine
from mydata_hub.collection.mapping import BUILT_IN, StatementMapping, read_mapping
from mydata_hub.errors import BadInput
from mydata_hub.fields import VaultId
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.weekly import slot_words
from mydata_hub.offers.matching.inbox import Look
from mydata_hub.own_vault.archives import (
    MAX_HUB_LETTERS,
    MAX_PIECES,
    Brought,
    Piece,
    import_archive,
)
from mydata_hub.own_vault.importing import (
    MAX_CONTENT_BYTES,
    MAX_NAME_LETTERS,
    Imported,
    Letterbox,
    Supplied,
    import_statement,
    list_imports,
)
from mydata_hub.own_vault.life_words import CATEGORY_WORDS
from mydata_hub.own_vault.speaking import see_words
from mydata_hub.own_vault.today import Today, see_today, today_document
from mydata_hub.ports.clock import Clock
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import Body
from mydata_hub.web.families import by_family
from mydata_hub.web.language import language_of
from mydata_hub.web.offer_reasons import reason_of
from mydata_hub.web.problems import problem_for
from mydata_hub.web.request import Request
from mydata_hub.web.site import Front
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate

# What Lambda takes at once; the file is a third longer in base64.
MAX_BODY_BYTES: Final = 6 * 1024 * 1024
MAX_MAPPING_LETTERS: Final = 16 * 1024
# More lines than these are counted, not named: a mapping that fits badly breaks them all.
MAX_NAMED: Final = 100


# Of the offers that fit, so many are shown beside everything else.
SHOWN_OFFERS: Final = 2
# Built-in mappings that people have files for.
MAPPINGS: Final = {
    "kr_bank": _("A bank in Korea (UTF-8)"),
    "kr_bank_cp949": _("A bank in Korea (older files, CP949)"),
}
# What a dataset is called where its source is named.
SOURCES: Final = {
    "card.approvals": _("Card"),
    "efin.payments": _("Mobile payments"),
    "card.bills": _("Card bills"),
    "bank.transactions": _("Bank account"),
    "bank.accounts": _("Bank balances"),
    "invest.balances": _("Investments"),
    "mobility.trips": _("Trips"),
    "insurance.contracts": _("Insurance"),
}
# The reader's words for what the rules of a statement say of a line, by how that begins.
_REASONS: Final = {
    "is no amount": _("This is no amount of that currency."),
    "is no date": _("This is no date as the mapping writes it."),
    "lies in the future": _("The date is in the future or before 1900."),
    "is the number of an earlier line": _("This number was on an earlier line."),
    "is too long": _("The text is too long."),
    "is empty": _("This is empty."),
    "is no direction": _("The mapping does not know this direction."),
    "and the other direction": _("Both directions are filled, or both are empty."),
    "has ": _("This line has more or fewer cells than the header."),
}
_OTHERWISE: Final = _("This line is not what the mapping says.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayFront(Front):
    """`profile_of` opens the profile of one vault, or gives None where there is no vault."""

    clock: Clock
    letterbox: Letterbox
    profile_of: Callable[[VaultId], Profile | None]
    # The offers that fit a profile; None where none are published, or they cannot be read.
    look_of: Callable[[Profile, datetime], Look | None] = lambda _profile, _now: None
    # What people know partners by, all of a page together.
    partner_names: Callable[[Iterable[str]], Mapping[str, str]] = lambda ids: {i: i for i in ids}
    # What lets an account accept an offer that it is shown.
    ticket_for: Callable[[str, str], str] = lambda _account_id, _offer: ""
    pause: Callable[[float], None] = time.sleep


class ArchivePiece(Body):
    """Records of one segment at the origin, and how far their source was complete there."""

    segment_id: str = Field(max_length=MAX_NAME_LETTERS)
    count: int = Field(ge=1)
    complete_until: Annotated[AwareDatetime, Field(strict=False)] | None


class ArchivePart(Body):
    """Part of an archive: which hub it is from, its pieces, and their records, a line each."""

    hub: str = Field(max_length=MAX_HUB_LETTERS)
    pieces: list[ArchivePiece] = Field(max_length=MAX_PIECES)
    content: str = Field(max_length=MAX_CONTENT_BYTES * 4 // 3 + 4)


class NewImport(Body):
    """A file, how to read it, and what to do about lines that cannot be read."""

    name: str = Field(min_length=1, max_length=MAX_NAME_LETTERS)
    # A built-in one by its name, or a mapping of one's own as JSON.
    mapping: str = Field(max_length=MAX_MAPPING_LETTERS)
    content: str = Field(max_length=MAX_CONTENT_BYTES * 4 // 3 + 4)
    all_or_nothing: bool


def show_today(front: TodayFront, request: Request) -> Answer:
    """The page."""
    today, look = _see_all(front, request)
    answers, locale = look.standing.answers if look else {}, language_of(request)
    return front.page(
        request,
        "today.html",
        today=today,
        offers=look.shown[:SHOWN_OFFERS] if look else (),
        reason=lambda one: getattr(reason_of(one, answers), locale),
        # Without any source there is nothing to be honest about yet.
        families=by_family(
            [thought for thought in today.thoughts if thought.sources],
            lambda thought: thought.seen.attribute.id,
        ),
        categories=CATEGORY_WORDS,
        slot_words=slot_words,
        say=lambda wording: getattr(wording, locale),
        mappings=MAPPINGS,
        labels=SOURCES,
        maximum_bytes=MAX_CONTENT_BYTES,
        now=front.clock.now(),
    )


def today_state(front: TodayFront, request: Request) -> Answer:
    """The same for scripts and the command line."""
    today, look = _see_all(front, request)
    named = [one.offer.offer_id for one in look.shown[:SHOWN_OFFERS]] if look else []
    return json_answer(200, {**today_document(today), "offers": named})


def take_import(front: TodayFront, request: Request) -> Answer:
    """Takes a statement in; broken lines are named by line and column, to the person alone."""
    body = NewImport.read(request.json(MAX_BODY_BYTES))
    supplied = Supplied(
        name=body.name,
        content=_content(body.content),
        mapping=_mapping(body.mapping),
        all_or_nothing=body.all_or_nothing,
    )
    done = import_statement(front.letterbox, vault_of(request), supplied)
    locale = language_of(request)
    if done.refused:
        error = BadInput("file", "has lines that cannot be read" if done.broken else "is empty")
        problem = problem_for(error, request.route, locale)
        problem |= _broken_document(done, locale)
        return json_answer(error.status, problem, "application/problem+json")
    return json_answer(201, {"lines": done.lines, **_broken_document(done, locale)})


def take_archive(front: TodayFront, request: Request) -> Answer:
    """Takes in part of an archive; what is in the vault already is counted and left."""
    body = ArchivePart.read(request.json(MAX_BODY_BYTES))
    pieces = [Piece(**piece.model_dump()) for piece in body.pieces]
    brought = Brought(hub=body.hub, pieces=pieces, content=_content(body.content))
    kept = import_archive(front.letterbox, vault_of(request), brought)
    return json_answer(201, {"records": kept.records, "already": kept.already})


def _see_all(front: TodayFront, request: Request) -> tuple[Today, Look | None]:
    vault_id, now = vault_of(request), front.clock.now()
    imports = list_imports(front.letterbox.tables, vault_id)
    # Read before the profile: what is folded in between is in it.
    held = see_words(front.letterbox.tables, vault_id).waiting > 0
    profile = front.profile_of(vault_id)
    look = None if profile is None or held else front.look_of(profile, now)
    return see_today(profile, imports, now, held=held), look


def vault_of(request: Request) -> VaultId:
    """The vault of whoever asks."""
    # A person's vault has the account's name, so nobody can ask for another's.
    return VaultId(request.caller.account_id)


def _content(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("content", "takes base64") from None


def _mapping(told: str) -> StatementMapping:
    built_in = BUILT_IN.get(told)
    return built_in or read_mapping(told.encode())


def _broken_document(done: Imported, locale: Locale) -> dict[str, Any]:
    return {
        "broken": len(done.broken),
        "broken_lines": [_line(one, locale) for one in done.broken[:MAX_NAMED]],
    }


def _line(one: BrokenLine, locale: Locale) -> dict[str, Any]:
    fits = (words for start, words in _REASONS.items() if one.problem.startswith(start))
    return {**asdict(one), "reason": translate(locale, next(fits, _OTHERWISE))}


HANDLERS: Final[Mapping[str, Callable[[TodayFront, Request], Answer]]] = {
    "GET /today": show_today,
    "GET /today/state": today_state,
    "POST /import": take_import,
    "POST /import/archive": take_archive,
}
