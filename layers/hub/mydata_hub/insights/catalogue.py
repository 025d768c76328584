"""The catalogue: the closed list of claims, gathered from the files of `insights/claims`.

Each attribute has one published partition into cells, and every symbol of a claim is a union of
its cells, so all claims on an attribute together tell at most the cell. A list that breaks this is
refused before anything is answered from it. A change of a claim's alphabet, cells, inputs or floor
takes the next version; a change of a partition takes a new attribute.

Versions live side by side: a grant names one and keeps it. A version that is over is marked
`retired` and stays in its file, because grants, answers and receipts still name it: it can be read
and not be asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Final

from mydata_hub.errors import BadInput
from mydata_hub.fields import ClaimRef
from mydata_hub.insights import claims
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.entries import Attribute, Entry
from mydata_hub.insights.purposes import PURPOSES

_DAY: Final = timedelta(days=1)


def gather(package: ModuleType) -> Iterator[Entry]:
    """The `ENTRIES` of every file of a package, in the order of their names."""
    for found in sorted(iter_modules(package.__path__), key=lambda one: one.name):
        yield from import_module(f"{package.__name__}.{found.name}").ENTRIES


def check_catalogue(entries: Iterable[Entry]) -> dict[ClaimRef, Entry]:
    """The entries by their names, if they are sound together.

    Raises BadInput, naming the claim that is not.
    """
    catalogue: dict[ClaimRef, Entry] = {}
    attributes: dict[str, Attribute] = {}
    for entry in entries:
        ref = entry.claim.ref
        wrong = _unsound(entry, attributes.setdefault(entry.attribute.id, entry.attribute))
        if ref in catalogue:
            wrong = wrong or "is there twice"
        if wrong:
            raise BadInput("catalogue", f"{ref} {wrong}")
        catalogue[ref] = entry
    return catalogue


def _unsound(entry: Entry, attribute: Attribute) -> str | None:
    claim, told = entry.claim, [entry.symbols.get(cell) for cell in entry.attribute.cells]
    if attribute is not entry.attribute:
        return "reads an attribute that has another partition elsewhere"
    if claim.attributes != (attribute.id,):
        return "charges another attribute than it reads"
    if tuple(entry.symbols) != attribute.cells or len(set(attribute.cells)) < len(attribute.cells):
        return "does not say its symbol for each cell, in their order"
    if set(told) != set(claim.alphabet) - {NO_ANSWER} or len(set(claim.alphabet)) < len(
        claim.alphabet
    ):
        return "has symbols that are no unions of cells"
    # On an ordered attribute a symbol is one stretch: "a few or very many" would tell the middle.
    if attribute.ordered and sum(a != b for a, b in pairwise(told)) != len(set(told)) - 1:
        return "has a symbol of cells that do not follow each other"
    if claim.inputs != attribute.insight.inputs:
        return "names other inputs than its insight reads"
    if not set(claim.purposes) <= PURPOSES.keys():
        return "is answered for a purpose that is not published"
    return None


CATALOGUE: Final[Mapping[ClaimRef, Entry]] = check_catalogue(gather(claims))
ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    entry.attribute.id: entry.attribute for entry in CATALOGUE.values()
}
# An id alone means its latest version that can be asked.
_LATEST: Final[Mapping[str, Entry]] = {
    entry.claim.id: entry
    for entry in sorted(CATALOGUE.values(), key=lambda entry: entry.claim.version)
    if not entry.retired
}


def catalogue_hash() -> str:
    """SHA-256 (hex) of every claim in its canonical encoding, in the order of their names."""
    digest = hashlib.sha256()
    for ref in sorted(CATALOGUE):
        digest.update(CATALOGUE[ref].claim.encode() + b"\n")
    return digest.hexdigest()


def find_claim(name: str) -> Entry:
    """The claim of that id, or of that `<id>@<version>`. Raises BadInput for any other."""
    found = CATALOGUE.get(ClaimRef(name)) or _LATEST.get(name)
    if found is None:
        raise BadInput("claims", "takes claims of the published catalogue")
    return found


def view_catalogue() -> dict[str, Any]:
    """What `GET /catalogue` answers."""
    return {
        "claims": [_view(entry) for entry in CATALOGUE.values() if not entry.retired],
        "attributes": [
            {
                "id": attribute.id,
                "label": {"ko": attribute.label.ko, "en": attribute.label.en},
                "ordered": attribute.ordered,
                "cells": list(attribute.cells),
            }
            for attribute in ATTRIBUTES.values()
        ],
    }


def _view(entry: Entry) -> dict[str, Any]:
    claim = entry.claim
    return {
        "id": claim.id,
        "version": claim.version,
        "question": {"ko": claim.question.ko, "en": claim.question.en},
        "alphabet": list(claim.alphabet),
        "bits": float(claim.bits),
        "attributes": list(claim.attributes),
        "cells": dict(entry.symbols),
        "inputs": list(claim.inputs),
        "floor": {
            "sources": claim.floor.sources,
            "window": _duration(claim.floor.window),
            "freshness": _duration(claim.floor.freshness),
        },
        "answer_period": claim.answer_period.value,
        "valid_for": _duration(claim.valid_for),
        "sensitivity": claim.sensitivity.value,
        "purposes": list(claim.purposes),
    }


def _duration(span: timedelta) -> str:
    """ISO 8601: days where they are whole."""
    days, rest = divmod(span, _DAY)
    return f"PT{rest // timedelta(seconds=1)}S" if rest else f"P{days}D"
