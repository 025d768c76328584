"""Categories of spending by merchant name: a reviewed table, and `unknown` for the rest.

Korean card approvals carry a name and no category; where a code of ISO 18245 comes with it,
`merchant_codes` reads that. A name is matched without spaces, case, width and company forms. The
longest match decides, so that a fuel brand is not taken for the shop brand it begins with; two
categories that match equally long give `unknown`. Payment gateways are listed as unknown on
purpose: the shop behind them is not in the name. How the table is kept, and how often it is right
about names that nobody here chose: docs/decisions/0032.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

from mydata_hub.collection.record import UNKNOWN_CATEGORY

# "^" ties a pattern to the start of the name: short brands occur inside other words.
_TABLE: Final = {
    "cafe": (
        "스타벅스 starbucks 투썸플레이스 이디야 메가엠지씨 메가커피 메가mgc 컴포즈커피 빽다방 "
        "폴바셋 할리스 엔제리너스 파스쿠찌 공차 카페 커피 coffee ^cafe sulbing 설빙 더벤티 "
        "theventi 요거프레소 yogerpresso twosome ediya megamgc megacoffee composecoffee "
        "paiksdabang hollys angelinus pascucci gongcha ^droptop 드롭탑 mixue 테라로사 terarosa "
        "bluebottle 블루보틀 timhortons 팀홀튼 caffebene tomntoms 탐앤탐스 에스프레소 espresso "
        "로스터스 roasters"
    ),
    "bakery": (
        "파리바게뜨 파리바게트 뚜레쥬르 던킨 베이커리 제과 크리스피크림 parisbaguette "
        "touslesjours krispykreme dunkin 성심당 로티보이 rotiboy bakery 도넛 도너츠 donut "
        "doughnut 베이글 bagel 배스킨라빈스 baskinrobbins 하겐다즈 아이스크림"
    ),
    "convenience": (
        "^gs25 지에스25 ^cu(?![a-z]) 씨유 세븐일레븐 7-eleven 이마트24 미니스톱 편의점 7eleven "
        "seveneleven ministop emart24 스토리웨이 storyway"
    ),
    "groceries": (
        "이마트(?!24) 홈플러스 롯데마트 코스트코 하나로마트 농협하나로 트레이더스 슈퍼마켓 "
        "마켓컬리 ^컬리 오아시스마켓 식자재마트 ^gs더프레시 emart(?!24) e-mart(?!24) homeplus "
        "lottemart costco hanaromart 노브랜드(?!버거) 롯데슈퍼 supermarket grocery 정육점 청과 "
        "safeway instacart smart&final smartandfinal"
    ),
    "delivery": (
        "배달의민족 우아한형제들 요기요 쿠팡이츠 배달특급 땡겨요 baemin yogiyo coupangeats "
        "doordash ubereats deliveroo"
    ),
    "chicken": (
        "치킨 bbq 비비큐 교촌 ^bhc 굽네 푸라닭 페리카나 처갓집 chicken kyochon bonchon 네네치킨 "
        "치맥 chimcking 60계 통닭"
    ),
    "restaurant": (
        "맥도날드 버거킹 롯데리아 맘스터치 서브웨이 김밥 식당 분식 국밥 칼국수 냉면 갈비 돈까스 "
        "초밥 스시 반점 한솥 본죽 설렁탕 떡볶이 삼겹살 피자 레스토랑 백반 순대 mcdonald burger "
        "버거 lotteria momstouch popeyes 파파이스 fiveguys 파이브가이즈 shakeshack 쉐이크쉑 "
        "^kfc 핫도그 hotdog 토스트 에그드랍 eggdrop pizza pizzeria domino 마라탕 추어탕 횟집 "
        "밥상 돈가스 라멘 ramen 국수 족발 보쌈 곱창 막창 쌈밥 bonjuk 해장국 감자탕 찌개 비빔밥 "
        "restaurant 비스트로 bistro 스테이크 steak outback 아웃백 빕스 애슐리 burrito 부리또 "
        "브리또 타코 taqueria sushi 샤브 포차 이자카야 hotpot 훠궈"
    ),
    "transport": (
        "티머니 ^tmoney 이비카드 캐시비 지하철 교통카드 시내버스 고속버스 코레일 한국철도공사 "
        "^srt 에스알(?=srt|승차) 따릉이 서울자전거 킥고잉 쏘카 그린카 렌터카 렌트카 rent-a-car "
        "rentacar socar greencar seoulbike 교통공사 korail"
    ),
    "taxi": ("택시 카카오t ^카카오모빌리티 ^우버 ^uber(?!eats) kakaot ^lyft(?![a-z]) taxi"),
    "fuel": (
        "주유소 ^gs칼텍스 ^sk에너지 에쓰오일 ^s-oil 현대오일뱅크 충전소 셀프주유 caltex oilbank "
        "오일뱅크 gasoline 가솔린"
    ),
    "parking": "주차 하이패스 도로공사 parking hipass",
    "utilities": (
        "한국전력 한전 도시가스 상수도 수도요금 전기요금 가스요금 지역난방 관리비 "
        "서울에너지공사 kepco ^coned(?![a-z])"
    ),
    "telecom": (
        "sk텔레콤 ^skt ^kt(?![a-z&]) 케이티 엘지유플러스 lguplus lg유플러스 sk브로드밴드 알뜰폰 "
        "통신요금"
    ),
    "insurance": (
        "화재해상 손해보험 생명보험 ^삼성화재 ^현대해상 ^db손해 보험료 화재보험 ^axa(?![a-z]) "
        "insurance 생명$"
    ),
    "health": ("병원 의원 치과 한의원 약국 클리닉 보건소 pharmacy hospital clinic dental"),
    "beauty": (
        "미용실 헤어 올리브영 네일 이발 oliveyoung 에뛰드 etude 이니스프리 innisfree 더페이스샵 "
        "thefaceshop 미샤 missha 네이처리퍼블릭 naturerepublic 잇츠스킨 itsskin 토니모리 "
        "tonymoly 세포라 sephora 화장품 cosmetics beauty salon"
    ),
    "shopping": (
        "쿠팡(?!이츠|플레이) ^coupang 11번가 지마켓 gmarket 옥션 무신사 다이소 유니클로 백화점 "
        "아울렛 롯데온 ^ssg(?!랜더스) 이케아 ikea daiso 신세계(?=백화|면세|몰|사이먼|$) "
        "shinsegae 면세점 dutyfree departmentstore uniqlo ^zara(?![a-z]) ^h&m 스파오 spao 탑텐 "
        "topten 미쏘 mixxo 에잇세컨즈 8seconds 무인양품 ^muji(?![a-z]) 나이키 ^nike(?![a-z]) "
        "아디다스 adidas lululemon 룰루레몬 patagonia 파타고니아 원더플레이스 wonderplace "
        "abc마트 abcmart 하이마트 전자랜드 아트박스 artbox amazon amzn walmart wmsupercenter "
        "homedepot familydollar aliexpress 알리익스프레스 테무"
    ),
    "subscription": (
        "넷플릭스 netflix 유튜브프리미엄 youtube 멜론 지니뮤직 스포티파이 spotify 디즈니플러스 "
        r"티빙 왓챠 웨이브 쿠팡플레이 밀리의서재 disneyplus disney\+ tving watcha wavve "
        "googleplay 구글플레이"
    ),
    "culture": (
        "cgv 롯데시네마 메가박스 교보문고 영풍문고 알라딘 yes24 예스24 인터파크티켓 서점 "
        "lottecinema megabox kyobobook 롯데월드 lotteworld 에버랜드 everland 레고랜드 legoland "
        "박물관 미술관 노래방 cinema"
    ),
    "education": (
        "학원 어학원 독서실 스터디카페 유치원 어린이집 등록금 대학교 university englishschool"
    ),
    "sport": (
        "헬스 피트니스 필라테스 요가 수영장 골프 볼링 스포애니 태권도 taekwondo fitness "
        "gym(?![a-z]) 클라이밍 테니스 스포츠센터"
    ),
    "travel": (
        "대한항공 아시아나항공 제주항공 진에어 호텔 야놀자 여기어때 에어비앤비 airbnb agoda "
        "리조트 펜션 hotel resort 모텔 motel marriott 메리어트 hilton 힐튼 conrad hyatt 하얏트 "
        "여행사 하나투어 모두투어 koreanair asianaairlines jejuair 티웨이항공 expedia "
        "travelodge toyokoinn 토요코인"
    ),
    "rent": "월세 임대료 임차료",
    "tax": "국세청 지방세 위택스 자동차세 재산세 주민세 국민건강보험 국민연금",
    UNKNOWN_CATEGORY: (
        "네이버페이 카카오페이 토스페이 페이코 ^kg이니시스 케이지이니시스 나이스페이 nicepay "
        "다날 kg모빌리언스 카페24 헬스케어 키즈카페 애견카페 만화카페 방탈출카페 동물병원"
    ),
}
_PATTERNS: Final = tuple(
    (category, re.compile(pattern))
    for category, patterns in _TABLE.items()
    for pattern in patterns.split()
)
CATEGORIES: Final = frozenset(_TABLE)
_COMPANY: Final = re.compile(r"주식회사|유한회사|\(주\)|\(유\)|\(재\)|[\s·.,*_'’]")
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
