"""Assigning tags over a snapshot: the same as customer by customer, on Polars and on Spark; and what is not there or not exact is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.conftest import known
from tests.engines.test_spark import SPARK
from tests.flows.test_extract import ANALYST, ANALYTICS, STEWARD, Under, analysing, profiles
from tests.flows.test_register import register
from tests.flows.test_tags import OFFICER, publish, segment, tag

from bankcif import CIF, Policy, Purpose
from bankcif._clock import FixedClock
from bankcif.analytics import KEY, Snapshot
from bankcif.errors import FileError, InputError
from bankcif.flows.assign import assign, assign_on_spark, inputs_of
from bankcif.party import RelationKind
from bankcif.tagging import Catalogue, starter_catalogue

ASK: dict[str, Any] = {"actor": ANALYST, "purpose": ANALYTICS}
EXACT = profiles(**{"*": "exact"})


CATALOGUE = attrs.evolve(starter_catalogue(), reminders={})


@pytest.fixture
def founding_policy() -> Policy:
    return analysing()


@pytest.fixture
def file(cif: CIF) -> CIF:
    """Thirty customers of many kinds, with portraits."""
    publish(cif, CATALOGUE)
    numbers: list[str] = []
    surnames = "赵钱孙李周吴郑王冯陈"
    for n in range(30):
        opened = (date(2026, 11, 24) - timedelta(days=37 * n)).isoformat()
        values: dict[str, Any] = {
            "name": surnames[n % 10] + "云" + surnames[n // 10], "phone": f"1541234{n:04}", "identifiers": None, "sex": str(1 + n % 2),
            "birth_date": f"{1946 + 2 * n}-{1 + n % 12:02}-{1 + n % 28:02}", "occupation": "134"[n % 3], "home_branch": "bc"[n % 2],
            "customer_since": opened, "aum": {"amount": str(30_000 * n * n), "currency": "CNY"} if n % 4 else None,
            "investment_grade": f"C{1 + n % 5}", "investment_grade_until": (date(2026, 11, 1) + timedelta(days=3 * n)).isoformat(),
            "bounces": n % 5, "preferred_channel": "app" if n % 3 else "none", "aml_class": ["low", "medium", "high"][n % 3],
            "holdings": [{"product": p, "status": "open", "opened_on": opened, "balance": {"amount": "5000", "currency": "CNY"}} for p in ("fund", "loan", "card")[: n % 4]],
            "interactions": [{"channel": "branch", "type": "complaint" if n % 6 == 0 else "service", "on": "2026-11-01"}],
            "transactions": [{"period": "2026-10", "channel": "app", "type": "transfer", "count": n, "total": {"amount": str(100 * n), "currency": "CNY"}}],
            "balances": [{"month": "2026-10", "book": "a", "average": {"amount": str(40_000 * n), "currency": "CNY"}}],
        }  # fmt: skip
        numbers.append(register(cif, STEWARD, str(n), **values).cif_no)
    say = {"actor": STEWARD, "purpose": Purpose.OPERATIONS, "reason": "seen"}
    for n in range(20):
        kind = (RelationKind.GUARANTOR, RelationKind.SPOUSE, RelationKind.AGENT)[n % 3]
        until = date(2026, 11, 1) if n % 7 == 0 else None
        cif.relations.add(numbers[n], kind, numbers[n + 5], since=date(2020, 1, 1), until=until, **say)
    cif.erasures.restrict(numbers[8], reason="asked", actor=STEWARD)
    cif.tags.renew(actor=OFFICER)
    return cif


def taken(cif: CIF, names: tuple[str, ...], **more: Any) -> Snapshot:
    with Under(cif, analysing(), EXACT):
        return cif.extract(names, **{**ASK, **more})


def test_over_a_snapshot_everybody_has_the_tags_that_they_have_in_the_store(file: CIF) -> None:
    inputs = inputs_of(CATALOGUE)
    made = taken(file, inputs.names)
    assert made.withheld == ()
    found = assign(made, CATALOGUE)
    ruled = [name for name in CATALOGUE.order if name in found.columns]
    assert len(ruled) > 60
    kept = taken(file, tuple(ruled)).to_polars().sort(KEY)
    for name in ruled:
        assert found[name].to_list() == kept[name].to_list(), name
    assert sum(found[name].sum() for name in ruled) > 200, "many hold"
    for name in ("tag:related_high_risk", "tag:guarantor"):
        assert 0 < found[name].sum() < 20, "of relations that stand, and of none to who is restricted"


def test_as_of_a_day_behind_they_are_those_of_that_day(file: CIF, clock: FixedClock) -> None:
    inputs = inputs_of(
        catalogue := Catalogue.of(
            "1", tag("young", "age < 30"), tag("grown", "age >= 60"), segment("both", "not tag('young')")
        )
    )
    before = assign(taken(file, inputs.names), catalogue)
    clock.advance(timedelta(days=800))
    ask = {"actor": known(ANALYST, clock.now())}
    then = assign(taken(file, inputs.names, as_of=date(2026, 11, 24), **ask), catalogue)
    assert then.rows() == before.rows()
    assert assign(taken(file, inputs.names, **ask), catalogue).rows() != before.rows()


@pytest.mark.spark
def test_spark_assigns_the_same_from_the_files(file: CIF, tmp_path: Path) -> None:
    made = taken(file, inputs_of(CATALOGUE).names)
    wanted = assign(made, CATALOGUE)
    folder = made.write(tmp_path / "snapshot", parts=3)
    found = assign_on_spark(SPARK.session(), folder, CATALOGUE)
    rows = sorted((row.asDict() for row in found.collect()), key=lambda row: row[KEY])
    assert rows == wanted.to_dicts()


def test_what_is_not_there_or_not_as_it_is_is_refused(file: CIF, tmp_path: Path) -> None:
    catalogue = Catalogue.of(
        "1", tag("grown", "age >= 60"), tag("rich", "aum >= CNY 10"), tag("holds", "count(holdings) > 0")
    )
    assert inputs_of(catalogue).names == ("aum", "aum_currency", "birth_date", "holdings")
    with pytest.raises(InputError, match="has no birth_date, holdings"):
        assign(taken(file, ("aum", "aum_currency")), catalogue)
    coarse = file.extract(inputs_of(catalogue).names, **ASK)  # birth dates by month
    with pytest.raises(InputError, match="has birth_date only in part"):
        assign(coarse, catalogue)
    near = Catalogue.of("1", tag("near_risk", "count(relationships where other_aml_class = 'high') >= 1"))
    assert inputs_of(near).names == ("relationships", "relationships.other_aml_class")
    with pytest.raises(InputError, match=r"has no relationships\.other_aml_class"):
        assign(taken(file, ("relationships",)), near)
    with Under(file, analysing(when="branch = 'b'"), EXACT):
        some = file.extract(inputs_of(near).names, **ASK)  # of the other ones in branch c nothing
    with pytest.raises(InputError, match=r"has relationships\.other_aml_class only in part"):
        assign(some, near)
    folder = coarse.write(tmp_path / "coarse")
    with pytest.raises(InputError, match="only in part"):
        assign_on_spark(None, folder, catalogue)
    with pytest.raises(FileError, match="holds no snapshot"):
        assign_on_spark(None, tmp_path / "nowhere", catalogue)
