"""Problems (RFC 9457), with a title and a way out in the reader's language.

`detail` is the error's own English sentence, for whoever writes a client; `title` and `remedy` are
for people. Of what went wrong inside, nothing is said outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mydata_hub.accounts.account import Locale
from mydata_hub.errors import BadInput, HubError, Refusal
from mydata_hub.web.wording import mark as _
from mydata_hub.web.wording import translate


@dataclass(frozen=True, slots=True)
class Words:
    """What a person reads: what happened, and what to do now."""

    title: str
    remedy: str


_BY_SLUG: Final = {
    "bad-input": Words(
        _("Something is not right yet"), _("Look at what you entered and try again.")
    ),
    "not-signed-in": Words(
        _("You are signed out"),
        _("Sign in with your passkey to go on. We sign you out after 15 quiet minutes."),
    ),
    "not-allowed": Words(
        _("This is not open to you"), _("Go back to your own page, or sign in as somebody else.")
    ),
    "out-of-date": Words(
        _("This page is out of date"), _("Load it again: you signed in anew since it was opened.")
    ),
    "step-up-needed": Words(
        _("Use your passkey once more"), _("This changes who can get in, so we check it is you.")
    ),
    "account-restricted": Words(
        _("A recovery is running"),
        _("This waits until the recovery is over. If you did not start it, cancel it."),
    ),
    "not-found": Words(
        _("There is nothing here"),
        _("The link may have been used already, or it has ended. Ask for a new one."),
    ),
    "oauth-refused": Words(
        _("This question is over"),
        _("It was answered, took too long, or never was. Go back to the service and begin again."),
    ),
    "not-released": Words(
        _("The hub does not answer this"),
        _("The end of this problem's type names the rule; the consent and the catalogue say more."),
    ),
    "taken": Words(_("Somebody was first"), _("Load the page again and look at what is there.")),
    "too-large": Words(_("That is too much at once"), _("Send less and try again.")),
    "too-many": Words(_("Too many tries"), _("Wait a while before the next one.")),
    "conflict": Words(
        _("Something changed meanwhile"), _("Load the page again and look at what is there.")
    ),
    "busy": Words(_("The hub is busy"), _("Nothing was changed. Try again in a moment.")),
    "outcome-unknown": Words(
        _("We cannot tell whether it worked"),
        _("Load the page again and look before you try again."),
    ),
}
_INTERNAL: Final = Words(
    _("Something broke on our side"), _("Try again in a moment. What you have is safe.")
)
_NO_ROOM: Final = Words(
    _("There is no room for another passkey"),
    _("Remove one that you no longer use, then try again."),
)
_NO_RIGHT: Final = Words(
    _("This call does not show a right to ask"),
    _("The WWW-Authenticate header says what is wrong. Get a new token or make a new proof."),
)
_BY_FIELD: Final = {
    "name": _("Use a name of 1 to 60 characters."),
    "passkey_name": _("Use a name of 1 to 60 characters."),
    "credential": _("That passkey was not made for this page. Try again."),
    "ceremony": _("That took too long. Try again."),
    "confirmation": _("Type the words exactly as they stand above the field."),
    "sure": _("Tick that you know it cannot come back."),
    "since": _("Choose the first and the last day."),
    "until": _("The last day cannot be before the first, nor still to come."),
    "code": _("That code is not right, or it has been replaced or used. Look at it again."),
}
# The same refusal means something else where a passkey or a code is what was refused.
_ON_ROUTE: Final = {
    ("POST /import", "bad-input"): Words(
        _("Nothing was taken in"),
        _("Mend the lines that are named, or look whether the mapping fits the file."),
    ),
    ("POST /sign-in/finish", "not-signed-in"): Words(
        _("That passkey does not open an account"),
        _("Try another passkey, or use your recovery code."),
    ),
    ("POST /sign-in/finish", "account-restricted"): Words(
        _("This passkey does not work yet"),
        _("It was made in a recovery and starts to work when the 72 hours are over."),
    ),
    ("POST /claims", "oauth-refused"): _NO_RIGHT,
    ("GET /receipts/{event_id}", "oauth-refused"): _NO_RIGHT,
    ("POST /recover/options", "too-many"): Words(
        _("Too many wrong codes"), _("Wait an hour, then look at your printed code again.")
    ),
    ("POST /passkeys/{passkey_id}/remove", "not-allowed"): Words(
        _("This is your last passkey"), _("Add another one first, then remove this one.")
    ),
    ("POST /passkeys/options", "not-allowed"): _NO_ROOM,
    ("POST /passkeys/finish", "not-allowed"): _NO_ROOM,
    ("POST /recovery-code", "not-allowed"): _NO_ROOM,
}


def words_for(error: HubError, route: str, locale: Locale) -> Words:
    """What a person reads about this error."""
    words = _ON_ROUTE.get((route, error.slug)) or _BY_SLUG.get(error.slug, _INTERNAL)
    remedy = words.remedy
    if isinstance(error, BadInput):
        remedy = _BY_FIELD.get(error.field, remedy)
    return Words(translate(locale, words.title), translate(locale, remedy))


def problem_for(error: HubError, route: str, locale: Locale) -> dict[str, Any]:
    """The problem document."""
    words = words_for(error, route, locale)
    problem: dict[str, Any] = {
        "type": error.problem_type,
        "title": words.title,
        "status": error.status,
        "remedy": words.remedy,
    }
    if isinstance(error, Refusal):
        problem["detail"] = str(error)
    if isinstance(error, BadInput):
        problem["field"] = error.field
    return problem
