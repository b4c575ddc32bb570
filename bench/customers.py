"""
A seeded file of made-up Chinese bank customers with its truth, to measure linking on: easy and hard.

Fake by construction, as `bankcif.testing.factories` says. What goes wrong in its rows is written by hand here (what an
input method offers, what looks alike on a form), not taken from the matcher's tables. Among different people are those
who look like one: twins, father and son on one phone, namesakes with one birth date, a child under a parent's number.

    python bench/customers.py ROWS easy|hard FILE.parquet [SEED]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import attrs

SURNAMES = (
    "王7.1李7.0张6.7刘5.1陈4.6杨3.3赵2.3黄2.2周2.0吴2.0徐1.7孙1.5胡1.3朱1.3高1.2林1.2何1.2郭1.2马1.1罗1.0梁1.0宋0.9郑0.9谢0.8"
    "韩0.8唐0.7冯0.7于0.7董0.6萧0.6程0.6曹0.6袁0.6邓0.5许0.5傅0.5沈0.5曾0.5彭0.5吕0.4苏0.4卢0.4蒋0.4蔡0.4贾0.4丁0.4魏0.4薛0.3"
    "叶0.3阎0.3余0.3潘0.3杜0.3戴0.3夏0.3钟0.3汪0.3田0.3任0.3姜0.3范0.3方0.3石0.3姚0.3谭0.3廖0.3邹0.3熊0.3金0.3陆0.3郝0.3孔0.3"
    "白0.2崔0.2康0.2毛0.2邱0.2秦0.2江0.2史0.2顾0.2侯0.2邵0.2孟0.2龙0.2万0.2段0.2钱0.2汤0.2尹0.2黎0.2易0.2常0.2武0.2乔0.2贺0.2赖0.1"
    "龚0.1文0.1庞0.1樊0.1兰0.1殷0.1施0.1陶0.1洪0.1翟0.1安0.1颜0.1倪0.1严0.1牛0.1温0.1芦0.1季0.1俞0.1章0.1鲁0.1葛0.1伍0.1韦0.1"
)
GIVEN = {
    ("1", 0): "国建军明华志强永德文福林春平生海庆玉贵荣金长树忠祥保安东新成祖义兴山",
    ("1", 1): "伟强磊军勇杰涛斌超刚辉鹏波峰亮飞浩凯健俊龙宇旭洋洪彬鑫雷建明东晓志",
    ("1", 2): "浩宇子轩博文天翔俊豪泽睿逸晨佳铭梓皓思远嘉懿煜城鑫诚弘瑞霖昊然奕辰",
    ("2", 0): "秀英兰桂珍玉凤芳淑琴华梅春美素荣金红云翠霞爱月莲菊香莉惠珠彩娥巧",
    ("2", 1): "芳娜敏静丽艳娟霞玲萍燕红梅雪婷慧莹颖倩琳丹洁晶晓蕾薇瑜琴蓉妍佳璐",
    ("2", 2): "梓涵欣怡诗雨萱可馨思彤语嫣若曦佳琪一诺雅婷梦瑶紫晨妍熙艺菲悦溪雯",
}
# What an input method offers for the same or a near syllable.
HOMOPHONES = (
    "伟玮炜纬苇薇 军君钧均俊骏峻 杰洁婕捷 磊蕾雷 强蔷 芳方舫 静婧靖敬晶菁 丽莉俐力立 艳燕彦砚焱 娟涓 敏闽民珉 霞侠遐 明铭茗鸣"
    " 峰锋枫烽丰 浩皓昊灏 宇羽雨禹钰玉瑜 晨辰琛臣宸 琳林霖麟琳 颖影莹盈滢英瑛 张章彰 徐许 余于俞虞 程陈成诚城 婷亭庭 佳嘉家 怡宜仪依"
    " 文闻雯汶 海亥 华桦骅 志智致治 建健剑 国果 春椿 平萍苹 波博 鑫新欣馨昕 涛韬 超朝 辉晖慧惠会 鹏朋 飞菲妃 凯铠恺 龙隆 旭绪 红虹宏洪弘"
    " 梅玫美 雪学 倩茜 丹单 洁杰 晓小筱潇 瑶遥尧 曦希熙西 琪绮琦奇 诺诺 雅亚 梦孟 紫梓子 轩宣萱 睿瑞锐 逸毅奕艺懿 泽则择 豪昊毫 天添 翔祥"
    " 德得 福富 荣容蓉融 金锦瑾津 忠中钟 义毅 兴星幸 珍真贞 凤奉 淑舒书 琴勤秦 素苏 翠萃 爱艾 月悦越 莲连怜 菊局 香湘祥 王汪 黄皇 周邹 吴武"
)
# What looks alike on a form or in a scan.
LOOKALIKES = "未末 士土 己已 戊戌 日曰 侯候 治冶 晴睛 莱菜 博搏 宣宜 晖晕 钢铜 梅海 杨扬 徐除 郭部 陈阵 王玉 刘列 沈沉 萍苹 娜哪 琳淋 涛祷 浩洁 丹舟 申甲 天夫 大太 平乎"
TRADITIONAL = dict(
    pair.split("=")
    for pair in (
        "张=張 陈=陳 刘=劉 杨=楊 赵=趙 黄=黃 吴=吳 孙=孫 马=馬 罗=羅 郑=鄭 谢=謝 韩=韓 冯=馮 许=許 邓=鄧 吕=呂 苏=蘇 卢=盧 蒋=蔣 贾=賈 叶=葉 "
        "潘=潘 钟=鍾 谭=譚 邹=鄒 陆=陸 龙=龍 万=萬 钱=錢 汤=湯 贺=賀 赖=賴 龚=龔 庞=龐 兰=蘭 严=嚴 温=溫 鲁=魯 韦=韋 伟=偉 强=強 军=軍 国=國 "
        "华=華 丽=麗 艳=艷 飞=飛 东=東 凤=鳳 云=雲 红=紅 贵=貴 庆=慶 荣=榮 义=義 兴=興 杰=傑 涛=濤 刚=剛 辉=輝 鹏=鵬 龙=龍 俊=俊 晓=曉 颖=穎 "
        "莹=瑩 静=靜 娴=嫻 诗=詩 语=語 梦=夢 泽=澤 轩=軒 铭=銘 远=遠 诚=誠 诺=諾 艺=藝 玮=瑋 蕾=蕾 洁=潔 莲=蓮 爱=愛 宝=寶 树=樹 长=長"
    ).split()
)
CITIES = (
    "星河市 长庚区 启明区 天枢区 河鼓区 织女县|月湖市 玉兔区 桂宫区 广寒区 蟾溪县|沧浪市 白鹭区 青渚区 渔歌县 归帆县|北斗市 瑶光区 玉衡区 开阳县 天权区|"
    "云梦市 芳洲区 兰皋区 汀芷县 杜若县|蓬莱市 方丈区 瀛洲区 弱水县|昆仑市 悬圃区 阆风区 瑶池县 玉京区|丹霞市 赤松区 流霞区 绛云县"
)
ROADS = "银河 牵牛 参商 南斗 文曲 紫微 天市 太白 扶桑 望舒 羲和 飞廉 丰隆 玄圃 青丘 白帝 赤水 流沙 若木 建木 长乐 未央 永宁 安康 和平 朝阳 迎宾 滨江 学府 振兴"
ESTATES = "星澜苑 云锦小区 桂影里 听潮花园 瑶池公寓 望月家园 松涛苑 碧波湾 梧桐里 金穗新村 银杏苑 荷塘月色"
PINYIN_MARK = "latin"


@attrs.define
class Person:
    """One made-up person."""

    id: int
    name: str
    sex: str
    born: date
    number: str
    phone: str
    old_phone: str
    email: str
    address: str
    old_address: str
    shown_number: str


@attrs.frozen
class Profile:
    """How much is missing and wrong in the rows."""

    no_number: float
    no_phone: float
    no_born: float
    no_email: float
    no_address: float
    typo: float
    traditional: float
    latin: float
    moved: float
    other_phone: float
    wrong_digit: float


PROFILES = {
    "easy": Profile(0.10, 0.10, 0.05, 0.70, 0.15, 0.02, 0.03, 0.005, 0.10, 0.08, 0.006),
    "hard": Profile(0.45, 0.25, 0.12, 0.80, 0.25, 0.06, 0.06, 0.02, 0.25, 0.18, 0.015),
}


def groups(text: str) -> dict[str, str]:
    """Each character with the others of its groups."""
    found: dict[str, str] = {}
    for group in text.split():
        for character in group:
            others = group.replace(character, "")
            if others:
                found[character] = found.get(character, "") + others
    return found


class World:
    """Draws people, and writes them down as people and systems do."""

    def __init__(self, profile: str, seed: int) -> None:
        self.rng = Random(seed)
        self.profile = PROFILES[profile]
        weights = [SURNAMES[i : i + 4] for i in range(0, len(SURNAMES), 4)]
        self.surnames = [w[0] for w in weights]
        self.surname_weights = [float(w[1:]) for w in weights]
        self.homophones, self.lookalikes = groups(HOMOPHONES), groups(LOOKALIKES)
        self.places = []
        for c, city in enumerate(CITIES.split("|")):
            name, *counties = city.split()
            self.places += [(f"88{c + 1:02}{d + 1:02}", name, county) for d, county in enumerate(counties)]
        self.roads, self.estates = ROADS.split(), ESTATES.split()
        self.used: set[str] = set()
        self.count = 0

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def fresh(self, draw: Any) -> str:
        while (value := draw()) in self.used:
            pass
        self.used.add(value)
        return str(value)

    def phone(self) -> str:
        return self.fresh(lambda: f"154{self.rng.randrange(10**8):08}")

    def number(self, region: str, born: date, sex: str) -> str:
        def draw() -> str:
            first = f"{region}{born:%Y%m%d}{self.rng.randrange(0, 499) * 2 + (sex == '1'):03}"
            weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
            return first + "10X98765432"[sum(int(d) * w for d, w in zip(first, weights, strict=True)) % 11]

        return self.fresh(draw)

    def name(self, surname: str, sex: str, born: date) -> str:
        cohort = 0 if born.year < 1968 else 1 if born.year < 1998 else 2
        pool = GIVEN[sex, cohort]
        # The first characters of a list are the commonest.
        pick = [
            pool[min(int(self.rng.expovariate(1 / 9)), len(pool) - 1)] for _ in range(1 if self.chance(0.22) else 2)
        ]
        return surname + "".join(pick)

    def surname(self) -> str:
        return self.rng.choices(self.surnames, self.surname_weights)[0]

    def born(self) -> date:
        return date(1938, 1, 1) + timedelta(days=int(self.rng.triangular(0, 27_000, 17_000)))

    def address(self, place: tuple[str, str, str]) -> str:
        _, city, county = place
        rng = self.rng
        road = f"{rng.choice(self.roads)}{rng.choice(('路', '路', '路', '街', '大道', '巷'))}{rng.randrange(1, 600)}号"
        home = f"{rng.randrange(1, 40)}幢{rng.randrange(1, 4)}单元{rng.randrange(1, 30)}0{rng.randrange(1, 5)}室"
        return f"云汉省{city}{county}{road}{rng.choice(self.estates) if self.chance(0.7) else ''}{home}"

    def person(self, **fixed: Any) -> Person:
        rng = self.rng
        sex = fixed.get("sex") or rng.choice("12")
        born = fixed.get("born") or self.born()
        place = fixed.get("place") or rng.choice(self.places)
        name = fixed.get("name") or self.name(fixed.get("surname") or self.surname(), sex, born)
        phone = fixed.get("phone") or self.phone()
        number = self.number(place[0], born, sex)
        self.count += 1
        return Person(
            id=self.count, name=name, sex=sex, born=born, number=number, phone=phone, old_phone=self.phone(),
            email=self.fresh(lambda: f"{rng.choice(('u', 'v', 'wx', 'mail'))}{rng.randrange(10**8):08}")
            + f"@example.{rng.choice(('com', 'net', 'org', 'cn'))}",
            address=fixed.get("address") or self.address(place), old_address=self.address(rng.choice(self.places)),
            shown_number=number,
        )  # fmt: skip

    def people(self) -> list[Person]:
        """One person, or several who look like one."""
        rng = self.rng
        place = rng.choice(self.places)
        first = self.person(place=place)
        found = [first]
        draw = rng.random()
        surname = first.name[0]
        if draw < 0.05:  # father and son on one phone, in one home
            born = date(min(first.born.year + 26, 2016), rng.randrange(1, 13), rng.randrange(1, 28))
            child = self.person(
                surname=surname, sex=first.sex, born=born, phone=first.phone, address=first.address, place=place
            )
            if self.chance(0.25):
                child.shown_number = first.number
            found.append(child)
        elif draw < 0.09:  # husband and wife
            found.append(
                self.person(
                    sex="12"[first.sex == "1"],
                    address=first.address,
                    place=place,
                    phone=first.phone if self.chance(0.2) else None,
                )
            )
        elif draw < 0.10:  # twins, named alike
            pool = GIVEN[first.sex, 2 if first.born.year >= 1998 else 1 if first.born.year >= 1968 else 0]
            name = first.name[:-1] + rng.choice(pool.replace(first.name[-1], ""))
            found.append(
                self.person(name=name, sex=first.sex, born=first.born, address=first.address, place=place,
                            phone=first.phone if self.chance(0.4) else None)
            )  # fmt: skip
        elif draw < 0.104:  # namesakes with one birth date
            found.append(self.person(name=first.name, sex=first.sex, born=first.born))
        elif draw < 0.134 and len(self.used) > 100:  # a number that somebody else had before
            found.append(self.person(phone=first.old_phone))
        return found

    def written_name(self, person: Person, latin: Any) -> str:
        profile, rng, name = self.profile, self.rng, person.name
        if self.chance(profile.latin):
            return str(latin(name, rng))
        if self.chance(profile.typo):
            at = rng.randrange(len(name))
            table = self.homophones if self.chance(0.75) else self.lookalikes
            if name[at] in table:
                name = name[:at] + rng.choice(table[name[at]]) + name[at + 1 :]
            elif len(name) == 3 and self.chance(0.3):
                name = name[:2] if self.chance(0.5) else name[0] + name[2] + name[1]
        if self.chance(profile.traditional):
            name = "".join(TRADITIONAL.get(character, character) for character in name)
        return name

    def wrong(self, digits: str) -> str:
        """*digits* with one wrong, lost, or changed for its neighbour."""
        rng, at = self.rng, self.rng.randrange(len(digits) - 1)
        kind = rng.random()
        if kind < 0.4:
            return digits[:at] + str((int(digits[at], 36) + rng.randrange(1, 9)) % 10) + digits[at + 1 :]
        if kind < 0.75:
            return digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
        return digits[:at] + digits[at + 1 :] if kind < 0.9 else digits[:-1]

    def row(self, person: Person, latin: Any) -> tuple[str, ...]:
        """A row of *person*: name, number, phone, birth date, sex, address, e-mail."""
        profile, rng = self.profile, self.rng
        number = "" if self.chance(profile.no_number) else person.shown_number
        if number and person.born.year < 1975 and self.chance(0.05):
            number = number[:6] + number[8:17]
        elif number and self.chance(profile.wrong_digit):
            number = self.wrong(number)
        phone = (
            ""
            if self.chance(profile.no_phone)
            else person.old_phone
            if self.chance(profile.other_phone)
            else person.phone
        )
        if phone and self.chance(profile.wrong_digit):
            phone = self.wrong(phone)
        born = "" if self.chance(profile.no_born) else f"{person.born:%Y%m%d}"
        if born and self.chance(profile.wrong_digit):
            day, month = person.born.day, person.born.month
            born = (
                f"{person.born.year}{day:02}{month:02}"
                if day <= 12 and self.chance(0.5)
                else f"{person.born + timedelta(days=rng.choice((1, 10, -1))):%Y%m%d}"
            )
        address = (
            ""
            if self.chance(profile.no_address)
            else person.old_address
            if self.chance(profile.moved)
            else person.address
        )
        if address:
            if self.chance(0.3):
                address = address.removeprefix("云汉省")
            if self.chance(0.15):
                address = address.replace("幢", rng.choice(("栋", "号楼", "-"))).replace("单元", "-").replace("室", "")
            if self.chance(0.05):
                address = address[: address.index("号") + 1]
        return (
            self.written_name(person, latin), number, phone, born, "" if self.chance(0.05) else person.sex, address,
            "" if self.chance(profile.no_email) else person.email,
        )  # fmt: skip


COLUMNS = ("row_id", "name", "id_no", "phone", "birth_date", "sex", "address", "email", "person", "special")


def everybody(world: World) -> Iterator[Person]:
    """Made-up people, in no order that tells who belongs together."""
    while True:
        some = [person for _ in range(2_000) for person in world.people()]
        world.rng.shuffle(some)
        yield from some


def make(rows: int, profile: str, seed: int = 20261126) -> dict[str, list[Any]]:
    """
    The columns of a file of *rows* rows, in no order.

    ``person`` is the truth, ``special`` the number of the group of people who look like one, 0 for everybody else; the
    matcher reads neither.
    """
    from bankcif.wording import readings

    def latin(name: str, rng: Random) -> str:
        syllables = [readings(character)[0].replace("v", "yu") if readings(character) else "x" for character in name]
        surname, given = syllables[0].capitalize(), "".join(syllables[1:]).capitalize()
        return f"{surname} {given}" if rng.random() < 0.5 else f"{given} {surname.upper()}"

    world = World(profile, seed)
    rng = world.rng
    found: list[tuple[tuple[str, ...], int, int]] = []
    group = 0
    while len(found) < rows:
        people = world.people()
        group += len(people) > 1
        for person in people:
            times = rng.choices((1, 2, 3, 4, 5), (0.45, 0.3, 0.15, 0.07, 0.03))[0]
            special = group if len(people) > 1 else 0
            found += [(world.row(person, latin), person.id, special) for _ in range(times)]
    del found[rows:]
    rng.shuffle(found)
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    columns["row_id"] = [f"R{number:08}" for number in range(len(found))]
    for at, name in enumerate(COLUMNS[1:8]):
        columns[name] = [row[at] or None for row, _, _ in found]
    columns["person"] = [person for _, person, _ in found]
    columns["special"] = [special for _, _, special in found]
    return columns


def write(path: Path, rows: int, profile: str, seed: int = 20261126) -> None:
    """Writes the file as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(make(rows, profile, seed)), path)


if __name__ == "__main__":
    write(Path(sys.argv[3]), int(sys.argv[1]), sys.argv[2], int(sys.argv[4]) if len(sys.argv) > 4 else 20261126)
