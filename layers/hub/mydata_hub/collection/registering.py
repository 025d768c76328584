"""Registering: an operator tells intake of a provider, and of the hub's secret there.

It comes as a direct invocation of the function `receive`, which only whoever may invoke it by IAM
can make (on a laptop: `mydata serve` for the sample providers); no route leads here. The secret is
wrapped before it is stored, under a key that no operator may use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mydata_hub.collection.providers import ProviderEntry, put_provider
from mydata_hub.collection.tokens import Box, wrap_client_secret
from mydata_hub.errors import BadInput
from mydata_hub.fields import PartyId, Wording
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Tables


class _Name(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    ko: str
    en: str


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    provider_id: str
    family: str
    name: _Name
    base_url: str
    authorize_url: str
    org_code: str
    client_id: str
    client_secret: str = Field(min_length=1, max_length=4096, repr=False)


def register_provider(
    tables: Tables, box: Box, told: Mapping[str, Any], clock: Clock, entropy: Entropy
) -> str:
    """Add a provider or replace what is known of it; gives its id. Raises BadInput, Busy."""
    try:
        given = _Told.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "provider"
        raise BadInput(place, "is not what a provider's entry takes") from None
    entry = ProviderEntry(
        provider_id=PartyId(given.provider_id),
        family=given.family,
        name=Wording(ko=given.name.ko, en=given.name.en),
        base_url=given.base_url,
        authorize_url=given.authorize_url,
        org_code=given.org_code,
        client_id=given.client_id,
        wrapped_secret=wrap_client_secret(box, given.provider_id, given.client_secret),
    )
    put_provider(tables, entry, clock, entropy)
    return entry.provider_id
