"""Settings: the one place that reads the environment, one typed object per function.

A setting's variable is its field name in capitals. template.yaml declares exactly these variables
for each function (tests/architecture proves it), and the local gateway passes exactly those.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from mydata_hub.errors import SettingMissing

Handler: TypeAlias = Callable[[dict[str, Any], Any], Any]


class Settings(BaseModel):
    """What every function needs: the engine it stands on and the name it answers to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # "aws", or "embedded:<folder>" on a laptop. Threat: an embedded engine in the cloud would
    # keep keys beside data; wiring refuses the choices that only a laptop may make.
    engine: str
    # The origin people and partners see: OAuth issuer, WebAuthn origin, base of every link.
    issuer: str

    @field_validator("engine")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        if value == "aws" or (value.startswith("embedded:") and len(value) > len("embedded:")):
            return value
        raise ValueError("use aws or embedded:<folder>")

    @field_validator("issuer")
    @classmethod
    def _origin_only(cls, value: str) -> str:
        scheme, _, host = value.partition("://")
        if scheme == "https" and host and "/" not in host:
            return value
        if scheme == "http" and host.partition(":")[0] == "localhost" and "/" not in host:
            return value
        raise ValueError("use https://<host>, or http://localhost:<port> on a laptop")

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Self:
        """Read this function's variables and no others. Raises SettingMissing by the name."""
        given = {name: env[name.upper()] for name in cls.model_fields if name.upper() in env}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise SettingMissing(str(first["loc"][0]).upper(), first["msg"]) from None

    @classmethod
    def variables(cls) -> frozenset[str]:
        """The variables this function's entry in template.yaml must declare."""
        return frozenset(name.upper() for name in cls.model_fields)

    def table_names(self) -> dict[str, str]:
        """Logical table -> its name in the engine; a function reaches no other table."""
        return {
            name.removesuffix("_table"): value
            for name, value in self.model_dump().items()
            if name.endswith("_table")
        }


class PagesSettings(Settings):
    """functions/pages.py"""

    accounts_table: str
    sessions_table: str
    notices_table: str
    outbox_table: str
    events_table: str
    # What events are sealed with on their way to that table; it opens nothing.
    log_public_table: str
    # Where an erasure is asked for, and its certificates are handed out.
    erasures_table: str
    # Threat: a software authenticator keeps its key in a readable file. Only the laptop's own
    # command line needs one, so "allowed" is refused on any engine but the embedded one.
    software_passkeys: Literal["allowed", "refused"]
    # Its public half alone: browsers take pushes from whoever has this key.
    push_key: str
    push_services: str


class NotifySettings(Settings):
    """functions/notify.py"""

    outbox_table: str
    notices_table: str
    # Threat: whoever may sign with this key and knows its address can wake somebody's browser.
    push_key: str
    # Threat: whoever sets this has the courier call where they like.
    push_services: str


class DeliverSettings(Settings):
    """functions/deliver.py"""

    outbox_table: str
    notices_table: str
    clients_table: str
    deliveries_table: str
    # Threat: whoever may sign with this key can tell partners that grants have ended.
    event_key: str
    # What anyone may read of the log, and what witnesses said of it.
    log_table: str
    witnesses_table: str
    tiles_bucket: str
    # Threat: whoever sets this has the courier call where they like.
    witnesses: str


class SequenceLogSettings(Settings):
    """functions/sequence_log.py"""

    events_table: str
    log_public_table: str
    log_table: str
    outbox_table: str
    tiles_bucket: str
    # What auditors read beside the log, and nobody else.
    openings_bucket: str
    # Threat: whoever has these tables and the key reads what every person did, and can tag it.
    log_keys_table: str
    log_books_table: str
    log_key: str
    # Threat: whoever may sign with this key can show different people different logs.
    checkpoint_key: str
    # Whether there are any: then the courier is asked to call them.
    witnesses: str


class AuditSettings(Settings):
    """functions/audit.py"""

    log_table: str
    witnesses_table: str
    tiles_bucket: str
    # For auditors' and people's own sessions: openings, and what each person's entries hold.
    openings_bucket: str
    sessions_table: str
    events_table: str
    log_public_table: str
    log_keys_table: str
    log_books_table: str
    clients_table: str
    providers_table: str
    # Threat: as in SequenceLogSettings; this function may open and not make.
    log_key: str


