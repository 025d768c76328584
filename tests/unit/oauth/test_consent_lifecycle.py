"""Whatever people, partners and time do to consents, a model of thirty lines says what is allowed.

Real tables, passkeys, assertions, proofs and tokens; chance chooses what happens next. Long mode:
10,000 sequences (`make test-long`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from mydata_hub.consent.amending import list_versions, narrow_grant
from mydata_hub.consent.endings import revoke_grant, withdraw_all, withdraw_grant
from mydata_hub.consent.grants import fetch_consent, list_grants
from mydata_hub.errors import BadInput, Conflict, OAuthRefused
from mydata_hub.oauth.access_token import LIFETIME
from mydata_hub.oauth.protected_resource import check_access

from tests.modes import times
from tests.unit.accounts.conftest import memory_folder
from tests.unit.oauth.hub import Hub, said

SEQUENCES = times(25, long=10_000)
STEPS = 14
CLAIMS = ("trust_tier", "commute.mode")
SOME = st.sets(st.sampled_from(CLAIMS), min_size=1)
HOURS = st.integers(1, 72)
ANY = st.integers(0, 1000)


@dataclass(frozen=True)
class Model:
    """What a grant allows, as anybody would say it."""

    version: int
    claims: frozenset[str]
    expires_at: datetime
    signed: frozenset[str]
    signed_until: datetime
    ended: str | None = None

    def state(self, now):
        return self.ended or ("expired" if now >= self.expires_at else "active")

    def next(self, **changes):
        return replace(self, version=self.version + 1, **changes)


@dataclass(frozen=True)
class Token:
    """An access token, or a refresh token, for whose authorization all of them stand."""

    text: str
    grant_id: str
    version: int
    until: datetime
    authorization: str


class Lifecycle(RuleBasedStateMachine):
    hub = partner = None

    def __init__(self):
        super().__init__()
        self.passkey, self.session = self.hub.join()
        self.hub.tables.commits.clear()
        self.grants: dict[str, Model] = {}
        self.access: list[Token] = []
        self.refreshes: list[Token] = []
        self.ended: set[str] = set()

    # What happens

    @rule(claims=SOME, hours=HOURS)
    def give(self, claims, hours):
        self._sign(claims, hours)

    @precondition(lambda self: self.grants)
    @rule(which=ANY, action=st.sampled_from(["merge", "replace"]), claims=SOME, hours=HOURS)
    def widen(self, which, action, claims, hours):
        grant_id, model = self._grant(which)
        asked = {"grant_management_action": action, "grant_id": grant_id}
        if model.state(self.hub.now) != "active":
            answer = self.partner.push(**asked, **self._details(claims, hours)[0])
            assert answer.body["error"] == "invalid_grant_id"
            return
        self._sign(claims, hours, asked)

    @precondition(lambda self: self.grants)
    @rule(which=ANY, claims=SOME, hours=st.integers(-2, 100))
    def narrow(self, which, claims, hours):
        grant_id, model = self._grant(which)
        until, now = self.hub.now + timedelta(hours=hours), self.hub.now
        less = claims <= model.claims and now < until <= model.expires_at
        changes = {"items": [f"{claim}@2" for claim in claims], "expires_at": until}
        if model.state(now) != "active" or not less:
            with pytest.raises(BadInput):
                narrow_grant(self.hub.desk, self.session, grant_id, **changes)
            return
        narrow_grant(self.hub.desk, self.session, grant_id, **changes)
        if (claims, until) != (model.claims, model.expires_at):
            self.grants[grant_id] = model.next(claims=frozenset(claims), expires_at=until)

    @precondition(lambda self: self.grants)
    @rule(which=ANY, how=st.sampled_from(["person", "hub", "partner", "all"]))
    def end(self, which, how):
        grant_id, _ = self._grant(which)
        if how == "all":
            withdraw_all(self.hub.desk, self.session)
            for one, model in self.grants.items():
                if model.state(self.hub.now) == "active":
                    self.grants[one] = model.next(ended="withdrawn")
            return
        if how == "person":
            withdraw_grant(self.hub.desk, self.session, grant_id)
        else:
            actor = "hub" if how == "hub" else self.partner.client_id
            revoke_grant(self.hub.desk, grant_id, actor)
        if self.grants[grant_id].ended is None:
            ended = "withdrawn" if how == "person" else "revoked"
            self.grants[grant_id] = self.grants[grant_id].next(ended=ended)

    @rule(claims=SOME)
    def refuse(self, claims):
        question = self.partner.question(**self._details(claims, 5)[0])
        assert "access_denied" in self.hub.refuse(self.session, question)

    @rule(minutes=st.sampled_from([1, 4, 30, 600, 3000]))
    def time_passes(self, minutes):
        self.hub.clock.advance(timedelta(minutes=minutes))

    @precondition(lambda self: self.refreshes)
    @rule(which=ANY)
    def refresh(self, which):
        token = self.refreshes[which % len(self.refreshes)]
        answer = self.partner.refresh(token.text)
        model, now = self.grants[token.grant_id], self.hub.now
        alive = token.text not in self.ended and now < token.until
        if alive and model.state(now) == "active":
            assert answer.status == 200, answer.body
            (details,) = answer.body["authorization_details"]
            assert set(details["claims"]) == model.claims
            self._keep(answer.body, token.text)
        else:
            assert answer.body["error"] == "invalid_grant"

    @precondition(lambda self: self.refreshes)
    @rule(which=ANY)
    def revoke_authorization(self, which):
        token = self.refreshes[which % len(self.refreshes)]
        assert self.partner.revoke(token.text).status == 200
        alive = self.hub.now < token.until
        if alive and self.grants[token.grant_id].state(self.hub.now) == "active":
            self.ended.add(token.text)

    @precondition(lambda self: self.access)
    @rule(which=ANY)
    def call(self, which):
        token = self.access[which % len(self.access)]
        call = self.partner.resource(token.text)
        if not self._opens(token):
            with pytest.raises(OAuthRefused):
                check_access(self.hub.authority, call)
            return
        access = check_access(self.hub.authority, call)
        assert {item.partition("@")[0] for item in access.grant.items} == set(
            self.grants[token.grant_id].claims
        )
        self.hub.tables.commit(*access.changes)

    @precondition(lambda self: self.access)
    @rule(which=ANY, claim=st.sampled_from(CLAIMS), how=st.sampled_from(["withdraw", "narrow"]))
    def call_that_is_overtaken(self, which, claim, how):
        """What was read before a withdrawal or a narrowing commits nothing after it."""
        token = self.access[which % len(self.access)]
        if not self._opens(token):
            return
        access = check_access(self.hub.authority, self.partner.resource(token.text))
        model = self.grants[token.grant_id]
        if how == "withdraw":
            withdraw_grant(self.hub.desk, self.session, token.grant_id)
            self.grants[token.grant_id] = model.next(ended="withdrawn")
        elif claim in model.claims and len(model.claims) > 1:
            narrow_grant(self.hub.desk, self.session, token.grant_id, items=[f"{claim}@2"])
            self.grants[token.grant_id] = model.next(claims=frozenset({claim}))
        else:
            return
        with pytest.raises(Conflict):
            self.hub.tables.commit(*access.changes)

    # What holds

    @invariant()
    def the_hub_says_what_the_model_says(self):
        held = list_grants(self.hub.tables, self.session.account_id)
        assert {grant.grant_id for grant in held} == self.grants.keys()
        for grant in held:
            model = self.grants[grant.grant_id]
            assert grant.version == model.version
            assert grant.state(self.hub.now).value == model.state(self.hub.now)
            assert {item.partition("@")[0] for item in grant.items} == model.claims
            assert grant.expires_at == model.expires_at

    @invariant()
    def nothing_allows_more_than_was_signed(self):
        for model in self.grants.values():
            assert model.claims <= model.signed
            assert model.expires_at <= model.signed_until

    def teardown(self):
        for grant_id, model in self.grants.items():
            held = list_versions(self.hub.tables, grant_id)
            assert [one.grant.version for one in held] == list(range(1, model.version + 1))
            for one in held:
                assert one.record.digest() == one.grant.consent_hash
                assert set(one.grant.items) <= set(one.record.items)
                assert one.grant.expires_at <= one.record.expires_at
            record, _ = fetch_consent(self.hub.tables, grant_id)
            assert {item.partition("@")[0] for item in record.items} == model.signed

    def _sign(self, claims, hours, action=None):
        details, until = self._details(claims, hours)
        question = self.partner.question(**details, **(action or {}))
        code = said(self.hub.approve(self.passkey, self.session, question))["code"]
        body = self.partner.redeem(code).body
        grant_id, claims = body["grant_id"], frozenset(claims)
        if action:
            before = self.grants[grant_id]
            assert action["grant_id"] == grant_id
            if action["grant_management_action"] == "merge":
                claims, until = claims | before.claims, max(until, before.expires_at)
            changes = {"claims": claims, "expires_at": until}
            self.grants[grant_id] = before.next(**changes, signed=claims, signed_until=until)
        else:
            self.grants[grant_id] = Model(1, claims, until, claims, until)
        refresh_token = body["refresh_token"]
        self._keep(body, refresh_token)
        self.refreshes.append(Token(refresh_token, grant_id, 0, until, refresh_token))

    def _details(self, claims, hours):
        until = self.hub.now + timedelta(hours=hours)
        details = self.partner.details(claims=sorted(claims), expires_at=until.isoformat())
        return {"authorization_details": json.dumps([details])}, until

    def _keep(self, body, authorization):
        model = self.grants[body["grant_id"]]
        until = min(self.hub.now + LIFETIME, model.expires_at)
        own = body["access_token"], body["grant_id"], model.version, until, authorization
        self.access.append(Token(*own))

    def _grant(self, which):
        return list(self.grants.items())[which % len(self.grants)]

    def _opens(self, token):
        model, now = self.grants[token.grant_id], self.hub.now
        alive = model.state(now) == "active" and model.version == token.version
        return alive and now < token.until and token.authorization not in self.ended


def test_consents_live_as_the_model_says():
    with memory_folder() as folder:
        Lifecycle.hub = Hub(Path(folder))
        Lifecycle.partner = Lifecycle.hub.partner()
        often = settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(Lifecycle, settings=often)
        Lifecycle.hub.tables.tables.close()
