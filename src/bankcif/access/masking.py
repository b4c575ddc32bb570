"""
Masks: what of a value may be seen. Total functions over stored values that fail closed.

Whatever comes in, a mask hides at least the profile's minimum and shows no run beyond the ends it keeps; what it does not
recognize it hides whole. `mask` and `mask_column` say the same of every value.

Source: digit counts of common practice; JR/T 0171-2020 annex A (informative) asks for masking but its wording was not
available. Every profile can be replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ..identifiers import Texts
from ..wording import is_han, surname_length
from .profiles import Ends, MaskProfile, default_profiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HIDDEN", "MASKS", "card_at_rest", "mask", "mask_column", "masker"]

HIDDEN = "******"

_MOBILE = re.compile(r"\+86(1[0-9]{10})")
_FIXED = re.compile(r"\+86(10|2[0-9]|[3-9][0-9]{2})([0-9]{5,8})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def kept_ends(text: str, ends: Ends) -> str | None:
    """*text* with all but its *ends* as asterisks; None if too little would be hidden."""
    between = len(text) - ends.first - ends.last
    if between < ends.hidden:
        return None
    return text[: ends.first] + "*" * between + text[len(text) - ends.last :]


def mask_identifier(text: str, profile: MaskProfile) -> str:
    """The ends the profile keeps; all hidden where fewer characters would be hidden than it asks."""
    found = kept_ends(text, profile.identifier)
    return "*" * max(len(text), profile.identifier.hidden) if found is None else found


def mask_name(text: str, profile: MaskProfile) -> str:
    """Of a Han name its surname or its last character, of a Latin one its last word; at least one character is hidden."""
    if not text.strip():
        return HIDDEN
    if not any(map(is_han, text)):
        words = text.split()
        return f"*** {words[-1]}" if len(words) > 1 and profile.latin_name == "last_word" else "***"
    if len(text) == 1 or profile.han_name == "hidden":
        return "*" if len(text) == 1 else "**"
    if profile.han_name == "last":
        return "*" * (len(text) - 1) + text[-1]
    surname = surname_length(text) or 1
    # "诸葛" alone is a surname without a given name: nothing of it may stand.
    return text[:surname] + "*" * (len(text) - surname) if surname < len(text) else "*" * len(text)


def mask_phone(text: str, profile: MaskProfile) -> str:
    """A mainland mobile and a fixed line keep the profile's ends, any other number two digits at most; no extension."""
    number = text.partition(";")[0]
    if found := _MOBILE.fullmatch(number):
        return kept_ends(found[1], profile.mobile) or HIDDEN
    if found := _FIXED.fullmatch(number):
        shown = kept_ends(found[2], profile.fixed)
        return f"0{found[1]}-{shown}" if shown is not None and profile.fixed.last else HIDDEN
    if number.startswith("+") and len(number) >= 8 and profile.fixed.last:
        last = min(profile.fixed.last, 2)
        return "+" + "*" * (len(number) - 1 - last) + number[-last:]
    return HIDDEN


def mask_email(text: str, profile: MaskProfile) -> str:
    """The domain, and of the local part its beginning if enough of it is hidden."""
    local, at, domain = text.rpartition("@")
    if not at or not local or "@" in local:
        return HIDDEN
    first = profile.email.first
    return f"{local[:first]}***@{domain}" if len(local) - first >= profile.email.hidden and first else f"***@{domain}"


def mask_address(value: Mapping[str, Any], profile: MaskProfile) -> str:
    """Province, prefecture and county as they were recognized, as many as the profile keeps."""
    return "".join(list(value.get("region", ()))[: profile.region_levels]) + HIDDEN


def mask_year(text: str, profile: MaskProfile) -> str:
    """The year of a date."""
    return f"{text[:4]}-**-**" if profile.year and _DAY.fullmatch(text) else HIDDEN


def mask_employer(text: str, profile: MaskProfile) -> str:
    """The beginning, if enough is hidden behind it; how long it is does not show."""
    ends = profile.employer
    return text[: ends.first] + "****" if len(text) - ends.first >= ends.hidden else "****"


def mask_card(text: str, profile: MaskProfile) -> str:
    """The ends the profile keeps, of a short number the last alone; hidden below twelve digits."""
    if len(text) < 12:
        return HIDDEN
    return kept_ends(text, profile.card) or kept_ends(text, attrs.evolve(profile.card, first=0)) or HIDDEN


def card_at_rest(number: str) -> str:
    """The form in which an account or card number rests beside its token: six and four digits at most."""
    return mask_card(number, default_profiles().of("staff"))


