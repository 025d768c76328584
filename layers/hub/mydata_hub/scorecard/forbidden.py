"""What a score never uses, with the reason for each: the one table that pages and documents print.

A feature is recognised by its name and label. A column that hides what it is gets past a list of
words, so the hub itself runs only cards over `scorecard.features`, which is a closed list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mydata_hub.fields import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """An attribute that is never a feature."""

    id: str
    label: Wording
    reason: Wording
    # Whole words of a name, "_" between two; Korean ones are found inside words, too.
    words: tuple[str, ...]


def _row(name: str, label: tuple[str, str], reason: tuple[str, str], words: str) -> Forbidden:
    return Forbidden(
        id=name,
        label=Wording(ko=label[0], en=label[1]),
        reason=Wording(ko=reason[0], en=reason[1]),
        words=tuple(words.split()),
    )


FORBIDDEN: Final = (
    _row(
        "sex",
        ("성별", "Sex"),
        (
            "타고난 것이고, 돈을 갚는 일과 상관없이 사람을 가르게 돼요.",
            "Nobody chooses it, and it would sort people by what they are, not by what they did.",
        ),
        "sex gender male female woman man 성별 남녀",
    ),
    _row(
        "age",
        ("나이", "Age"),
        (
            "누구도 바꿀 수 없어요. 젊거나 나이 든 것은 약속을 지키는 일과 달라요.",
            "Nobody can change it, and being young or old is not keeping one's word.",
        ),
        "age ages aged birth birthday birthdate dob yob born 나이 연령 생년 생일",
    ),
    _row(
        "nationality",
        ("국적과 출신", "Nationality and origin"),
        (
            "어디에서 왔는지는 본인이 한 일이 아니에요.",
            "Where somebody comes from is not something they did.",
        ),
        "nationality nation citizen citizenship foreign foreigner immigrant immigration migrant"
        " race racial ethnic ethnicity 국적 외국인 인종 민족",
    ),
    _row(
        "marriage",
        ("결혼", "Marriage"),
        (
            "누구와 사는지는 사생활이고, 헤어졌다고 점수가 내려가면 안 돼요.",
            "Whom one lives with is private, and a separation may not cost points.",
        ),
        "marriage marital married spouse divorced widowed personal_status 결혼 혼인 배우자 이혼",
    ),
    _row(
        "children",
        ("자녀와 부양", "Children and dependants"),
        (
            "돌볼 사람이 있다고 점수가 달라지면 안 돼요. 아이는 스스로 동의할 수도 없어요.",
            "Caring for somebody may not change a score, and children cannot consent.",
        ),
        "children child kid kids dependent dependents dependant dependants maintenance"
        " 자녀 아이 부양",
    ),
    _row(
        "education",
        ("교육", "Education"),
        (
            "학력은 부모의 형편을 따라가요. 본인의 납부 기록을 보는 편이 더 정확해요.",
            "It follows what parents could pay; one's own payments say more.",
        ),
        "education educational school schooling degree university college diploma 학력 교육 학교",
    ),
    _row(
        "family",
        ("가족", "Family"),
        (
            "가족이 한 일로 본인을 판단하지 않아요. 가족은 동의한 적도 없어요.",
            "Nobody is judged by what relatives did, and they have not consented.",
        ),
        "family families household parent parents mother father sibling siblings relative relatives"
        " 가족 부모 형제 세대원",
    ),
    _row(
        "contacts",
        ("친구와 아는 사람", "Friends and other contacts"),
        (
            "아는 사람으로 점수를 매기면 서로를 피하게 돼요. 그 사람들은 동의한 적도 없어요.",
            "A score by whom one knows makes people shun each other, and they have not consented.",
        ),
        "friend friends contact contacts social_network social_media social_graph facebook kakao"
        " follower followers 친구 지인 연락처 인맥",
    ),
    _row(
        "internet",
        ("인터넷 사용", "Internet use"),
        (
            "무엇을 읽고 찾는지 지켜보게 되고, 보는 눈이 있으면 사람은 달라져요.",
            "It would watch what people read and look for, and being watched changes people.",
        ),
        "internet browsing browser browse website web_history search_history app_usage apps"
        " screen_time 인터넷 검색 방문기록",
    ),
    _row(
        "traffic",
        ("교통 기록", "Traffic record"),
        (
            "운전 위반은 법에 따라 이미 처벌받아요. 두 번 벌하지 않아요.",
            "The law already punishes offences on the road; a score may not do it again.",
        ),
        "traffic driving speeding fines parking_fines accidents 교통 운전 과속 범칙금",
    ),
    _row(
        "location",
        ("위치", "Location"),
        (
            "사는 동네로 판단하면 이웃의 형편을 대신 물게 돼요. 다닌 곳은 사생활이에요.",
            "Judging by an area makes people answer for neighbours; where one goes is private.",
        ),
        "location latitude longitude lat lon lng gps zip zipcode postcode postal address region"
        " city district province neighbourhood neighborhood country 위치 주소 지역 우편번호 동네",
    ),
    _row(
        "device",
        ("기기", "Device"),
        (
            "비싼 전화기를 쓴다고 약속을 더 잘 지키는 것은 아니에요.",
            "An expensive phone keeps no promises.",
        ),
        "device devices phone telephone smartphone handset imei operating_system user_agent android"
        " ios iphone 기기 단말 휴대폰 전화",
    ),
    _row(
        "health",
        ("건강과 신념", "Health and beliefs"),
        (
            "법이 특별히 지키는 정보예요. 아프거나 무엇을 믿는지는 점수와 상관없어야 해요.",
            "The law protects these above all; illness and beliefs may not touch a score.",
        ),
        "health illness disease disability disabled medical hospital pregnant pregnancy religion"
        " religious political politics union sexual orientation 건강 질병 장애 종교 정치 임신 노조",
    ),
)
# What has an age without being a person: an account, a loan, a car.
_THINGS: Final = frozenset(
    ("account", "accounts", "credit", "loan", "loans", "card", "file", "trade", "trades", "vehicle")
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN: Final = re.compile(r"[\W_]+")


def forbidden_in(name: str) -> Forbidden | None:
    """The attribute that a name or a label says it is, if it is one of the table."""
    words = _BETWEEN.split(_CAMEL.sub("_", name).lower())
    joined = f"_{'_'.join(words)}_"
    for row in FORBIDDEN:
        if row.id == "age" and not _THINGS.isdisjoint(words):
            continue
        if any(_is_said(word, joined) for word in row.words):
            return row
    return None


def _is_said(word: str, joined: str) -> bool:
    return f"_{word}_" in joined if word.isascii() else word in joined
