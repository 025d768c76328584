"""`mydata offer`: what a partner does about its offers."""

from __future__ import annotations

import click

from mydata_hub.cli.offer_checking import check
from mydata_hub.cli.shop import list_own, publish, report, withdraw


@click.group()
def offer() -> None:
    """Offers: what a partner would give to whom it fits."""


for command in (check, publish, withdraw, list_own, report):
    offer.add_command(command)
