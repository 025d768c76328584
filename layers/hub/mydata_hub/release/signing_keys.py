"""Signing keys of answers: each serves a day, and the hub's long-lived key has certified it.

A key is made here, wrapped under the vaults' key for `purpose=signing`, and shared by all instances
through one row, so an instance unwraps it once and an answer needs no call of the key service. It
is published LEAD before it signs anything; while no published key may sign yet, the long-lived key
signs itself. So an answer verifies the moment it arrives, whoever made the key and wherever.

Table `signing_keys`, format 1. Row "present": `keys`, a list of [kid, public key (DER),
certificate, first instant, end, wrapped private key or None once it has ended]. A row for each kid,
which stays for ever: `public_key`, `certificate`. Change rule: another layout, the next format.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from joserfc.jwk import ECKey

from mydata_hub.errors import (
    Conflict,
    Damaged,
    NotFound,
    NotProven,
    OutcomeUnknown,
    StoreError,
    Unopenable,
)
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.keys import Keys
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, Value, VersionIs
from mydata_hub.release.memory_signer import MemorySigner
from mydata_hub.release.sd_jwt import AnswerKey, import_answer_key, sign_compact, verify_compact
from mydata_hub.transparency.events import AuditFacts
from mydata_hub.transparency.house import house_event

TABLE: Final = "signing_keys"
PRESENT: Final = Key(TABLE, "present")
TYPE: Final = "mydata-answer-key+jwt"
ROTATED: Final = "signing_key_rotated"
THING: Final = "key.answer.day"
# Three times as long as a copy of the published keys may be kept (web/claims.py).
LEAD: Final = timedelta(minutes=15)
LIFE: Final = timedelta(days=1)
# The next key is made when the last one has less than this to live.
AHEAD: Final = timedelta(hours=12)
# The last answer of a key is valid for a day, and clocks differ.
PUBLISHED_AFTER: Final = timedelta(hours=25)
LOOK_AGAIN: Final = timedelta(minutes=5)
MAX_KID_LETTERS: Final = 43
_TRIES: Final = 2
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayKey:
    """One key as it is kept; `wrapped` is gone once the key has ended."""

    kid: str
    public_key: bytes
    certificate: str
    begins_at: datetime
    ends_at: datetime
    wrapped: bytes | None


class AnswerKeys:
    """The keys that sign answers, as one instance holds them. Safe between threads."""

    def __init__(
        self,
        tables: Tables,
        keys: Keys,
        long_lived: AnswerKey,
        clock: Clock,
        entropy: Entropy,
        issuer: str,
    ) -> None:
        self._tables = tables
        self._keys = keys
        self._long_lived = long_lived
        self._clock = clock
        self._entropy = entropy
        self._issuer = issuer
        self._lock = threading.Lock()
        self._held: tuple[tuple[DayKey, AnswerKey], ...] = ()
        self._looked_at: datetime | None = None

    def present(self, now: datetime) -> AnswerKey:
        """What signs an answer now. Never fails: what stands in the way of a key of the day leaves
        the long-lived one, which costs a call of the key service."""
        if self._must_look(now):
            with suppress(StoreError, Unopenable, NotProven):
                self._look(now)
        for day, key in self._held:
            if day.begins_at <= now < day.ends_at:
                return key
        return self._long_lived

    def published(self) -> list[dict[str, Any]]:
        """The JWKs (RFC 7517) that answers, receipts and certificates verify with.

        Raises Damaged, Busy. The next key is made here too, so that whoever reads keys now and
        then sees it before it signs.
        """
        now = self._clock.now()
        self.present(now)
        _, days = self._read()
        current = [day for day in days if now < day.ends_at + PUBLISHED_AFTER]
        own = self._long_lived.public.as_dict(private=False)
        return [dict(own), *(_jwk(day.public_key, day.certificate) for day in current)]

    def find(self, kid: str) -> dict[str, Any]:
        """The JWK of any key that ever signed an answer, with its certificate. Raises NotFound."""
        own = self._long_lived.public
        if kid == own.kid:
            return dict(own.as_dict(private=False))
        key = Key(TABLE, kid)
        row = self._tables.fetch_many(key).get(key) if 0 < len(kid) <= MAX_KID_LETTERS else None
        if row is None or key == PRESENT:
            raise NotFound("there is no such key")
        values = cast("dict[str, Any]", row.values)
        return _jwk(values["public_key"], values["certificate"])

    def _must_look(self, now: datetime) -> bool:
        if any(day.ends_at > now + AHEAD for day, _ in self._held):
            return False
        looked = self._looked_at
        # A clock that was set back must not keep anyone from looking.
        return looked is None or not timedelta(0) <= now - looked < LOOK_AGAIN

    def _look(self, now: datetime) -> None:
        with self._lock:
            if not self._must_look(now):
                return
            self._looked_at = now
            for _ in range(_TRIES):
                row, days = self._read()
                self._held = tuple(self._opened(days, now))
                if any(day.ends_at > now + AHEAD for day, _ in self._held):
                    return
                self._make(row, days, now)

    def _opened(self, days: Sequence[DayKey], now: datetime) -> Iterator[tuple[DayKey, AnswerKey]]:
        known = {day.kid: key for day, key in self._held}
        for day in days:
            if now < day.ends_at:
                # What another root key wrapped or another long-lived key certified (a hub that was
                # restored) verifies what it has signed, and signs no more.
                with suppress(Unopenable, NotProven, Damaged):
                    yield day, known.get(day.kid) or self._unwrap(day)

    def _read(self) -> tuple[Row | None, tuple[DayKey, ...]]:
        row = self._tables.fetch_many(PRESENT).get(PRESENT)
        return row, read_days(row)

    def _make(self, row: Row | None, days: Sequence[DayKey], now: datetime) -> None:
        """Add a key, unless another instance is first."""
        # One after the other, so that each signs for a day.
        soon = now.replace(microsecond=0) + LEAD + _SECOND
        begins = max([soon, *(day.ends_at for day, _ in self._held)])
        kept = [
            replace(day, wrapped=None) if day.ends_at <= now else day
            for day in days
            if now < day.ends_at + PUBLISHED_AFTER
        ]
        made = self._new_key(begins)
        version = 1 if row is None else row.version + 1
        digest = hashlib.sha256(made.public_key).hexdigest()
        event = house_event(
            self._entropy,
            ROTATED,
            now,
            (PRESENT, version),
            AuditFacts(thing=THING, hash=digest),
            said={"certificate": made.certificate},
        )
        with suppress(Conflict, OutcomeUnknown):  # then the row tells who was first
            self._tables.commit(
                put_days(row, [*kept, made]),
                Put(
                    key=Key(TABLE, made.kid),
                    values={"public_key": made.public_key, "certificate": made.certificate},
                    when=Absent(),
                ),
                event,
            )

    def _new_key(self, begins: datetime) -> DayKey:
        private = ec.generate_private_key(ec.SECP256R1())
        public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        key, ends = import_answer_key(public), begins + LIFE
        kid = str(key.kid)
        certificate = {
            "iss": self._issuer,
            "iat": int(self._clock.now().timestamp()),
            # The `iat` of what the key signs lies in here.
            "nbf": int(begins.timestamp()),
            "exp": int(ends.timestamp()),
            "cnf": {"jwk": dict(key.as_dict(private=False))},
        }
        secret = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return DayKey(
            kid=kid,
            public_key=public,
            certificate=sign_compact(TYPE, certificate, self._long_lived),
            begins_at=begins,
            ends_at=ends,
            wrapped=self._keys.wrap(secret, _context(kid)),
        )

    def _unwrap(self, day: DayKey) -> AnswerKey:
        if day.wrapped is None:
            raise Damaged("a key that signs has no private half")
        # Threat: a row that somebody else wrote. Only what the long-lived key certified may sign.
        check_certificate(day.certificate, day.kid, self._long_lived.public)
        private = load_der_private_key(self._keys.unwrap(day.wrapped, _context(day.kid)), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        key = AnswerKey(MemorySigner(private))
        if key.public.kid != day.kid:
            raise Damaged("a key that signs is another than its certificate's")
        return key


def check_certificate(certificate: str, kid: str, long_lived: ECKey) -> tuple[int, int]:
    """From when until when (seconds since 1970) the hub's long-lived key lets a key sign answers.

    Raises NotProven.
    """
    stated = verify_compact(TYPE, certificate, long_lived)
    try:
        certified = ECKey.import_key(stated["cnf"]["jwk"]).thumbprint()
        span = int(stated["nbf"]), int(stated["exp"])
    except (KeyError, TypeError, ValueError):
        raise NotProven("certificate", "names no key and no time") from None
    if certified != kid:
        raise NotProven("certificate", "is of another key")
    return span


def read_days(row: Row | None) -> tuple[DayKey, ...]:
    """The keys in the row of those that sign. Raises Damaged."""
    if row is None:
        return ()
    try:
        found = cast("dict[str, Any]", row.values)["keys"]
        return tuple(_read_day(*one) for one in found)
    except (KeyError, TypeError, ValueError):
        raise Damaged("the row of signing keys is malformed") from None


def put_days(row: Row | None, days: Sequence[DayKey]) -> Put:
    """The change that writes the keys over the row they came from."""
    listed: list[Value] = [
        [
            day.kid,
            day.public_key,
            day.certificate,
            day.begins_at.isoformat(),
            day.ends_at.isoformat(),
            day.wrapped,
        ]
        for day in days
    ]
    when = Absent() if row is None else VersionIs(row.version)
    return Put(key=PRESENT, values={"keys": listed}, when=when)


def _read_day(
    kid: str, public: bytes, certificate: str, begins: str, ends: str, wrapped: bytes | None
) -> DayKey:
    return DayKey(
        kid=kid,
        public_key=public,
        certificate=certificate,
        begins_at=datetime.fromisoformat(begins),
        ends_at=datetime.fromisoformat(ends),
        wrapped=wrapped,
    )


def _jwk(public_key: bytes, certificate: str) -> dict[str, Any]:
    # RFC 7517 section 4: readers bear members that they do not know.
    return {**import_answer_key(public_key).as_dict(private=False), "certificate": certificate}


def _context(kid: str) -> dict[str, str]:
    return {"purpose": "signing", "key": kid}
