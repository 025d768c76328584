"""Stations: the district that a station lies in, for those that this reviewed table names.

Districts (gu) of Seoul have 100,000 to 660,000 people, which is as near as an answer ever comes to
where somebody lives. A station that the table lacks, or that lies on a border, is `unknown`.
"""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording

_TABLE: Final = {
    "seoul_gangnam": (
        "서울 강남구",
        "강남 역삼 선릉 삼성 신논현 논현 압구정 압구정로데오 강남구청 청담 대치 도곡 수서",
    ),
    "seoul_gangdong": (
        "서울 강동구",
        "천호 강동 길동 굽은다리 명일 고덕 상일동 암사 둔촌동",
    ),
    "seoul_gangbuk": (
        "서울 강북구",
        "미아 미아사거리 수유 가오리 삼양",
    ),
    "seoul_gangseo": (
        "서울 강서구",
        "김포공항 발산 마곡 마곡나루 화곡 우장산 방화 송정 염창 가양 증미",
    ),
    "seoul_gwanak": (
        "서울 관악구",
        "서울대입구 봉천 신림 낙성대",
    ),
    "seoul_gwangjin": (
        "서울 광진구",
        "건대입구 구의 강변 아차산 군자 광나루 중곡 뚝섬유원지",
    ),
    "seoul_guro": (
        "서울 구로구",
        "구로 신도림 오류동 개봉 구일 남구로",
    ),
    "seoul_geumcheon": (
        "서울 금천구",
        "독산 금천구청 가산디지털단지",
    ),
    "seoul_nowon": (
        "서울 노원구",
        "노원 상계 중계 하계 공릉 석계 마들 수락산 당고개",
    ),
    "seoul_dobong": (
        "서울 도봉구",
        "창동 쌍문 방학 도봉",
    ),
    "seoul_dongdaemun": (
        "서울 동대문구",
        "청량리 회기 외대앞 답십리 장한평 용두",
    ),
    "seoul_dongjak": (
        "서울 동작구",
        "노량진 상도 장승배기 신대방삼거리 흑석 숭실대입구",
    ),
    "seoul_mapo": (
        "서울 마포구",
        "망원 합정 홍대입구 상수 광흥창 대흥 공덕 마포 애오개 마포구청 월드컵경기장 서강대",
    ),
    "seoul_seodaemun": (
        "서울 서대문구",
        "신촌 이대 홍제 무악재 연희동",
    ),
    "seoul_seocho": (
        "서울 서초구",
        "서초 교대 방배 양재 양재시민의숲 고속터미널 반포 남부터미널 내방",
    ),
    "seoul_seongdong": (
        "서울 성동구",
        "성수 뚝섬 왕십리 한양대 옥수 금호 마장 서울숲",
    ),
    "seoul_seongbuk": (
        "서울 성북구",
        "성신여대입구 한성대입구 길음 안암 고려대 정릉 보문",
    ),
    "seoul_songpa": (
        "서울 송파구",
        "잠실 잠실나루 잠실새내 종합운동장 가락시장 문정 장지 오금 방이 올림픽공원 석촌",
    ),
    "seoul_yangcheon": (
        "서울 양천구",
        "목동 오목교 신정 신정네거리 양천구청",
    ),
    "seoul_yeongdeungpo": (
        "서울 영등포구",
        "영등포 여의도 여의나루 당산 문래 영등포구청 영등포시장 신길 국회의사당",
    ),
    "seoul_yongsan": (
        "서울 용산구",
        "용산 삼각지 이태원 한강진 숙대입구 효창공원앞 이촌 녹사평",
    ),
    "seoul_eunpyeong": (
        "서울 은평구",
        "불광 연신내 구파발 응암 녹번 역촌 증산",
    ),
    "seoul_jongno": (
        "서울 종로구",
        "경복궁 광화문 종각 종로3가 종로5가 안국 혜화 독립문 동묘앞",
    ),
    "seoul_jung": (
        "서울 중구",
        "시청 을지로입구 을지로3가 을지로4가 명동 충무로 회현 서울역 동대문역사문화공원 신당 약수",
    ),
    "seoul_jungnang": (
        "서울 중랑구",
        "상봉 망우 면목 사가정 중화 봉화산 먹골",
    ),
    "seongnam_bundang": (
        "성남시 분당구",
        "판교 판교역 정자 정자동 서현 수내 미금 오리 야탑 이매",
    ),
}
DISTRICTS: Final = tuple(_TABLE)
DISTRICT_OF: Final = {
    station: district for district, (_, stations) in _TABLE.items() for station in stations.split()
}
NAMES: Final = {
    district: Wording(ko=name, en=f"{gu.title()}-gu, {city.title()}")
    for district, (name, _) in _TABLE.items()
    for city, gu in [district.split("_")]
}
