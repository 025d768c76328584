"""The card in force: the file beside this one, by a publisher whose key is pinned beside it.

A deployment runs a card of its own by putting it and its key in the place of these two files
(docs/trust-score.md). Both are read once, and a card that is not sound is never run.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mydata_hub.errors import BadInput
from mydata_hub.scorecard.card import Card
from mydata_hub.scorecard.check import MAX_VERSION
from mydata_hub.scorecard.signing import admit_card

CARD: Final = Path(__file__).with_name("card.json")
PUBLISHERS: Final = Path(__file__).with_name("publishers.json")
MAX_KEYS: Final = 10


@dataclass(frozen=True, slots=True)
class Publishers:
    """Whose cards are run: public keys, of which card, and the oldest version there may be."""

    card: str
    at_least: int
    keys: tuple[OKPKey, ...]


class _Pinned(BaseModel):
    model_config = ConfigDict(extra="forbid")

    card: str
    at_least: Annotated[int, Field(strict=True, ge=1, le=MAX_VERSION)]
    keys: Annotated[list[dict[str, str]], Field(min_length=1, max_length=MAX_KEYS)]


@functools.cache
def shipped_card() -> Card:
    """The card in force. Raises NotProven and BadInput, naming what is wrong with the file."""
    return read_card_in_force(CARD.read_bytes(), PUBLISHERS.read_bytes())


@functools.cache
def pinned_publishers() -> Publishers:
    """Whose cards this hub runs. Raises BadInput."""
    return decode_publishers(PUBLISHERS.read_bytes())


def read_card_in_force(card: bytes, publishers: bytes) -> Card:
    """A card file's card, if these publishers allow it. Raises NotProven and BadInput."""
    pinned = decode_publishers(publishers)
    admitted = admit_card(card, pinned.keys)
    if admitted.id != pinned.card:
        raise BadInput("id", f"takes {pinned.card}, which the publishers' file names")
    if admitted.version < pinned.at_least:
        raise BadInput("version", f"is {admitted.version}, and {pinned.at_least} is in force")
    return admitted


def decode_publishers(encoded: bytes) -> Publishers:
    """The publishers in a file: `card`, `at_least` and `keys`, a list of JWKs. Raises BadInput."""
    try:
        told = _Pinned.model_validate_json(encoded)
        keys = tuple(OKPKey.import_key(dict(key)) for key in told.keys)
    except ValidationError as error:
        at = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise BadInput(
            "publishers", f"takes card, at_least and keys; see {at or 'its JSON'}"
        ) from None
    except (JoseError, ValueError, TypeError, KeyError):
        raise BadInput("publishers", "takes Ed25519 keys as JWKs") from None
    if any(key.curve_name != "Ed25519" or key.is_private for key in keys):
        raise BadInput("publishers", "takes public Ed25519 keys alone")
    return Publishers(told.card, told.at_least, keys)
