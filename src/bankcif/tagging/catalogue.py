"""
All tags and segments of a bank, checked together: every rule fits, none goes in a circle, and what each is made of is known.

    version = "2026.1"
    [group.wealth]
    zh = "财富等级"
    en = "Wealth"
    [tag.affluent]
    family = "value"
    zh = "富裕客户"
    en = "Affluent"
    about_zh = "管理资产不低于五十万元"
    about_en = "Assets under management of half a million yuan or more"
    owner = "retail"
    when = "aum >= CNY 500000"
    group = "wealth"
    priority = 20

A group of tiers is a ladder, on which a customer stands by their monthly balances:

    [tag.gold]
    kind = "tier"
    group = "tier"
    floor = "CNY 50000"
    grace_months = 3
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, TypeVar

import attrs

from .._canonical import dumps, sha256
from .._toml import read_toml
from ..errors import ConfigurationError, RuleError
from ..party import Sensitivity
from ..rules import Lowered, Needs, Schema, fields_behind, lower, needs, negations, opened_schema, sensitivity_of
from .document import definitions, tables
from .ladder import READ, stands_on
from .reminder import FINDING, Reminder
from .tag import Definition, Group, Segment, Tag, TagKind
from .tier import TierScale

__all__ = ["Catalogue", "starter_catalogue"]

MOST_CHAIN = 50

T = TypeVar("T", bound="Definition | Group | Reminder")
_ORDER = list(Sensitivity)


@attrs.frozen(kw_only=True, hash=False)
class Catalogue:
    """
    Tags, their groups, and segments.

    Args:
        version: As the bank counts them.
        tags, groups, segments, reminders: By name.
        more: A bank's own fields and collections, beside those of the library.

    Raises:
        RuleError: A rule does not fit what there is, definitions go in a circle, a group is unknown or two of its tags have one
            priority, or tiers make no ladder; the message names the definition.
    """

    version: str
    tags: Mapping[str, Tag]
    groups: Mapping[str, Group] = attrs.field(factory=dict)
    segments: Mapping[str, Segment] = attrs.field(factory=dict)
    reminders: Mapping[str, Reminder] = attrs.field(factory=dict)
    more: Schema | None = None

    def __attrs_post_init__(self) -> None:
        self._check_groups()
        self._check_depth()
        for name in self.order:
            self.lowered(name)
        for one in self.reminders.values():
            if one.of not in self.order and not one.of.startswith(
                FINDING
            ):  # rules of quality stand in a book of their own
                raise RuleError(f"reminder {one.name}: there is no {one.of}")

    @classmethod
    def of(cls, version: str, *definitions: Tag | Group | Segment | Reminder, more: Schema | None = None) -> Catalogue:
        """The catalogue of *definitions*."""
        return cls(
            version=version, tags=_by_name(definitions, Tag), groups=_by_name(definitions, Group),
            segments=_by_name(definitions, Segment), reminders=_by_name(definitions, Reminder), more=more,
        )  # fmt: skip

    @classmethod
    def read(cls, path: Path, *, more: Schema | None = None) -> Catalogue:
        """
        The catalogue in the TOML file *path*.

        Raises:
            RuleError: It cannot be read, or does not fit; the message says where.
        """
        return cls.from_document(read_toml(path, "tag catalogue", ConfigurationError, "tags"), more=more)

    @classmethod
    def from_document(cls, document: Mapping[str, Any], *, more: Schema | None = None) -> Catalogue:
        """The catalogue in a parsed document. Raises `RuleError` as `read` does."""
        given: Any = document  # of whoever wrote the file
        known = isinstance(given, Mapping) and not set(given) - {"version", "tag", "group", "segment", "reminder"}
        if not known or not isinstance(given.get("version"), str):
            raise RuleError(
                "a catalogue has a version (text), [tag.NAME], [group.NAME], [segment.NAME] and [reminder.NAME]"
            )
        return cls(version=document["version"], more=more, **definitions(document))

    def document(self) -> dict[str, Any]:
        """
        The catalogue as `from_document` takes it, every rule written out.

        Raises:
            RuleError: It speaks of fields that are not the customers' own; they do not travel with it.
        """
        if self.more is not None and (self.more.fields or self.more.collections):
            raise RuleError(
                "a catalogue that reads a bank's own fields is not kept with the store; give it to an evaluator"
            )
        return {"version": self.version, **tables(self.tags, self.groups, self.segments, self.reminders)}

    @cached_property
    def schema(self) -> Schema:
        """What the rules may speak of."""
        return opened_schema(tags=self.tags, segments=self.segments, more=self.more)

    @cached_property
    def ladders(self) -> Mapping[str, TierScale]:
        """The groups whose tags are tiers."""
        groups = {name: self.group_of(name) for name in self.groups}
        return {
            name: _ladder(name, tags) for name, tags in groups.items() if any(one.floor is not None for one in tags)
        }

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All definitions, as ``tag:NAME`` and ``segment:NAME``, each behind those that its rule names; a group's tags together."""
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for name in self._names():
            sorter.add(self._node(name), *sorted({self._node(other) for other in self._named_by(name)}))
        try:
            nodes = list(sorter.static_order())
        except CycleError as error:
            circle = " → ".join(error.args[1])
        else:
            return tuple(name for node in nodes for name in self._members(node))
        raise RuleError(f"these definitions go in a circle: {circle}")

    def definition(self, name: str) -> Tag | Segment:
        """The definition called ``tag:NAME`` or ``segment:NAME``."""
        kind, _, own = name.partition(":")
        return self.tags[own] if kind == "tag" else self.segments[own]

    def version_of(self, name: str) -> str:
        """The version of the definition called ``tag:NAME`` or ``segment:NAME``."""
        return self._versions[name]

    def lowered(self, name: str) -> Lowered | None:
        """Its rule as engines take it, or that of a tier; None of a tag without one."""
        if name not in self._lowered:
            self._lowered[name] = self._lower(name)
        return self._lowered[name]

    def needs(self, name: str) -> Needs:
        """What its rule reads itself, or a tier."""
        one = self.definition(name)
        if one.when is None:
            return READ if self._is_tier(name) else Needs()
        return needs(one.when, self.schema)

    def inputs(self, name: str) -> Needs:
        """
        What it depends on in the end: fields and rows, and every definition between. In a group each tag depends on all: what one of them
        is decides whether another is displaced.
        """
        return self._inputs[name]

    def sensitivity(self, name: str) -> Sensitivity:
        """Its class: the highest of all that it depends on, and its own."""
        read = self.inputs(name)
        own = [self.definition(name), *(self.tags[tag] for tag in sorted(read.tags))]
        classes = [sensitivity_of(field) for field in read.fields | read.rows]
        classes += [one.sensitivity for one in own if isinstance(one, Tag)]
        # What somebody says of a person is personal, whatever it is.
        classes += [Sensitivity.C2 for one in own if isinstance(one, Tag) and one.kind is not TagKind.RULE]
        return max(classes, key=_ORDER.index, default=Sensitivity.C1)

    def impact(self, name: str) -> tuple[str, ...]:
        """What changes if *name* does, in order: a definition, or a field such as ``aum`` or ``holdings.balance``."""
        found: list[str] = []
        for other in self.order:
            read = self.inputs(other)
            fields = read.fields | read.rows
            everything = {
                *fields,
                *(one for field in fields for one in fields_behind(field)),
                *(f"tag:{tag}" for tag in read.tags),
            }
            everything |= {f"segment:{one}" for one in read.segments}
            if name in everything:
                found.append(other)
        return tuple(found)

    def forbidding(self, name: str) -> frozenset[str]:
        """
        The definitions that its rule negates, itself or through those that it names: ``tag:NAME`` and ``segment:NAME`` that keep somebody out of it.
        """
        when = self.definition(name).when
        found: set[str] = set()
        for other, negated in () if when is None else negations(when):
            found |= {other} if negated else self.forbidding(other)
        return frozenset(found)

    def group_of(self, name: str) -> tuple[Tag, ...]:
        """The tags of a group, highest priority first."""
        return tuple(sorted((tag for tag in self.tags.values() if tag.group == name), key=lambda tag: -tag.rank))

    @cached_property
    def _inputs(self) -> dict[str, Needs]:
        """Of each definition, in their order, so that what it names is there already."""
        found: dict[str, Needs] = {}
        for name in self.order:
            together = [name] if name in found else self._members(self._node(name))
            read = Needs()
            for one in together:
                read |= self.needs(one)
                for other in self._named_by(one):
                    read |= found[other]
            if len(together) > 1:
                read |= Needs(tags=frozenset(self.tags[one.partition(":")[2]].name for one in together))
            found |= {one: read for one in together if one not in found}
        return found

    @cached_property
    def _versions(self) -> dict[str, str]:
        found = {name: self.definition(name).version for name in self.order}
        for group in self.ladders:  # where one stands, the steps beside it say too
            names = [f"tag:{tag.name}" for tag in self.group_of(group)]
            steps = [found[name] for name in names]
            found |= {name: sha256("bankcif/v1/tier", dumps([found[name], *steps])).hex()[:16] for name in names}
        return found

    @cached_property
    def _lowered(self) -> dict[str, Lowered | None]:
        return {}

    def _lower(self, name: str) -> Lowered | None:
        one, problem = self.definition(name), None
        when = one.when
        if when is None:
            return stands_on(one.group, one.name) if isinstance(one, Tag) and self._is_tier(name) else None
        try:
            return lower(when, self.schema)
        except RuleError as error:
            problem = error
        raise RuleError(f"{name}, when: {problem}")

    def _names(self) -> list[str]:
        return [*(f"tag:{name}" for name in self.tags), *(f"segment:{name}" for name in self.segments)]

    def _named_by(self, name: str) -> list[str]:
        """The definitions that its rule names and that there are; one that there is not is told when the rule is lowered."""
        read = self.needs(name)
        found = [f"tag:{tag}" for tag in sorted(read.tags & self.tags.keys())]
        return found + [f"segment:{one}" for one in sorted(read.segments & self.segments.keys())]

    def _is_tier(self, name: str) -> bool:
        one = self.definition(name)
        return isinstance(one, Tag) and one.kind is TagKind.TIER

    def _node(self, name: str) -> str:
        """What is decided at once: a group as a whole."""
        one = self.definition(name)
        return f"group:{one.group}" if isinstance(one, Tag) and one.group else name

    def _members(self, node: str) -> list[str]:
        kind, _, name = node.partition(":")
        return [f"tag:{tag.name}" for tag in self.group_of(name)] if kind == "group" else [node]

    def _check_depth(self) -> None:
        """A chain of definitions is evaluated level by level, each a pass over all customers."""
        depths: dict[str, int] = {}
        for name in self.order:
            together = self._members(self._node(name))
            named = {other for one in together for other in self._named_by(one)}
            depths[name] = 1 + max((depths[other] for other in named), default=0)
            if depths[name] > MOST_CHAIN:
                raise RuleError(
                    f"{name} stands at the end of a chain of over {MOST_CHAIN} definitions that name each other"
                )

    def _check_groups(self) -> None:
        for tag in self.tags.values():
            if tag.group and tag.group not in self.groups:
                raise RuleError(f"tag {tag.name}: there is no group {tag.group}")
        for name in self.groups:
            priorities = [tag.priority for tag in self.group_of(name)]
            if name not in self.ladders and len(set(priorities)) < len(priorities):
                raise RuleError(f"group {name}: two of its tags have one priority, so that neither would win")


def starter_catalogue() -> Catalogue:
    """The tags for a Chinese retail bank that ship with the library: an example to begin with, whose bounds are no bank's."""
    with as_file(files(__package__ or "bankcif.tagging") / "data" / "starter.toml") as path:
        return Catalogue.read(path)


def _ladder(name: str, tags: Iterable[Tag]) -> TierScale:
    """The ladder that *tags* of a group are, highest first."""
    steps = [*tags][::-1]
    problem = "" if all(tag.floor is not None for tag in steps) else "its tags are tiers, or none of them is"
    if not problem:
        try:
            return TierScale(tuple(tag.tier() for tag in steps))
        except RuleError as error:
            problem = str(error)
    raise RuleError(f"group {name}: {problem}")


def _by_name(definitions: Iterable[Any], kind: type[T]) -> dict[str, T]:
    return {one.name: one for one in definitions if isinstance(one, kind)}
