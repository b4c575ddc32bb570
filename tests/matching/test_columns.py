"""A column of a file and a text of it alone come to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from bankcif.errors import ConfigurationError
from bankcif.flows.file_rows import column_reader
from bankcif.identifiers import Texts
from bankcif.matching import lanes_of
from bankcif.matching.lanes import Lane
from bankcif.matching.sounds import name_tables
from bankcif.party import PartyKind
from bankcif.testing import strategies

PEOPLE, COMPANIES = (column_reader(kind) for kind in PartyKind)
_DIGITS = st.text(st.sampled_from("0123456789Xx- +"), max_size=20)
_EMAILS = st.from_regex(r"[a-zA-Z0-9._-]{1,12}@[a-z0-9.-]{1,12}\.[a-z0-9]{1,3}", fullmatch=True)
_PLAIN = [chr(point) for point in np.flatnonzero(name_tables().plain).tolist()]
_NAMES = st.text(
    st.sampled_from("王李张欧阳单刘陈伟芳國無名未知先生测试同上仇曾乐任华盖朴吕女率长重朝强佳宁文杰娟燕绿旅了行降")
    | st.sampled_from(_PLAIN),
    max_size=5,
)
_WORDS = st.lists(
    st.from_regex(r"[A-Za-z]{1,7}", fullmatch=True)
    | st.sampled_from(
        ("van", "de", "Dr", "bin", "bob", "Bill", "LYU", "al", "Yulyu", "nv", "Lyv", "Anna", "ZHANG", "O'Neil", "Jr.")
    ),
    max_size=9,
).map(" ".join)
_ADDRESSES = st.text(
    st.sampled_from("云汉省星河市长庚区天市街１2３45幢栋号室 -(ab,。國路ÄÖßﬁ①₂\u0301\ue000")
    | st.characters(codec="utf-8"),
    max_size=30,
)

FIELDS = {
    "name": _NAMES | _WORDS | strategies.han_names | st.sampled_from(("", "未知", "王先生", "王伟先生", "Zhang Wei", "张·伟", "𠀀伟", "王王王王")),
    "national": strategies.resident_ids() | _DIGITS | st.from_regex(r"8801011990030710[0-9][0-9X]", fullmatch=True)
    | st.from_regex(r"[0-9]{14,21}", fullmatch=True) | st.from_regex(r"88010[0-9](18|19|20)[0-9]{8,10}", fullmatch=True)
    | st.sampled_from(("000000000000000000", "123456789012345678", "880101900307109")),
    "phone": strategies.mobiles | _DIGITS | st.from_regex(r"1[0-9]{10}", fullmatch=True)
    | st.sampled_from(("13800138000", "15412345678", "15411111111", "15400000000", "15498765432", "+86 154 0000 8000")),
    "email": _EMAILS | st.sampled_from(("test@test.com", "a@a.com", "aa@qq.con", "A.li@Example.com", "u1@example.com", "a@b..cn")),
    "birth_date": strategies.birth_dates.map(str) | _DIGITS | st.dates().map(lambda day: f"{day:%Y%m%d}")
    | st.sampled_from(("1900-01-01", "1900-01-02", "1899-12-31", "19700101", "1990/3/7", "1990-02-30")),
    "sex": st.sampled_from(("1", "2", "男", "女", "M", "F", "0", "9", "未知", "female", "1\0", "\0")),
    "address": st.sampled_from(("云汉省星河市长庚区银河路1号", "同上", "不详", "见身份证", "银河路１２号", "1 Main Street, 3rd floor", "浙江省杭州市西湖区文三路1号",
                                "浙江杭州西湖"))
    | strategies.texts | _ADDRESSES | st.text("省市区路", min_size=195, max_size=205),
    "region": st.sampled_from(("880101", "2906", "88010", "ABC", "８８０１０１")),
}  # fmt: skip


@given(st.lists(st.fixed_dictionaries({}, optional=FIELDS), min_size=1, max_size=12))
def test_a_column_says_what_each_text_says_alone(rows: list[dict[str, str]]) -> None:
    columns = {field: Texts.of([row.get(field, "") for row in rows]) for field in FIELDS}
    found = PEOPLE.lanes(columns)
    for row, lanes in zip(rows, found, strict=True):
        assert lanes.tolist() == alone(row)


def alone(row: dict[str, str]) -> list[int]:
    """The numbers of a row from its texts one by one: what a number says of birth and sex counts where nothing is given."""
    parts = {field: lanes_of(PEOPLE.read(field, text)) for field, text in row.items() if text}
    out = [0] * len(Lane)
    for field, lanes in parts.items():
        for lane, value in enumerate(lanes):
            out[lane] |= 0 if field == "national" and lane in (Lane.BORN, Lane.FLAGS) else value
    number = parts.get("national", [0] * len(Lane))
    out[Lane.FLAGS] |= number[Lane.FLAGS] & ~3
    out[Lane.BORN] = out[Lane.BORN] or number[Lane.BORN]
    out[Lane.FLAGS] |= 0 if out[Lane.FLAGS] & 3 else number[Lane.FLAGS] & 3
    return out


@given(
    st.lists(st.sampled_from(("恒瑞科技有限公司", "星河恒瑞科技", "ABC Trading Co., Ltd.", "")), min_size=1, max_size=5)
)
def test_names_of_organizations_are_read_one_by_one(names: list[str]) -> None:
    found = COMPANIES.lanes({"name": Texts.of(names)})
    for name, lanes in zip(names, found, strict=True):
        assert lanes.tolist() == (lanes_of(COMPANIES.read("name", name)) if name else [0] * len(Lane))


def test_a_mistyped_number_is_kept_for_comparing_and_is_not_valid() -> None:
    lanes = PEOPLE.lanes({"national": Texts.of(["880101199003071091", "8801011990030710"])})
    assert (lanes[:, Lane.ID] != 0).all()
    assert not (lanes[:, Lane.FLAGS] & 16).any()
    assert not lanes[:, Lane.BORN].any()


def test_of_an_organization_no_birth_date_is_read() -> None:
    assert not COMPANIES.lanes({"birth_date": Texts.of(["19800101"]), "sex": Texts.of(["1"])}).any()


def test_columns_of_different_lengths_are_refused() -> None:
    two, one = Texts.of(["15400000001", "15400000002"]), Texts.of(["a@b.cn"])
    with pytest.raises(ConfigurationError, match="the same rows"):
        PEOPLE.lanes({"phone": two, "email": one})
    with pytest.raises(ConfigurationError, match="the same rows"):
        PEOPLE.lanes({"phone": two}, np.zeros((1, len(Lane)), np.uint64))


@given(st.lists(st.binary(max_size=14), min_size=1, max_size=6))
def test_bytes_that_are_no_text_are_read_as_such_characters(values: list[bytes]) -> None:
    offsets = np.concatenate(([0], np.cumsum([len(value) for value in values]))).astype(np.int64)
    texts = Texts(np.frombuffer(b"".join(values), np.uint8), offsets)
    for field in ("name", "address", "phone", "email", "birth_date", "national", "region", "sex"):
        found = PEOPLE.lanes({field: texts})
        for at, lanes in enumerate(found):
            if len(values[at]):
                assert lanes.tolist() == lanes_of(PEOPLE.read(field, texts[at])), field
