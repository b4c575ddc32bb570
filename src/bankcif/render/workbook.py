"""
Sections of a page as an XLSX workbook: a sheet for each, with its table.

A cell that a spreadsheet would take for a formula is text, and nothing in a workbook is one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .._extras import need
from .page import Section

__all__ = ["workbook"]

_UNFIT = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")
_MOST_TITLE = 31
_MOST_WIDTH, _LEAST_WIDTH = 60, 8


def workbook(title: str, sections: Sequence[Section], *, made_at: datetime) -> bytes:
    """
    The workbook.

    Args:
        title: Of the document; it stands in its properties.
        sections: In their order.
        made_at: Aware; stands in its properties.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    openpyxl = need("openpyxl", extra="report")
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator = title, "bankcif"
    book.properties.created = book.properties.modified = made_at.replace(tzinfo=None)
    taken: set[str] = set()
    for section in sections:
        sheet = book.create_sheet(_title(section.title, taken))
        if section.note:
            sheet.append([section.note])
            _as_text(sheet[sheet.max_row])
        sheet.append(list(section.columns))
        for cell in sheet[sheet.max_row]:
            cell.font = openpyxl.styles.Font(bold=True)
        sheet.freeze_panes = f"A{sheet.max_row + 1}"
        _as_text(sheet[sheet.max_row])
        for row in section.rows:
            sheet.append(list(row))
            _as_text(sheet[sheet.max_row])
            for at, cell in enumerate(sheet[sheet.max_row]):
                if isinstance(cell.value, float) and section.is_share(at):
                    cell.number_format = "0.0%"
        for at, column in enumerate(section.columns, 1):
            widest = max((len(str(row[at - 1])) for row in section.rows), default=0)
            letter = openpyxl.utils.get_column_letter(at)
            sheet.column_dimensions[letter].width = min(max(widest, len(column), _LEAST_WIDTH) * 1.4, _MOST_WIDTH)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _as_text(row: Any) -> None:
    for cell in row:
        if isinstance(cell.value, str):
            cell.data_type = "s"


def _title(title: str, taken: set[str]) -> str:
    """A name that a sheet may have, and that no other has."""
    bare = _UNFIT.sub(" ", title).strip()[:_MOST_TITLE] or "1"
    name, number = bare, 1
    while name.casefold() in taken:
        number += 1
        name = f"{bare[: _MOST_TITLE - len(str(number)) - 1]} {number}"
    taken.add(name.casefold())
    return name
