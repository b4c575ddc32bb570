"""
Synthetic customers: a small made-up world, and the files that four channels would write of it.

Seeded: the same seed gives the same bytes. Fake by construction: divisions that no province has, phones in a range
that is not assigned, cards of a prefix nobody has, mail at reserved domains, names drawn character by character.

    python -m bankcif.testing.factories FOLDER
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import attrs

from ..identifiers.card import luhn
from ..identifiers.cn import check_character
from ..identifiers.organization import organization_check, uscc_check

__all__ = ["Clerk", "Company", "Person", "World", "make_world", "write_channel_files"]

DEMO_SEED = 20261101
DEMO_PEOPLE = 6000
DEMO_COMPANIES = 300

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金"
    "韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔单仇解查翟"
)
_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "慕容", "令狐")
_MALE = "伟强磊军勇杰涛斌超刚辉鹏建国志明俊峰浩宇晨轩博文海波东健龙飞振华平永福祥"
_FEMALE = "芳娜敏静丽艳娟霞玲萍红燕梅雪婷慧莹颖倩琳怡欣雨佳琪梦洁秀英兰云月美珍"
_OLDER = "桂淑素金玉翠凤祖德贵根福寿"
_ROADS = ("银河路", "牵牛街", "参商路", "南斗大道", "文曲巷", "紫微路", "天市街", "太白路", "扶桑街", "望舒路")
_COMPOUNDS = ("星澜苑", "云锦小区", "桂影里", "听潮花园", "瑶池公寓", "")
_TRADES = ("科技", "贸易", "建设", "食品", "物流", "服饰", "电子", "文化传播", "餐饮管理", "医药")
_FORMS = ("有限公司", "股份有限公司", "有限责任公司")
_WORDS = "恒瑞星宇华远鼎盛嘉信天成博雅隆泰安达启明云海金禾东方"
# Spellings that a keyboard or an older system makes of a character; not the matcher's tables.
_SOUNDALIKE = {
    "伟": "玮", "军": "君", "杰": "洁", "磊": "蕾", "强": "蔷", "芳": "方", "静": "婧", "丽": "莉", "艳": "燕", "娟": "涓",
    "敏": "闽", "霞": "侠", "明": "鸣", "俊": "骏", "峰": "锋", "浩": "皓", "宇": "羽", "晨": "辰", "琳": "林", "颖": "影",
    "张": "章", "徐": "许", "余": "于", "程": "陈", "婷": "亭", "雪": "薛", "佳": "嘉", "怡": "宜", "文": "闻", "海": "亥",
}  # fmt: skip
_TRADITIONAL = {
    "刘": "劉", "陈": "陳", "杨": "楊", "黄": "黃", "赵": "趙", "吴": "吳", "马": "馬", "罗": "羅", "郑": "鄭", "谢": "謝",
    "许": "許", "韩": "韓", "冯": "馮", "邓": "鄧", "叶": "葉", "苏": "蘇", "吕": "呂", "卢": "盧", "钟": "鍾", "谭": "譚",
    "陆": "陸", "张": "張", "孙": "孫", "伟": "偉", "强": "強", "军": "軍", "国": "國", "华": "華", "丽": "麗", "艳": "艷",
    "龙": "龍", "飞": "飛", "东": "東", "凤": "鳳", "兰": "蘭", "云": "雲", "杰": "傑", "峰": "峯", "红": "紅", "贵": "貴",
}  # fmt: skip
_OCCUPATIONS = ("0", "1", "3", "4", "5", "6", "7", "8", "9", "N")
_COUNTIES = {
    "880101": "星河市长庚区", "880102": "星河市启明区", "880103": "星河市天枢区", "880104": "星河市河鼓区",
    "880121": "星河市织女县", "880201": "月湖市玉兔区", "880202": "月湖市桂宫区", "880203": "月湖市广寒区",
    "880222": "月湖市蟾溪县", "880301": "沧浪市白鹭区", "880302": "沧浪市青渚区", "880321": "沧浪市渔歌县",
    "880322": "沧浪市归帆县", "880401": "北斗市瑶光区", "880402": "北斗市玉衡区", "880421": "北斗市开阳县",
}  # fmt: skip
_BRANCHES = ("B-8801-01", "B-8801-02", "B-8802-01", "B-8803-01", "B-8804-01")


@attrs.frozen(kw_only=True)
class Person:
    """One made-up person, as they are in truth."""

    id: str
    name: str
    former_name: str
    sex: str
    born: date
    number: str
    phone: str
    email: str
    address: str
    former_address: str
    occupation: str
    card: str
    branch: str
    manager: str
    since: date


@attrs.frozen(kw_only=True)
class Company:
    """One made-up company."""

    id: str
    name: str
    code: str
    phone: str
    address: str
    representative: str
    branch: str
    manager: str
    since: date


@attrs.frozen(kw_only=True)
class World:
    """Everybody there is, and whose record a parent's number stands on by mistake."""

    people: tuple[Person, ...]
    companies: tuple[Company, ...]
    wrong_numbers: dict[str, str]


