"""An offer as its partner writes it: JSON, read strictly and told by field what is wrong."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from mydata_hub.errors import BadInput
from mydata_hub.fields import ClaimRef, ClientId, Purpose, Wording
from mydata_hub.offers.catalogue.eligibility import Catalogue
from mydata_hub.offers.catalogue.offer import OFFER_NAME, Benefit, Offer, OfferId, OfferImage

# The largest image in base64, and everything else at its longest.
MAX_DOCUMENT_BYTES: Final = 128 * 1024
_FIELD: Final = re.compile(r"[a-z_]{1,32}")
# What pydantic says is wrong, by the beginning of its word for it; it never repeats a value.
_REMEDIES: Final = {
    "json_invalid": "is no JSON that everybody reads alike",
    "missing": "is needed",
    "extra_forbidden": "has no such field; the fields are listed in docs/offers.md",
    "string": "takes text",
    "int": "takes a whole number",
    "datetime": "takes an instant with its zone, such as 2026-03-01T09:00:00+09:00",
    "timezone": "takes an instant with its zone, such as 2026-03-01T09:00:00+09:00",
    "tuple": "takes a list",
    "model": "takes an object",
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Wording(_Part):
    ko: str
    en: str


class _Image(_Part):
    # Base64: the bytes themselves, never where they are.
    content: str
    alt: _Wording


class _Benefit(_Part):
    kind: str
    wording: _Wording
    amount_minor: int | None = None
    currency: str | None = None
    till: str | None = None
    merchants: tuple[str, ...] = ()
    per_minor: int | None = None
    goal: int | None = None
    expires_days: int | None = None


class OfferDocument(_Part):
    name: str
    category: str
    title: _Wording
    text: _Wording
    image: _Image | None = None
    purpose: str
    eligibility: str = ""
    trigger: str = "always"
    claims_on_acceptance: tuple[str, ...] = ()
    benefit: _Benefit
    valid_from: AwareDatetime
    valid_until: AwareDatetime
    stock: int | None = None


def read_offer(document: str | bytes, client: ClientId, catalogue: Catalogue) -> Offer:
    """The first version of the offer in a document. Raises BadInput, by the document's own field.

    A claim on acceptance may be named by its id alone, which means its latest version.
    """
    written = _read(document)
    if not OFFER_NAME.fullmatch(written.name):
        raise BadInput("name", "takes 1 to 40 lower-case letters, digits and -")
    return Offer(
        offer_id=OfferId(f"{client}.{written.name}"),
        version=1,
        client=client,
        category=written.category,
        title=_wording("title", written.title),
        text=_wording("text", written.text),
        image=_image(written.image),
        purpose=Purpose(written.purpose),
        eligibility=written.eligibility.strip(),
        trigger=written.trigger,
        claims_on_acceptance=tuple(
            _claim(name, catalogue) for name in written.claims_on_acceptance
        ),
        benefit=_benefit(written.benefit),
        valid_from=written.valid_from,
        valid_until=written.valid_until,
        stock=written.stock,
    )


def _read(document: str | bytes) -> OfferDocument:
    # Half a surrogate pair is refused below, as no JSON.
    encoded = document.encode(errors="surrogatepass") if isinstance(document, str) else document
    if len(encoded) > MAX_DOCUMENT_BYTES:
        raise BadInput("offer", f"takes at most {MAX_DOCUMENT_BYTES // 1024} kB")
    try:
        json.loads(encoded, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise BadInput("offer", "is no JSON object with each name once") from None
    try:
        return OfferDocument.model_validate_json(encoded, strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        at, kind = [str(part) for part in first["loc"]], str(first["type"])
        # A name that is no field may be anything.
        named = at[:-1] if kind == "extra_forbidden" and not _FIELD.fullmatch(at[-1]) else at
        remedy = next((_REMEDIES[word] for word in _REMEDIES if kind.startswith(word)), None)
        raise BadInput(".".join(named) or "offer", remedy or "has a wrong shape") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Threat: an operator reads the one title and a person the other.
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def _wording(field: str, written: _Wording) -> Wording:
    try:
        return Wording(ko=written.ko, en=written.en)
    except BadInput as error:
        raise BadInput(field, f"{error.remedy}, in ko and en") from None


def _image(written: _Image | None) -> OfferImage | None:
    if written is None:
        return None
    try:
        content = base64.b64decode(written.content, validate=True)
    except (ValueError, binascii.Error):
        raise BadInput("image.content", "takes the picture itself in base64, no address") from None
    return OfferImage(content=content, alt=_wording("image.alt", written.alt))


def _benefit(written: _Benefit) -> Benefit:
    wording = _wording("benefit.wording", written.wording)
    return Benefit(**{**written.model_dump(), "wording": wording})


def _claim(name: str, catalogue: Catalogue) -> ClaimRef:
    if name in catalogue:
        return ClaimRef(name)
    versions = [
        entry.claim for entry in catalogue.values() if entry.claim.id == name and not entry.retired
    ]
    if not versions:
        raise BadInput("claims_on_acceptance", "takes claims of the published catalogue")
    return max(versions, key=lambda claim: claim.version).ref
