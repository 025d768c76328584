"""The sample people: lives as they would tell them; lives.py makes two years of facts of each.

Jiu's is the life of the design: coffee every morning at about 8, lunch for about 10,000 won, two
transfers on the way to work, fried chicken twice a week, utilities debited on the 25th. Hana is
irregular on purpose: of her the hub must say that it cannot tell. Heavy is for load.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from mydata_hub.fields import Wording

WEEKDAYS: Final = (0, 1, 2, 3, 4)
EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """Something bought on a share of some weekdays, at about a time and a price."""

    name: str
    # The first is the usual one.
    merchants: tuple[str, ...]
    days: tuple[int, ...] = WEEKDAYS
    # Minutes of the day, the earliest and the latest.
    minutes: tuple[int, int]
    price: tuple[int, int]
    share: float = 0.93
    # Done only on days of work, and not on holidays or leave.
    with_work: bool = False
    through: Literal["credit", "debit", "efin"] = "credit"
    # Percent a year, on 1 March.
    rise: float = 3.0
    # Filling stations reserve a round sum first, and correct it to what was taken.
    reserves: int = 0
    instalments: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Something paid once a month, about the same every time; `amount` in won."""

    name: str
    payee: str
    day: int
    amount: int
    kind: str = "자동이체"
    through: Literal["bank", "credit", "statement"] = "bank"
    rise: float = 0.0
    # What a winter month costs more, in percent.
    winter: int = 0
    # How many of a hundred months are paid late, with interest.
    late: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ride:
    """A way with its legs: mode, line, from, to, minutes."""

    legs: tuple[tuple[str, str, str, str, int], ...]
    # When it sets out, and when it sets out for home.
    out: tuple[int, int]
    home: tuple[int, int]
    share: float
    fare: int
    distance_m: int
    with_work: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody made up; `story` is what the choosing page says."""

    id: str
    name: Wording
    story: Wording
    # Monthly pay, its payer and its day; 0 for pay that comes when it comes.
    pay: tuple[int, str, int]
    habits: tuple[Habit, ...]
    standings: tuple[Standing, ...]
    rides: tuple[Ride, ...] = ()
    # What is left on the account when the savings plan has taken its part.
    keeps: int = 2_500_000
    # Its number, and the years without a loss in the contract that began in 2024.
    car: tuple[str, int] | None = None
    loss_on: date | None = None
    # How many of a hundred bills are paid late.
    late_bills: int = 0
    # Code, name, kind and won paid for it.
    holdings: tuple[tuple[str, str, str, int], ...] = ()

    @property
    def identity(self) -> str:
        """What Korean providers know a person by (연계정보): the same with all of them."""
        digest = hashlib.sha512(f"sample identity of {self.id}".encode()).digest()
        return base64.b64encode(digest).decode()


def _standings(rent: int, fees: int, phone: int, late: int = 0) -> tuple[Standing, ...]:
    return (
        Standing(name="rent", payee="월세 샘플빌라", day=5, amount=rent, kind="타행이체"),
        Standing(name="fees", payee="샘플아파트 관리비", day=25, amount=fees, rise=4, late=late),
        Standing(
            name="gas", payee="샘플도시가스", day=25, amount=28_000, winter=180, rise=5, late=late
        ),
        Standing(
            name="power", payee="한국전력 전기요금", day=25, amount=39_000, winter=40, late=late
        ),
        Standing(name="phone", payee="SK텔레콤 통신요금", day=18, amount=phone),
    )


_JIU: Final = Person(
    id="sample-jiu",
    name=Wording(ko="지우 (샘플)", en="Jiu (sample)"),
    story=Wording(
        ko="매일 아침 8시쯤 커피, 지하철 두 번 갈아타는 출근, 일주일에 두 번 치킨",
        en="coffee at about 8, a commute with two transfers, fried chicken twice a week",
    ),
    pay=(3_300_000, "샘플전자 급여", 21),
    habits=(
        Habit(
            name="coffee",
            merchants=("메가MGC커피 시청점", "스타벅스 시청역점"),
            minutes=(470, 498),
            price=(2_000, 2_001),
            rise=6,
            with_work=True,
            through="debit",
        ),
        Habit(
            name="lunch",
            merchants=("김밥천국 북창점", "무교동 칼국수", "본죽 시청점", "남대문 갈치골목"),
            minutes=(705, 765),
            price=(9_000, 11_000),
            share=0.9,
            with_work=True,
        ),
        Habit(
            name="chicken",
            merchants=("BHC치킨 망원점", "교촌치킨 합정점"),
            days=(1, 4),
            minutes=(1120, 1250),
            price=(19_000, 24_000),
            share=0.96,
            through="efin",
        ),
        Habit(
            name="groceries",
            merchants=("홈플러스 합정점", "망원시장 채소가게"),
            days=(5,),
            minutes=(600, 1080),
            price=(28_000, 74_000),
        ),
        Habit(
            name="convenience",
            merchants=("GS25 망원한강점", "CU 합정역점"),
            days=EVERY_DAY,
            minutes=(480, 1400),
            price=(1_500, 9_000),
            share=0.35,
        ),
        Habit(
            name="shopping",
            merchants=("무신사", "11번가", "네이버페이", "올리브영 홍대점"),
            days=EVERY_DAY,
            minutes=(600, 1430),
            price=(12_000, 160_000),
            share=0.07,
            instalments=3,
        ),
    ),
    standings=(
        *_standings(rent=650_000, fees=128_000, phone=55_000),
        Standing(name="film", payee="넷플릭스", day=3, amount=13_500, through="credit", rise=9),
        Standing(name="music", payee="멜론", day=11, amount=10_900, through="credit"),
        Standing(name="gym", payee="샘플헬스장", day=7, amount=55_000, through="statement"),
        Standing(
            name="gift", payee="샘플나눔재단 후원", day=10, amount=30_000, through="statement"
        ),
        Standing(name="family", payee="부모님 용돈", day=22, amount=200_000, through="statement"),
    ),
    rides=(
        Ride(
            legs=(
                ("subway", "6호선", "망원", "합정", 4),
                ("subway", "2호선", "합정", "을지로3가", 18),
                ("subway", "3호선", "을지로3가", "경복궁", 7),
            ),
            out=(425, 449),
            home=(1085, 1160),
            share=0.97,
            fare=1_550,
            distance_m=11_400,
        ),
    ),
    car=("샘플 12가 3456", 4),
    holdings=(("SMPL01", "샘플 국내주식 인덱스", "401", 4_800_000),),
)
_MINHO: Final = Person(
    id="sample-minho",
    name=Wording(ko="민호 (샘플)", en="Minho (sample)"),
    story=Wording(
        ko="버스와 지하철로 출근하고, 점심 뒤 커피를 마시고, 가끔 연체해요",
        en="goes to work by bus and subway, coffee after lunch, pays late now and then",
    ),
    pay=(3_900_000, "샘플건설 급여", 25),
    habits=(
        Habit(
            name="coffee",
            merchants=("컴포즈커피 판교점", "이디야커피 판교역점"),
            minutes=(765, 810),
            price=(1_800, 2_900),
            share=0.85,
            with_work=True,
        ),
        Habit(
            name="fuel",
            merchants=("GS칼텍스 샘플주유소",),
            days=(5, 6),
            minutes=(540, 1200),
            price=(42_000, 88_000),
            share=0.42,
            reserves=150_000,
        ),
        Habit(
            name="dinner",
            merchants=("정자동 삼겹살", "배달의민족", "판교 돈까스", "호프집"),
            days=EVERY_DAY,
            minutes=(1080, 1320),
            price=(9_000, 52_000),
            share=0.55,
            through="efin",
        ),
        Habit(
            name="weekend",
            merchants=("CGV 판교", "이마트 분당점", "쿠팡", "다이소 정자점"),
            days=(5, 6),
            minutes=(600, 1290),
            price=(8_000, 120_000),
            share=0.8,
            instalments=2,
        ),
    ),
    standings=(
        *_standings(rent=820_000, fees=164_000, phone=89_000, late=12),
        Standing(name="video", payee="유튜브프리미엄", day=14, amount=14_900, through="credit"),
        Standing(name="dues", payee="샘플동호회 회비", day=1, amount=40_000, through="statement"),
    ),
    rides=(
        Ride(
            legs=(
                ("bus", "샘플 380", "정자동", "판교역", 14),
                ("subway", "신분당선", "판교", "강남", 16),
            ),
            out=(440, 480),
            home=(1100, 1240),
            share=0.93,
            fare=2_500,
            distance_m=19_800,
        ),
    ),
    keeps=2_700_000,
    car=("샘플 34나 7890", 7),
    loss_on=date(2025, 11, 20),
    late_bills=20,
)
_HANA: Final = Person(
    id="sample-hana",
    name=Wording(ko="하나 (샘플)", en="Hana (sample)"),
    story=Wording(
        ko="프리랜서라 매일이 달라요. 습관을 물으면 답하지 않는 게 맞아요",
        en="a freelancer whose days differ: asked for habits, the hub should not answer",
    ),
    pay=(0, "샘플스튜디오 외주비", 0),
    habits=(
        Habit(
            name="coffee",
            merchants=("동네카페 연희", "스타벅스 연희점", "카페 낮밤"),
            minutes=(480, 1320),
            price=(3_500, 7_500),
            share=0.5,
        ),
        Habit(
            name="food",
            merchants=("연희동 식당", "서브웨이 신촌점", "요기요", "편의점 샘플"),
            days=EVERY_DAY,
            minutes=(420, 1430),
            price=(5_000, 33_000),
            share=0.75,
            through="debit",
        ),
        Habit(
            name="culture",
            merchants=("교보문고", "알라딘", "메가박스 신촌"),
            days=EVERY_DAY,
            minutes=(600, 1300),
            price=(9_000, 48_000),
            share=0.12,
            through="efin",
        ),
    ),
    standings=(
        *_standings(rent=560_000, fees=71_000, phone=33_000, late=8),
        Standing(name="cloud", payee="샘플클라우드", day=9, amount=11_000, through="credit"),
        Standing(name="studio", payee="작업실 임차료", day=15, amount=250_000, through="statement"),
    ),
    rides=(
        Ride(
            legs=(("bike", "따릉이", "연희동", "신촌", 13),),
            out=(300, 660),
            home=(780, 1380),
            share=0.28,
            fare=1_000,
            distance_m=2_600,
            with_work=False,
        ),
        Ride(
            legs=(
                ("bus", "샘플 7024", "연희동", "서울역", 27),
                ("subway", "1호선", "서울역", "종각", 6),
            ),
            out=(300, 660),
            home=(760, 1400),
            share=0.25,
            fare=1_500,
            distance_m=7_900,
            with_work=False,
        ),
    ),
    keeps=3_000_000,
)
_HEAVY: Final = Person(
    id="sample-heavy",
    name=Wording(ko="과부하 (샘플)", en="Heavy (sample)"),
    story=Wording(
        ko="부하 시험용: 하루 서른 번쯤 결제해요 (기록 2만 건 이상)",
        en="for load tests: pays about thirty times a day (over 20,000 records)",
    ),
    pay=(9_000_000, "샘플부하 급여", 21),
    habits=tuple(
        Habit(
            name=f"stall-{stall}",
            merchants=(f"샘플상점 {stall}호",),
            days=EVERY_DAY,
            minutes=(360 + 35 * stall, 394 + 35 * stall),
            price=(900, 12_000),
            share=0.995,
            through="debit" if stall % 2 else "credit",
        )
        for stall in range(30)
    ),
    standings=_standings(rent=900_000, fees=150_000, phone=70_000),
    keeps=12_000_000,
)
PEOPLE: Final = MappingProxyType(
    {person.id.removeprefix("sample-"): person for person in (_JIU, _MINHO, _HANA, _HEAVY)}
)
