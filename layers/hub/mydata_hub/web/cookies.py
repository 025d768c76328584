"""The cookies: who is signed in, which language somebody chose, and who left for a provider."""

from __future__ import annotations

from typing import Final

LANGUAGE: Final = "lang"
_A_YEAR_S: Final = 365 * 24 * 3600
_AWAY_S: Final = 15 * 60


def session_name(issuer: str) -> str:
    """Browsers take `__Host-` only with Secure and Path=/ and without Domain (RFC 6265bis).

    Threat: a neighbouring subdomain that plants a session of its own. On plain localhost there is
    no such prefix.
    """
    return "__Host-session" if _is_https(issuer) else "session"


def session_cookie(issuer: str, token: str) -> str:
    """Opens a session in the browser; the browser forgets it when it is closed."""
    return _cookie(issuer, session_name(issuer), token)


def no_session_cookie(issuer: str) -> str:
    """Makes the browser forget its session."""
    return _cookie(issuer, session_name(issuer), "") + "; Max-Age=0"


def departure_name(issuer: str) -> str:
    """As for the session: no neighbouring subdomain may plant one."""
    return "__Host-departure" if _is_https(issuer) else "departure"


def departure_cookie(issuer: str, binding: str) -> str:
    """Marks the browser that left for a provider. Lax, because the provider sends it back by a
    link; a quarter of an hour, as long as its return is waited for."""
    return _cookie(issuer, departure_name(issuer), binding) + f"; Max-Age={_AWAY_S}"


def no_departure_cookie(issuer: str) -> str:
    """Makes the browser forget that it left."""
    return _cookie(issuer, departure_name(issuer), "") + "; Max-Age=0"


def language_cookie(issuer: str, locale: str) -> str:
    """Keeps the chosen language for a year."""
    return _cookie(issuer, LANGUAGE, locale) + f"; Max-Age={_A_YEAR_S}"


def _cookie(issuer: str, name: str, value: str) -> str:
    attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if _is_https(issuer) else "")
    return f"{name}={value}{attributes}"


def _is_https(issuer: str) -> bool:
    return issuer.startswith("https://")
