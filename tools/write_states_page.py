"""
Writes ``docs/reference/life-cycle.md`` and draws ``life-cycle.svg`` from the table of transitions, so that the page says what the code does.

    python tools/write_states_page.py
"""

from __future__ import annotations

import html
from pathlib import Path

from bankcif.party import STRICTEST_FIRST, TRANSITIONS, LifeCycle

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
PAGE, PICTURE = FOLDER / "life-cycle.md", FOLDER / "life-cycle.svg"
PLACES: dict[str, tuple[float, float]] = {
    "draft": (0, 1), "pending": (1, 1), "rejected": (1, 0), "withdrawn": (1, 2), "active": (2, 1), "dormant": (2, 2), "frozen": (2, 0),
    "deceased": (3, 0), "dissolved": (3, 2), "closing": (3.4, 1), "closed": (4.4, 1), "archived": (5.4, 1),
}  # fmt: skip
"""Column and row of each state."""
BENDS = {
    ("dormant", "frozen"): 150.0, ("active", "dissolved"): 34.0, ("dormant", "closing"): -44.0, ("dormant", "deceased"): 6.0, ("closed", "active"): 110.0,
    ("active", "closing"): 14.0, ("closing", "active"): 14.0, ("rejected", "archived"): 150.0, ("withdrawn", "archived"): -150.0,
}  # fmt: skip
"""How far a line bends to the right of its way, where that is not by its length."""
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 118, 46, 96, 104, 30


def centre(state: str) -> tuple[float, float]:
    column, row = PLACES[state]
    return MARGIN + column * (WIDTH + GAP_X) + WIDTH / 2, MARGIN + row * (HEIGHT + GAP_Y) + HEIGHT / 2


def edge(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """Where the line from the middle of a box to another point leaves it."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    scale = min(WIDTH / 2 / abs(dx) if dx else 9, HEIGHT / 2 / abs(dy) if dy else 9)
    return start[0] + dx * scale, start[1] + dy * scale


def picture() -> str:
    """The states and the steps between them."""
    width = MARGIN * 2 + 6.4 * WIDTH + 5.4 * GAP_X
    height = MARGIN * 2 + 3 * HEIGHT + 2 * GAP_Y + 10
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="life cycle">',
        "<style>text{font:13px system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;fill:#1f2933}.small{font-size:10.5px;fill:#52606d;"
        "paint-order:stroke;stroke:#fff;stroke-width:3px}.box{fill:#f0f4f8;stroke:#486581;stroke-width:1.3}"
        ".line{fill:none;stroke:#829ab1;stroke-width:1.2}.two{stroke:#c05621;stroke-width:1.6}</style>",
        '<defs><marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0 8 4 0 8z" fill="#829ab1"/></marker></defs>',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    words = []
    for one in TRANSITIONS.values():
        for before in one.before:
            start, end = centre(before), centre(one.after)
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            length = max(((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5, 1)
            bend = BENDS.get((before, one.after.value), 22 if length < 260 else 60 if start[1] == end[1] else 24)
            control = (middle[0] + (end[1] - start[1]) / length * bend, middle[1] - (end[0] - start[0]) / length * bend)
            (x1, y1), (x2, y2) = edge(start, control), edge(end, control)
            style = "line two" if one.second else "line"
            out.append(
                f'<path class="{style}" d="M{x1:.0f} {y1:.0f} Q{control[0]:.0f} {control[1]:.0f} {x2:.0f} {y2:.0f}" marker-end="url(#to)"/>'
            )
            away = max(min(bend, 22), -22) / bend  # words stand a little beside a line
            x = (x1 + 2 * control[0] + x2) / 4 + (control[0] - middle[0]) * away * 0.9
            y = (y1 + 2 * control[1] + y2) / 4 + (control[1] - middle[1]) * away * 0.3
            words.append(
                f'<text class="small" x="{x:.0f}" y="{y + 3:.0f}" text-anchor="middle">{html.escape(one.name)}</text>'
            )
    for state in PLACES:
        x, y = centre(state)
        one = LifeCycle(state)
        out += [
            f'<rect class="box" x="{x - WIDTH / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
            f'<text x="{x:.0f}" y="{y - 2:.0f}" text-anchor="middle">{one.label("zh")}</text>',
            f'<text class="small" x="{x:.0f}" y="{y + 14:.0f}" text-anchor="middle">{state}</text>',
        ]
    return "\n".join([*out, *words, "</svg>\n"])


def page() -> str:
    """The whole page."""
    rows = []
    for one in TRANSITIONS.values():
        asks = [
            *(["of a person"] if one.kind == "individual" else ["of an organization"] if one.kind else []),
            *(["evidence"] if one.evidence else []), *(["nothing held any more"] if one.empty else []),
            *(["due diligence complete"] if one.complete else []),
        ]  # fmt: skip
        before = ", ".join(f"`{state.value}`" for state in one.before)
        rows.append(
            f"| `{one.name}` | {one.zh} | {before} | `{one.after.value}` | {', '.join(asks) or '-'} | {'yes' if one.second else '-'} |"
        )
    order = ", ".join(f"`{one.value}`" for one in STRICTEST_FIRST)
    return "\n".join(
        [
            "# The life cycle",
            "",
            "Made by `python tools/write_states_page.py` from `bankcif.party.TRANSITIONS`.",
            "",
            "A customer is taken from state to state by steps: `cif.customers.step(cif_no, \"freeze\", reason=…, evidence=…)`, or `bankcif step`. Each step is granted by its name "
            "(`step:freeze`, or `step:*`, with the action `transition`), always has a reason, and is refused with the reason why where it cannot be taken. Orange lines take a second "
            "person, who decides while the customer stands where they stood.",
            "",
            "![The states and the steps between them](life-cycle.svg)",
            "",
            "| step | 步骤 | from | to | asks for | second person |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "* Who is registered is `active`; a bank that takes customers in by steps takes them back to a draft first.",
            "* `restricted` and `erased` belong to [erasing](../how-to/erase.md) and stand above all; a restriction that is lifted gives back what was. `merged` belongs to merging.",
            f"* Of several who are one customer now, what stands is the first of {order}. An unmerge gives each their own; a step in between is of those who stood where it begins, and one that forbids, a freeze or a death, of all who are there still.",
            "* Each step is a source record with its day, its evidence and, sealed beside it, its reason; `states` of a customer shows where they stand and since when, and `customers.as_of` where they stood.",
            "* A step tells the outbox that `states` changed. Rules read `life_cycle`.",
            "",
        ]
    )  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")
