"""
Customers after GB/T 31186-2014, the national description of banks' customers: names, identification marks, addresses and telephone numbers, as many as there are of each.

Source: GB/T 31186.1 to .5-2014, their tables of contents and summaries: the parts, that each is described by several-valued elements with a type, and that a customer is told apart by the
bank's own mark (客户内部唯一标识). The full text is not openly published: the names of elements within the parts are this library's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import attrs

from ..errors import InputError
from ..identifiers import split_e164
from ..party import PartyKind, document_types
from .shape import Converted, Loss, Taken, bare, left_over, text_of

__all__ = ["Gbt31186"]

_NUMBER = "bank.customer_no"
_KINDS = {PartyKind.INDIVIDUAL: "个人", PartyKind.ORGANIZATION: "组织"}
_NAMES = {"name": "法定名称", "former_name": "曾用名称", "pinyin_name": "拼音名称", "foreign_name": "外文名称"}
_MARK, _CUSTOMER, _NAME, _IDS, _ADDRESSES, _PHONES = (
    "客户内部唯一标识",
    "客户类别",
    "名称",
    "识别标识",
    "地址",
    "电话号码",
)
_ID = {"number": "标识号码", "issuer": "发放机构", "valid_from": "有效期起", "valid_until": "有效期止"}
_HOME = "86"


@attrs.frozen
class Gbt31186:
    """See `Shape`."""

    name: str = "gbt31186"

    def out(self, kind: PartyKind, values: Mapping[str, Any]) -> Converted:
        """See `Shape.out`."""
        said = bare(kind, values)
        document: dict[str, Any] = {_CUSTOMER: _KINDS[kind]}
        marks = [one["number"] for one in said.get("identifiers", ()) if one["scheme"] == _NUMBER]
        if marks:
            document[_MARK] = marks[0]
        names = [{"名称类型": label, "名称": said[field]} for field, label in _NAMES.items() if field in said]
        ids: list[dict[str, Any]] = [
            {"标识类型": _labels().get(one["scheme"], one["scheme"]), **{theirs: one[ours] for ours, theirs in _ID.items() if one.get(ours)},
             **_long(one, "long_term", "长期有效")}
            for one in said.get("identifiers", ()) if one["scheme"] != _NUMBER
        ]  # fmt: skip
        addresses = [{"地址类型": "联系地址", "详细地址": said["address"]}] if "address" in said else []
        phones = [_phone(said["phone"])] if "phone" in said else []
        document |= {
            part: rows
            for part, rows in ((_NAME, names), (_IDS, ids), (_ADDRESSES, addresses), (_PHONES, phones))
            if rows
        }
        lost = [Loss("identifiers", "there is one mark of the bank's own")] if len(marks) > 1 else []
        return Converted(
            document=document, lost=(*lost, *left_over(kind, values, {*_NAMES, "identifiers", "address", "phone"}))
        )

    def take(self, document: Mapping[str, Any]) -> Taken:
        """See `Shape.take`."""
        kinds = {label: kind for kind, label in _KINDS.items()}
        kind = kinds.get(text_of(document, _CUSTOMER, "$"))
        if kind is None:
            raise InputError("客户类别 is 个人 or 组织", path=f"$.{_CUSTOMER}", rule="interop")
        lost: list[Loss] = []
        values: dict[str, Any] = {}
        fields = {label: field for field, label in _NAMES.items() if kind is PartyKind.INDIVIDUAL or field == "name"}
        for at, one in enumerate(_rows(document, _NAME)):
            field = fields.get(text_of(one, "名称类型", f"$.{_NAME}[{at}]"))
            if field is None or field in values:
                lost.append(Loss(f"$.{_NAME}[{at}]", "a name of this type is no field, or stands there already"))
            elif said := text_of(one, "名称", f"$.{_NAME}[{at}]"):
                values[field] = said
        ids = [{"scheme": _NUMBER, "number": mark}] if (mark := text_of(document, _MARK, "$")) else []
        schemes = {label: scheme for scheme, label in _labels().items()}
        for at, one in enumerate(_rows(document, _IDS)):
            label = text_of(one, "标识类型", f"$.{_IDS}[{at}]")
            row: dict[str, Any] = {
                ours: said for ours, theirs in _ID.items() if (said := text_of(one, theirs, f"$.{_IDS}[{at}]"))
            }
            ids.append(
                {
                    "scheme": schemes.get(label, label),
                    **row,
                    **_long(one, "长期有效", "long_term"),
                }
            )
        if ids:
            values["identifiers"] = ids
        addresses = _rows(document, _ADDRESSES)
        if addresses:
            values["address"] = text_of(addresses[0], "详细地址", f"$.{_ADDRESSES}[0]")
        phones = _rows(document, _PHONES)
        if phones:
            code, number = (text_of(phones[0], name, f"$.{_PHONES}[0]") for name in ("国家代码", "号码"))
            values["phone"] = f"+{code}{number}" if code else number
        for part, rows in ((_ADDRESSES, addresses), (_PHONES, phones)):
            lost += [Loss(f"$.{part}[{at}]", "there is one, and the first was taken") for at in range(1, len(rows))]
        known = {_CUSTOMER, _MARK, _NAME, _IDS, _ADDRESSES, _PHONES}
        lost += [Loss(f"$.{name}", "it is not known") for name in document if name not in known]
        return Taken(kind=kind, values=values, lost=tuple(lost))


@cache
def _labels() -> dict[str, str]:
    """Of each scheme that one kind of document alone has, the Chinese label of that."""
    found: dict[str, list[str]] = {}
    for one in document_types().values():
        found.setdefault(one.scheme, []).append(one.zh)
    return {scheme: labels[0] for scheme, labels in found.items()}


def _long(one: Mapping[str, Any], theirs: str, ours: str) -> dict[str, Any]:
    return {ours: True} if one.get(theirs) is True else {}


def _phone(number: str) -> dict[str, str]:
    code, national = split_e164(number)
    mobile = code == _HOME and len(national) == 11 and national.startswith("1")
    return {"电话类型": "移动电话" if mobile else "固定电话", **({"国家代码": code} if code else {}), "号码": national}


def _rows(document: Mapping[str, Any], part: str) -> Sequence[Mapping[str, Any]]:
    rows = document.get(part) or []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise InputError("a list of objects is expected", path=f"$.{part}", rule="interop")
    return rows
