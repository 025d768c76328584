"""`mydata auditor` and `mydata operator`: admit staff by a one-time link.

Whoever can write the data folder runs this hub, so no further credential is asked for.
"""

from __future__ import annotations

from pathlib import Path

import click

from mydata_hub.accounts.account import Role
from mydata_hub.accounts.enrolment import invite
from mydata_hub.cli.approving import approve_offer, offers, refuse_offer
from mydata_hub.cli.auditor import counts, enrol, entries, export, sample
from mydata_hub.cli.client import data_option, json_option, running_hub, tell, url_option
from mydata_hub.cli.disclose import open_disclosure
from mydata_hub.cli.laptop import desk_of, laptop_deployment, pages_environment
from mydata_hub.cli.reviewing import appeals, decide_appeal, read_appeal
from mydata_hub.config import PagesSettings
from mydata_hub.errors import HubError

locale_option = click.option(
    "--locale", type=click.Choice(["ko", "en"]), default="ko", show_default=True
)


@click.group()
def auditor() -> None:
    """Auditors: they read, count and verify the access log."""


@click.group()
def operator() -> None:
    """Operators: they run the hub."""


@auditor.command("add")
@click.argument("name")
@locale_option
@data_option
@url_option
@json_option
def add_auditor(name: str, locale: str, data: Path, url: str | None, as_json: bool) -> None:
    """Print a one-time link by which an auditor enrols, good for 24 hours."""
    _add(Role.AUDITOR, name, locale, data, url, as_json=as_json)


@operator.command("add")
@click.argument("name")
@locale_option
@data_option
@url_option
@json_option
def add_operator(name: str, locale: str, data: Path, url: str | None, as_json: bool) -> None:
    """Print a one-time link by which an operator enrols, good for 24 hours."""
    _add(Role.OPERATOR, name, locale, data, url, as_json=as_json)


for command in (
    *(enrol, appeals, read_appeal, decide_appeal),
    *(offers, approve_offer, refuse_offer),
):
    operator.add_command(command)
for command in (enrol, entries, counts, sample, export, open_disclosure):
    auditor.add_command(command)


def _add(role: Role, name: str, locale: str, data: Path, url: str | None, *, as_json: bool) -> None:
    # The link names the address that the passkey will be bound to, so a hub must be running.
    address = running_hub(data, url)
    try:
        settings = PagesSettings.read(pages_environment(laptop_deployment(data, address)))
        link = address + invite(desk_of(settings), role, name, locale)
    except HubError as error:
        raise click.ClickException(str(error)) from None
    tell(as_json, {"role": str(role), "name": name, "link": link}, link)
