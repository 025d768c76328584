"""Refusals of the vault: one error outside, a named cause inside."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from mydata_hub.errors import Unopenable

# The words that every engine of the keys port uses too: nobody learns which part was wrong.
TEXT: Final = "these bytes do not open here"


class Cause(StrEnum):
    """Why something did not open; for the operator's log and for tests, never for an answer.

    A cause names a rule and nothing else, so that a log line with one holds no personal data.
    """

    SEALED = "sealed"  # ciphertext, tag, commitment, key or associated data do not fit together
    MALFORMED = "malformed"  # not the layout of docs/vault-format.md
    SUITE = "suite"  # a format or suite that this release does not know
    SIGNATURE = "signature"  # unsigned, or changed after it was signed
    SIGNER = "signer"  # signed by a key that is not trusted here
    ATTRIBUTION = "attribution"  # of another provider, connection or consent than announced
    CONTENT = "content"  # what is inside is not what the header says
    FOREIGN = "foreign"  # belongs to another vault, or was never taken up in this one
    MISSING = "missing"  # announced or taken up, and not there
    REPLACED = "replaced"  # other bytes than those announced or taken up
    REPLAYED = "replayed"  # older than what was taken up, or taken up already
    MANIFEST = "manifest"  # the manifest or a page of it is not authentic, or not the current one
    KEY_VERSION = "key_version"  # no such version of the vault's keys
    PURPOSE = "purpose"  # this function may not open for that purpose
    NO_VAULT = "no_vault"  # a vault that was never made
    ERASED = "erased"  # a vault whose keys are gone for good


class NotOpened(Unopenable):
    """Unopenable with its cause kept aside: text, status and problem type are always the same."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(TEXT)
        self.cause = cause
