"""Appeals, for the person: what they contest, what they say of it, and what was decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from pydantic import Field

from mydata_hub.accounts.account import Locale
from mydata_hub.accounts.sessions import require_fresh
from mydata_hub.appeals.appeal import Appeal
from mydata_hub.appeals.case import MAX_STATEMENT_LETTERS, Contest, Seen
from mydata_hub.appeals.reasons import REASONS, records_behind, told_of
from mydata_hub.errors import BadInput, Busy
from mydata_hub.fields import Dataset, VaultId
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.reviews import MAX_RECORDS
from mydata_hub.own_vault.life import behind_document
from mydata_hub.own_vault.life_words import CATEGORY_WORDS
from mydata_hub.own_vault.speaking import Pointed, dispute_records, take_back
from mydata_hub.web.answer_words import RECORDS
from mydata_hub.web.answers import Answer, json_answer
from mydata_hub.web.bodies import MAX_TEXT_CHARACTERS, Body, Empty
from mydata_hub.web.language import language_of
from mydata_hub.web.life import MODES, OneRecord, until_taken_in
from mydata_hub.web.request import Request
from mydata_hub.web.today import TodayFront, vault_of
from mydata_hub.web.wording import mark as _

STATES: Final = {
    "open": _("waiting for a person to decide"),
    "upheld": _("you were right"),
    "rejected": _("it stays as it was"),
    "taken_back": _("you took it back"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealActs:
    """What opens and seals cases, which no page may hold itself."""

    see: Callable[[VaultId], Sequence[Seen]]
    begin: Callable[[VaultId, Profile, Contest], Appeal]
    end: Callable[[VaultId, str], Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealFront(TodayFront):
    """The front of a person's own vault, with their appeals."""

    appeals: AppealActs


class NewAppeal(Body):
    """A reason of the score, why it is wrong, and the records that are."""

    reason: str = Field(max_length=MAX_TEXT_CHARACTERS)
    statement: str = Field(max_length=MAX_STATEMENT_LETTERS)
    records: list[OneRecord] = Field(max_length=MAX_RECORDS)


def show_appeals(front: AppealFront, request: Request) -> Answer:
    """The page: the form for one reason, or which reasons there are, and one's own appeals."""
    locale: Locale = language_of(request)
    vault_id = vault_of(request)
    reason = dict(parse_qsl(request.query)).get("reason")
    feature = REASONS.get(reason or "")
    profile = front.profile_of(vault_id)
    return front.page(
        request,
        "appeals.html",
        account_id=request.caller.account_id,
        feature=feature,
        features=REASONS,
        told=told_of(profile, feature.id, front.clock.now()) if profile and feature else None,
        records=records_behind(profile, feature.id) if profile and feature else (),
        seen=front.appeals.see(vault_id),
        now=front.clock.now(),
        states=STATES,
        labels=RECORDS,
        modes=MODES,
        categories=CATEGORY_WORDS,
        maximum=MAX_STATEMENT_LETTERS,
        most=MAX_RECORDS,
        say=lambda wording: getattr(wording, locale),
    )


def appeals_state(front: AppealFront, request: Request) -> Answer:
    """The same for scripts and the command line."""
    vault_id = vault_of(request)
    profile = front.profile_of(vault_id)
    return json_answer(
        200,
        {
            "appeals": [_seen(front, one) for one in front.appeals.see(vault_id)],
            "reasons": [
                {
                    "id": feature.id,
                    "label": {"ko": feature.label.ko, "en": feature.label.en},
                    "records": [
                        behind_document(one)
                        for one in (records_behind(profile, name) if profile else ())
                    ],
                }
                for name, feature in REASONS.items()
            ],
        },
    )


def appeal(front: AppealFront, request: Request) -> Answer:
    """201 with the appeal; the records are left out of the person's own view from now on."""
    require_fresh(request.caller, front.clock.now())
    body, vault_id = NewAppeal.read(request.json()), vault_of(request)
    feature = REASONS.get(body.reason)
    if feature is None:
        raise BadInput("reason", f"takes {', '.join(REASONS)}")
    pointed = list(
        dict.fromkeys(
            Pointed(dataset=Dataset(one.dataset), mark=bytes.fromhex(one.mark))
            for one in body.records
        )
    )
    profile = _profile(front, vault_id)
    behind = {(one.dataset, one.mark) for one in records_behind(profile, feature.id)}
    if any((one.dataset, one.mark.hex()) not in behind for one in pointed):
        raise BadInput("records", "takes records that this reason rests on")
    if not (pointed or feature.of_score):
        raise BadInput("records", "takes the record that is wrong")
    told_of_it = told_of(profile, feature.id, front.clock.now())
    contest = Contest(reason=feature.id, told=told_of_it, statement=body.statement, records=pointed)
    opened = front.appeals.begin(vault_id, profile, contest)
    told = {"appeal_id": opened.appeal_id, "due_at": opened.due_at.isoformat(), "in_effect": True}
    if pointed:
        dispute_records(front.letterbox, vault_id, profile, pointed)
        # Only what is left out of one's own view is waited for.
        told["in_effect"] = until_taken_in(front, vault_id)
    return json_answer(201, told)


def end_appeal(front: AppealFront, request: Request) -> Answer:
    """It is right after all: the appeal ends, and what was contested with it counts again."""
    Empty.read(request.json())
    vault_id = vault_of(request)
    seen = front.appeals.end(vault_id, request.parameter("appeal_id"))
    pointed = [
        Pointed(dataset=Dataset(one.dataset), mark=bytes.fromhex(one.version["mark"]))
        for one in seen.case.records
    ]
    if pointed:
        take_back(front.letterbox, vault_id, _profile(front, vault_id), pointed)
    in_effect = not pointed or until_taken_in(front, vault_id)
    return json_answer(200, {"appeal_id": seen.appeal.appeal_id, "in_effect": in_effect})


def _profile(front: AppealFront, vault_id: VaultId) -> Profile:
    profile = front.profile_of(vault_id) if until_taken_in(front, vault_id) else None
    if profile is None:
        raise Busy("the vault is not ready; try again in a moment")
    return profile


def _seen(front: AppealFront, one: Seen) -> dict[str, Any]:
    appealed, feature = one.appeal, REASONS.get(one.case.reason)
    return {
        "appeal_id": appealed.appeal_id,
        "state": appealed.state.value,
        "reason": one.case.reason,
        "label": feature and {"ko": feature.label.ko, "en": feature.label.en},
        "statement": one.case.statement,
        "records": [
            {"dataset": record.dataset, "mark": record.version["mark"]}
            for record in one.case.records
        ],
        "opened_at": appealed.opened_at.isoformat(),
        "due_at": appealed.due_at.isoformat(),
        "overdue": appealed.is_open and front.clock.now() > appealed.due_at,
        "ended_at": appealed.ended_at and appealed.ended_at.isoformat(),
        "words": one.ruling and one.ruling.words,
        "partners_told": appealed.told,
    }


HANDLERS: Final[Mapping[str, Callable[[AppealFront, Request], Answer]]] = {
    "GET /appeals": show_appeals,
    "GET /appeals/state": appeals_state,
    "POST /appeals": appeal,
    "POST /appeals/{appeal_id}/end": end_appeal,
}
