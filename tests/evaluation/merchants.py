"""Does a merchant's name get the category that people who never saw our table sorted it into?

Two labelled sets: the brands that OpenStreetMap's editors list for Korea, in Korean and English
(the name-suggestion-index, an npm package that the evaluation installs), and the merchants in
Plaid's own examples. The brands are split by a hash: the table was extended by looking at one
half, and figures are told of the other. Plaid's few merchants were looked at as well. Codes are
held to the published list of ISO 18245.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mydata_hub.collection.categories import categorise
from mydata_hub.collection.merchant_codes import CODES, categorise_code
from mydata_hub.collection.record import UNKNOWN_CATEGORY

from tests.evaluation.purchases import ROOT, has_purchases
from tests.evaluation.recurring import Share, share_of

BRANDS: Final = Path(__file__).parent / "node_modules/name-suggestion-index/dist/json/nsi.min.json"
MISSING: Final = "the brands are not installed: make setup-evaluation, npm ci in tests/evaluation"
_SHOPPING: Final = (
    "clothes department_store sports variety_store furniture houseware jewelry toys "
    "fashion_accessories baby_goods mobile_phone_accessories shoes electronics"
)
# The kinds of OpenStreetMap that are a category here; where two are right, either is.
KINDS: Final = {
    "amenity/cafe": "cafe",
    "amenity/fast_food": "restaurant chicken",
    "amenity/restaurant": "restaurant chicken",
    "amenity/pub": "restaurant",
    "amenity/ice_cream": "cafe bakery restaurant",
    "amenity/fuel": "fuel",
    "amenity/cinema": "culture",
    "amenity/pharmacy": "health",
    "amenity/bicycle_rental": "transport",
    "amenity/car_rental": "transport",
    "amenity/language_school": "education",
    "amenity/school": "education",
    "leisure/sports_centre": "sport",
    "office/insurance": "insurance",
    "shop/bakery": "bakery",
    "shop/confectionery": "bakery",
    "shop/convenience": "convenience",
    "shop/cosmetics": "beauty shopping",
    "shop/supermarket": "groceries",
    "shop/tea": "cafe shopping",
    "shop/wholesale": "groceries",
    "tourism/hotel": "travel",
    "tourism/theme_park": "culture",
    **{f"shop/{kind}": "shopping" for kind in _SHOPPING.split()},
}
PLAID: Final = {
    "DINING_DINING": "restaurant delivery cafe",
    "FOOD_AND_DRINK_FAST_FOOD": "restaurant delivery",
    "FOOD_RETAIL_GROCERIES": "groceries",
    "GENERAL_MERCHANDISE": "shopping groceries",
    "RENT_AND_UTILITIES_GAS_AND_ELECTRICITY": "utilities",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesQuality:
    """Of names whose kind is a category here: how many get one, and how many of those are right."""

    names: int
    coverage: Share
    precision: Share
    # Names whose kind is no category here, and those that got one all the same.
    others: int
    others_named: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantQuality:
    """Three sets, two of which the table was extended by."""

    brands_looked_at: NamesQuality
    brands: NamesQuality
    plaid_looked_at: NamesQuality
    # Codes of the published list, those that are a category here, and codes here that it lacks
    # (the card networks have added some since 2003).
    codes: int
    codes_known: int
    codes_foreign: int


def has_brands() -> bool:
    """Whether both labelled sets and the list of codes are installed."""
    return BRANDS.is_file() and has_purchases()


def evaluate_merchants(data: Path) -> MerchantQuality:
    """All of it; needs the brands and the evaluation's environment."""
    brands = list(_brands())
    codes = _published_codes()
    return MerchantQuality(
        brands_looked_at=_judge(one for one in brands if not _is_reported(one[0])),
        brands=_judge(one for one in brands if _is_reported(one[0])),
        plaid_looked_at=_judge(_plaid(data)),
        codes=len(codes),
        codes_known=sum(categorise_code(code) != UNKNOWN_CATEGORY for code in codes),
        # Airlines, car rentals and hotels have ranges that the list does not spell out.
        codes_foreign=sum(code not in codes and not "3000" <= code <= "3999" for code in _single()),
    )


# A merchant, its names, and the categories that are right for it.
_Labelled = tuple[str, list[str], set[str]]


def _judge(labelled: Iterable[_Labelled]) -> NamesQuality:
    named: list[tuple[int, int]] = []
    right: list[tuple[int, int]] = []
    names = others = others_named = 0
    for _, told, wanted in labelled:
        given = [categorise(name) for name in told]
        some = [category for category in given if category != UNKNOWN_CATEGORY]
        if not wanted:
            others, others_named = others + len(told), others_named + len(some)
            continue
        names += len(told)
        named.append((len(some), len(told)))
        right.append((sum(category in wanted for category in some), len(some)))
    return NamesQuality(
        names=names,
        coverage=share_of(named),
        precision=share_of(right),
        others=others,
        others_named=others_named,
    )


def _brands() -> Iterator[_Labelled]:
    """Every brand that is listed for Korea, by the names on its signs."""
    listed = json.loads(BRANDS.read_text("utf-8"))["nsi"]
    for kind, about in listed.items():
        if not kind.startswith("brands/"):
            continue
        for item in about["items"]:
            places = [str(place) for place in item.get("locationSet", {}).get("include", ())]
            if "kr" in places and "tags" in item:
                wanted = set(KINDS.get(kind.removeprefix("brands/"), "").split())
                yield item["displayName"], _names(item["tags"]), wanted


def _names(tags: dict[str, str]) -> list[str]:
    told = (
        tags.get("name"),
        tags.get("name:ko") or tags.get("brand:ko"),
        tags.get("name:en") or tags.get("brand:en"),
    )
    return list(dict.fromkeys(name for name in told if name))


def _is_reported(brand: str) -> bool:
    return int(hashlib.sha256(f"brand:{brand}".encode()).hexdigest(), 16) % 2 == 1


def _plaid(data: Path) -> list[_Labelled]:
    """Each merchant once, by its clean name and as its statement writes it."""
    found: dict[str, _Labelled] = {}
    for path in sorted((data / "payloads" / "plaid").glob("*.json")):
        for told in _objects(json.loads(path.read_text("utf-8"))):
            label = told.get("personal_finance_category") or told.get("credit_category")
            if not isinstance(label, dict) or "detailed" not in label:
                continue
            raw = told.get("original_description") or told.get("name") or told.get("description")
            names = [name for name in (told.get("merchant_name"), raw) if name]
            for name in names:
                wanted = _wanted(label["detailed"])
                found.setdefault(name, (name, [name], wanted))
    return list(found.values())


def _wanted(label: str) -> set[str]:
    return {
        category
        for prefix, categories in PLAID.items()
        if label.startswith(prefix)
        for category in categories.split()
    }


def _objects(told: Any) -> Iterator[dict[str, Any]]:
    inner = list(told.values()) if isinstance(told, dict) else told
    if isinstance(told, dict):
        yield told
    if isinstance(inner, list):
        for one in inner:
            yield from _objects(one)


def _published_codes() -> set[str]:
    (listed,) = (ROOT / ".venv-evaluation").glob(
        "lib/python3*/site-packages/iso18245/data/iso18245_official_list.csv"
    )
    with listed.open(encoding="utf-8") as file:
        return {row["MCC"] for row in csv.DictReader(file)}


def _single() -> list[str]:
    """The codes that the table names one by one, not within a range."""
    from mydata_hub.collection import merchant_codes

    parts = " ".join(merchant_codes._TABLE.values()).split()
    single = [part for part in parts if "-" not in part]
    assert all(part in CODES for part in single)
    return single
