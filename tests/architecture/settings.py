"""Which settings are whose: the one list that a new function is added to."""

from __future__ import annotations

from mydata_hub.config import (
    AuditSettings,
    CollectSettings,
    DeliverSettings,
    FoldRecordsSettings,
    MyVaultSettings,
    PagesSettings,
    ReceiveSettings,
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
    "receive": ReceiveSettings,
    "collect": CollectSettings,
}
