"""What each kind of entry is called where auditors read: in words that are about nobody."""

from __future__ import annotations

from typing import Final

from mydata_hub.web.wording import mark as _

# Event kind -> its words. docs/protocol.md has the same list, and says when each is recorded.
KIND_WORDS: Final = {
    "account_opened": _("An account was opened"),
    "passkey_added": _("A passkey was added"),
    "passkey_removed": _("A passkey was removed"),
    "recovery_code_issued": _("A recovery code was made"),
    "recovery_started": _("A recovery was started"),
    "recovery_cancelled": _("The recovery was cancelled"),
    "recovery_completed": _("The passkey of a recovery was used"),
    "erasure_started": _("An erasure was asked for"),
    "erased": _("A person was erased"),
    "irrecoverable": _("No copy of an erased person's keys is left"),
    "vault_restored": _("A vault was put back from a backup"),
    "consent_given": _("A consent was given"),
    "consent_refused": _("A consent was refused"),
    "consent_narrowed": _("A consent was made narrower"),
    "consent_renewed": _("A consent was given anew"),
    "consent_withdrawn": _("A consent was withdrawn"),
    "consent_revoked": _("A consent was revoked"),
    "deletion_attested": _("A partner signed that it deleted"),
    "connection_made": _("A source was connected"),
    "records_collected": _("Records were collected and sealed"),
    "records_folded": _("A vault took records in"),
    "records_resealed": _("A vault's records were sealed anew"),
    "vault_keys_rewrapped": _("The wrapping of a vault's keys was renewed"),
    "vault_keys_turned": _("A vault got new keys"),
    "vault_keys_given_up": _("A vault's old keys were destroyed"),
    "statement_imported": _("A statement was imported"),
    "archive_imported": _("An archive was imported"),
    "export_started": _("A person took their data along"),
    "claims_answered": _("Claims were answered"),
    "claims_repeated": _("The same answer was given again"),
    "claims_refused": _("A question was refused"),
    "partner_added": _("A partner was added"),
    "partner_changed": _("A partner's registration was changed"),
    "partner_suspended": _("A partner was suspended"),
    "partner_readmitted": _("A partner was admitted again"),
    "provider_registered": _("A provider was registered"),
    "auditor_invited": _("An auditor was invited"),
    "operator_invited": _("An operator was invited"),
    "auditor_signed_in": _("An auditor signed in"),
    "operator_signed_in": _("An operator signed in"),
    "auditor_accessed": _("An auditor read entries"),
    "policy_changed": _("Other policies came into force"),
    "catalogue_changed": _("Another catalogue came into force"),
    "signing_key_changed": _("Another key began to sign"),
    "signing_key_rotated": _("A key of the day was made"),
}