class _Maker:
    """Draws people one after another; numbers are never given twice."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self._used: set[str] = set()

    def unique(self, draw: Any) -> str:
        while (found := draw()) in self._used:
            pass
        self._used.add(found)
        return str(found)

    def digits(self, count: int) -> str:
        return "".join(str(self.rng.randrange(10)) for _ in range(count))

    def name(self, sex: str, born: date, surname: str = "") -> str:
        rng = self.rng
        if not surname:
            # The first surnames of the list are the commonest, as they are in China.
            at = min(int(rng.expovariate(1 / 22)), len(_SURNAMES) - 1)
            surname = rng.choice(_COMPOUND) if rng.random() < 0.004 else _SURNAMES[at]
        pool = (_MALE if sex == "1" else _FEMALE) + (_OLDER if born.year < 1960 else "")
        return surname + "".join(rng.choice(pool) for _ in range(1 if rng.random() < 0.25 else 2))

    def born(self, first: int = 1940, last: int = 2012) -> date:
        return date(first, 1, 1) + timedelta(days=self.rng.randrange((last - first + 1) * 365))

    def number(self, region: str, born: date, sex: str) -> str:
        def draw() -> str:
            sequence = self.rng.randrange(1, 990) // 2 * 2 + (1 if sex == "1" else 0)
            first = f"{region}{born:%Y%m%d}{sequence:03}"
            return first + check_character(first)

        return self.unique(draw)

    def phone(self) -> str:
        return self.unique(lambda: "154" + self.digits(8))

    def card(self) -> str:
        def draw() -> str:
            body = "990088" + self.digits(9)
            return next(body + str(d) for d in range(10) if luhn(body + str(d)))

        return self.unique(draw)

    def address(self, region: str) -> str:
        rng = self.rng
        block = rng.choice(_COMPOUNDS)
        home = f"{block}{rng.randrange(1, 30)}幢{rng.randrange(1, 25)}0{rng.randrange(1, 5)}室" if block else ""
        return f"云汉省{_COUNTIES[region]}{rng.choice(_ROADS)}{rng.randrange(1, 400)}号{home}"

    def person(self, number: int, **fixed: Any) -> Person:
        rng = self.rng
        sex = fixed.get("sex") or rng.choice("12")
        born = fixed.get("born") or self.born()
        region = fixed.get("region") or rng.choice(list(_COUNTIES))
        name = fixed.get("name") or self.name(sex, born, fixed.get("surname", ""))
        address = fixed.get("address") or self.address(region)
        moved = rng.random() < 0.12
        renamed = rng.random() < 0.015
        branch = rng.choice(_BRANCHES)
        return Person(
            id=f"P{number:06}", name=name, former_name=self.name(sex, born, name[:1]) if renamed else "", sex=sex,
            born=born, number=self.number(region, born, sex), phone=fixed.get("phone") or self.phone(),
            email=f"{self.unique(lambda: 'u' + self.digits(8))}@example.{rng.choice(('com', 'net', 'org'))}",
            address=address, former_address=self.address(rng.choice(list(_COUNTIES))) if moved else "",
            occupation=rng.choice(_OCCUPATIONS), card=self.card(), branch=branch,
            manager=f"m.{branch[-7:].lower()}.{rng.randrange(1, 4)}",
            since=date(2008, 1, 1) + timedelta(days=rng.randrange(6500)),
        )  # fmt: skip

    def company(self, number: int) -> Company:
        rng = self.rng
        region = rng.choice(list(_COUNTIES))
        place = _COUNTIES[region][:2]
        word = rng.choice(_WORDS) + rng.choice(_WORDS)
        name = f"{place}{word}{rng.choice(_TRADES)}{rng.choice(_FORMS)}"
        if rng.random() < 0.2:
            name = f"{word}{rng.choice(_TRADES)}（{place}）{rng.choice(_FORMS)}"

        def draw() -> str:
            inner = "".join(rng.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(8))
            first = f"91{region}{inner}{organization_check(inner)}"
            return first + uscc_check(first)

        branch = rng.choice(_BRANCHES)
        return Company(
            id=f"C{number:06}", name=name, code=self.unique(draw), phone=self.phone(), address=self.address(region),
            representative=self.name("1", date(1970, 1, 1)), branch=branch, manager=f"m.{branch[-7:].lower()}.1",
            since=date(2010, 1, 1) + timedelta(days=rng.randrange(5500)),
        )  # fmt: skip


def make_world(people: int, companies: int, seed: int) -> World:
    """
    *people* persons and *companies* companies.

    Among the persons: couples at one address, fathers and sons on one phone, twins, namesakes with one birth date, and
    children on whose records a parent's number stands.
    """
    maker = _Maker(seed)
    rng = maker.rng
    found: list[Person] = []
    wrong: dict[str, str] = {}
    while len(found) < people:
        first = maker.person(len(found))
        found.append(first)
        chance = rng.random()
        region = first.number[:6]
        if chance < 0.06:  # a child on the parent's phone, sometimes with the parent's number
            born = date(min(first.born.year + 27, 2014), rng.randrange(1, 13), rng.randrange(1, 28))
            child = maker.person(
                len(found), surname=first.name[:1], born=born, phone=first.phone, address=first.address, region=region
            )
            found.append(child)
            if rng.random() < 0.4:
                wrong[child.id] = first.number
        elif chance < 0.09:  # a couple
            found.append(
                maker.person(len(found), phone=first.phone if rng.random() < 0.3 else None, address=first.address)
            )
        elif chance < 0.105:  # twins, named alike
            name = first.name[:-1] + rng.choice(_MALE if first.sex == "1" else _FEMALE)
            found.append(
                maker.person(
                    len(found), name=name, sex=first.sex, born=first.born, region=region, address=first.address,
                    phone=first.phone if rng.random() < 0.5 else None,
                )
            )  # fmt: skip
        elif chance < 0.107:  # a namesake born on the same day
            found.append(maker.person(len(found), name=first.name, sex=first.sex, born=first.born))
    return World(
        people=tuple(found[:people]), companies=tuple(maker.company(i) for i in range(companies)), wrong_numbers=wrong
    )


class Clerk:
    """Writes a person down as people and systems do: mostly right."""

    def __init__(self, rng: Random, world: World) -> None:
        self._rng = rng
        self._world = world

    def chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def name(self, person: Person, *, typos: float = 0.03) -> str:
        name = person.name
        if person.former_name and self.chance(0.4):
            name = person.former_name
        at = self._rng.randrange(len(name))
        if self.chance(typos) and name[at] in _SOUNDALIKE:
            name = name[:at] + _SOUNDALIKE[name[at]] + name[at + 1 :]
        if self.chance(0.04):
            name = "".join(_TRADITIONAL.get(character, character) for character in name)
        if self.chance(0.02):
            name = f"{name[0]} {name[1:]}" if self.chance(0.5) else name + ("先生" if person.sex == "1" else "女士")
        return name

    def number(self, person: Person, *, missing: float, old: float = 0.0) -> str:
        number = self._world.wrong_numbers.get(person.id, person.number)
        if self.chance(missing):
            return self._rng.choice(("", "", "无", "000000000000000000"))
        if person.born.year < 1985 and self.chance(old):
            return number[:6] + number[8:17]
        if self.chance(0.012):  # two neighbours swapped, or the last character wrong
            at = self._rng.randrange(6, 16)
            swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
            return swapped if swapped != number else number[:-1] + ("1" if number[-1] != "1" else "2")
        if self.chance(0.03):
            number = number.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
        return number.lower() if self.chance(0.3) else number

    def phone(self, person: Person, *, missing: float) -> str:
        if self.chance(missing):
            return self._rng.choice(("", "", "无", "13800138000", "0"))
        phone = person.phone
        if self.chance(0.005):
            phone = phone[:-1]
        form = self._rng.random()
        if form < 0.06:
            return f"+86 {phone[:3]} {phone[3:7]} {phone[7:]}"
        if form < 0.1:
            return f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"
        if form < 0.13:
            return phone.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
        return phone

    def born(self, person: Person, form: str, *, missing: float) -> str:
        if self.chance(missing):
            return self._rng.choice(("", "1900-01-01" if "-" in form else "19000101"))
        if self.chance(0.004):
            return person.born.strftime(form.replace("%m", "02").replace("%d", "30"))
        born = person.born
        if self.chance(0.008) and born.day <= 12:
            born = date(born.year, born.day, born.month)
        return born.strftime(form)

    def address(self, person: Person, *, missing: float) -> str:
        if self.chance(missing):
            return self._rng.choice(("", "同上", "不详"))
        address = person.former_address if person.former_address and self.chance(0.5) else person.address
        if self.chance(0.15):
            address = address.removeprefix("云汉省")
        if self.chance(0.1):
            address = address.replace("幢", "栋").replace("室", "房")
        return address


def write_channel_files(folder: Path, world: World, seed: int) -> dict[str, int]:
    """
    Writes ``counter.csv`` (GB18030), ``mobile.jsonl``, ``card.txt`` (pipe-separated), ``partner.csv`` and ``truth.csv``.

    ``truth.csv`` (file, line, person) says who stands on which line; the library never reads it.

    Returns:
        Rows by file.
    """
    rng = Random(seed)
    clerk = Clerk(rng, world)
    rows: dict[str, list[tuple[str, Any]]] = {"counter.csv": [], "mobile.jsonl": [], "card.txt": [], "partner.csv": []}
    makers = {"counter.csv": _counter, "mobile.jsonl": _mobile, "card.txt": _card, "partner.csv": _partner}
    for person in world.people:
        chosen = [name for name, share in (("counter.csv", 0.36), ("mobile.jsonl", 0.38), ("card.txt", 0.38),
                                           ("partner.csv", 0.38)) if rng.random() < share]  # fmt: skip
        for name in chosen or [rng.choice(list(rows))]:
            for _ in range(2 if rng.random() < 0.01 else 1):  # some people stand in one system twice
                rows[name].append((person.id, makers[name](person, clerk, rng)))
    for company in world.companies:
        rows["counter.csv"].append((company.id, _counter_company(company, rng)))
        if rng.random() < 0.6:
            rows["partner.csv"].append((company.id, _partner_company(company, rng)))
    folder.mkdir(parents=True, exist_ok=True)
    truth: list[tuple[str, int, str]] = []
    for name, found in rows.items():
        rng.shuffle(found)
        first = 1 if name == "mobile.jsonl" else 2
        truth += [(name, line, who) for line, (who, _) in enumerate(found, start=first)]
        numbered = [(f"{name[0].upper()}{number:07}", row) for number, (_, row) in enumerate(found, start=1)]
        (folder / name).write_bytes(_file(name, numbered))
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "line", "person"))
        writer.writerows(truth)
    return {name: len(found) for name, found in rows.items()}


_COUNTER_COLUMNS = ("客户号", "客户类型", "姓名", "证件类型", "证件号码", "证件有效期", "性别", "出生日期", "手机号", "地址",
                    "职业代码", "网点", "客户经理", "开户日期", "更新时间")  # fmt: skip
_CARD_COLUMNS = ("CUSTNO", "CNAME", "IDTYPE", "IDNO", "SEXCD", "MOBILE", "ADDR", "CARDNO", "CARDST", "OPENDT", "UPDTS")
_PARTNER_COLUMNS = ("合作方编号", "名称", "类型", "手机", "证件号", "邮箱")


def _file(name: str, rows: list[tuple[str, Any]]) -> bytes:
    if name == "mobile.jsonl":
        return "".join(json.dumps({"uid": key, **row}, ensure_ascii=False) + "\n" for key, row in rows).encode()
    columns = {"counter.csv": _COUNTER_COLUMNS, "card.txt": _CARD_COLUMNS, "partner.csv": _PARTNER_COLUMNS}[name]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="|" if name == "card.txt" else ",", lineterminator="\n")
    writer.writerow(columns)
    writer.writerows((key, *row) for key, row in rows)
    return text.getvalue().encode("gb18030" if name == "counter.csv" else "utf-8")


def _stamp(rng: Random) -> str:
    day = date(2020, 1, 1) + timedelta(days=rng.randrange(2400))
    return f"{day:%Y-%m-%d} {rng.randrange(8, 18):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"


def _counter(person: Person, clerk: Clerk, rng: Random) -> tuple[str, ...]:
    return (
        "1", clerk.name(person), "01", clerk.number(person, missing=0.015),
        rng.choice(("长期", "20351231", "20300630", "20280115")), "男" if person.sex == "1" else "女",
        clerk.born(person, "%Y%m%d", missing=0.02), clerk.phone(person, missing=0.03),
        clerk.address(person, missing=0.03), person.occupation, person.branch, person.manager,
        person.since.strftime("%Y%m%d"), _stamp(rng),
    )  # fmt: skip


def _counter_company(company: Company, rng: Random) -> tuple[str, ...]:
    return (
        "2", company.name, "51", company.code, "", "", "", company.phone, company.address, "", company.branch,
        company.manager, company.since.strftime("%Y%m%d"), _stamp(rng),
    )  # fmt: skip


def _mobile(person: Person, clerk: Clerk, rng: Random) -> dict[str, Any]:
    row = {
        "name": clerk.name(person, typos=0.02), "mobile": clerk.phone(person, missing=0.005),
        "idNo": clerk.number(person, missing=0.1), "gender": {"1": "M", "2": "F"}[person.sex],
        "birthday": clerk.born(person, "%Y-%m-%d", missing=0.1),
        "email": person.email if rng.random() < 0.6 else rng.choice(("", "test@test.com")),
        "address": clerk.address(person, missing=0.4), "lang": rng.choice(("zh-CN", "zh-CN", "zh-CN", "en")),
        "updated": _stamp(rng),
    }  # fmt: skip
    return {name: value for name, value in row.items() if value != ""}


def _card(person: Person, clerk: Clerk, rng: Random) -> tuple[str, ...]:
    card = person.card
    if rng.random() < 0.004:
        card = card[:-1] + str((int(card[-1]) + 1) % 10)
    return (
        clerk.name(person, typos=0.02), "A", clerk.number(person, missing=0.06, old=0.3),
        {"1": "0", "2": "1"}[person.sex], clerk.phone(person, missing=0.08), clerk.address(person, missing=0.3), card,
        rng.choice(("N", "N", "N", "C")), person.since.strftime("%d/%m/%Y"), _stamp(rng),
    )  # fmt: skip


def _partner(person: Person, clerk: Clerk, rng: Random) -> tuple[str, ...]:
    return (
        clerk.name(person, typos=0.05), "P", clerk.phone(person, missing=0.02), clerk.number(person, missing=0.55),
        person.email if rng.random() < 0.3 else "",
    )  # fmt: skip


def _partner_company(company: Company, rng: Random) -> tuple[str, ...]:
    name = company.name
    if rng.random() < 0.3:
        name = name.replace("（", "").replace("）", "").replace("有限责任公司", "有限公司")
    return (name, "E", company.phone, company.code if rng.random() < 0.6 else "", "")


def forms(world: World) -> Iterator[dict[str, Any]]:
    """Each person as a plain, correct form: for tests and benchmarks."""
    for person in world.people:
        yield {
            "name": person.name, "sex": person.sex, "birth_date": person.born.isoformat(),
            "identifiers": [{"scheme": "cn.resident_id", "number": person.number}], "phone": person.phone,
            "email": person.email, "address": person.address, "occupation": person.occupation,
            "home_branch": person.branch, "manager": person.manager,
        }  # fmt: skip


if __name__ == "__main__":
    made = make_world(DEMO_PEOPLE, DEMO_COMPANIES, DEMO_SEED)
    sys.stdout.write(f"{write_channel_files(Path(sys.argv[1]), made, DEMO_SEED)}\n")
