"""The trades of the sample partners, and what each asks people for."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mydata_hub.fields import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What a sample partner does, and what it asks people for."""

    name: Wording
    pitch: Wording
    purpose: str
    claims: tuple[str, ...]
    max_bits: int
    # What its offers need answers for, beside `purpose`.
    offers_for: tuple[str, ...] = ()


TRADES: Final = MappingProxyType(
    {
        "bicycle": Trade(
            name=Wording(ko="샘플자전거", en="Sample Bicycles"),
            pitch=Wording(
                ko="지하철로 출근하면 역 앞 자전거를 먼저 맡아 둬요.",
                en="Commute by subway, and a bicycle waits at your station.",
            ),
            purpose="mobility_service",
            claims=("commute.by_subway", "commute.transfers"),
            max_bits=4,
            offers_for=("deposit_waiver",),
        ),
        "insurer": Trade(
            name=Wording(ko="샘플다이렉트", en="Sample Direct Insurance"),
            pitch=Wording(
                ko="무사고 3년이면 보험료를 깎아 드려요.",
                en="Three years without a loss lower your premium.",
            ),
            purpose="insurance_quote",
            claims=("insurance.car_cover", "insurance.loss_free_3_years"),
            max_bits=4,
        ),
        # This one and the next offer and ask nobody anything, so no process of theirs is needed.
        "alley": Trade(
            name=Wording(ko="샘플골목", en="Sample Alley"),
            pitch=Wording(
                ko="골목의 카페와 식당에서 단골에게 드려요.",
                en="What the cafés and eateries of an alley give their regulars.",
            ),
            purpose="personal_offers",
            claims=("habits.cafe_morning",),
            max_bits=2,
        ),
        "travel": Trade(
            name=Wording(ko="샘플여행", en="Sample Travel"),
            pitch=Wording(
                ko="약속을 잘 지키는 분께 떠나는 날을 편하게 해 드려요.",
                en="Whoever keeps promises leaves in comfort.",
            ),
            purpose="personal_offers",
            claims=("trust.at_least_700",),
            max_bits=2,
        ),
    }
)
