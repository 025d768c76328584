"""A signed-in person's or member of staff's own account: passkeys, recovery and notices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mydata_hub import __version__
from mydata_hub.accounts.account import Account, Passkey, usable_passkeys
from mydata_hub.accounts.notices import Notice, acknowledge_notice, list_notices
from mydata_hub.accounts.passkeys import (
    begin_add_passkey,
    finish_add_passkey,
    remove_passkey,
    rename_passkey,
)
from mydata_hub.accounts.recovery import cancel_recovery, issue_recovery_code
from mydata_hub.accounts.store import fetch_account, list_passkeys
from mydata_hub.errors import NotSignedIn
from mydata_hub.web.answers import Answer, json_answer, nothing
from mydata_hub.web.bodies import Empty, Name, NewPasskey
from mydata_hub.web.entrances import begun
from mydata_hub.web.request import Request
from mydata_hub.web.site import RouteHandler, Site


def show_account(site: Site, request: Request) -> Answer:
    """A person's own page."""
    return _own_page(site, request, "account.html")


def show_auditor(site: Site, request: Request) -> Answer:
    """Where the log is, and how to verify it with tools that are not ours."""
    return _own_page(site, request, "auditor.html", issuer=site.issuer)


def show_operator(site: Site, request: Request) -> Answer:
    """What runs here; nothing about any person."""
    return _own_page(
        site,
        request,
        "operator.html",
        issuer=site.issuer,
        engine=site.engine,
        version=__version__,
        software_passkeys=site.desk.software_passkeys,
    )


def account_state(site: Site, request: Request) -> Answer:
    """The same as the page shows, for scripts and the command line."""
    session = request.caller
    account = _account(site, request)
    recovery = account.pending_recovery(site.desk.now())
    return json_answer(
        200,
        {
            "account_id": account.account_id,
            "name": account.name,
            "role": str(account.role),
            "locale": account.locale,
            "csrf": session.csrf,
            "joined_at": account.joined_at.isoformat(),
            "passkeys": [
                _passkey_document(passkey)
                for passkey in list_passkeys(site.desk.tables, account.account_id)
            ],
            "recovery": recovery
            and {
                "started_at": recovery.started_at.isoformat(),
                "matures_at": recovery.matures_at.isoformat(),
            },
            "recovery_code": account.code and {"issued_at": account.code.issued_at.isoformat()},
            "notices": [_notice_document(notice) for notice in list_notices(site.desk, session)],
        },
    )


def passkey_options(site: Site, request: Request) -> Answer:
    """Begins another passkey."""
    Empty.read(request.json())
    return begun(begin_add_passkey(site.desk, request.caller))


def passkey_finish(site: Site, request: Request) -> Answer:
    """Adds the passkey."""
    body = NewPasskey.read(request.json())
    passkey = finish_add_passkey(
        site.desk, request.caller, body.ceremony, body.credential, body.passkey_name
    )
    return json_answer(201, {"passkey_id": passkey.passkey_id})


def passkey_remove(site: Site, request: Request) -> Answer:
    """Removes a passkey."""
    Empty.read(request.json())
    remove_passkey(site.desk, request.caller, request.parameter("passkey_id"))
    return nothing()


def passkey_rename(site: Site, request: Request) -> Answer:
    """Gives a passkey another name."""
    name = Name.read(request.json()).name
    rename_passkey(site.desk, request.caller, request.parameter("passkey_id"), name)
    return nothing()


def recovery_code(site: Site, request: Request) -> Answer:
    """A new recovery code; shown here once and nowhere again."""
    Empty.read(request.json())
    return json_answer(201, {"code": issue_recovery_code(site.desk, request.caller)})


def recovery_cancel(site: Site, request: Request) -> Answer:
    """Cancels a running recovery."""
    Empty.read(request.json())
    cancel_recovery(site.desk, request.caller)
    return nothing()


def notice_acknowledge(site: Site, request: Request) -> Answer:
    """Puts a notice away."""
    Empty.read(request.json())
    acknowledge_notice(site.desk, request.caller, request.parameter("notice_id"))
    return nothing()


def _own_page(site: Site, request: Request, template: str, **values: Any) -> Answer:
    account, now = _account(site, request), site.desk.now()
    passkeys = list_passkeys(site.desk.tables, account.account_id)
    return site.page(
        request,
        template,
        account_locale=account.locale,
        account=account,
        now=now,
        passkeys=passkeys,
        usable_count=len(usable_passkeys(passkeys, now)),
        here_passkey=request.caller.passkey_id,
        recovery=account.pending_recovery(now),
        notices=[
            notice for notice in list_notices(site.desk, request.caller) if not notice.acknowledged
        ],
        **values,
    )


def _account(site: Site, request: Request) -> Account:
    account = fetch_account(site.desk.tables, request.caller.account_id)
    if account is None:
        raise NotSignedIn("the account of this session is gone")
    return account


def _passkey_document(passkey: Passkey) -> dict[str, Any]:
    return {
        "passkey_id": passkey.passkey_id,
        "name": passkey.name,
        "added_at": passkey.added_at.isoformat(),
        "usable_from": passkey.usable_from.isoformat(),
        "last_used_at": passkey.last_used_at and passkey.last_used_at.isoformat(),
        "synced": passkey.synced,
        "software": passkey.software,
    }


def _notice_document(notice: Notice) -> dict[str, Any]:
    return {
        "notice_id": notice.notice_id,
        "kind": notice.kind,
        "at": notice.at.isoformat(),
        "acknowledged": notice.acknowledged,
    }


HANDLERS: Final[Mapping[str, RouteHandler]] = {
    "GET /account": show_account,
    "GET /account/state": account_state,
    "POST /passkeys/options": passkey_options,
    "POST /passkeys/finish": passkey_finish,
    "POST /passkeys/{passkey_id}/remove": passkey_remove,
    "POST /passkeys/{passkey_id}/rename": passkey_rename,
    "POST /recovery-code": recovery_code,
    "POST /recovery/cancel": recovery_cancel,
    "POST /notices/{notice_id}/acknowledge": notice_acknowledge,
    "GET /auditor": show_auditor,
    "GET /operator": show_operator,
}
