"""Which settings are whose: the one list that a new function is added to."""

from __future__ import annotations

from mydata_hub.config import (
    AuditSettings,
    AuthorizeSettings,
    CollectSettings,
    ConsentSettings,
    DeliverSettings,
    IssueTokenSettings,
    NotifySettings,
    OffersSettings,
    PagesSettings,
    PartnerSettings,
    PublishOffersSettings,
    ReceiveSettings,
    SequenceLogSettings,
    Settings,
)
from mydata_hub.vault_config import (
    AnswerSettings,
    EraseSettings,
    ExportSettings,
    FoldRecordsSettings,
    MyVaultSettings,
    ResealSettings,
    ReviewSettings,
)

SETTINGS: dict[str, type[Settings]] = {
    "pages": PagesSettings,
    "authorize": AuthorizeSettings,
    "issue_token": IssueTokenSettings,
    "consent": ConsentSettings,
    "partner": PartnerSettings,
    "offers": OffersSettings,
    "publish_offers": PublishOffersSettings,
    "deliver": DeliverSettings,
    "notify": NotifySettings,
    "sequence_log": SequenceLogSettings,
    "audit": AuditSettings,
    "fold_records": FoldRecordsSettings,
    "my_vault": MyVaultSettings,
    "export": ExportSettings,
    "erase": EraseSettings,
    "reseal": ResealSettings,
    "review": ReviewSettings,
    "answer": AnswerSettings,
    "receive": ReceiveSettings,
    "collect": CollectSettings,
}
