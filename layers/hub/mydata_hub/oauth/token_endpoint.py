"""The token endpoint (RFC 6749 section 3.2): always with a client assertion and a DPoP proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from mydata_hub.errors import OAuthRefused
from mydata_hub.oauth.access_token import token_response
from mydata_hub.oauth.admission import Admitted, admit
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.authorization_code import redeem_code
from mydata_hub.oauth.call import Answer, Call, answering
from mydata_hub.oauth.offer_code import GRANT_TYPE, redeem_offer_code
from mydata_hub.oauth.refresh_token import refresh_access
from mydata_hub.oauth.scopes import QUERY, REVOKE, require_scope
from mydata_hub.oauth.single_use import commit_spending

Exchange: TypeAlias = Callable[[Authority, Admitted, str], dict[str, Any]]


def answer_token(authority: Authority, call: Call) -> Answer:
    """200 with a token response, or the error of its RFC."""

    def act() -> Answer:
        with admit(authority, call, proof_needed=True) as admitted:
            exchange = EXCHANGES.get(admitted.form.get("grant_type", ""))
            if exchange is None:
                raise OAuthRefused("unsupported_grant_type", f"takes {', '.join(EXCHANGES)}")
            if admitted.form.get("resource", authority.issuer) != authority.issuer:
                raise OAuthRefused("invalid_target", f"resource: takes {authority.issuer}")
            assert admitted.jkt is not None  # the proof was needed
            return Answer(status=200, body=exchange(authority, admitted, admitted.jkt))

    return answering(act)


def _client_credentials(authority: Authority, admitted: Admitted, jkt: str) -> dict[str, Any]:
    """A client's own token, for what concerns no person: its list of grants."""
    scope = require_scope(admitted.form.get("scope"), QUERY, REVOKE)
    commit_spending(authority.desk, admitted.spent)
    return token_response(authority, admitted.client.client_id, jkt, scope)


EXCHANGES: Final[Mapping[str, Exchange]] = {
    "authorization_code": redeem_code,
    "refresh_token": refresh_access,
    "client_credentials": _client_credentials,
    GRANT_TYPE: redeem_offer_code,
}
