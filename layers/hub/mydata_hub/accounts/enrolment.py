"""Enrolment: a one-time link by which an operator admits staff, who then make their own passkey.

Table `sessions`, format 1, partition "invitation#<SHA-256 of the token>": the token itself is in
the link alone. The link is used up by the commit that makes the account.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from mydata_hub.accounts.account import Locale, Role, check_locale, check_name
from mydata_hub.accounts.ceremonies import Begun, begin_account
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.rows import read_row, values_of
from mydata_hub.accounts.sessions import TABLE
from mydata_hub.errors import NotFound
from mydata_hub.ports.tables import Absent, Key, Put
from mydata_hub.transparency.events import AuditFacts
from mydata_hub.transparency.house import OPERATOR, house_event

LIFETIME: Final = timedelta(hours=24)
TOKEN_BYTES: Final = 32
INVITED: Final = {Role.AUDITOR: "auditor_invited", Role.OPERATOR: "operator_invited"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Who is invited, and to be what."""

    role: Role
    name: str
    locale: Locale


_INVITATIONS: Final = TypeAdapter(Invitation)


def invite(desk: Desk, role: Role, name: str, locale: str = "ko") -> str:
    """Invite somebody; gives the path of the link, which nobody can be told again.

    Raises BadInput.
    """
    invited = Invitation(role=role, name=check_name("name", name), locale=check_locale(locale))
    token = desk.token(TOKEN_BYTES)
    put = Put(
        key=_key(token),
        values=values_of(invited),
        when=Absent(),
        expires_at=desk.now() + LIFETIME,
    )
    desk.tables.commit(put, *_told(desk, role, put.key))
    return f"/enrol/{token}"


def read_invitation(desk: Desk, token: str) -> Invitation:
    """What a link invites to. Raises NotFound, alike for used, expired and unknown links."""
    key = _key(token)
    row = desk.tables.fetch_many(key).get(key)
    if row is None:
        raise NotFound("this link is used up, over or unknown; ask for a new one")
    return read_row(_INVITATIONS, row)


def begin_enrolment(desk: Desk, token: str) -> Begun:
    """Begin the invited account; `finish_sign_up` makes it. Raises NotFound."""
    invited = read_invitation(desk, token)
    return begin_account(
        desk, invited.role, invited.name, invited.locale, link=_key(token).partition
    )


def _told(desk: Desk, role: Role, row: Key) -> Iterator[Put]:
    """That somebody is to be let in as staff; who it is shows when they have come."""
    if role in INVITED:
        facts = AuditFacts(thing=role)
        yield house_event(desk.entropy, INVITED[role], desk.now(), (row, 1), facts, OPERATOR)


def _key(token: str) -> Key:
    digest = hashlib.sha256(token.encode(errors="replace")).hexdigest()
    return Key(TABLE, f"invitation#{digest}")
