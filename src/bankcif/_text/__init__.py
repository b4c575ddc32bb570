"""Messages and labels for end users, in Chinese and English."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

__all__ = ["Language", "attribute_label", "label", "rule_text", "value_label"]

Language = Literal["zh", "en"]


@cache
def _texts() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(files(__name__).joinpath("texts.toml").read_text(encoding="utf-8"))


def rule_text(rule: str, language: Language = "en") -> str:
    """What *rule* asks, in words for the person at the counter; the rule's own name if it has no text."""
    text = _texts()["rule"].get(rule)
    return text[language] if text else rule


def label(name: str, language: Language = "en") -> str:
    """The heading or word named *name* in reports and on the command line; *name* itself if unknown."""
    text = _texts()["label"].get(name)
    return text[language] if text else name


def attribute_label(name: str) -> dict[Language, str]:
    """What a form or a copy calls the attribute *name* of a document, a product, a contact or a statement, in both languages; *name* itself if unknown."""
    text = _texts()["attribute"].get(name, {"zh": name, "en": name})
    return {"zh": text["zh"], "en": text["en"]}


def value_label(value: str, language: Language) -> str:
    """What an attribute's *value* that is a word of ours is called; itself if it is none."""
    text = _texts()["value"].get(value)
    return text[language] if text else value
