"""
Extracting: authorize -> read -> show as the policy says -> audit -> columns.

What leaves has pseudonymous keys, one for each customer and purpose, and of each field what the policy shows of it: as rules compare it, by month, in bands,
or as a mask shows it. The log keeps that it was taken, of how many customers, and how few share what is shown of one. Customers are read a page at a
time, each as they stand when their page is read; as of a day behind, all of them as they stood at its end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import groupby, islice
from typing import Any

import attrs

from .._extras import need
from ..access import EXACT, Action, FieldDecision, to_lowered
from ..analytics import KEY, Column, Snapshot, least_shared
from ..audit import AuditEntry
from ..context import Actor, Purpose, Relation
from ..errors import AccessError, InputError
from ..party import age_on
from ..rules import OTHER, Kind, customer_schema, opened_schema, reader_of, row_fields, row_reader
from ._columns import RELATIONS, Shown, arrow_table, fields_named, is_exact, of_others, shown_by, uncollected
from ._consented import rests_on_consent
from ._extracted import OF_PARTY, Person, Wanted, gone_for, people
from ._relations import open_life_cycles
from .audiences import need_names
from .desk import Desk, authorize, over_cap, record, refuse, spend, told
from .say import tag_is_granted

__all__ = ["columns_of", "extract"]

_LONGEST = 2_000
_MOST_FIELDS, _MOST_PARTS = 200, 64
_PAGE = 20_000
_FLUSH = 20_000
_TAGS = ("tag:", "segment:")
_HIDDEN = "none"
"""How a column of the other ones of relations is shown of who may not be."""


def extract(
    desk: Desk, fields: Sequence[str], *, as_of: date | None = None, part: tuple[int, int] = (0, 1), actor: Actor, purpose: Purpose
) -> Snapshot:  # fmt: skip
    """
    Columns of the customers whom *actor* may extract.

    Args:
        fields: Fields that rules speak of (``branch``, ``age``, ``aum``), fields of the catalogue as their masks show them (``address``), collections of
            rows (``holdings``), of the other one of each relation (``relationships.other_aml_class``), and ``tag:NAME`` or ``segment:NAME``.
        as_of: The day at whose end it is of; today if None.
        part: Which part of the customers, of how many even ones; see `bankcif.parallel.extract_in_processes`. Where the grant asks for `least_k`, all
            of them are taken at once, and nothing of the other ones of relations.

    Raises:
        InputError: A field that there is not, twice or too many, a day to come, or a part that is none.
        NotFoundOrNotAllowedError: The policy does not let *actor* extract.
        AccessError: *actor* has extracted as many customers in this hour as they may, or fewer share what is shown of one than the grant asks for.
        MissingExtraError: Arrow is not installed.

    Cost: of plain facts alone, by a policy that shows everybody alike, some 3 µs a customer and nothing is opened; otherwise the groups that are asked for are
        opened. Memory grows with the cells.
    """
    authorize(desk, actor, Action.EXTRACT, "extract", purpose)
    made, grants, of_others = columns_of(desk, fields, as_of=as_of, part=part, actor=actor, purpose=purpose)
    rule = f"{made.id},as_of:{made.as_of},k:{made.k},withheld:{'+'.join(made.withheld)},{','.join(sorted(grants))}"
    least = max(
        (one.limits.least_k for one in desk.policy.grants_of(actor) if Action.EXTRACT in one.actions), default=1
    )
    few = 0 < made.k < least or (least > 1 and (part[1] > 1 or of_others))
    with desk.unit_of_work() as unit:
        within = not few and spend(desk, unit, actor, Action.EXTRACT, max(len(made), 1))
        if within:
            entry = AuditEntry.by(
                actor,
                "extract",
                desk.now(),
                purpose=purpose,
                count=len(made),
                fields=tuple(fields),
                rule=rule[:_LONGEST],
            )
            record(desk, unit, [entry])
            unit.commit()
    if few:
        refuse(desk, actor, "extract", purpose, fields=tuple(fields), rule="k_anonymity")
        raise told(
            AccessError(
                f"fewer than {least} customers share what is shown of one; ask for fewer fields", rule="k_anonymity"
            )
        )
    if not within:
        raise over_cap(desk, actor, Action.EXTRACT, "extract", purpose)
    return made


def columns_of(
    desk: Desk, fields: Sequence[str], *, as_of: date | None, part: tuple[int, int] = (0, 1), action: Action = Action.EXTRACT, actor: Actor, purpose: Purpose
) -> tuple[Snapshot, frozenset[str], bool]:  # fmt: skip
    """
    The columns as the grants for *action* show them, without an entry in the log: the snapshot, the grants by which it is shown, and whether it tells of the other ones of
    relations.

    Raises:
        InputError: As `extract`.
    """
    need("pyarrow", extra="bulk")
    asked = _asked(desk, fields)
    today = desk.today()
    if as_of is not None and as_of > today:
        raise InputError("nobody knows a day to come", path="$.as_of", rule="future")
    then = as_of if as_of is not None and as_of < today else None
    wanted = Wanted.of(
        asked.behind, tags=bool(asked.tags), others=RELATIONS in asked.collections, then=then, actor=actor, purpose=purpose, part=_need_part(part), action=action,
    )  # fmt: skip
    gathered = _Gathered(desk, asked, purpose, then or today)
    with uncollected():
        if not (then is None and _is_plain(desk, asked, wanted) and gathered.take_plain(wanted)):
            for page in people(desk, wanted):
                gathered.take(page)
        made = gathered.snapshot()
    return made, frozenset(gathered.grants), bool(asked.others)


def _need_part(part: tuple[int, int]) -> tuple[int, int]:
    if not 0 <= part[0] < part[1] <= _MOST_PARTS:
        raise InputError(f"customers are extracted in 1 to {_MOST_PARTS} parts, from 0 on", path="$.part", rule="parts")
    return part


@attrs.frozen(slots=False)
class _Asked:
    """What is asked for, in its order: fields, collections, tags and segments, and columns of relations that tell of the other one."""

    fields: tuple[str, ...]
    collections: tuple[str, ...]
    tags: tuple[str, ...]
    others: tuple[str, ...] = ()

    def row(self, collection: str) -> tuple[str, ...]:
        """The columns of a row of *collection*."""
        others = [name.removeprefix(f"{RELATIONS}.") for name in self.others] if collection == RELATIONS else ()
        return (*row_fields(collection), *others)

    @cached_property
    def behind(self) -> frozenset[str]:
        """The fields of the catalogue behind it."""
        return frozenset(one for name in (*self.fields, *self.collections) for one in fields_named(name))


def _asked(desk: Desk, names: Sequence[str]) -> _Asked:
    if isinstance(names, str) or not 0 < len(names) <= _MOST_FIELDS or len(set(names)) < len(names):
        raise InputError(f"name 1 to {_MOST_FIELDS} fields, each once", path="$.fields", rule="unknown_field")
    tags = tuple(name for name in names if name.startswith(_TAGS))
    if tags:
        need_names(desk, tags)
    own = [name for name in names if name not in tags and name not in of_others()]
    others = tuple(name for name in names if name in of_others())
    if others and RELATIONS not in own:
        raise InputError(
            f"{others[0]} is a column of the rows of {RELATIONS}; name these, too",
            path="$.fields",
            rule="unknown_field",
        )
    for name in own:
        fields_named(name)
    collections = tuple(name for name in own if name in opened_schema().collections)
    return _Asked(tuple(name for name in own if name not in collections), collections, tags, others)


def _is_plain(desk: Desk, asked: _Asked, wanted: Wanted) -> bool:
    """Whether nothing needs to be opened, and everybody is shown alike."""
    facts = customer_schema().keys() & opened_schema().keys()
    alike = desk.policy.is_even(wanted.actor, wanted.action, wanted.purpose, wanted.sink)
    return (
        alike and not rests_on_consent(desk, wanted.action, wanted.purpose) and not (asked.collections or asked.tags) and facts >= set(asked.fields)
    )  # fmt: skip


class _Gathered:
    """Columns as they come in."""

    def __init__(self, desk: Desk, asked: _Asked, purpose: Purpose, day: date) -> None:
        self._desk, self._asked, self._purpose, self._day = desk, asked, purpose, day
        self._use, self._behind = f"extract:{purpose.value}", sorted(asked.behind)
        self._beside = sorted({field for name in asked.others for field in fields_named(of_others()[name])})
        self.grants: set[str] = set()
        self._columns: dict[str, dict[str, Column]] = {name: {} for name in ("", *asked.collections)}
        self._shown: dict[Any, dict[str, Shown]] = {}
        self._last: tuple[Any, dict[str, Shown]] = None, {}
        self._keys: dict[str, list[str]] = {name: [] for name in self._columns}
        self._values: dict[str, list[list[Any]]] = {}
        self._tables: dict[str, list[Any]] = {name: [] for name in self._columns}
        self._readers = {
            name: reader_of(name) for name in asked.fields if name in opened_schema() and name not in (*OF_PARTY, "age")
        }
        self._rows = {name: row_reader(name, day, asked.row(name)) for name in asked.collections}
        self._others = {name: of_others()[name] for name in asked.others}
        self._exact: dict[Any, frozenset[str]] = {}
        self._start()

    def take_plain(self, wanted: Wanted) -> bool:
        """Takes in everybody from plain facts, if all that is asked for is shown as it is or not at all."""
        desk, purpose = self._desk, self._purpose
        granted = desk.policy.granted(wanted.actor, wanted.action, purpose, Relation.ANY, wanted.sink)
        shown = self._shown_by(granted)
        if any(one.of is not None for one in shown.values()):
            return False
        names = [name for name in self._asked.fields if shown[name].column is not None]
        columns = {name: one.column for name, one in shown.items() if one.column is not None}
        read = tuple(dict.fromkeys(("life_cycle", *names)))
        rule, gone = to_lowered(open_life_cycles(purpose)), gone_for(purpose)
        after, last = wanted.span
        while True:
            with desk.repository.snapshot() as unit:
                cif_nos, *values = unit.search.columns(rule, {}, read, after, _PAGE)
            table = arrow_table(self._pseudonyms(cif_nos), dict(zip(read, values, strict=True)), columns)
            # A store that errs shows nobody too many.
            mine = [number < last and state not in gone for number, state in zip(cif_nos, values[0], strict=True)]
            self._tables[""].append(table if all(mine) else table.filter(mine))
            if len(cif_nos) < _PAGE or cif_nos[-1] >= last:
                return True
            after = cif_nos[-1]

    def take(self, page: Sequence[Person]) -> None:
        """Takes in some customers."""
        keys = iter(self._pseudonyms([one.cif_no for one in page]))
        for shown, some in groupby(page, lambda one: self._shown_by(one.granted)):
            persons = list(some)
            self._take_alike(persons, list(islice(keys, len(persons))), shown)
        if len(self._keys[""]) >= _FLUSH:
            self._flush()

    def _take_alike(self, persons: Sequence[Person], keys: Sequence[str], shown: Mapping[str, Shown]) -> None:
        """Takes in customers of whom the same is shown, a column after another."""
        self._keys[""] += keys
        values = self._values[""]
        for place, name in enumerate(self._asked.fields):
            values[place] += self._cells(persons, name, shown[name])
        for place, name in enumerate(self._asked.tags, len(self._asked.fields)):
            values[place] += [self._tagged(one, name) for one in persons]
        for name, read in self._rows.items():
            if shown[name].column is None:
                continue
            for one, key in zip(persons, keys, strict=True):
                if name == RELATIONS:
                    self._note_others(self._exact_of(one.granted), EXACT)
                rows = read(self._related(one) if name == RELATIONS else one.values)
                self._keys[name] += [key] * len(rows)
                for column, cells in zip(self._values[name], zip(*rows, strict=True), strict=bool(rows)):
                    column.extend(cells)

    def _tagged(self, one: Person, name: str) -> bool | None:
        """Whether they have a tag; None where that is not shown, or not known yet."""
        if one.catalogue is None or not tag_is_granted(one.catalogue, one.granted, name):
            return None
        self._columns[""].setdefault(name, Column(Kind.BOOLEAN))
        return None if one.has is None else name in one.has

    def _related(self, one: Person) -> Mapping[str, Any]:
        """Their relations, each with what may be shown of the other one; none to who is erased or restricted."""
        rows = []
        for row in one.values.get(RELATIONS) or ():
            if row["other"] in one.others:
                granted, known = one.others[row["other"]]
                may = self._exact_of(granted)
                self._note_others(may, EXACT)
                self._note_others(set(self._others.values()) - may, _HIDDEN)
                rows.append({**row, **{OTHER + name: known.get(name) for name in may}})
        return {RELATIONS: rows}

    def _exact_of(self, granted: Mapping[str, FieldDecision]) -> frozenset[str]:
        """Which of the fields of others that are asked for may be shown by these decisions; worked out once for each combination that occurs."""
        behind = (*map(granted.get, self._beside), bool(granted))
        found = self._exact.get(behind)
        if found is None:
            found = frozenset(name for name in self._others.values() if is_exact(name, granted, self._desk.masks))
            self._exact[behind] = found
            self.grants |= {one.decision.rule for one in behind[:-1] if one is not None and not isinstance(one, bool)}
        return found

    def _note_others(self, names: Collection[str], shown: str) -> None:
        """Keeps how columns of others are shown; where nothing is of some, they are not as exact as rules need them, and alone they are no column."""
        fields, known = opened_schema().collections[RELATIONS].fields, self._columns[RELATIONS]
        for name in names:
            field = fields[OTHER + name]
            column = Column(field.kind, shown, field.digits)
            known[OTHER + name] = known[OTHER + name].with_(column) if OTHER + name in known else column

    def snapshot(self) -> Snapshot:
        """All that came in."""
        pa = need("pyarrow", extra="bulk")
        self._flush()
        of_rows = self._columns.get(RELATIONS, {})
        for name in [name for name, column in of_rows.items() if column.shown == _HIDDEN]:
            del of_rows[name]
        tables = {name: pa.concat_tables(self._filled(name)) for name in self._tables}
        columns = dict(self._columns[""])
        for name in self._asked.collections:
            columns |= {f"{name}.{field}": column for field, column in self._columns[name].items()}
        shown = [name for name in (*self._asked.fields, *self._asked.tags) if name in self._columns[""]]
        withheld = [name for name in (*self._asked.fields, *self._asked.tags) if name not in self._columns[""]]
        withheld += [name for name in self._asked.collections if not self._columns[name]]
        customers = tables.pop("").select([KEY, *shown])
        withheld += [name for name in self._asked.others if name.partition(".")[2] not in self._columns[RELATIONS]]
        rows = {
            name: table.select([KEY, *(one for one in self._asked.row(name) if one in self._columns[name])])
            for name, table in tables.items()
            if self._columns[name]
        }
        return Snapshot(
            customers=customers, rows=rows, columns=columns, as_of=self._day, purpose=self._purpose.value, k=least_shared(customers, shown),
            withheld=tuple(withheld), id=self._desk.ids.draw(8).hex(),
        )  # fmt: skip

    def _pseudonyms(self, cif_nos: Sequence[str]) -> list[str]:
        return [one.hex() for one in self._desk.digester.digests(self._use, map(str.encode, cif_nos))]

    def _shown_by(self, granted: Mapping[str, FieldDecision]) -> dict[str, Shown]:
        """How what is asked for is shown by these decisions; worked out once for each combination that occurs."""
        if granted is self._last[0]:
            return self._last[1]
        behind = tuple(map(granted.get, self._behind))
        found = self._shown.get((behind, bool(granted)))
        if found is None:
            found = self._shown[behind, bool(granted)] = {
                name: shown_by(name, granted, self._desk.masks)
                for name in (*self._asked.fields, *self._asked.collections)
            }
            self.grants |= {one.decision.rule for one in behind if one is not None}
            for name, one in found.items():
                if one.column is not None:
                    self._note(name, one.column)
        self._last = granted, found
        return found

    def _note(self, name: str, column: Column) -> None:
        """Keeps what a column is; shown to some in one way and to others in another, it is both."""
        if name in self._asked.collections:
            fields = opened_schema().collections[name].fields
            self._columns[name] |= {
                one: Column(fields[one].kind, EXACT, fields[one].digits) for one in row_fields(name)
            }
            return
        known = self._columns[""].get(name)
        self._columns[""][name] = column if known is None else column.with_(known)

    def _cells(self, persons: Sequence[Person], name: str, shown: Shown) -> Sequence[Any]:
        """A column of these persons, as it is shown."""
        if shown.column is None:
            return [None] * len(persons)
        reader = self._readers.get(name)
        if name in OF_PARTY:
            cells = [one.party.get(name) for one in persons]
        elif name == "age":
            born = [one.values.get("birth_date") for one in persons]
            cells = [age_on(date.fromisoformat(day), self._day) if day else None for day in born]
        elif reader is None:
            cells = [one.values.get(name) for one in persons]
        else:
            cells = [reader(one.values) for one in persons]
        return shown.cells(cells, (one.values.get(name) for one in persons))

    def _start(self) -> None:
        self._keys = {name: [] for name in self._keys}
        self._values = {"": [[] for _ in (*self._asked.fields, *self._asked.tags)]}
        self._values |= {name: [[] for _ in self._asked.row(name)] for name in self._asked.collections}

    def _flush(self) -> None:
        for name in self._tables:
            names = self._asked.row(name) if name else (*self._asked.fields, *self._asked.tags)
            if self._keys[name]:
                self._tables[name].append(
                    arrow_table(self._keys[name], dict(zip(names, self._values[name], strict=True)), self._types(name))
                )
        self._start()

    def _types(self, name: str) -> dict[str, Column]:
        """Of every column that is asked for; of one that nobody was shown yet, by its field."""
        schema = opened_schema()
        if name:
            fields = schema.collections[name].fields
            return {one: Column(fields[one].kind, EXACT, fields[one].digits) for one in self._asked.row(name)}
        kinds = {one: schema[one].kind if one in schema else Kind.TEXT for one in self._asked.fields}
        return {one: Column(kind) for one, kind in kinds.items()} | {
            one: Column(Kind.BOOLEAN) for one in self._asked.tags
        }

    def _filled(self, name: str) -> list[Any]:
        """The tables of a name, one of no rows at least."""
        types = self._columns[name] if not name and self._tables[name] else self._types(name)
        return self._tables[name] or [arrow_table([], {one: [] for one in types}, types)]
