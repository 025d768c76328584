"""Reading: how a vault comes to the snapshot of offers that all vaults read alike."""

from __future__ import annotations

from collections.abc import Callable

from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.offers.catalogue.signed_head import verifier
from mydata_hub.offers.catalogue.snapshot import Snapshot, SnapshotReader
from mydata_hub.offers.matching.index import Index, read_index
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.signer import Signer
from mydata_hub.ports.tables import Tables


def latest_snapshots(
    tables: Tables, blobs: Blobs, signer: Signer, issuer: str
) -> Callable[[int], Snapshot[Index] | None]:
    """What gives the latest snapshot that this key signed for this hub; its public half is enough.

    It is asked with the number of a snapshot that was read before, and gives none that is older.
    """
    keys = SigningKeys(signer)
    return SnapshotReader(tables, blobs, verifier(lambda: keys.public, issuer), read_index).current
