"""Rows of made-up people as two systems would write them, with who they are in truth: for linking a whole file."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from .factories import Clerk, Person, World

__all__ = ["COMPANY_COLUMNS", "LINKING_COLUMNS", "company_rows", "linking_rows"]

LINKING_COLUMNS = ("row_id", "name", "id_no", "phone", "birth_date", "sex", "address", "email", "person")
"""Columns of `linking_rows`; ``person`` is the truth, which the library never compares."""


def linking_rows(world: World, seed: int, *, worn: float = 0.0) -> Iterator[tuple[str, ...]]:
    """
    One to four rows of each person, in no order: what is missing and wrong is as in `factories.write_channel_files`.

    Args:
        world: Everybody there is.
        seed: Of what is drawn.
        worn: How worn the rows are by years and hands, 0 to 1: other phones, addresses, slips in names, dates and numbers.
    """
    rng = Random(seed)
    clerk = Clerk(rng, world)
    chosen = [person for person in world.people for _ in range(rng.choices((1, 2, 3, 4), (5, 3, 1.5, 0.5))[0])]
    rng.shuffle(chosen)
    for number, person in enumerate(chosen):
        row = (
            f"R{number:07}", clerk.name(person, typos=0.03 + 0.12 * worn), clerk.number(person, missing=0.3, old=0.2),
            clerk.phone(person, missing=0.15), clerk.born(person, "%Y%m%d", missing=0.1), person.sex,
            clerk.address(person, missing=0.25), person.email if clerk.chance(0.3) else "", person.id,
        )  # fmt: skip
        yield _worn(rng, row, rng.choice(world.people), worn) if worn else row


def _worn(rng: Random, row: tuple[str, ...], other: Person, worn: float) -> tuple[str, ...]:
    """*row* after years and hands: what it has of *other* is what nobody else has, so only how often values change shows."""
    key, name, number, phone, born, sex, address, email, person = row
    phone = f"154{rng.randrange(10**8):08}" if phone and rng.random() < 0.25 * worn else phone
    address = other.former_address or address if address and rng.random() < 0.25 * worn else address
    email = f"x{rng.randrange(10**8):08}@example.com" if email and rng.random() < 0.2 * worn else email
    sex = {"1": "2", "2": "1"}.get(sex, sex) if rng.random() < 0.01 * worn else sex
    number, phone, born = (_slip(rng, text) if rng.random() < 0.05 * worn else text for text in (number, phone, born))
    return key, name, number, phone, born, sex, address, email, person


def _slip(rng: Random, text: str) -> str:
    """*text* with a digit changed, or two neighbours swapped."""
    if len(text) < 4:
        return text
    at = rng.randrange(len(text) - 1)
    if rng.random() < 0.4:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + rng.choice("0123456789") + text[at + 1 :]


COMPANY_COLUMNS = ("row_id", "name", "code", "phone", "address", "company")
"""Columns of `company_rows`; ``company`` is the truth."""

_OTHER_FORM = {"有限责任公司": "有限公司", "有限公司": "有限责任公司"}


def company_rows(world: World, seed: int) -> Iterator[tuple[str, ...]]:
    """One to three rows of each company, in no order: names without place or form, codes that are missing or have a digit wrong."""
    rng = Random(seed)
    chosen = [company for company in world.companies for _ in range(rng.choices((1, 2, 3), (5, 3, 1))[0])]
    rng.shuffle(chosen)
    for number, company in enumerate(chosen):
        yield (
            f"R{number:07}", _company_name(rng, company.name), _company_code(rng, company.code),
            "" if rng.random() < 0.2 else company.phone,
            "" if rng.random() < 0.3 else company.address.removeprefix("云汉省") if rng.random() < 0.2 else company.address,
            company.id,
        )  # fmt: skip


def _company_name(rng: Random, name: str) -> str:
    draw = rng.random()
    form = next((form for form in _OTHER_FORM if name.endswith(form)), "")
    if draw < 0.05 and form:
        return name.removesuffix(form) + _OTHER_FORM[form]
    if draw < 0.09 and form:
        return name.removesuffix(form)
    if draw < 0.12:
        return name.replace("（", "(").replace("）", ")")
    if draw < 0.15:
        at = rng.randrange(len(name) - 1)
        return name[:at] + name[at + 1 :]
    return name


def _company_code(rng: Random, code: str) -> str:
    draw = rng.random()
    if draw < 0.3:
        return ""
    if draw < 0.33:
        at = rng.randrange(8, 16)
        return code[:at] + rng.choice("0123456789") + code[at + 1 :]
    return code
