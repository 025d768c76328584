"""Approval: a person signs one consent record with a passkey, and it becomes a grant, or the next
version of one.

Table `grants`, partition "approval#<id>", format 1: a prepared record waits for its signature. The
approval, the grant, its event and the passkey's counter are one commit, so a record is approved
once or not at all, and an answer that does not verify costs the person nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from mydata_hub.accounts.account import Account, Act, Passkey, Role, check_locale, usable_passkeys
from mydata_hub.accounts.desk import Desk, is_plain, until_settled
from mydata_hub.accounts.sessions import Session, own_account
from mydata_hub.accounts.store import account_key, put_passkey
from mydata_hub.accounts.webauthn import (
    claimed_identity,
    request_options,
    unknown_passkey,
    verify_assertion,
)
from mydata_hub.consent.amending import renewing
from mydata_hub.consent.consent_record import (
    NONCE_BYTES,
    ConsentRecord,
    Proposal,
    hash_wording,
)
from mydata_hub.consent.grant import Grant, GrantId
from mydata_hub.consent.grants import TABLE, give, signed_values
from mydata_hub.errors import BadInput, Damaged, NotAllowed
from mydata_hub.fields import SubjectId
from mydata_hub.ports.tables import Absent, Change, Check, Delete, Key, Put, VersionIs

# Long enough to read the record again and to find the security key.
LIFETIME: Final = timedelta(minutes=10)
MAX_WORDING_BYTES: Final = 64 * 1024
_ID_BYTES: Final = 16
_SIGNED: Final = ("authenticatorData", "clientDataJSON", "signature")

# What else is written in the commit of the approval, given the grant; raises to stop it.
Also: TypeAlias = Callable[[Grant, ConsentRecord], Sequence[Change]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record that waits for its signature; `options` is PublicKeyCredentialRequestOptionsJSON."""

    approval: str
    record: ConsentRecord
    options: dict[str, Any]


def prepare_approval(
    desk: Desk,
    session: Session,
    proposal: Proposal,
    items: Sequence[str],
    *,
    locale: str,
    wording: str,
) -> Prepared:
    """Fix what the person is about to sign: the chosen items, in the sentences that are shown.

    Raises BadInput, NotAllowed for accounts that are not a person's and for a grant that is
    somebody else's, AccountRestricted while a recovery runs.
    """
    _may_consent(desk, session)
    amends = proposal.amends
    if amends is not None and str(amends.subject) != session.account_id:
        raise NotAllowed("this question is about somebody else's consent")
    if not 0 < len(wording.encode()) <= MAX_WORDING_BYTES:
        raise BadInput("wording", f"takes 1 to {MAX_WORDING_BYTES} bytes")
    now, account = desk.now(), SubjectId(session.account_id)
    chosen = replace(proposal, items=proposal.choose(items))
    record = _record(desk, account, chosen, check_locale(locale), hash_wording(wording))
    record.grant(b"unsigned", now)  # what could not become a grant must not be signed either
    approval = desk.token(_ID_BYTES)
    desk.tables.commit(
        Put(
            key=_key(approval),
            values={
                "record": record.encode(),
                "wording": wording,
                "amends_version": amends.version if amends else 0,
            },
            when=Absent(),
            expires_at=now + LIFETIME,
        )
    )
    return Prepared(approval, record, request_options(desk, record.challenge()))


