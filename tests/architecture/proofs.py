"""Every proof that template.yaml is held to, by what it proves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mydata_hub.web.guards import ROUTES

from tests.architecture import doors, network, plumbing, walls, zone_page
from tests.architecture.settings import SETTINGS
from tests.architecture.template import Template

VARIABLES = {name: settings.variables() for name, settings in SETTINGS.items()}
GUARDED = {(route.key, route.function) for route in ROUTES}

PROOFS: dict[str, Callable[[Template], list[str]]] = {
    "no wildcard is allowed beyond the list": walls.wildcards,
    "each function has a role of its own": walls.own_roles,
    "keys are used in their zone only": partial(walls.keys, zones=zone_page.zones()),
    "rows stay in their zone": partial(walls.foreign_rows, zones=zone_page.zones()),
    "roles are what docs/zones.md says": partial(
        walls.unlike_the_page, permitted=zone_page.permitted(), zones=zone_page.zones()
    ),
    "routes are what the guards know": partial(doors.routes, table=GUARDED),
    "there is no other way in": doors.other_ways_in,
    "no other origin is let in": doors.open_origins,
    "no bucket is public": doors.open_buckets,
    "access logs name nobody": doors.told_by_access_logs,
    "the environment is what settings read": partial(plumbing.settings, variables=VARIABLES),
    "each variable names what it says": plumbing.values_of_settings,
    "streams stop, halve and give up": plumbing.streams,
    "sweeps follow each stream": plumbing.sweeps,
    "every failure rings": plumbing.alarms,
    "tables are laid out and kept": plumbing.tables,
    "logs end": plumbing.logs,
    "partners are answered from profiles": walls.answers_from_records,
    "what erases opens nothing": walls.erasing_opens,
    "what exports changes nothing": walls.exporting_writes,
    "the vault zone is alone in its network": partial(network.isolation, zones=zone_page.zones()),
    "endpoints lead to what is ours": network.endpoints,
    "names carry nothing out": network.names,
    "no function changes its network": network.joining,
    "vault keys open for a purpose": network.purposes,
}
