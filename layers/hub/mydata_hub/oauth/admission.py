"""Admission: what every endpoint for clients does first, and what it thereby used up."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.call import Call
from mydata_hub.oauth.client_assertion import authenticate_client
from mydata_hub.oauth.clients import Client
from mydata_hub.oauth.dpop_proof import verify_proof
from mydata_hub.oauth.single_use import Spent, require_unspent, spending


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An authenticated client, its parameters, the key it proved, and what is to be spent."""

    client: Client
    form: dict[str, str]
    jkt: str | None
    spent: tuple[Spent, ...]


@contextmanager
def admit(authority: Authority, call: Call, *, proof_needed: bool = False) -> Generator[Admitted]:
    """Authenticate the client, then verify its proof if there is or must be one.

    A challenge for a nonce is raised here, before anything is used up. What is refused for another
    reason, here or in the block, uses up the assertion and the proof all the same.
    Raises OAuthRefused.
    """
    form = call.form()
    client, assertion = authenticate_client(authority, form)
    proof = None
    if proof_needed or call.header("dpop") is not None:
        with spending(authority.desk, (assertion,)):
            proof = verify_proof(authority, call)
    spent = (assertion,) if proof is None else (assertion, proof.spent)
    require_unspent(authority.desk, *spent)
    with spending(authority.desk, spent):
        yield Admitted(
            client=client, form=form, jkt=None if proof is None else proof.jkt, spent=spent
        )
