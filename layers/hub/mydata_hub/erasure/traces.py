"""Traces: what each table holds of a person, and how all of it is found and deleted.

docs/operations.md lists every table, and what remains in it and why; a test compares the two. What
lies under a name that another row tells of comes before that row, so that an interrupted sweep
finds it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Final, TypeAlias

from mydata_hub.accounts import notices, sessions
from mydata_hub.accounts.desk import until_settled
from mydata_hub.accounts.recovery import code_key
from mydata_hub.accounts.rows import rows_of
from mydata_hub.accounts.store import TABLE as ACCOUNTS
from mydata_hub.accounts.store import account_key, claim_key, list_passkeys, read_account
from mydata_hub.appeals import appeal
from mydata_hub.benefits import coupons as coupon_rows
from mydata_hub.collection import connections
from mydata_hub.collection.identity import identity_keys
from mydata_hub.collection.tokens import tokens_row
from mydata_hub.consent import grants
from mydata_hub.consent.amending import history_of
from mydata_hub.consent.pairwise import names_of
from mydata_hub.fields import ConnectionId, SubjectId
from mydata_hub.ports import messages
from mydata_hub.ports.tables import MAX_CHANGES, Delete, Key, Row, Tables, VersionIs
from mydata_hub.release import ledger_rows
from mydata_hub.release.partner_copies import copies_about
from mydata_hub.vault import announcements, manifest

Find: TypeAlias = Callable[[Tables, str], Iterator[Row]]

# Messages that a person's own acts leave; what is on its way to a partner must arrive.
_OWN_TOPICS: Final = frozenset(
    {"account_notice", "open_vault", "collect", "source_complete", "person_news"}
)


def sources(tables: Tables, account_id: str) -> Iterator[Row]:
    """Connections, what intake needs to call the provider, and the binding to an identity."""
    for row in rows_of(tables, connections.TABLE, connections.link_key(account_id, "-").partition):
        connection_id = ConnectionId(str(row.values["connection_id"]))
        own = tokens_row(connection_id)
        yield from rows_of(tables, own.table, own.partition)
        yield row
    bound = identity_keys("-", SubjectId(account_id))[1]
    for row in tables.fetch_many(bound).values():
        claimed = identity_keys(str(row.values["tag"]), SubjectId(account_id))[0]
        yield from tables.fetch_many(claimed).values()
        yield row


def sealed(tables: Tables, account_id: str) -> Iterator[Row]:
    """Announcements, manifest, profile, imports, the ledger with its sealed answers, and what
    partners' receipts are made from."""
    for table in (announcements.TABLE, manifest.TABLE, ledger_rows.TABLE):
        yield from rows_of(tables, table, account_id)
    yield from copies_about(tables, account_id)


def contested(tables: Tables, account_id: str) -> Iterator[Row]:
    """What the person appealed against, and its place in the queue."""
    for row in rows_of(tables, appeal.TABLE, account_id):
        yield from tables.fetch_many(appeal.queue_key(row.key.sort)).values()
        yield row


def consents(tables: Tables, account_id: str) -> Iterator[Row]:
    """Grants in all their versions with what was signed, and the person's names at partners."""
    for row in rows_of(tables, grants.TABLE, grants.list_of(account_id)):
        yield from rows_of(tables, grants.TABLE, history_of(row.key.sort))
        yield from tables.fetch_many(grants.grant_key(row.key.sort)).values()
        yield row
    yield from rows_of(tables, grants.TABLE, names_of(account_id))


def coupons(tables: Tables, account_id: str) -> Iterator[Row]:
    """Coupons, and that they are the person's: nobody redeems them any more. And what offers the
    person accepted."""
    yield from coupon_rows.rows_of_person(tables, account_id)
    yield from rows_of(tables, coupon_rows.TABLE, coupon_rows.accepted_of(account_id))


def account(tables: Tables, account_id: str) -> Iterator[Row]:
    """The account: name, passkeys, and the recovery code that is out."""
    key = account_key(account_id)
    row = tables.fetch_many(key).get(key)
    code = read_account(row).code if row else None
    elsewhere = [claim_key(one.passkey_id) for one in list_passkeys(tables, account_id)]
    elsewhere += [code_key(code.code_id)] if code else []
    if elsewhere:
        yield from tables.fetch_many(*elsewhere).values()
    yield from rows_of(tables, ACCOUNTS, account_id)


def leftovers(tables: Tables, account_id: str) -> Iterator[Row]:
    """Sessions, notices, and messages of one's own that nobody has taken yet."""
    for shard in range(messages.SHARDS):
        for row in rows_of(tables, messages.TABLE, f"{shard:02d}"):
            body = row.values.get("body")
            # A damaged row is for the operator, and must not keep anybody from being erased.
            named = body.values() if isinstance(body, Mapping) else ()
            if row.values.get("topic") in _OWN_TOPICS and account_id in named:
                yield row
    for table in (notices.TABLE, sessions.TABLE):
        yield from rows_of(tables, table, account_id)


def delete_all(tables: Tables, account_id: str, *found: Find) -> None:
    """Delete what is found, and look again where it changed meanwhile. Raises Busy."""

    def act() -> None:
        rows = chain.from_iterable(find(tables, account_id) for find in found)
        while part := list(islice(rows, MAX_CHANGES)):
            tables.commit(*_deletes(part))

    until_settled(act)


def _deletes(rows: Iterable[Row]) -> Iterator[Delete]:
    seen: set[Key] = set()
    for row in rows:
        if row.key not in seen:
            seen.add(row.key)
            yield Delete(row.key, VersionIs(row.version))
