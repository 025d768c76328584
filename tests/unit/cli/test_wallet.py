"""Where the command line keeps the software passkeys of people."""

from __future__ import annotations

import stat

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.cli.client import Refused
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.cli.person import new_passkey
from mydata_hub.cli.wallet import FIRST, FOLDER_NAME, Wallet

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=16).filter(
    lambda name: name.strip(".")
)


def kept(wallet: Wallet, name: str, label: str = FIRST) -> SoftwarePasskey:
    passkey = SoftwarePasskey.make()
    wallet.keep(wallet.require_free(name, label), passkey)
    return passkey


def test_a_passkey_that_is_kept_is_found_again(tmp_path):
    wallet = Wallet(tmp_path)
    passkey = kept(wallet, "Jiu")
    assert wallet.load("Jiu", FIRST).credential_id == passkey.credential_id
    assert wallet.people() == {"Jiu": [FIRST]}


def test_nobody_else_can_read_a_passkey(tmp_path):
    wallet = Wallet(tmp_path)
    kept(wallet, "Jiu")
    path = wallet.path("Jiu", FIRST)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@given(names=st.lists(NAMES, min_size=2, max_size=2, unique=True), label=NAMES)
def test_no_name_leads_out_of_the_folder_and_no_two_names_share_a_file(
    tmp_path_factory, names, label
):
    wallet = Wallet(tmp_path_factory.getbasetemp())
    paths = {wallet.path(name, label) for name in names}
    assert len(paths) == 2
    for path in paths:
        assert path.resolve().is_relative_to((wallet.folder / FOLDER_NAME).resolve())


@pytest.mark.parametrize("name", ["", ".", "..", "가" * 67, "\udc80"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    with pytest.raises(click.UsageError):
        Wallet(tmp_path).path(name, FIRST)


def test_a_name_that_is_taken_here_is_not_overwritten(tmp_path):
    wallet = Wallet(tmp_path)
    kept(wallet, "Jiu")
    with pytest.raises(click.ClickException, match="has a passkey first here"):
        wallet.require_free("Jiu", FIRST)


def test_a_missing_passkey_names_who_is_there(tmp_path):
    wallet = Wallet(tmp_path)
    kept(wallet, "Hana")
    with pytest.raises(click.ClickException, match="Hana"):
        wallet.load("Jiu", FIRST)


def test_a_passkey_the_hub_refused_is_forgotten(tmp_path):
    wallet = Wallet(tmp_path)
    with pytest.raises(Refused), new_passkey(wallet, "Jiu", FIRST):
        raise Refused(409, "taken", "somebody was first")
    assert wallet.people() == {}


def test_a_passkey_whose_answer_was_lost_is_kept(tmp_path):
    wallet = Wallet(tmp_path)
    with pytest.raises(click.ClickException), new_passkey(wallet, "Jiu", FIRST):
        raise click.ClickException("the hub does not answer")
    assert wallet.people() == {"Jiu": [FIRST]}
