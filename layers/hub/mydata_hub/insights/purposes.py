"""Purposes: the closed list of what answers may be used for, each with its DPV term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mydata_hub.errors import BadInput
from mydata_hub.fields import Purpose, Wording

# W3C Data Privacy Vocabulary 2, module "purposes".
DPV: Final = "https://w3id.org/dpv#"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeEntry:
    """One purpose; its id is in grants and consent receipts, so it is never reused."""

    id: Purpose
    text: Wording
    # The term of the vocabulary, without its namespace.
    dpv: str


def _purpose(purpose: str, ko: str, en: str, dpv: str) -> PurposeEntry:
    return PurposeEntry(id=Purpose(purpose), text=Wording(ko=ko, en=en), dpv=dpv)


_ENTRIES: Final = (
    _purpose(
        "own_overview",
        "내 생활을 나만 보는 화면에 모아 보여 줘요.",
        "To show you your own life, for your eyes only.",
        "RequestedServiceProvision",
    ),
    _purpose(
        "personal_offers",
        "나에게 맞는 혜택과 쿠폰을 줘요.",
        "To give you benefits and coupons that suit you.",
        "PersonalisedBenefits",
    ),
    _purpose(
        "mobility_service",
        "출퇴근과 이동에 서비스를 맞춰요.",
        "To fit a service to how you travel.",
        "ServicePersonalisation",
    ),
    _purpose(
        "deposit_waiver",
        "보증금을 받지 않아도 되는지 판단해요.",
        "To decide whether you need to pay a deposit.",
        "CustomerSolvencyMonitoring",
    ),
    _purpose(
        "loan_advice",
        "대출을 상담하고 조건을 판단해요.",
        "To advise you on a loan and decide on its terms.",
        "CreditChecking",
    ),
    _purpose(
        "insurance_quote",
        "보험료를 계산하고 계약을 제안해요.",
        "To work out a premium and propose a contract.",
        "EstablishContractualAgreement",
    ),
    _purpose(
        "accident_settlement",
        "사고를 접수하고 보상해요.",
        "To take up an accident and pay for it.",
        "CustomerClaimsManagement",
    ),
)
PURPOSES: Final = {entry.id: entry for entry in _ENTRIES}


def find_purpose(purpose: str) -> PurposeEntry:
    """The purpose of that id. Raises BadInput for any other: partners cannot make one up."""
    try:
        return PURPOSES[Purpose(purpose)]
    except KeyError:
        raise BadInput("purpose", "takes a purpose of the published list") from None


def view_purposes() -> dict[str, Any]:
    """What `GET /purposes` answers."""
    return {
        "purposes": [
            {
                "id": entry.id,
                "text": {"ko": entry.text.ko, "en": entry.text.en},
                "dpv": DPV + entry.dpv,
            }
            for entry in PURPOSES.values()
        ]
    }