def mask_identifiers(documents: list[Mapping[str, Any]], profile: MaskProfile) -> list[dict[str, Any]]:
    """Each document's scheme and validity, and its number by `mask_identifier`."""
    kept = ("scheme", "valid_until", "long_term")
    return [
        {name: document[name] for name in kept if name in document}
        | {"number": mask_identifier(str(document["number"]), profile)}
        for document in documents
    ]


def mask_holdings(holdings: list[Mapping[str, Any]], profile: MaskProfile) -> list[dict[str, Any]]:
    """Each holding's product, status and masked number; balances are left out."""
    kept = ("product", "status", "opened_on", "closed_on", "role")
    found = []
    for holding in holdings:
        shown = {name: holding[name] for name in kept if name in holding}
        if "masked" in holding:
            # It rests masked; the profile may show less of it.
            shown["number"] = _fewer(str(holding["masked"]), profile.card)
        found.append(shown)
    return found


def mask_tax_residences(residences: list[Mapping[str, Any]], profile: MaskProfile) -> list[dict[str, Any]] | str:
    """Of each its country, whether there is a number, and since when; the number is left out, and all of it where a profile shows no contacts."""
    if not profile.interactions:
        return HIDDEN
    kept = ("country", "no_tin", "certified_on")
    return [{name: one[name] for name in kept if one.get(name) is not None} for one in residences]


def mask_interactions(interactions: list[Mapping[str, Any]], profile: MaskProfile) -> list[dict[str, Any]] | str:
    """Of each contact its days and what is a word of the profile's list; what somebody wrote is hidden, and all of it where there is no list."""
    if not profile.interactions:
        return HIDDEN
    words = ("channel", "type", "direction", "campaign", "outcome")
    return [
        {
            name: row[name] if _DAY.fullmatch(row[name]) else HIDDEN
            for name in ("on", "due")
            if row.get(name) is not None
        }
        | {
            name: row[name] if row[name] in profile.interactions else HIDDEN
            for name in words
            if row.get(name) is not None
        }
        for row in interactions
    ]


def mask_consents(consents: list[Mapping[str, Any]], profile: MaskProfile) -> list[dict[str, Any]] | str:
    """
    Of each consent what it is about, its state and its days, and the beginning of a recipient's name; nothing of it where a profile
    shows no contacts.
    """
    if not profile.interactions:
        return HIDDEN
    kept = ("purpose", "state", "channel", "data_group", "country", "since", "until", "guardian")
    return [
        {name: consent[name] for name in kept if consent.get(name) not in (None, False)}
        | ({"recipient": mask_employer(consent["recipient"], profile)} if consent.get("recipient") else {})
        for consent in consents
    ]


def mask_relationships(relations: list[Mapping[str, Any]], profile: MaskProfile) -> list[dict[str, Any]] | str:
    """Of each relation its kind, role, days and parts, and not to whom it is or by what means; nothing of it where a profile shows no contacts."""
    if not profile.interactions:
        return HIDDEN
    kept = ("kind", "role", "since", "until", "share", "votes")
    return [{name: relation[name] for name in kept if relation.get(name) is not None} for relation in relations]


def _days_and_outcomes(*kept: str) -> Callable[[list[Mapping[str, Any]], MaskProfile], list[dict[str, Any]] | str]:
    """A mask that shows of rows these attributes, and nothing of them where a profile shows no contacts."""

    def masked(rows: list[Mapping[str, Any]], profile: MaskProfile) -> list[dict[str, Any]] | str:
        if not profile.interactions:
            return HIDDEN
        return [{name: row[name] for name in kept if row.get(name)} for row in rows]

    return masked


def mask_states(states: list[Mapping[str, Any]], profile: MaskProfile) -> list[dict[str, Any]]:
    """Of each step of the life cycle where it led to and when, and not what proves it."""
    kept = ("state", "step", "since")
    return [{name: state[name] for name in kept if state.get(name)} for state in states]


def _fewer(masked: str, ends: Ends) -> str:
    last = min(ends.last, 4)
    if ends.first >= 6 and last == 4 and masked.count("*") >= ends.hidden:
        return masked
    return "*" * 8 + masked[-last:] if last else HIDDEN


def _clear(value: Any, profile: MaskProfile) -> Any:
    return value


def _hidden(value: Any, profile: MaskProfile) -> str:
    return HIDDEN