def approve(
    desk: Desk,
    session: Session,
    approval: str,
    credential: Mapping[str, Any],
    also: Also = lambda _grant, _record: (),
    *,
    given_at: datetime | None = None,
) -> Grant:
    """Verify the passkey's answer over the prepared record and make its grant, once.

    `credential` is AuthenticationResponseJSON. `given_at` is an earlier instant for the grant to
    bear, where its counterparty may not learn the exact one; the record keeps when it was made.
    Raises BadInput for an approval that is over, NotSignedIn alike for every answer that does not
    verify, AccountRestricted, and what `also` raises.
    """

    def act() -> Grant:
        row = _waiting(desk, session, approval)
        record, wording = ConsentRecord.decode(row.record), row.wording
        now = desk.now()
        account, passkeys = _may_consent(desk, session)
        passkey = _signer(account, usable_passkeys(passkeys, now), credential)
        said = verify_assertion(desk, record.challenge(), credential, passkey)
        signed = record.grant(signed_part(credential), given_at or now)
        values = signed_values(record, wording, passkey.credential)
        if row.amends_version:
            base = (record.consent_id, row.amends_version)
            grant, made = renewing(desk, base, signed, values)
        else:
            grant, made = signed, give(desk, signed, values)
        used = replace(passkey, counter=said.counter, synced=said.synced, last_used_at=now)
        desk.tables.commit(
            Delete(_key(approval), VersionIs(row.version)),
            *made,
            # Writing the passkey makes this commit and the passkey's removal exclude each other,
            # and checking the account this commit and the start of a recovery.
            put_passkey(account.account_id, used),
            Check(account_key(account.account_id), (VersionIs(account.version),)),
            *also(grant, record),
        )
        return grant

    return until_settled(act)


def signed_part(credential: Mapping[str, Any]) -> bytes:
    """What proves the approval later, without the hub: the answer's id and three signed parts."""
    import rfc8785

    response = credential["response"]
    kept: dict[str, Any] = {name: str(response[name]) for name in _SIGNED}
    return rfc8785.dumps({"id": str(credential["id"]), **kept})


def _record(
    desk: Desk, account: SubjectId, proposal: Proposal, locale: str, wording_hash: bytes
) -> ConsentRecord:
    amends = proposal.amends
    return ConsentRecord(
        consent_id=amends.grant_id if amends else GrantId(desk.new_id()),
        hub=desk.issuer,
        nonce=desk.entropy.token(NONCE_BYTES),
        request_hash=proposal.request_hash,
        account=account,
        kind=proposal.kind,
        counterparty=proposal.counterparty,
        recipient_group=proposal.recipient_group,
        purpose=proposal.purpose,
        items=proposal.items,
        frequency=proposal.frequency,
        max_bits=proposal.max_bits,
        prepared_at=desk.now(),
        expires_at=proposal.expires_at,
        locale=locale,
        wording_hash=wording_hash,
    )


@dataclass(frozen=True, slots=True)
class _Waiting:
    record: bytes
    wording: str
    # The version of the grant that this was to change, 0 for a new grant.
    amends_version: int
    version: int


def _waiting(desk: Desk, session: Session, approval: str) -> _Waiting:
    if not is_plain(approval):
        raise _over()
    row = desk.tables.fetch_many(_key(approval)).get(_key(approval))
    if row is None:
        raise _over()
    encoded, wording = row.values.get("record"), row.values.get("wording")
    amends = row.values.get("amends_version", 0)
    if not (isinstance(encoded, bytes) and isinstance(wording, str) and isinstance(amends, int)):
        raise Damaged("an approval row does not hold a record")
    if str(ConsentRecord.decode(encoded).account) != session.account_id:
        raise _over()
    return _Waiting(encoded, wording, amends, row.version)


def _may_consent(desk: Desk, session: Session) -> tuple[Account, tuple[Passkey, ...]]:
    account, passkeys = own_account(desk, session)
    if account.role is not Role.PERSON:
        raise NotAllowed("only a person can consent")
    account.require_unrestricted(Act.WIDEN, desk.now())
    return account, passkeys


def _signer(
    account: Account, passkeys: tuple[Passkey, ...], credential: Mapping[str, Any]
) -> Passkey:
    handle, passkey_id = claimed_identity(credential)
    if handle not in ("", account.account_id):
        raise unknown_passkey()
    for passkey in passkeys:
        if passkey.passkey_id == passkey_id:
            return passkey
    raise unknown_passkey()


def _over() -> BadInput:
    return BadInput("approval", "this took too long or was signed already; begin again")


def _key(approval: str) -> Key:
    return Key(TABLE, f"approval#{approval}")
