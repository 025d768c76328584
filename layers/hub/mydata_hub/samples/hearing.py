"""A sample partner's ear: hears that a grant has ended, deletes what it learnt, and says so; and
hears that an offer was accepted, and asks what it may ask then.

Events come by RFC 8935 and are verified with jwskate, which knows nothing of this hub. Where the
hub's keys are, and where deletion is attested, its transmitter metadata says.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from jwskate import InvalidJwt, JwkSet, SignedJwt

from mydata_hub.samples.asgi import Answer, Request, json_answer
from mydata_hub.samples.relying_party import RefusedByHub, RelyingParty

MEDIA_TYPE: Final = "application/secevent+jwt"
GRANT_ENDED: Final = "urn:mydata-hub:event:grant-ended"
OFFER_ACCEPTED: Final = "urn:mydata-hub:event:offer-accepted"
TRIES: Final = 5
PAUSE_S: Final = 2.0


class WrongEvent(Exception):
    """An event that is refused: `code` is one of RFC 8935 section 2.4."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


class Hearing:
    """The event endpoint; `forget` deletes what was learnt by a grant, `welcome` is told of an
    acceptance, by what its event says."""

    def __init__(
        self,
        party: RelyingParty,
        forget: Callable[[str], None],
        welcome: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._party = party
        self._forget = forget
        self._acts = {GRANT_ENDED: self._end, OFFER_ACCEPTED: welcome}
        # An event may come more than once, by the same `jti` (RFC 8417 section 2.2).
        self._heard: set[str] = set()
        self._lock = threading.Lock()

    def hear(self, request: Request) -> Answer:
        """202 once the event is verified; the rest is done after the answer (RFC 8935 2.2)."""
        try:
            jti, kind, said = self._read(request)
        except WrongEvent as wrong:
            return json_answer({"err": wrong.code, "description": str(wrong)}, 400)
        with self._lock:
            is_new = jti not in self._heard
            self._heard.add(jti)
        if is_new:
            threading.Thread(target=self._acts[kind], args=[said], daemon=True).start()
        return Answer(202, b"")

    def _read(self, request: Request) -> tuple[str, str, Mapping[str, Any]]:
        if request.headers.get("content-type") != MEDIA_TYPE:
            raise WrongEvent("invalid_request", f"send {MEDIA_TYPE}")
        try:
            event = SignedJwt(request.body)
            claims: dict[str, Any] = dict(event.claims)
            if event.typ != "secevent+jwt":
                raise WrongEvent("invalid_request", "typ: must be secevent+jwt")
            key = JwkSet(self._party.event_keys()).get_jwk_by_kid(event.kid)
            if not event.verify_signature(key, alg="ES256"):
                raise WrongEvent("invalid_key", "the signature does not verify")
        except (InvalidJwt, AttributeError, KeyError, ValueError, TypeError):
            raise WrongEvent("invalid_key", "no key of the hub signed this") from None
        except RefusedByHub:
            raise WrongEvent("invalid_key", "the hub's keys cannot be fetched now") from None
        if claims.get("iss") != self._party.hub:
            raise WrongEvent("invalid_issuer", "iss: is not the hub")
        if claims.get("aud") != self._party.client_id:
            raise WrongEvent("invalid_audience", "aud: is somebody else")
        try:
            ((kind, said),) = claims["events"].items()
            known = {**said, "grant_id": str(said["grant_id"])}
            return str(claims["jti"]), next(one for one in self._acts if one == kind), known
        except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
            kinds = " or ".join(self._acts)
            raise WrongEvent("invalid_request", f"events: takes one of {kinds}") from None

    def _end(self, said: Mapping[str, Any]) -> None:
        grant_id = str(said["grant_id"])
        self._forget(grant_id)
        for _ in range(TRIES):
            try:
                self._party.attest(grant_id, int(time.time()))
            except RefusedByHub:
                time.sleep(PAUSE_S)
            else:
                return