MASKS: Mapping[str, Callable[[Any, MaskProfile], Any]] = {
    "clear": _clear,
    "hidden": _hidden,
    "name": mask_name,
    "phone": mask_phone,
    "email": mask_email,
    "address": mask_address,
    "identifier": mask_identifier,
    "identifiers": mask_identifiers,
    "holdings": mask_holdings,
    "interactions": mask_interactions,
    "consents": mask_consents,
    "relationships": mask_relationships,
    "reviews": _days_and_outcomes("opened", "closed", "outcome"),
    "holds": _days_and_outcomes("since", "ended"),
    "requests": _days_and_outcomes("kind", "received", "due", "closed", "state"),
    "flags": _days_and_outcomes("since", "until", "state"),
    "states": mask_states,
    "tax_residences": mask_tax_residences,
    "year": mask_year,
    "employer": mask_employer,
    "card": mask_card,
}
"""Mask rules by the names that the field catalogue uses."""


def mask(rule: str, value: Any, profile: MaskProfile | str = "staff") -> Any:
    """
    *value* as rule *rule* shows it; an unknown rule, or a value of the wrong shape, is hidden whole.

    Args:
        profile: A profile, or the name of one that ships with the library.
    """
    return masker(rule, default_profiles().of(profile) if isinstance(profile, str) else profile)(value)


def masker(rule: str, profile: MaskProfile) -> Callable[[Any], Any]:
    """`mask` by one rule and profile, for many values."""
    function: Callable[[Any, MaskProfile], Any] = MASKS.get(rule, _hidden)

    def masked(value: Any) -> Any:
        try:
            return function(value, profile)
        except (TypeError, ValueError, KeyError, AttributeError, IndexError):
            return HIDDEN

    return masked


def mask_column(rule: str, values: Sequence[Any], profile: MaskProfile | str = "staff") -> list[Any]:
    """
    Every one of *values* as `mask` shows it; None stays None.

    Cost: mainland mobiles and identifiers of 18 characters are masked all at once; other values once for each distinct one.
    """
    chosen = default_profiles().of(profile) if isinstance(profile, str) else profile
    plain = _PLAIN.get(rule)
    if plain is None or not all(value is None or type(value) is str for value in values):
        return _each(rule, values, range(len(values)), [None] * len(values), chosen)
    rows, masked = plain(Texts.of(values), chosen)
    if len(rows) == len(values):
        return masked
    found: list[Any] = [None] * len(values)
    for at, text in zip(rows.tolist(), masked, strict=True):
        found[at] = text
    others = np.setdiff1d(np.arange(len(values)), rows, assume_unique=True)
    return _each(rule, values, others.tolist(), found, chosen)


def _each(rule: str, values: Sequence[Any], rows: Sequence[int], found: list[Any], profile: MaskProfile) -> list[Any]:
    """Fills in *found* at *rows* one by one."""
    known: dict[str, Any] = {}
    for at in rows:
        value = values[at]
        if value is None:
            continue
        if type(value) is not str:
            found[at] = mask(rule, value, profile)
            continue
        if value not in known:
            known[value] = mask(rule, value, profile)
        found[at] = known[value]
    return found


_Plain = tuple["NDArray[np.int64]", list[str]]


def _plain_mobiles(texts: Texts, profile: MaskProfile) -> _Plain:
    """Mainland mobiles in E.164: which rows they are, and their masks."""
    rows, characters = texts.of_length(14)
    head = np.frombuffer(b"+861", np.uint8)
    good = (characters[:, :4] == head).all(axis=1)
    good &= ((characters[:, 4:] >= ord("0")) & (characters[:, 4:] <= ord("9"))).all(axis=1)
    if not good.all():
        rows, characters = rows[good], characters[good]
    return rows, _shown(characters[:, 3:], profile.mobile, HIDDEN)


def _plain_identifiers(texts: Texts, profile: MaskProfile) -> _Plain:
    """Identifiers of eighteen ASCII characters: which rows they are, and their masks."""
    rows, characters = texts.of_length(18)
    good = (characters < 128).all(axis=1)
    if not good.all():
        rows, characters = rows[good], characters[good]
    return rows, _shown(characters, profile.identifier, "*" * max(18, profile.identifier.hidden))


def _shown(characters: NDArray[np.uint8], ends: Ends, otherwise: str) -> list[str]:
    """Texts of one length, a row each, with all but their ends as asterisks; *otherwise* where too little is hidden."""
    width = characters.shape[1]
    if width - ends.first - ends.last < ends.hidden:
        return [otherwise] * len(characters)
    shown = characters.copy()
    shown[:, ends.first : width - ends.last] = ord("*")
    text = shown.tobytes().decode("ascii")
    return [text[at : at + width] for at in range(0, len(text), width)]


_PLAIN: Mapping[str, Callable[[Texts, MaskProfile], _Plain]] = {
    "phone": _plain_mobiles,
    "identifier": _plain_identifiers,
}
