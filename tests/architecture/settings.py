"""Which settings are whose: the one list that a new function is added to."""

from __future__ import annotations

from mydata_hub.config import (
    AnswerSettings,
    AuditSettings,
    AuthorizeSettings,
    CollectSettings,
    ConsentSettings,
    DeliverSettings,
    EraseSettings,
    ExportSettings,
    FoldRecordsSettings,
    IssueTokenSettings,
    MyVaultSettings,
    PagesSettings,
    PartnerSettings,
    ReceiveSettings,
    ResealSettings,
    SequenceLogSettings,
    Settings,
)

SETTINGS: dict[str, type[Settings]] = {
    "pages": PagesSettings,
    "authorize": AuthorizeSettings,
    "issue_token": IssueTokenSettings,
    "consent": ConsentSettings,
    "partner": PartnerSettings,
    "deliver": DeliverSettings,
    "sequence_log": SequenceLogSettings,
    "audit": AuditSettings,
    "fold_records": FoldRecordsSettings,
    "my_vault": MyVaultSettings,
    "export": ExportSettings,
    "erase": EraseSettings,
    "reseal": ResealSettings,
    "answer": AnswerSettings,
    "receive": ReceiveSettings,
    "collect": CollectSettings,
}
