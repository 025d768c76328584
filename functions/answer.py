"""The release gate: answers to partners' questions, their receipts, and the keys of both."""

from __future__ import annotations

from collections.abc import Mapping

from mydata_hub.accounts.desk import Desk
from mydata_hub.config import Handler, on_first_use
from mydata_hub.fields import VaultId
from mydata_hub.insights.catalogue import CATALOGUE, catalogue_hash
from mydata_hub.oauth.authority import Authority, PublishedCatalogue, SigningKeys
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.release.attempt import Gate
from mydata_hub.release.gate import answer_claims
from mydata_hub.release.policies import read_policies
from mydata_hub.release.receipt_desk import ReceiptDesk
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.release.signing_keys import AnswerKeys
from mydata_hub.transparency.in_force import CATALOGUE as PUBLISHED
from mydata_hub.transparency.in_force import POLICIES, signing_keys
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.vault.key_rows import Purpose
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import AnswerSettings
from mydata_hub.web.claims import Acts, answer_handler
from mydata_hub.wiring import blobs_for, keys_for, policies_folder, signer_for, tables_for


def build(env: Mapping[str, str]) -> Handler:
    """The handler over the stores that the settings name."""
    settings = AnswerSettings.read(env)
    tables, clock, entropy = tables_for(settings), SystemClock(), SystemEntropy()
    authority = Authority(
        desk=Desk(tables=tables, clock=clock, entropy=entropy, issuer=settings.issuer),
        keys=SigningKeys(signer_for(settings, settings.token_key, "ES256")),
        catalogue=PublishedCatalogue(),
        # A proof here names its access token, which lives for minutes and was got with a nonce; one
        # more would be a third read of every answer. A nonce that is sent is checked.
        nonce_required=False,
    )
    signer = signer_for(settings, settings.answer_key, "ES256")
    key, policies = AnswerKey(signer), read_policies(policies_folder())
    vault_key = keys_for(settings, settings.vault_key)
    signing = AnswerKeys(tables, vault_key, key, clock, entropy, settings.issuer)
    gate = Gate(
        tables=tables,
        clock=clock,
        entropy=entropy,
        # Answers come from the profile; records stay sealed to this function.
        vault_keys=VaultKeys(tables, vault_key, clock, purposes=frozenset({Purpose.PROFILE})),
        policies=policies,
        key=signing,
        issuer=settings.issuer,
        catalogue=CATALOGUE,
    )
    log = PublishedLog(tables, blobs_for(settings, settings.tiles_bucket))
    receipts = ReceiptDesk(gate=gate, log=log, key=key)
    acts = Acts(
        # A person's vault bears the name of their account.
        ask=lambda access, question: answer_claims(
            gate, access, VaultId(access.grant.subject), question
        ),
        receipt=receipts.for_partner,
        own_receipt=receipts.for_person,
        keys=signing.published,
        key=signing.find,
    )
    runs = {POLICIES: policies.hash.hex(), PUBLISHED: catalogue_hash()}
    in_force = signing_keys(tables, clock, entropy, runs, answer=signer)
    return in_force.first(answer_handler("answer", authority, acts))


handler = on_first_use(build)
