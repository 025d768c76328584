"""Schemas of datasets: frozen once they are released, and read beside the later ones."""

from __future__ import annotations

from typing import Any

import pytest
from mydata_hub.collection.datasets import CARD_BILLS, SCHEMAS, is_schema, schema_of
from mydata_hub.errors import BadInput


def test_schemas_are_frozen() -> None:
    found = {
        f"{name}@{schema.version}": schema.digest().hex()[:16]
        for name, schemas in SCHEMAS.items()
        for schema in schemas
    }
    assert found == FROZEN


def test_a_released_schema_is_read_beside_the_one_that_is_written_today() -> None:
    first, second = SCHEMAS[CARD_BILLS]
    assert (first.version, second.version) == (1, 2)
    assert schema_of("card.bills") is schema_of("card.bills", 2) is second
    body = {"month": "2026-02", "due_on": None, "paid_on": None, "as_of": "2026-03-01T00:00:00Z"}
    schema_of("card.bills", 1).check(body)
    second.check(body | {"limit_minor": None})
    with pytest.raises(BadInput):
        second.check(body)
    assert all(is_schema("card.bills", one.digest()) for one in (first, second))
    assert not is_schema("card.approvals", first.digest())
    assert not is_schema("health.records", first.digest())


@pytest.mark.parametrize(
    "changed",
    [
        *({"merchant": 1}, {"method": "cash"}, {"instalments": True}, {"more": 1}),
        *({"as_of": "soon"}, {"as_of": "2026-03-01T00:00:00"}),
    ],
)
def test_a_body_that_does_not_fit_its_schema_is_refused(changed: dict[str, Any]) -> None:
    body = {"merchant": None, "method": "credit", "instalments": 1}
    body |= {"currency_foreign": None, "as_of": None}
    schema_of("card.approvals").check(body)

    with pytest.raises(BadInput):
        schema_of("card.approvals").check(body | changed)


def test_a_dataset_or_version_that_is_not_collected_has_no_schema() -> None:
    with pytest.raises(BadInput):
        schema_of("health.records")
    with pytest.raises(BadInput):
        schema_of("card.approvals", 2)


# A hash that changes here would make segments that are sealed already unreadable by their schema.
FROZEN = {
    "card.approvals@1": "219aec1aac3022d1",
    "card.bills@1": "51b45fab25fee50f",
    "card.bills@2": "1a9fa5702232e84b",
    "efin.payments@1": "c05605a9d1f1dfe2",
    "bank.transactions@1": "a27f377b60686a14",
    "bank.accounts@1": "39ec2dfbf5fc1049",
    "invest.balances@1": "5066e87d23766ef0",
    "mobility.trips@1": "99a9ccf034fbec93",
    "insurance.contracts@1": "4c3ecb771b7ec5f8",
    "insurance.contracts@2": "aae927379ec4c644",
    "own.disputes@1": "cfc1dec1f036064e",
    "own.categories@1": "151ccbbece5c9e39",
    "own.offers@1": "410d9c4999aaa238",
    "own.appeals@1": "b6ac9a6a6f0f5ec5",
    "hub.decisions@1": "d7c9c0152e8932b5",
    "own.favourites@1": "b34748141aac50f4",
    "own.spendings@1": "cb931ad1d75994b2",
}
