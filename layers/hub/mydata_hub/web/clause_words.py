"""The words of clauses, by question and answer, in both languages.

Korean is written as a stem with its two endings: one with more to follow, one that gives the
reason ("월세를 |내고|내서"). English is a whole clause.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

Told = tuple[str, str]
_Answers = Mapping[str, Told]


class Rhythm(NamedTuple):
    """How often something is paid for: as a habit, and not at all."""

    ko: str
    ko_not: str
    en: str
    en_not: str


def _yes_no(yes: Told, no: Told) -> _Answers:
    return {"yes": yes, "no": no}


def _month(ko: str, en: str) -> _Answers:
    """Thirds of a month in which something happens."""
    thirds = {
        "1_to_10": ("초(1~10일)", "between the 1st and the 10th"),
        "11_to_20": ("중순(11~20일)", "between the 11th and the 20th"),
        "21_to_31": ("말(21~31일)", "after the 20th"),
    }
    return {one: (f"매달 {when[0]}에 {ko}", f"{en} {when[1]}") for one, when in thirds.items()}


def _hours(ko: str, en: str, *slots: str) -> _Answers:
    """Times of a workday at which something is done."""
    found = {}
    for slot in slots:
        side, _, hour = slot.partition("_")
        begin, _, end = slot.partition("_to_")
        if end:
            when = (f"{begin}~{end}시에", f"between {begin} and {end}")
        elif side == "before":
            when = (f"{hour}시 전에", f"before {hour}")
        else:
            when = (f"{hour}시 이후에", f"after {hour}")
        found[slot] = (f"평일 {when[0]} {ko}", f"{en} on weekdays {when[1]}")
    return found


ANSWERS: Final[Mapping[str, _Answers]] = {
    "payments.pays_rent": _yes_no(
        ("매달 월세를 |내고|내서", "you pay rent every month"),
        ("매달 내는 월세가 없|고|어서", "you pay no monthly rent"),
    ),
    "payments.pays_telecom": _yes_no(
        ("매달 통신 요금을 |내고|내서", "you pay for a phone or internet plan every month"),
        ("매달 내는 통신 요금이 없|고|어서", "you pay for no phone or internet plan"),
    ),
    "payments.pays_premium": _yes_no(
        ("매달 보험료를 |내고|내서", "you pay an insurance premium every month"),
        ("매달 내는 보험료가 없|고|어서", "you pay no monthly insurance premium"),
    ),
    "payments.repays_loan": _yes_no(
        ("매달 대출을 갚|고|아서", "you repay a loan every month"),
        ("매달 갚는 대출이 없|고|어서", "you repay no loan every month"),
    ),
    "payments.subscriptions": {"0": ("돈을 내는 구독이 없|고|어서", "you pay for no subscription")},
    "payments.bill_day": _month("공과금이 나|가고|가서", "your utilities are debited"),
    "payments.rent_day": _month("월세가 나|가고|가서", "your rent goes out"),
    "income.pay_day": _month("급여가 들어|오고|와서", "your pay comes"),
    "payments.subscription_change": {
        "none": ("최근 구독을 바꾸지 않|았고|아서", "your subscriptions did not change lately"),
        "started": ("최근 구독을 시작|했고|해서", "you began a subscription lately"),
        "stopped": ("최근 구독을 끝|냈고|내서", "you ended a subscription lately"),
        "both": (
            "최근 구독을 시작하기도 끝내기도 |했고|해서",
            "you began and ended subscriptions lately",
        ),
    },
    "payments.price_change": {
        "unchanged": ("정기 지출의 값이 그대로|고|라서", "your recurring payments cost as before"),
        "raised": (
            "최근 정기 지출의 값이 올|랐고|라서",
            "one of your recurring payments went up",
        ),
        "lowered": (
            "최근 정기 지출의 값이 내|렸고|려서",
            "one of your recurring payments went down",
        ),
        "both": (
            "최근 정기 지출의 값이 오르기도 내리기도 |했고|해서",
            "your recurring payments went up and down",
        ),
    },
    "payments.recurring_count": {
        "0": (
            "매달 같은 금액으로 나가는 돈이 없|고|어서",
            "you have no payment of the same amount every month",
        )
    },
    "payments.holds_investments": _yes_no(
        ("투자 상품을 가지고 있|고|어서", "you hold investments"),
        ("가지고 있는 투자 상품이 없|고|어서", "you hold no investments"),
    ),
    "payments.late_bills": {
        "0": (
            "지난 1년 동안 카드 대금을 늦게 낸 적이 없|고|어서",
            "you paid no card bill late in the last 12 months",
        )
    },
    "payments.no_late_bills": _yes_no(
        (
            "지난 1년 동안 카드 대금을 제때 |냈고|내서",
            "you paid your card bills of the last 12 months on time",
        ),
        (
            "지난 1년 동안 카드 대금을 늦게 낸 적이 있|고|어서",
            "you paid a card bill of the last 12 months late",
        ),
    ),
    "payments.premium_cadence": {
        "monthly": ("보험료가 매달 나|가고|가서", "your insurance premium goes out every month"),
        "quarterly": (
            "보험료가 석 달마다 나|가고|가서",
            "your insurance premium goes out every three months",
        ),
        "yearly": ("보험료가 해마다 나|가고|가서", "your insurance premium goes out every year"),
    },
    "habits.cafe_time": {
        "none": (
            "평일에 카페에 가는 시간이 따로 없|고|어서",
            "you visit cafés at no regular time on weekdays",
        ),
        **_hours(
            "자주 카페에 |가고|가서",
            "you usually visit a café",
            *("before_7", "7_to_9", "9_to_11", "11_to_14", "14_to_18", "after_18"),
        ),
    },
    "habits.cafe_morning": _yes_no(
        ("평일 오전에 자주 카페에 |가고|가서", "you usually visit a café on weekday mornings"),
        ("평일 오전에는 카페에 잘 가지 않|고|아서", "you seldom visit a café on weekday mornings"),
    ),
    "habits.groceries_time": {
        "none": ("장 보는 때가 따로 없|고|어서", "you buy groceries at no regular time")
    },
    "habits.deliveries": {"0": ("배달을 거의 시키지 않|고|아서", "you hardly have food delivered")},
    "insurance.car_cover": _yes_no(
        ("유효한 자동차보험이 있|고|어서", "your car is covered"),
        ("유효한 자동차보험이 없|고|어서", "no car cover of yours is in force"),
    ),
    "insurance.loss_free_years": {
        "0": (
            "자동차보험 무사고 기간이 1년이 안 |되고|돼서",
            "your car cover has gone less than a year without a loss",
        )
    },
    "insurance.loss_free_3_years": _yes_no(
        (
            "자동차보험 무사고가 3년 이상|이고|이라서",
            "your car cover has gone at least 3 years without a loss",
        ),
        (
            "자동차보험 무사고가 아직 3년이 안 |되고|돼서",
            "your car cover has not gone 3 years without a loss yet",
        ),
    ),
    "insurance.renewal": {
        "within_30": ("자동차보험이 30일 안에 끝|나고|나서", "your car cover ends within 30 days"),
        "31_to_60": (
            "자동차보험이 31일에서 60일 뒤에 끝|나고|나서",
            "your car cover ends in 31 to 60 days",
        ),
        "61_to_180": (
            "자동차보험이 61일에서 180일 뒤에 끝|나고|나서",
            "your car cover ends in 61 to 180 days",
        ),
        "181_or_more": (
            "자동차보험이 181일 이상 남|았고|아서",
            "your car cover runs for 181 days or more",
        ),
    },
    "insurance.lapsed_cover": _yes_no(
        ("자동차보험이 이어지지 않|았고|아서", "your car cover lapsed"),
        ("자동차보험이 끊기지 않|았고|아서", "your car cover has not lapsed"),
    ),
    "insurance.overlapping_cover": _yes_no(
        ("자동차 한 대에 보험이 겹쳐 있|고|어서", "one car of yours is covered twice"),
        ("겹친 자동차보험이 없|고|어서", "no car of yours is covered twice"),
    ),
    "commute.mode": {
        "none": ("출근길에 늘 타는 것이 따로 없|고|어서", "you have no regular way to commute"),
        "subway": ("평일에 주로 지하철로 출근|하고|해서", "you mostly commute by subway"),
        "bus": ("평일에 주로 버스로 출근|하고|해서", "you mostly commute by bus"),
        "bike": ("평일에 주로 자전거로 출근|하고|해서", "you mostly commute by bicycle"),
        "car": ("평일에 주로 자동차로 출근|하고|해서", "you mostly commute by car"),
        "walk": ("평일에 주로 걸어 출근|하고|해서", "you mostly commute on foot"),
        "mixed": ("출근길에 여러 가지를 섞어 |타고|타서", "you commute by several means"),
    },
    "commute.by_subway": _yes_no(
        ("평일마다 지하철을 |타고|타서", "you ride the subway on weekdays"),
        ("평일에 지하철로 출근하지 않|고|아서", "you do not commute by subway"),
    ),
    "commute.transfers": {
        "0": ("출근길에 갈아타지 않|고|아서", "you commute without a transfer"),
        "1": ("출근길에 한 번 갈아|타고|타서", "you change once on your commute"),
        "2_or_more": (
            "출근길에 두 번 이상 갈아|타고|타서",
            "you change twice or more on your commute",
        ),
    },
    "commute.window": {
        "none": ("출근 시간이 일정하지 않|고|아서", "you set out for work at no regular time"),
        **_hours(
            "출근길에 나|서고|서서",
            "you set out for work",
            *("before_7", "7_to_8", "8_to_9", "after_9"),
        ),
    },
    "commute.days": {
        "0": ("출근하는 날이 거의 없|고|어서", "you hardly commute"),
        "1_to_2": ("한 주에 하루나 이틀 출근|하고|해서", "you commute on 1 or 2 days a week"),
        "3_or_more": ("한 주에 사흘 이상 출근|하고|해서", "you commute on 3 days a week or more"),
    },
    "income.monthly": _yes_no(
        ("급여가 매달 들어|오고|와서", "your pay comes every month"),
        ("매달 들어오는 급여가 없|고|어서", "no pay of yours comes every month"),
    ),
    "life.new_employer": _yes_no(
        ("급여를 주는 곳이 바뀌|었고|어서", "your pay has a new payer"),
        ("급여를 주는 곳이 그대로|고|라서", "your pay comes from the same payer as before"),
    ),
    "life.car_bought": _yes_no(
        ("최근 차가 생|겼고|겨서", "you have a new car"),
        ("최근 새로 생긴 차가 없|고|어서", "you have no new car"),
    ),
    "life.moved": _yes_no(
        ("최근 이사한 것 같|고|아서", "you seem to have moved"),
        ("최근 이사하지 않은 것 같|고|아서", "you seem not to have moved lately"),
    ),
    "mobility.drives_car": _yes_no(
        ("주유나 주차에 꾸준히 돈을 |쓰고|써서", "you keep paying for fuel or parking"),
        ("주유나 주차에 돈을 거의 쓰지 않|고|아서", "you hardly pay for fuel or parking"),
    ),
    "mobility.shared_bike": _yes_no(
        ("매주 공유 자전거를 |타고|타서", "you ride a shared bike every week"),
        ("공유 자전거를 매주 타지는 않|고|아서", "you do not ride a shared bike every week"),
    ),
    "trust.tier": {
        "under_600": ("신뢰 점수가 600점 미만|이고|이라서", "your trust score is under 600"),
        "600": ("신뢰 점수가 600~649점|이고|이라서", "your trust score is 600 to 649"),
        "650": ("신뢰 점수가 650~699점|이고|이라서", "your trust score is 650 to 699"),
        "700": ("신뢰 점수가 700점 이상|이고|이라서", "your trust score is at least 700"),
    },
    **{
        f"trust.at_least_{tier}": _yes_no(
            (f"신뢰 점수가 {tier}점 이상|이고|이라서", f"your trust score is at least {tier}"),
            (f"신뢰 점수가 {tier}점 미만|이고|이라서", f"your trust score is under {tier}"),
        )
        for tier in (600, 650, 700)
    },
}
# Numbers with their units in their place; in Korean what it all is comes last.
COUNTED: Final[Mapping[str, Told]] = {
    "payments.subscriptions": ("돈을 내는 구독이 {}", "you pay for {}"),
    "payments.recurring_count": (
        "매달 같은 금액으로 나가는 돈이 {}",
        "you make {} of one amount every month",
    ),
    "payments.late_bills": (
        "지난 1년 동안 늦게 낸 카드 대금이 {}",
        "you paid {} late in the last 12 months",
    ),
    "payments.card_utilisation": (
        "카드 대금이 한도의 {}",
        "your card bills use {} of the limit",
    ),
    "payments.rent_share": ("월세가 급여의 {}", "your rent takes {} of your pay"),
    "payments.telecom_price": (
        "한 달 통신 요금이 간단한 식사 {} 값",
        "your phone and internet cost the price of {} a month",
    ),
    "payments.utilities_price": (
        "한 달 공과금이 간단한 식사 {} 값",
        "your utilities cost the price of {} a month",
    ),
    "income.saving_rate": ("소득에서 남는 돈이 {}", "you keep {} of your income"),
    "insurance.loss_free_years": (
        "자동차보험 무사고 기간이 {}",
        "your car cover has gone {} without a loss",
    ),
    "spending.eating_out": ("쓰는 돈에서 외식과 배달이 {}", "{} of your spending is eating out"),
    "spending.groceries": ("쓰는 돈에서 장보기가 {}", "{} of your spending is groceries"),
    "habits.deliveries": ("한 주에 시키는 배달이 {}", "you have {} a week"),
    "habits.lunch_price": (
        "평일 점심값이 간단한 한 끼의 {}",
        "your weekday lunch costs {} of a simple meal",
    ),
    "mobility.trips": ("한 주에 이동하는 횟수가 {}", "you make {} a week"),
    "mobility.distance": ("한 주에 이동하는 거리가 {}", "you travel {} a week"),
}
RHYTHMS: Final[Mapping[str, Rhythm]] = {
    "cafe": Rhythm("카페에 |가고|가서", "카페에 가지", "go to a café", "went to no café"),
    "bakery": Rhythm("빵집에 |가고|가서", "빵집에 가지", "go to a bakery", "went to no bakery"),
    "restaurant": Rhythm("외식|하고|해서", "외식하지", "eat out", "did not eat out"),
    "delivery": Rhythm(
        "배달을 시|키고|켜서", "배달을 시키지", "have food delivered", "had no food delivered"
    ),
    "groceries": Rhythm("장을 |보고|봐서", "장을 보지", "buy groceries", "bought no groceries"),
    "convenience": Rhythm(
        "편의점에 |가고|가서",
        "편의점에 가지",
        "go to a convenience store",
        "went to no convenience store",
    ),
    "fuel": Rhythm("주유|하고|해서", "주유하지", "pay for fuel", "paid for no fuel"),
    "taxi": Rhythm("택시를 |타고|타서", "택시를 타지", "take a taxi", "took no taxi"),
    "transport": Rhythm(
        "대중교통비를 |내고|내서",
        "대중교통비를 내지",
        "pay for public transport",
        "paid for no public transport",
    ),
    "culture": Rhythm(
        "책이나 영화에 돈을 |쓰고|써서",
        "책이나 영화에 돈을 쓰지",
        "pay for books or films",
        "paid for no books or films",
    ),
    "sport": Rhythm(
        "운동에 돈을 |쓰고|써서", "운동에 돈을 쓰지", "pay for sport", "paid for no sport"
    ),
    "travel": Rhythm(
        "여행에 돈을 |쓰고|써서", "여행에 돈을 쓰지", "pay for travel", "paid for no travel"
    ),
    "shopping": Rhythm("쇼핑|하고|해서", "쇼핑하지", "go shopping", "did not go shopping"),
    "beauty": Rhythm(
        "미용에 돈을 |쓰고|써서",
        "미용에 돈을 쓰지",
        "pay for hair or beauty",
        "paid for no hair or beauty",
    ),
}
# How the reason of a trigger goes on, by its ending.
TRIGGER_LINKS: Final[Mapping[str, str]] = {
    "같아서": "같고",
    "해서": "했고",
    "봐서": "봤고",
    "시켜서": "시켰고",
    "타서": "탔고",
    "생겨서": "생겼고",
    "바뀌어서": "바뀌었고",
    "끝나서": "끝나고",
    "않아서": "않고",
    "이라서": "이고",
}
