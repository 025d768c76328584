"""Settings of the vault zone's functions, as `config` reads them."""

from __future__ import annotations

from mydata_hub.config import Settings


class FoldRecordsSettings(Settings):
    """functions/fold_records.py"""

    outbox_table: str
    # Threat: whoever has this table and the key opens vaults; see docs/zones.md for who has both.
    keys_table: str
    vault_public_table: str
    vaults_table: str
    segments_table: str
    events_table: str
    log_public_table: str
    in_force_table: str
    offers_table: str
    # Where a reward that was spent for becomes a coupon.
    coupons_table: str
    segments_bucket: str
    offers_bucket: str
    vault_key: str
    # Whose segments are believed, each key for its own provenance; only their public halves.
    collector_key: str
    self_supplied_key: str
    review_key: str
    reseal_key: str
    # Whose snapshots of offers are believed; its public half.
    offer_key: str


class ResealSettings(Settings):
    """functions/reseal.py"""

    outbox_table: str
    # How far each rotation is, and each erasure of a part.
    rotations_table: str
    erasures_table: str
    # Threat: whoever may run this reads, and writes anew, every vault there is.
    keys_table: str
    vault_public_table: str
    vaults_table: str
    segments_table: str
    # Answers in it are sealed under vaults' secrets, and change their key with them.
    ledger_table: str
    events_table: str
    log_public_table: str
    segments_bucket: str
    vault_key: str
    # Whose segments are believed, each key for its own provenance; only their public halves.
    collector_key: str
    self_supplied_key: str
    review_key: str
    # Threat: whoever signs with this key and writes manifests can put records into a vault.
    reseal_key: str


class MyVaultSettings(Settings):
    """functions/my_vault.py"""

    sessions_table: str
    keys_table: str
    vault_public_table: str
    vaults_table: str
    segments_table: str
    events_table: str
    log_public_table: str
    segments_bucket: str
    coupons_table: str
    appeals_table: str
    # Whose an offer is, for the person to read.
    clients_table: str
    offers_table: str
    offers_bucket: str
    vault_key: str
    # Threat: whoever signs with this key can accept offers that somebody does not match.
    match_key: str
    # Threat: whoever signs with this key can put statements into anybody's vault.
    self_supplied_key: str
    # Whose snapshots of offers are believed; its public half.
    offer_key: str


class ReviewSettings(Settings):
    """functions/review.py"""

    sessions_table: str
    # Threat: whoever has this table and may open `purpose=review` reads what people appeal against.
    appeals_table: str
    vault_public_table: str
    # Whether the vault is live, and nothing of its keys.
    keys_table: str
    segments_table: str
    grants_table: str
    releases_table: str
    deliveries_table: str
    outbox_table: str
    events_table: str
    log_public_table: str
    segments_bucket: str
    vault_key: str
    # Threat: whoever signs with this key can have records of any vault left out of its answers.
    review_key: str


class ExportSettings(Settings):
    """functions/export.py"""

    # Threat: whoever may run this as somebody reads all of them; it asks for the passkey, and
    # writes nothing but the event that says so.
    sessions_table: str
    accounts_table: str
    grants_table: str
    clients_table: str
    keys_table: str
    vaults_table: str
    segments_table: str
    ledger_table: str
    events_table: str
    log_public_table: str
    coupons_table: str
    releases_table: str
    # Which log it was, and how far.
    log_table: str
    witnesses_table: str
    segments_bucket: str
    vault_key: str
    # Whose segments are believed; only their public halves.
    collector_key: str
    self_supplied_key: str
    review_key: str
    reseal_key: str


class EraseSettings(Settings):
    """functions/erase.py"""

    # Threat: whoever may run this deletes people. It has no key that opens anything.
    erasures_table: str
    outbox_table: str
    accounts_table: str
    sessions_table: str
    notices_table: str
    grants_table: str
    deliveries_table: str
    connections_table: str
    intake_table: str
    keys_table: str
    vault_public_table: str
    log_keys_table: str
    vaults_table: str
    segments_table: str
    coupons_table: str
    ledger_table: str
    releases_table: str
    appeals_table: str
    events_table: str
    log_public_table: str
    in_force_table: str
    # Checkpoint and tiles: a certificate carries the proof that its entry is in the log.
    log_table: str
    witnesses_table: str
    segments_bucket: str
    tiles_bucket: str
    # Threat: whoever signs with this key can claim erasures that never were.
    certificate_key: str


class AnswerSettings(Settings):
    """functions/answer.py"""

    sessions_table: str
    grants_table: str
    clients_table: str
    oauth_table: str
    keys_table: str
    vaults_table: str
    ledger_table: str
    idempotency_table: str
    releases_table: str
    events_table: str
    log_public_table: str
    in_force_table: str
    log_table: str  # with cosignatures and tiles: a receipt carries the proof of its place
    witnesses_table: str
    tiles_bucket: str
    vault_key: str
    signing_keys_table: str
    # Threat: whoever signs with this key can make answers that nobody gave.
    answer_key: str
    # Its public half alone: access tokens are verified with it.
    token_key: str
