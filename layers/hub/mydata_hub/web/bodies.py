"""Bodies that come in, checked before anything acts on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, Strict, ValidationError

from mydata_hub.errors import BadInput
from mydata_hub.web.onward import MAX_LETTERS

MAX_TEXT_CHARACTERS: Final = 200
MAX_ITEMS: Final = 100
# What can be wrong with a field, and what to do about it (pydantic's names of errors).
_REMEDIES: Final = {
    "missing": "is needed",
    "string_type": "send text",
    "int_type": "send a whole number",
    "too_long": f"send at most {MAX_ITEMS}",
    "string_too_long": f"use at most {MAX_TEXT_CHARACTERS} characters",
    "dict_type": "send an object",
    "literal_error": "takes one of the words that are offered",
    "datetime_from_date_parsing": "takes an RFC 3339 instant with its zone",
    "datetime_parsing": "takes an RFC 3339 instant with its zone",
    "timezone_aware": "takes an RFC 3339 instant with its zone",
}


class Body(BaseModel):
    """A body: no field too many, no type guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def read(cls, body: bytes) -> Self:
        """The body of a JSON request. Raises BadInput, which names the first wrong field."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise _bad_input(error) from None

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Self:
        """The fields of a form. Raises BadInput."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise _bad_input(error) from None


class Empty(Body):
    """Nothing but `{}`."""


class NewAccount(Body):
    """What somebody says of themselves when they sign up."""

    name: str = Field(max_length=MAX_TEXT_CHARACTERS)
    locale: Literal["ko", "en"] | None = None


class Ceremony(Body):
    """The end of a ceremony: what the browser's authenticator said."""

    ceremony: str = Field(max_length=MAX_TEXT_CHARACTERS)
    credential: dict[str, Any]
    # Where a person goes on afterwards; anything but a path of ours is as good as nothing.
    next: str = Field(default="", max_length=MAX_LETTERS)


class NewPasskey(Ceremony):
    """A passkey that was made; without a name it gets a plain one."""

    passkey_name: str = Field(default="Passkey", max_length=MAX_TEXT_CHARACTERS)


class Name(Body):
    """A new name."""

    name: str = Field(max_length=MAX_TEXT_CHARACTERS)


class Browser(Body):
    """The push resource of a browser; what it must be, `PushServices` says."""

    endpoint: str


class Hours(Body):
    """Two hours of the day."""

    from_hour: int
    until_hour: int


class Code(Body):
    """A printed recovery code."""

    code: str = Field(max_length=MAX_TEXT_CHARACTERS)


class Language(Body):
    """A language and the page to go on with."""

    lang: Literal["ko", "en"]
    next: str = Field(default="/", max_length=MAX_LETTERS)


class Asked(Body):
    """Which question of a partner this is about: the names of its authorization URL."""

    client_id: str = Field(max_length=MAX_TEXT_CHARACTERS)
    request_uri: str = Field(max_length=MAX_TEXT_CHARACTERS)


class Choice(Asked):
    """What somebody would allow, of the sentences that were shown."""

    items: list[str] = Field(max_length=MAX_ITEMS)
    locale: Literal["ko", "en"]
    wording_hash: str = Field(max_length=MAX_TEXT_CHARACTERS)


class Approval(Asked):
    """The passkey's signature over a prepared record."""

    approval: str = Field(max_length=MAX_TEXT_CHARACTERS)
    credential: dict[str, Any]


class Collection(Body):
    """What somebody would have collected, of the sentences that were shown."""

    provider_id: str = Field(max_length=MAX_TEXT_CHARACTERS)
    items: list[str] = Field(max_length=MAX_ITEMS)
    locale: Literal["ko", "en"]
    wording_hash: str = Field(max_length=MAX_TEXT_CHARACTERS)


class Withdrawal(Body):
    """The end of a grant; of a source also what becomes of the records from there."""

    records: Literal["keep", "delete"] | None = None


class Narrowing(Body):
    """What stays allowed, and the earlier end; what is left out stays as it is."""

    items: list[str] | None = Field(default=None, max_length=MAX_ITEMS)
    expires_at: Annotated[AwareDatetime, Strict(False)] | None = None


class Registration(Body):
    """A partner as an operator registers it; left out are every purpose and every claim of them."""

    client_name: str = Field(max_length=MAX_TEXT_CHARACTERS)
    redirect_uris: list[str] = Field(max_length=MAX_ITEMS)
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    group: str | None = Field(default=None, max_length=MAX_TEXT_CHARACTERS)
    purposes: list[str] | None = Field(default=None, max_length=MAX_ITEMS)
    claims: list[str] | None = Field(default=None, max_length=MAX_ITEMS)
    contact: str | None = Field(default=None, max_length=MAX_TEXT_CHARACTERS)
    logo_uri: str | None = None
    event_endpoint: str | None = None


class RegistrationChange(Body):
    """What changes of a partner's registration; what is left out stays."""

    client_name: str = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    redirect_uris: list[str] = Field(default=[], max_length=MAX_ITEMS)
    jwks: dict[str, Any] = Field(default={})
    jwks_uri: str = ""
    purposes: list[str] = Field(default=[], max_length=MAX_ITEMS)
    claims: list[str] | None = Field(default=None, max_length=MAX_ITEMS)
    contact: str | None = Field(default=None, max_length=MAX_TEXT_CHARACTERS)
    logo_uri: str | None = None
    event_endpoint: str | None = None


class Suspension(Body):
    """Refuse a partner, or admit it again."""

    suspended: bool


class Signature(Body):
    """The passkey's signature over a prepared record that names what it is for."""

    approval: str = Field(max_length=MAX_TEXT_CHARACTERS)
    credential: dict[str, Any]


def _bad_input(error: ValidationError) -> BadInput:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    kind, place = first["type"], first["loc"]
    # The sender chooses the names of fields we do not know, so those are not repeated.
    if kind == "extra_forbidden":
        return BadInput("body", "leave out the fields that are not asked for")
    if not place:
        return BadInput("body", "send one JSON object")
    return BadInput(str(place[0]), _REMEDIES.get(kind, "is not what is asked for"))
