"""What template.yaml means on this machine: the deployment of a data folder, and its desk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mydata_hub.accounts.desk import Desk
from mydata_hub.config import (
    AuthorizeSettings,
    ConsentSettings,
    PagesSettings,
    SequenceLogSettings,
)
from mydata_hub.embedded.deployment import Deployment, deployment_folder, read_deployment
from mydata_hub.personal_log.intake import Intake
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.wiring import keys_for, software_passkeys_allowed, tables_for


def laptop_deployment(data: Path, url: str, **chosen: str) -> Deployment:
    """The deployment on the embedded engine over a data folder, seen at an address; `chosen` are
    the template's own parameters.

    Raises TemplateRefused.
    """
    parameters = {
        "Engine": f"embedded:{data.absolute()}",
        "Issuer": url,
        "SoftwarePasskeys": "allowed",
        **chosen,
    }
    return read_deployment(deployment_folder(), parameters)


def pages_environment(deployment: Deployment) -> Mapping[str, str]:
    """The variables of the function that serves the pages."""
    return environment_of(deployment, "pages")


def environment_of(deployment: Deployment, name: str) -> Mapping[str, str]:
    """The variables of the function whose file is `name`."""
    return next(
        function.environment
        for function in deployment.functions.values()
        if function.file.stem == name
    )


def desk_of(settings: PagesSettings | AuthorizeSettings | ConsentSettings) -> Desk:
    """The desk of the accounts in the data folder; whoever can read the folder may use it."""
    return Desk(
        tables=tables_for(settings),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=settings.issuer,
        software_passkeys=software_passkeys_allowed(settings),
    )


def let_the_log_take_events(deployment: Deployment) -> None:
    """What the first run of `sequence_log` does, for a data folder in which no hub has run yet:
    whoever can write the folder may, and without it nothing that is logged can be done there.

    Raises Damaged, Busy.
    """
    settings = SequenceLogSettings.read(environment_of(deployment, "sequence_log"))
    keys = keys_for(settings, settings.log_key)
    Intake(tables_for(settings), keys, SystemClock(), SystemEntropy()).tend()
