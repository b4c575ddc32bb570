"""Linking a whole file: the same weights as when the records came in, and nothing asked twice."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from tests.conftest import insides
from tests.flows.test_register import register

from bankcif import (
    CIF,
    Actor,
    Individual,
    LocalKeyProvider,
    MemoryKeyStore,
    MemoryRepository,
    Organization,
    Outcome,
    Purpose,
    party_from,
)
from bankcif.engines import LocalEngine
from bankcif.errors import AccessError, ConfigurationError, InputError, NotFoundOrNotAllowedError
from bankcif.flows.link import link_file
from bankcif.matching import LinkPolicy
from bankcif.testing.factories import forms, make_world

OPERATIONS = Purpose.OPERATIONS


def fill(cif: CIF, steward: Actor, count: int = 120) -> None:
    """People with families and twins, each also as a lead without a number."""
    for n, form in enumerate(forms(make_world(count, 0, seed=21))):
        for channel, changed in (("counter", {}), ("app", {"identifiers": None, "address": None})):
            values: dict[str, Any] = {k: v for k, v in {**form, **changed}.items() if v is not None}
            cif.customers.register(
                party_from(values, Individual),
                channel=channel,
                source_key=f"{channel}{n}",
                actor=steward,
                occasion="lead",
            )


def test_the_whole_file_finds_what_was_found_one_by_one_with_the_same_weights(cif: CIF, steward: Actor) -> None:
    fill(cif, steward)
    online = {t.id: t for t in cif.matches.tasks(actor=steward, purpose=OPERATIONS)}
    assert len(online) > 100
    report = cif.matches.link_file(actor=steward, purpose=OPERATIONS)
    assert (report.records, report.capped_blocks) == (240, 0)
    found = {task.id: task for task in cif.matches.tasks(actor=steward, purpose=OPERATIONS)}
    assert {id_: found[id_].weight_millibits for id_ in online} == {t.id: t.weight_millibits for t in online.values()}
    # Here records meet by keys that no index has, such as a surname with a birth date.
    assert report.possible == len(found) == len(online) + report.new_tasks


def test_tasks_that_were_lost_come_back_with_the_same_weight_and_reason(cif: CIF, steward: Actor) -> None:
    fill(cif, steward, 60)
    tasks = insides(cif).tasks.rows
    before = {task.id: (task.weight_millibits, json.loads(task.detail)) for task in tasks.values()}
    tasks.clear()
    report = cif.matches.link_file(actor=steward, purpose=OPERATIONS)
    assert report.new_tasks == len(before)
    assert {task.id: (task.weight_millibits, json.loads(task.detail)) for task in tasks.values()} == before


def test_who_is_kept_apart_is_not_asked_about(cif: CIF, steward: Actor) -> None:
    first = register(cif, steward, "1")
    second = register(cif, steward, "2", identifiers=None)
    cif.matches.not_a_match(first.cif_no, second.cif_no, actor=steward, reason="two")
    assert cif.matches.link_file(actor=steward, purpose=OPERATIONS).possible == 0


def test_a_giant_block_is_counted_and_left_out(cif: CIF, steward: Actor) -> None:
    for n in range(5):
        register(cif, steward, str(n), name=f"王{'伟芳国强敏'[n]}", identifiers=None)
    report = link_file(cif._desk, actor=steward, purpose=OPERATIONS, engine=LocalEngine(most_records=3))
    assert (report.capped_blocks, report.pairs) == (1, 0)
    assert link_file(cif._desk, actor=steward, purpose=OPERATIONS).pairs == 10


def test_a_model_under_which_nobody_meets_is_refused(cif: CIF, steward: Actor) -> None:
    register(cif, steward, "1")
    models = {kind: attrs.evolve(model, blocking=()) for kind, model in cif._desk.models.items()}
    with pytest.raises(ConfigurationError, match="no blocking rules"):
        link_file(attrs.evolve(cif._desk, models=models), actor=steward, purpose=OPERATIONS)


def test_a_policy_that_names_what_no_model_has_opens_no_store(keys: LocalKeyProvider) -> None:
    misspelt = LinkPolicy(contradictions=({"id_nummer": frozenset({"different"})},))
    with pytest.raises(ConfigurationError, match="no match model has"):
        CIF(
            repository=MemoryRepository(), tenant="t", keys=keys, key_store=MemoryKeyStore(), link_policy=misspelt
        )  # fmt: skip


def test_only_who_may_link_links(cif: CIF) -> None:
    with pytest.raises(NotFoundOrNotAllowedError):
        cif.matches.link_file(actor=Actor(id="t", roles={"teller"}), purpose=OPERATIONS)


def test_a_key_that_changes_its_kind_is_refused(cif: CIF, steward: Actor) -> None:
    person = register(cif, steward, "1")
    company = party_from({"name": "恒瑞科技有限公司", "phone": "15400000009"}, Organization)
    with pytest.raises(InputError, match="another kind") as caught:
        cif.customers.register(company, channel="counter", source_key="1", actor=steward, occasion="lead")
    assert caught.value.cif_no == person.cif_no
    done = cif.customers.register(company, channel="counter", source_key="2", actor=steward, occasion="lead")
    assert done.outcome is Outcome.NEW


def test_a_read_without_a_purpose_is_refused_and_audited(cif: CIF, steward: Actor) -> None:
    done = register(cif, steward, "1")
    nothing: Any = None
    for read in (
        lambda: cif.customers.get(done.cif_no, actor=steward, purpose=nothing),
        lambda: cif.customers.find(phone="15412345678", actor=steward, purpose=nothing),
        lambda: cif.customers.reveal(done.cif_no, {"phone"}, actor=steward, purpose="service"),  # type: ignore[arg-type]
        lambda: cif.summarize(actor=steward, purpose=nothing),
        lambda: cif.matches.tasks(actor=steward, purpose=nothing),
    ):
        with pytest.raises(AccessError, match="purpose"):
            read()
    assert cif.audit.verify(actor=steward).entries == 1 + 1 + 5  # the founding first
