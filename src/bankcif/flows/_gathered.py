"""What leaves the file: values as they were opened, masked as the policy says, and what the log tells of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..access import FieldDecision, mask_column
from ..approval import Approval
from ..audit import AuditEntry
from ..context import Actor, Effect, Sink
from ..party import CATALOGUE, CifNo, PartyKind
from ..storage import UnitOfWork
from ..storage.rows import PartyRow
from ._export import EXPORTED, Export, ExportSpec, Mark, Recipient, said_exported
from ._opened import open_goldens
from ._proposals import left_at
from .audiences import told_steps
from .desk import Desk

__all__ = ["Gathered", "entries_of", "key_for"]

_SUBJECTS = 1000
_MOST_GRANTS = 100


def key_for(desk: Desk, recipient: Recipient, cif_no: CifNo) -> str:
    """By which key *recipient* knows a customer: the CIF number in the house, outside a pseudonym that no other recipient has."""
    if recipient.inside:
        return cif_no
    return desk.digester.digest(f"export:{recipient.name}", cif_no.encode()).hex()


class Gathered:
    """
    Values as they were opened, and by which decision each may go.

    Attributes:
        cif_nos: Of whom something goes.
        rules: The grants by which it does.
        profiles: The masks it goes under; ``clear`` where it goes as it is.
        ended: Of an audience, how many customers ended at which step.
        withheld: Fields that some customers have and that do not go.
    """

    def __init__(self, desk: Desk, spec: ExportSpec, least_k: int) -> None:
        self._desk, self.spec, self._least_k = desk, spec, least_k
        self.cif_nos: list[CifNo] = []
        self.rules: set[str] = set()
        self.profiles: set[str] = set()
        self.withheld: set[str] = set()
        self.ended: Counter[str] = Counter()
        self._groups = {
            CATALOGUE[kind][name].group for name in spec.fields for kind in PartyKind if name in CATALOGUE[kind]
        }
        self._cells: dict[str, list[tuple[Any, FieldDecision | None]]] = {name: [] for name in spec.fields}

    def add(
        self, unit: UnitOfWork, rows: Sequence[PartyRow], allowed: Mapping[CifNo, Mapping[str, FieldDecision]]
    ) -> None:
        """Takes in the customers of *rows*, of each of whom something may go as *allowed* says."""
        values = open_goldens(self._desk, unit, [row.cif_no for row in rows], groups=self._groups)
        for row in rows:
            self.cif_nos.append(row.cif_no)
            mine, catalogue = values[row.cif_no], CATALOGUE[PartyKind(row.kind)]
            for name in self.spec.fields:
                value = mine.get(name) if name in catalogue else None
                said = allowed[row.cif_no].get(name)
                if value is not None and said is None:
                    self.withheld.add(name)
                elif value is not None and said is not None:
                    self.rules.add(said.decision.rule)
                self._cells[name].append((None, None) if said is None else (value, said))

    def masked(self, actor: Actor) -> Export:
        """The columns as they may leave."""
        desk, spec = self._desk, self.spec
        keys = [key_for(desk, spec.recipient, cif_no) for cif_no in self.cif_nos]
        columns: dict[str, list[Any]] = {field: self._column(field) for field in spec.fields}
        mark = Mark(
            id=desk.ids.draw(8).hex(), actor=actor.id, at=desk.now(), recipient=spec.recipient, purpose=spec.purpose,
            digest=spec.digest,
        )  # fmt: skip
        return Export(
            columns={"key": keys, **columns}, rows=len(keys), k=_least_shared(list(columns.values())), mark=mark,
            withheld=tuple(sorted(self.withheld)),
            waterfall=() if spec.audience is None else told_steps(spec.audience, self.ended, self._least_k),
        )  # fmt: skip

    def _column(self, field: str) -> list[Any]:
        rule = next(CATALOGUE[kind][field].mask for kind in PartyKind if field in CATALOGUE[kind])
        cells = self._cells[field]
        found: list[Any] = [None] * len(cells)
        by_profile: dict[str, list[int]] = {}
        for at, (value, said) in enumerate(cells):
            if said is None or value is None:
                continue
            if said.decision.effect is Effect.PERMIT:
                found[at] = value
                self.profiles.add("clear")
            else:
                # What leaves the house is never shown as to staff.
                profile = said.profile if self.spec.recipient.inside or said.profile != "staff" else "outside"
                by_profile.setdefault(profile, []).append(at)
        self.profiles |= by_profile.keys()
        for profile, places in by_profile.items():
            shown = mask_column(rule, [cells[at][0] for at in places], self._desk.masks.of(profile, Sink.EXPORT))
            for at, value in zip(places, shown, strict=True):
                found[at] = value
        return found


def _least_shared(columns: Sequence[Sequence[Any]]) -> int:
    """How many rows share all their values, at least: the k of k-anonymity over everything that is shown."""
    classes = Counter(map(repr, zip(*columns, strict=True)))
    return min(classes.values(), default=0)


def entries_of(
    gathered: Gathered, made: Export, approved: Approval | None, actor: Actor, by: str = ""
) -> list[AuditEntry]:
    """One entry for the whole, which says *by* which feed it goes, and one for each thousand of the customers that it names."""
    mark, cif_nos = made.mark, gathered.cif_nos
    # By its digest whoever has the request can show that it is the one; what a rule says of customers stays out of the log.
    where = said_exported(mark.id, mark.digest, mark.recipient)
    grants, masks = _named_grants(gathered.rules), "+".join(sorted(gathered.profiles))
    kept = "+".join(sorted(gathered.withheld))
    shown = tuple(name for name in made.columns if name != "key")
    more: dict[str, Any] = {"purpose": mark.purpose, "fields": shown}
    whole = AuditEntry.by(
        actor, "export", mark.at, rule=f"{where}{by and ',feed:'}{by},k:{made.k},masks:{masks},withheld:{kept},{grants}", count=made.rows,
        marks=left_at(approved) if approved else {}, **more,
    )  # fmt: skip
    parts = [cif_nos[at : at + _SUBJECTS] for at in range(0, len(cif_nos), _SUBJECTS)]
    return [
        whole,
        *(
            AuditEntry.by(
                actor, EXPORTED, mark.at, rule=f"{where},{grants}", count=len(part), subjects=tuple(part), **more
            )
            for part in parts
        ),
    ]


def _named_grants(rules: set[str]) -> str:
    """The grants by which something goes, as an entry names them: the first hundred by id, and how many more there are."""
    named = sorted(rules)
    more = [f"and {len(named) - _MOST_GRANTS} more"] if len(named) > _MOST_GRANTS else []
    return ",".join([*named[:_MOST_GRANTS], *more])
