"""`mydata offer check`: what is wrong with an offer, or what it discloses and how it looks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from mydata_hub.cli.client import json_option, tell
from mydata_hub.errors import BadInput
from mydata_hub.fields import ClaimRef, Wording
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.fair_use import read_fair_use
from mydata_hub.offers.catalogue.check import Checked, check_offer, disclosed_by
from mydata_hub.offers.catalogue.document import MAX_DOCUMENT_BYTES
from mydata_hub.offers.catalogue.eligibility import Answers
from mydata_hub.offers.catalogue.offer import Offer
from mydata_hub.offers.catalogue.triggers import TRIGGERS
from mydata_hub.release.ledger import GROUP_CAP, bits
from mydata_hub.web.answer_words import answer_words
from mydata_hub.wiring import policies_folder

_WHY: Final = {
    "eligibility": "who it is for",
    "trigger": "when it is shown",
    "claims_on_acceptance": "asked on acceptance",
}


@click.command()
@click.argument("file", type=click.File("rb"))
@json_option
def check(file: Any, as_json: bool) -> None:
    """Say what is wrong with the offer in FILE, or else what accepting it tells and costs."""
    document: bytes = file.read(MAX_DOCUMENT_BYTES + 1)
    fair_use = read_fair_use(policies_folder())
    try:
        checked = check_offer(document, datetime.now(UTC), CATALOGUE, fair_use)
    except BadInput as error:
        raise click.ClickException(str(error)) from None
    told = checked_document(checked)
    tell(as_json, told, lambda: _say(told))


def checked_document(checked: Checked) -> dict[str, Any]:
    """For scripts: how people see the offer, whom it is for, and what accepting it discloses."""
    offer = checked.offer
    trigger = TRIGGERS[offer.trigger]
    fields = disclosed_by(offer, trigger)
    return {
        "shown": _shown(offer, trigger.wording),
        # Whoever fits one of these; nobody needs to fit anything where one of them is empty.
        "for": [_case(case) for case in checked.condition],
        "discloses": [_claim(claim) | {"because_of": fields[claim]} for claim in checked.discloses],
        "bits": float(checked.bits),
        "group_cap_bits": float(bits(GROUP_CAP)),
    }


def _shown(offer: Offer, because: Wording) -> dict[str, Any]:
    image = offer.image
    return {
        "title": _both(offer.title),
        "text": _both(offer.text),
        "image": image and {"media_type": image.media_type, "alt": _both(image.alt)},
        "benefit": _both(offer.benefit.wording),
        "because": _both(because),
        "valid_from": offer.valid_from.isoformat(),
        "valid_until": offer.valid_until.isoformat(),
    }


def _case(case: Answers) -> dict[str, list[str]]:
    """Of each claim the answers that will do, in the order of its alphabet."""
    return {
        claim: [answer for answer in CATALOGUE[claim].claim.alphabet if answer in told]
        for claim, told in case.items()
    }


def _claim(ref: ClaimRef) -> dict[str, Any]:
    claim = CATALOGUE[ref].claim
    return {
        "claim": ref,
        "question": _both(claim.question),
        "answers": list(claim.alphabet),
        "bits": float(claim.bits),
    }


def _both(wording: Wording) -> dict[str, str]:
    return {"ko": wording.ko, "en": wording.en}


def _say(told: dict[str, Any]) -> None:
    console, shown = Console(), told["shown"]
    for locale in ("ko", "en"):
        console.print(f"[bold]{escape(shown['title'][locale])}[/]")
        console.print(escape(f"  {shown['text'][locale]}"))
        console.print(escape(f"  {shown['benefit'][locale]} · {shown['because'][locale]}"))
    console.print()
    if not told["discloses"]:
        console.print("For everybody; accepting it discloses nothing.")
        return
    console.print("For whoever has" if told["for"] != [{}] else "For everybody.")
    for number, case in enumerate(told["for"]):
        words = [_fits(ClaimRef(claim), answers) for claim, answers in case.items()]
        if words:
            console.print(escape(f"  {'or ' if number else ''}{'; '.join(words)}"))
    claim = Column("accepting discloses", no_wrap=True)
    table = Table(claim, "question", "answers", "bits", "because of")
    for one in told["discloses"]:
        answers = " ".join(one["answers"])
        why = _WHY[one["because_of"]]
        table.add_row(one["claim"], one["question"]["en"], answers, str(one["bits"]), why)
    console.print(table)
    console.print(
        f"Together {told['bits']} bits, of the {told['group_cap_bits']:g} that your group of "
        "partners may learn of a person in a year. Before that, you learn nothing."
    )


def _fits(ref: ClaimRef, answers: list[str]) -> str:
    claim = CATALOGUE[ref].claim
    words = dict(zip(claim.alphabet, answer_words(claim, "en"), strict=True))
    return f"{ref}: {' or '.join(words[answer] for answer in answers)}"
