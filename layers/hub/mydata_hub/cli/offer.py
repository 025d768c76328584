"""`mydata offer`: what a partner does about its offers."""

from __future__ import annotations

import click

from mydata_hub.cli.offer_checking import check


@click.group()
def offer() -> None:
    """Offers: what a partner would give to whom it fits."""


for command in (check,):
    offer.add_command(command)
