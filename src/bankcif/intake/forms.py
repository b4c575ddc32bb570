"""
A capture standard as a JSON Schema and as the description of a form, so that a front end asks what the check asks.

Neither refuses what the library accepts; the library refuses more, such as a wrong check digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._text import attribute_label
from ..party import FORMS, LAST_HOUR, CodeLists, DocumentTypes, Field, FieldType
from .children import CHILD_MODELS, CODES_OF_CHILDREN, NEEDED_OF_CHILDREN, ONE_OF_CHILDREN
from .standardize import MOST_CHILDREN, longest_of
from .validate import CaptureStandard, Condition

__all__ = ["form_description", "json_schema"]

# What no text may hold: control characters, and what turns the direction of writing around.
_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$"
_LONGEST_NUMBER = 17
_MONEY = {"type": "object", "required": ["amount", "currency"]}
_NOTHING = {"enum": [None, False]}
_INPUTS = {
    FieldType.DATE: "date", FieldType.CODE: "select", FieldType.PHONE: "tel", FieldType.EMAIL: "email",
    FieldType.INTEGER: "number", FieldType.MONEY: "money", FieldType.CHILDREN: "group",
}  # fmt: skip
_CHILD_INPUTS = {
    "money": "money",
    "date": "date",
    "month": "month",
    "integer": "number",
    "hour": "number",
    "boolean": "checkbox",
    "text": "text",
}
_HELP = {
    FieldType.DATE: ("年-月-日，如 1990-03-07", "year-month-day, such as 1990-03-07"),
    FieldType.PHONE: ("境外号码请加国家代码，如 +852", "with the country code if abroad, such as +852"),
    FieldType.MONEY: ("金额和币种", "an amount and its currency"),
    FieldType.ADDRESS: ("从省（自治区、直辖市）写起", "beginning with the province"),
    FieldType.PERSON_NAME: ("与证件上的姓名一致", "as it stands in the document"),
}


def json_schema(standard: CaptureStandard) -> dict[str, Any]:
    """
    The standard as a JSON Schema for the plain values of a form.

    Source: JSON Schema 2020-12.
    """
    catalogue = FORMS[standard.kind]
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{standard.kind.value} {standard.occasion}",
        "$comment": f"capture standard {standard.version}{f', channel {standard.channel}' if standard.channel else ''}",
        "type": "object",
        "properties": {field.name: _property(field, standard) for field in catalogue.values()},
        "required": list(standard.required),
        "additionalProperties": False,
    }
    further: list[dict[str, Any]] = [{"anyOf": [{"required": [name]} for name in group]} for group in standard.any_of]
    further += [{"if": _when(one), "then": {"required": list(one.require)}} for one in standard.conditions]
    return {**schema, "allOf": further} if further else schema


def _property(field: Field, standard: CaptureStandard) -> dict[str, Any]:
    title = {"title": field.en, "x-title-zh": field.zh}
    if field.type is FieldType.CHILDREN:
        least = {"minItems": 1} if field.name in standard.required else {}
        return {**title, "type": "array", **least, "maxItems": MOST_CHILDREN, "items": _child(field.name)}
    if field.type is FieldType.MONEY:
        return {**title, **_MONEY}
    if field.type is FieldType.INTEGER:
        return {**title, "type": ["integer", "string"]}
    least = {"minLength": 1} if field.name in standard.required else {}
    return {**title, "type": "string", **least, "maxLength": longest_of(field.type), "pattern": _PATTERN}


def _child(name: str) -> dict[str, Any]:
    types: Mapping[str, dict[str, Any]] = {
        "money": _MONEY, "date": {"type": "string"}, "month": {"type": "string"}, "integer": {"type": ["integer", "string"]},
        "hour": {"type": ["integer", "string"], "minimum": 0, "maximum": LAST_HOUR},
        "boolean": {"const": True}, "text": {"type": "string", "maxLength": longest_of(FieldType.TEXT)},
    }  # fmt: skip
    ways = [{"required": [one]} for one in ONE_OF_CHILDREN.get(name, ())]
    return {
        "type": "object",
        **({"anyOf": ways} if ways else {}),
        "properties": {attribute: {"anyOf": [types[kind], _NOTHING]} for attribute, kind in CHILD_MODELS[name].items()},
        "required": [*NEEDED_OF_CHILDREN.get(name, ())],
        "additionalProperties": False,
    }


def _when(condition: Condition) -> dict[str, Any] | bool:
    field, _, code = condition.when.partition("=")
    name, _, scheme = field.partition(".")
    if scheme:
        holds: dict[str, Any] = {"contains": {"properties": {"scheme": {"const": scheme}}, "required": ["scheme"]}}
    elif code:
        holds = {"const": code}
    else:
        # A filler such as 无 is a missing value to the check, and a front end can not tell: it leaves this to the check.
        return False
    return {"properties": {name: holds}, "required": [name]}


def form_description(standard: CaptureStandard, *, codes: CodeLists, document_types: DocumentTypes) -> dict[str, Any]:
    """
    The standard as the description of an HTML form: the required fields, then the others, with label and help in
    Chinese and English, kind of input, pattern and options; and what must be there because of something else.
    """
    catalogue = FORMS[standard.kind]
    return {
        "version": standard.version, "kind": standard.kind.value, "occasion": standard.occasion,
        "channel": standard.channel, "minimum_age": standard.minimum_age,
        "fields": [
            _input(catalogue[name], standard, codes, document_types) for name in dict.fromkeys((*standard.required, *catalogue))
        ],
        "any_of": [list(group) for group in standard.any_of],
        "conditions": [{"when": one.when, "require": list(one.require)} for one in standard.conditions],
    }  # fmt: skip


def _input(field: Field, standard: CaptureStandard, codes: CodeLists, document_types: DocumentTypes) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": field.name, "label": {"zh": field.zh, "en": field.en}, "input": _INPUTS.get(field.type, "text"),
        "required": field.name in standard.required, "group": field.group.value,
    }  # fmt: skip
    if help_text := _HELP.get(field.type):
        found["help"] = {"zh": help_text[0], "en": help_text[1]}
    if field.type is FieldType.CODE:
        found["options"] = _options(codes, field.codes)
    elif field.type is FieldType.INTEGER:
        found["pattern"] = rf"\s*[0-9]{{1,{_LONGEST_NUMBER}}}\s*"
    elif field.type is FieldType.CHILDREN:
        found["fields"] = [
            {"name": name, "label": attribute_label(name), "input": _CHILD_INPUTS[kind],
             "required": name in NEEDED_OF_CHILDREN.get(field.name, ()), **_child_options(field.name, name, codes)}
            for name, kind in CHILD_MODELS[field.name].items()
        ]  # fmt: skip
        if field.name in ONE_OF_CHILDREN:
            found["one_of"] = [*ONE_OF_CHILDREN[field.name]]
        if field.name == "identifiers":
            found["options"] = [
                {"value": one.scheme, "document": one.name, "zh": one.zh, "en": one.en} for one in document_types.values()
            ]  # fmt: skip
    elif field.type is not FieldType.MONEY:
        found["max_length"], found["pattern"] = longest_of(field.type), _PATTERN
    return found


def _options(codes: CodeLists, name: str) -> list[dict[str, str]]:
    return [{"value": code, "zh": zh, "en": en} for code, (zh, en) in codes[name].labels.items()]


def _child_options(of: str, name: str, codes: CodeLists) -> dict[str, Any]:
    if (of, name) not in CODES_OF_CHILDREN:
        return {}
    return {"input": "select", "options": _options(codes, CODES_OF_CHILDREN[of, name])}
