"""
Columns as a CSV file, marked with who took it, when and for whom.

Source: RFC 4180 (2005); OWASP, CSV injection, for the cells that a spreadsheet would take for a formula.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

__all__ = ["csv_text", "mark_line"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(columns: Mapping[str, Sequence[Any]], *, mark: str) -> str:
    """
    The columns, all of one length, as CSV: the mark in a line of its own, the names, then the rows.

    A cell that a spreadsheet would take for a formula stands behind an apostrophe; a list or mapping is JSON.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(f"# {mark}")])
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def mark_line(*, export: str, actor: str, at: int, recipient: str, country: str, purpose: str) -> str:
    """What a file says of itself, in Chinese and English; *at* in microseconds since 1970, UTC."""
    when = datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f"导出 {export}：{actor} 于 {when} 为 {recipient}（{country}）导出，用途 {purpose} / "
        f"export {export} taken by {actor} at {when} for {recipient} ({country}); purpose {purpose}"
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text
