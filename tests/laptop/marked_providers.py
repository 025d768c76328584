"""Sample providers whose records carry a mark, so that what becomes of a record can be looked for.

    python -m tests.laptop.marked_providers HUB_URL MARK

Prints a line of JSON, {"url", "client_secret"}, and serves until its input is closed. The card
company marks each merchant and approval; the e-payment service besides tells an amount that is none
and holds the mark, so that what cannot be read is looked for, too.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import uvicorn
from mydata_hub.embedded.server import listen_on_loopback, server_config
from mydata_hub.samples.facts import KST
from mydata_hub.samples.listings import Listing, Told
from mydata_hub.samples.providers import Providers
from mydata_hub.samples.tokens import Tokens
from mydata_hub.samples.world import World

SECRET = "the-hub-at-the-samples"


@dataclass(slots=True)
class MarkedWorld(World):
    """The sample world, every record of which has the mark in it."""

    mark: str = field(kw_only=True)

    def rows(
        self, family: str, listing: Listing, person: str, source: str
    ) -> tuple[list[str], list[Told]]:
        keys, rows = World.rows(self, family, listing, person, source)
        return keys, [replace(told, row=self._marked(family, told.row)) for told in rows]

    def _marked(self, family: str, row: Mapping[str, Any]) -> dict[str, Any]:
        marked = dict(row)
        for name in ("merchant_name", "approved_num"):
            if name in row:
                marked[name] = f"{self.mark} {row[name]}"
        if family == "efin":
            spoilt = {name: self.mark for name in row if name.endswith("_amt")}
            marked |= spoilt
        return marked


def main(hub_url: str, mark: str) -> None:
    sockets = listen_on_loopback(0)
    url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    now = datetime.now(KST).replace(microsecond=0)
    providers = Providers(
        url=url,
        hub=hub_url,
        client_secret=SECRET,
        admin_token="admin",
        world=MarkedWorld(now, mark=mark),
        tokens=Tokens(SECRET, timedelta(hours=1).total_seconds()),
    )
    server = uvicorn.Server(server_config(providers.app()))
    thread = threading.Thread(target=server.run, args=(sockets,))
    thread.start()
    print(json.dumps({"url": url, "providers": providers.about()}), flush=True)
    sys.stdin.read()
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
