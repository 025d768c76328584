"""Categories of spending by merchant name: a short reviewed table, and `unknown` for the rest.

Korean card approvals carry a name and no category. A name is matched without spaces, case, width
and company forms. The longest match decides, so that a fuel brand is not taken for the shop brand
it begins with; two categories that match equally long give `unknown`. Payment gateways are listed
as unknown on purpose: the shop behind them is not in the name.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

from mydata_hub.collection.record import UNKNOWN_CATEGORY

# "^" ties a pattern to the start of the name: short brands occur inside other words.
_TABLE: Final = {
    "cafe": "스타벅스 starbucks 투썸플레이스 이디야 메가엠지씨 메가커피 메가mgc 컴포즈커피 빽다방 "
    "폴바셋 할리스 엔제리너스 파스쿠찌 공차 카페 커피 coffee ^cafe",
    "bakery": "파리바게뜨 파리바게트 뚜레쥬르 던킨 베이커리 제과 크리스피크림",
    "convenience": "^gs25 지에스25 ^cu(?![a-z]) 씨유 세븐일레븐 7-eleven 이마트24 미니스톱 편의점",
    "groceries": "이마트(?!24) 홈플러스 롯데마트 코스트코 하나로마트 농협하나로 트레이더스 "
    "슈퍼마켓 마켓컬리 ^컬리 오아시스마켓 식자재마트 ^gs더프레시",
    "delivery": "배달의민족 우아한형제들 요기요 쿠팡이츠 배달특급 땡겨요",
    "chicken": "치킨 bbq 비비큐 교촌 ^bhc 굽네 푸라닭 페리카나 처갓집",
    "restaurant": "맥도날드 버거킹 롯데리아 맘스터치 서브웨이 김밥 식당 분식 국밥 칼국수 냉면 "
    "갈비 돈까스 초밥 스시 반점 한솥 본죽 설렁탕 떡볶이 삼겹살 피자 레스토랑 백반 순대",
    "transport": "티머니 ^tmoney 이비카드 캐시비 지하철 교통카드 시내버스 고속버스 코레일 "
    "한국철도공사 ^srt 에스알(?=srt|승차) 따릉이 서울자전거 킥고잉 쏘카 그린카",
    "taxi": "택시 카카오t ^카카오모빌리티 ^우버 ^uber(?!eats)",
    "fuel": "주유소 ^gs칼텍스 ^sk에너지 에쓰오일 ^s-oil 현대오일뱅크 충전소 셀프주유",
    "parking": "주차 하이패스 도로공사",
    "utilities": "한국전력 한전 도시가스 상수도 수도요금 전기요금 가스요금 지역난방 관리비 "
    "서울에너지공사",
    "telecom": "sk텔레콤 ^skt ^kt(?![a-z&]) 케이티 엘지유플러스 lguplus lg유플러스 sk브로드밴드 "
    "알뜰폰 통신요금",
    "insurance": "화재해상 손해보험 생명보험 ^삼성화재 ^현대해상 ^db손해 보험료 화재보험",
    "health": "병원 의원 치과 한의원 약국 클리닉 보건소",
    "beauty": "미용실 헤어 올리브영 네일 이발",
    "shopping": "쿠팡(?!이츠|플레이) ^coupang 11번가 지마켓 gmarket 옥션 무신사 다이소 유니클로 "
    "백화점 아울렛 롯데온 ^ssg(?!랜더스) 이케아 ikea",
    "subscription": "넷플릭스 netflix 유튜브프리미엄 youtube 멜론 지니뮤직 스포티파이 spotify "
    "디즈니플러스 티빙 왓챠 웨이브 쿠팡플레이 밀리의서재",
    "culture": "cgv 롯데시네마 메가박스 교보문고 영풍문고 알라딘 yes24 예스24 인터파크티켓 서점",
    "education": "학원 어학원 독서실 스터디카페 유치원 어린이집 등록금",
    "sport": "헬스 피트니스 필라테스 요가 수영장 골프 볼링 스포애니",
    "travel": "대한항공 아시아나항공 제주항공 진에어 호텔 야놀자 여기어때 에어비앤비 airbnb agoda "
    "리조트 펜션",
    "rent": "월세 임대료 임차료",
    "tax": "국세청 지방세 위택스 자동차세 재산세 주민세 국민건강보험 국민연금",
    UNKNOWN_CATEGORY: "네이버페이 카카오페이 토스페이 페이코 ^kg이니시스 케이지이니시스 "
    "나이스페이 nicepay 다날 kg모빌리언스 카페24 헬스케어 키즈카페 "
    "애견카페 만화카페 방탈출카페 동물병원",
}
_PATTERNS: Final = tuple(
    (category, re.compile(pattern))
    for category, patterns in _TABLE.items()
    for pattern in patterns.split()
)
CATEGORIES: Final = frozenset(_TABLE)
_COMPANY: Final = re.compile(r"주식회사|유한회사|\(주\)|\(유\)|\(재\)|[\s·.,*_]")
_CACHED_NAMES: Final = 4096


@functools.lru_cache(maxsize=_CACHED_NAMES)
def categorise(merchant: str | None) -> str:
    """The category of a merchant's name, or "unknown": nothing is guessed from a part word."""
    if merchant is None:
        return UNKNOWN_CATEGORY
    # NFKC writes full-width letters and the one-sign "(주)" as plain ones.
    name = _COMPANY.sub("", unicodedata.normalize("NFKC", merchant).casefold())
    found: dict[int, set[str]] = {}
    for category, pattern in _PATTERNS:
        match = pattern.search(name)
        if match:
            found.setdefault(len(match[0]), set()).add(category)
    if not found:
        return UNKNOWN_CATEGORY
    longest = found[max(found)]
    return longest.pop() if len(longest) == 1 else UNKNOWN_CATEGORY