class AuthorizeSettings(Settings):
    """functions/authorize.py"""

    accounts_table: str
    sessions_table: str
    grants_table: str
    clients_table: str
    oauth_table: str
    # What accepting an offer takes: it is counted, charged, given, and told to its partner.
    offers_table: str
    ledger_table: str
    coupons_table: str
    deliveries_table: str
    outbox_table: str
    events_table: str
    log_public_table: str
    # Its public half alone: who was shown an offer, their vault says.
    match_key: str
    # As in PagesSettings: the laptop's command line signs consents with a software passkey.
    software_passkeys: Literal["allowed", "refused"]


class IssueTokenSettings(Settings):
    """functions/issue_token.py"""

    grants_table: str
    clients_table: str
    oauth_table: str
    events_table: str
    log_public_table: str
    # What runs: policies, catalogue and signing keys, so that a change of them is logged.
    in_force_table: str
    outbox_table: str
    deliveries_table: str
    # Threat: whoever may sign with this key can make access tokens for any grant.
    token_key: str
    # Its public half alone: partners verify events with it.
    event_key: str
    receipt_key: str
    # Threat: proofs made ahead of time by who held a partner's key for a moment (RFC 9449, 11.2).
    dpop_nonce: Literal["required", "optional"]


class ConsentSettings(Settings):
    """functions/consent.py"""

    accounts_table: str
    sessions_table: str
    grants_table: str
    clients_table: str
    events_table: str
    log_public_table: str
    in_force_table: str
    outbox_table: str
    deliveries_table: str
    providers_table: str
    connections_table: str
    ledger_table: str
    erasures_table: str  # where the erasure of a part is asked for
    # Threat: whoever may sign with this key can make up receipts of consents, never their passkey's
    # signature.
    receipt_key: str
    # As in PagesSettings: the laptop's command line signs consents with a software passkey.
    software_passkeys: Literal["allowed", "refused"]


class ReceiveSettings(Settings):
    """functions/receive.py"""

    grants_table: str
    providers_table: str
    connections_table: str
    # Threat: whoever reads this table and has the key calls providers in people's names.
    intake_table: str
    outbox_table: str
    events_table: str
    log_public_table: str
    intake_key: str


class CollectSettings(Settings):
    """functions/collect.py"""

    grants_table: str
    providers_table: str
    connections_table: str
    intake_table: str
    outbox_table: str
    events_table: str
    log_public_table: str
    # Public keys alone: what is sealed to them opens in another zone.
    vault_public_table: str
    segments_table: str
    segments_bucket: str
    intake_key: str
    # Threat: whoever signs with this key can put records into anybody's vault.
    collector_key: str


class OffersSettings(Settings):
    """functions/offers.py"""

    sessions_table: str
    clients_table: str
    oauth_table: str
    # Partners' keys as they were fetched.
    deliveries_table: str
    offers_table: str
    outbox_table: str
    events_table: str
    log_public_table: str
    offers_bucket: str
    # Its public half alone: anyone verifies the snapshot with it.
    offer_key: str
    coupons_table: str
    # Threat: whoever may sign with this key can make up coupons; none is redeemed without its row.
    coupon_key: str


class PublishOffersSettings(Settings):
    """functions/publish_offers.py"""

    offers_table: str
    # Nothing of a partner that was suspended is shown.
    clients_table: str
    outbox_table: str
    in_force_table: str
    events_table: str
    log_public_table: str
    offers_bucket: str
    # Threat: whoever may sign with this key can show every vault offers that nobody approved.
    offer_key: str


class PartnerSettings(Settings):
    """functions/partner.py: it serves what is published with the release, and reads no table."""


def on_first_use(build: Callable[[Mapping[str, str]], Handler]) -> Handler:
    """A handler that builds itself from the environment at its first event.

    Nothing is read or connected at import, so a snapshot of the started process holds no secret
    and no randomness.
    """
    built: list[Handler] = []

    def handler(event: dict[str, Any], context: Any) -> Any:
        if not built:
            built.append(build(os.environ))
        return built[0](event, context)

    return handler
