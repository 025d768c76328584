"""Merchant names become categories where they say so, and `unknown` where they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.collection.categories import CATEGORIES, categorise
from mydata_hub.fields import require_word


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("스타벅스 역삼점", "cafe"),
        ("ＳＴＡＲＢＵＣＫＳ 강남", "cafe"),
        ("㈜ 이디야", "cafe"),
        ("GS25 역삼대로점", "convenience"),
        ("GS칼텍스 직영주유소", "fuel"),
        ("CU 선릉점", "convenience"),
        ("이마트24 대치점", "convenience"),
        ("이마트 성수점", "groceries"),
        ("쿠팡이츠", "delivery"),
        ("쿠팡", "shopping"),
        ("쿠팡플레이", "subscription"),
        ("교촌치킨 역삼1호점", "chicken"),
        ("김밥천국", "restaurant"),
        ("티머니 지하철", "transport"),
        ("카카오T택시", "taxi"),
        ("한국전력공사", "utilities"),
        ("SK텔레콤 통신요금", "telecom"),
        ("현대해상화재보험", "insurance"),
        ("스터디카페 몰입", "education"),
        ("넷플릭스서비시스코리아", "subscription"),
        ("A TWOSOME PLACE", "cafe"),
        ("Mom's Touch", "restaurant"),
        ("E-Mart Seongsu", "groceries"),
        ("Hyundai Oilbank", "fuel"),
        ("Costco Gasoline", "fuel"),
        ("IKEA Restaurant", "restaurant"),
        ("신세계백화점 강남점", "shopping"),
        ("신세계반점", "restaurant"),
    ],
)
def test_a_name_that_says_what_it_is_gets_its_category(name: str, category: str) -> None:
    assert categorise(name) == category


@pytest.mark.parametrize(
    "name",
    # Gateways hide the shop; people, plain firms and part words say nothing.
    [
        *("네이버페이", "카카오페이", "KG이니시스", "카페24", "홍길동", "에이비씨상사", "CUCKOO"),
        *("ktx조선", "키즈카페 뛰놀자", "", None),
        # Names of places end in what would be a kind of shop elsewhere.
        *("동네상회 전주점", "만물상사 파주점", "Nikend", "Axalta", "Gymkhana"),
    ],
)
def test_a_name_that_does_not_say_stays_unknown(name: str | None) -> None:
    assert categorise(name) == "unknown"


def test_two_categories_that_match_alike_are_unknown() -> None:
    assert categorise("약국식당") == "unknown"


@given(st.text(max_size=300))
def test_any_name_has_a_category_of_the_list(name: str) -> None:
    assert categorise(name) in CATEGORIES
    require_word("category", categorise(name))
