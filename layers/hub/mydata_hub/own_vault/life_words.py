"""Words of a person's own life: what categories, days and ways to work are called."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.payments import CATEGORIES

CATEGORY_WORDS: Final = {
    name: Wording(ko=ko, en=en)
    for name, ko, en in (
        ("cafe", "카페", "Cafés"),
        ("bakery", "빵집", "Bakeries"),
        ("beauty", "미용", "Hair and beauty"),
        ("chicken", "치킨", "Fried chicken"),
        ("convenience", "편의점", "Convenience stores"),
        ("culture", "책과 영화", "Books and films"),
        ("delivery", "배달", "Deliveries"),
        ("fuel", "주유", "Fuel"),
        ("groceries", "장보기", "Groceries"),
        ("insurance", "보험", "Insurance"),
        ("parking", "주차와 통행료", "Parking and tolls"),
        ("rent", "집세", "Rent"),
        ("restaurant", "식당", "Restaurants"),
        ("shopping", "쇼핑", "Shopping"),
        ("sport", "운동", "Sport"),
        ("subscription", "구독", "Subscriptions"),
        ("tax", "세금", "Taxes"),
        ("taxi", "택시", "Taxis"),
        ("telecom", "통신", "Phone and internet"),
        ("transport", "대중교통", "Public transport"),
        ("travel", "여행", "Travel"),
        ("utilities", "전기·가스·수도", "Utilities"),
        # No category of a payment, but the class of a bill.
        ("loan", "대출", "Loans"),
        ("other", "나머지", "The rest"),
        ("unknown", "분류하지 않음", "No category"),
    )
}
assert set(CATEGORIES) <= CATEGORY_WORDS.keys()
OTHER: Final = "other"
UNKNOWN: Final = "unknown"
# Monday first.
DAY_WORDS: Final = tuple(
    Wording(ko=ko, en=en)
    for ko, en in (
        ("월", "Monday"),
        ("화", "Tuesday"),
        ("수", "Wednesday"),
        ("목", "Thursday"),
        ("금", "Friday"),
        ("토", "Saturday"),
        ("일", "Sunday"),
    )
)
# By the cell of `commute.mode`; "None" where it abstains.
COMMUTES: Final = {
    cell: Wording(ko=ko, en=en)
    for cell, ko, en in (
        ("subway", "지하철로 출근해요.", "You commute by subway."),
        ("bus", "버스로 출근해요.", "You commute by bus."),
        ("bike", "자전거로 출근해요.", "You commute by bike."),
        ("car", "차로 출근해요.", "You commute by car."),
        ("walk", "걸어서 출근해요.", "You walk to work."),
        ("mixed", "여러 교통수단으로 출근해요.", "You commute by several means."),
        ("none", "아침에 길을 나서는 날이 드물어요.", "You rarely set out in the morning."),
        ("None", "아침에 나서는 길이 날마다 달라요.", "Your mornings differ from day to day."),
    )
}
