"""Beginning: a person asks to be erased, and from that commit on nothing can be added any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mydata_hub.accounts.account import Act, Occurrence, Role
from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.sessions import Session, own_account, require_fresh
from mydata_hub.accounts.store import put_change
from mydata_hub.erasure.state import ID_BYTES, Erasure, erase_message, put_erasure
from mydata_hub.errors import BadInput, NotAllowed
from mydata_hub.ports.messages import send

# What a person types, in the language of the page: nobody erases a life by a slip of the finger.
CONFIRMATIONS: Final = ("지울게요", "erase everything")


def begin_erasure(desk: Desk, session: Session, confirmation: str) -> str:
    """Begin to erase the session's own account; gives the id of its certificates.

    Again gives the same id. Raises BadInput, StepUpNeeded, AccountRestricted while a recovery runs
    (whoever started it may be a thief), NotAllowed for accounts that are not a person's.
    """
    if confirmation.strip().casefold() not in CONFIRMATIONS:
        raise BadInput("confirmation", f"takes the words {' or '.join(CONFIRMATIONS)}")
    require_fresh(session, desk.now())

    def act() -> str:
        account, _passkeys = own_account(desk, session)
        if account.role is not Role.PERSON:
            raise NotAllowed("only a person's account has a vault to erase")
        if account.erasure is not None:
            return account.erasure
        account.require_unrestricted(Act.ERASE, desk.now())
        begun = Erasure(
            certificate_id=desk.entropy.token(ID_BYTES).hex(),
            account_id=account.account_id,
            begun_at=desk.now(),
        )
        # Whatever widens (a consent, a passkey) is written on the account's version or reads it,
        # so it comes before this commit or finds an account that is being erased.
        desk.tables.commit(
            *put_change(
                desk,
                replace(account, erasure=begun.certificate_id),
                Occurrence.ERASURE_STARTED,
            ),
            put_erasure(begun),
            send(erase_message(begun.certificate_id, desk.new_id(), desk.now())),
        )
        return begun.certificate_id

    return until_settled(act)
