"""Which settings are whose: the one list that a new function is added to."""

from __future__ import annotations

from mydata_hub.config import (
    AuditSettings,
    DeliverSettings,
    FoldRecordsSettings,
    MyVaultSettings,
    PagesSettings,
    SequenceLogSettings,
    Settings,
)

SETTINGS: dict[str, type[Settings]] = {
    "pages": PagesSettings,
    "deliver": DeliverSettings,
    "sequence_log": SequenceLogSettings,
    "audit": AuditSettings,
    "fold_records": FoldRecordsSettings,
    "my_vault": MyVaultSettings,
}
