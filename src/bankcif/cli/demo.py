"""`bankcif demo`: the main job on a realistic set, from four channel files to masked views, audit and a report."""

from __future__ import annotations

import csv
import shutil
import time
from base64 import b32decode
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
import click

from .._clock import SystemClock, SystemIds
from .._text import Language, label, rule_text
from ..access import CodePlan
from ..access.authentication import code_at
from ..cif import CIF
from ..context import Actor, Purpose
from ..errors import BankCIFError, FileError, NotFoundOrNotAllowedError
from ..flows._view import CustomerView
from ..flows.analyze import Summary
from ..flows.load import LoadedRow, LoadReport
from ..intake import read_channel
from ..matching import Evaluation, clusters_of, evaluate
from ..party import CATALOGUE, ConsentUse, PartyKind, ReferenceTables
from ..protection import LocalKeyProvider
from ..render import Chart, Section, page
from ._shared import emit, instant, shown, table

__all__ = ["demo"]

_FILES = (
    ("counter.csv", "counter.toml"),
    ("mobile.jsonl", "mobile.toml"),
    ("card.txt", "card.toml"),
    ("partner.csv", "partner.toml"),
)
_TENANT = "demo"
_OURS = {"cif.db", "cif.db-wal", "cif.db-shm", "cif-keys.db", "cif-keys.db-wal", "cif-keys.db-shm", "keys.json", "held.csv",
         "report.html"}  # fmt: skip


@click.command()
@click.option("--out", default="demo", show_default=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder with the channel files; the library's by default."
)
@click.option(
    "--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True, help="Language of the report."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def demo(out: Path, data: Path | None, lang: Language, as_json: bool) -> int:
    """
    Load four made-up channel files and show what the library makes of them.

    The store, the key file and the key store are made in the output folder, for the demo only.
    """
    from ._load import load_document, print_load, with_progress_bar

    data = data or demo_data()
    folder = _fresh(out)
    say = (lambda *_: None) if as_json else click.echo
    LocalKeyProvider.generate().write(folder / "keys.json")
    keys = LocalKeyProvider.from_file(folder / "keys.json")
    say(f"store, key file and key store are made in {folder}/ for this demo only\n")
    channels = {name: read_channel(data / "channels" / mapping) for name, mapping in _FILES}
    people = _People()
    started = time.perf_counter()
    with CIF.open(f"sqlite:///{folder / 'cif.db'}", tenant=_TENANT, keys=keys, tables=_tables()) as cif:
        reports = []
        loaded: list[tuple[str, LoadedRow]] = []
        for name, _ in _FILES:
            report = with_progress_bar(
                name, not as_json,
                lambda progress, name=name: cif.load(  # type: ignore[misc]
                    data / name, channels[name], actor=people.loader, progress=progress,
                    each=lambda row: loaded.append((name, row)),
                ),
            )  # fmt: skip
            reports.append(report)
            if not as_json:
                print_load(report, most=3)
        seconds = time.perf_counter() - started
        quality = _quality(cif, loaded, data / "truth.csv", people)
        summary = cif.summarize(actor=people.steward, purpose=Purpose.OPERATIONS)
        chosen = _example(loaded)
        views = _views(cif, chosen, people)
        manager = people.recognized(cif, people.manager_of(cif, chosen))
        cif.customers.reveal(chosen, {"phone"}, actor=manager, purpose=Purpose.RELATIONSHIP)
        looked = cif.audit.who(chosen, actor=people.auditor)
        verified = cif.audit.verify(actor=people.auditor)
    held_file = folder / "held.csv"
    _write_held(held_file, reports)
    made_at = SystemClock().now()
    report_file = folder / "report.html"
    report_file.write_text(
        page(label("report_title", lang), _sections(reports, summary, lang), language=lang, made_at=made_at),
        encoding="utf-8",
    )
    rows = sum(report.rows for report in reports)
    document = {
        "rows": rows, "seconds": round(seconds, 2), "loads": [load_document(report) for report in reports],
        "parties": {kind.value: count for kind, count in summary.parties.items()},
        "quality": {name: _figures(one) for name, one in quality.items()},
        "views": {name: None if one is None else dict(one.values) for name, one in views.items()},
        "looked": [attrs.asdict(one) for one in looked], "intact": verified.intact, "entries": verified.entries,
        "report": str(report_file), "held": str(held_file),
    }  # fmt: skip

    def text() -> None:
        _print_totals(reports, summary, seconds)
        _print_held(reports)
        click.echo(f"every row that was held back, with file, line, path and rule: {held_file}")
        _print_quality(quality)
        _print_views(chosen, views)
        lines = [(instant(x.at), x.actor, x.action, x.purpose, x.outcome, ", ".join(x.fields)) for x in looked]
        click.echo()
        table(f"Who looked at {chosen}", ("when (UTC)", "who", "action", "purpose", "outcome", "fields"), lines)
        click.echo(f"\naudit log {'intact' if verified.intact else 'DAMAGED'}: {verified.entries} entries verified")
        click.echo(f"report: {report_file}")

    emit(as_json, document, text)
    return 0 if verified.intact else 1


class _People:
    """The operators of the demo."""

    def __init__(self) -> None:
        self.loader = Actor(id="batch.loader", roles={"loader"})
        self.steward = Actor(id="s.wu", roles={"steward"})
        self.marketing = Actor(id="k.zhao", roles={"marketing"})
        self.stranger = Actor(id="x.nobody")
        self.auditor = Actor(id="a.qian", roles={"auditor"})
        self.keeper = Actor(id="o.xia", roles={"operator_admin"})
        self.other_keeper = Actor(id="o.yun", roles={"operator_admin"})
        self.compliance = Actor(id="c.sun", roles={"compliance"})

    def teller_at(self, branch: str) -> Actor:
        return Actor(id="t.zhou", roles={"teller"}, branch=branch)

    def manager_of(self, cif: CIF, cif_no: str) -> Actor:
        seen = cif.customers.get(cif_no, actor=self.compliance, purpose=Purpose.COMPLIANCE)
        return Actor(id=seen.manager or "m.none", roles={"relationship_manager"}, branch=seen.home_branch)

    def recognized(self, cif: CIF, actor: Actor) -> Actor:
        """*actor*, enrolled and then recognized by a password and a code, which here stands for their telephone's."""
        password = SystemIds().draw(16).hex()
        cif.operators.set_password(actor.id, password, actor=self.keeper)
        app = cif.operators.add_code(actor.id, "hotp", actor=self.keeper)
        cif.approvals.approve(app.proposal, actor=self.other_keeper)
        code = code_at(b32decode(app.secret), 0, CodePlan())
        return attrs.evolve(actor, auth=cif.operators.log_in(actor.id, password, code))


def demo_data() -> Path:
    """The channel files: those in the package, or, in a checkout, those in ``examples/data``."""
    package = Path(str(files("bankcif")))
    for folder in (package / "_demo", package.parent.parent / "examples" / "data"):
        if folder.is_dir():
            return folder
    raise FileError("the demo's channel files are not installed; name their folder with --data", rule="demo_data")


def _tables() -> ReferenceTables:
    return ReferenceTables.read(Path(str(files("bankcif"))) / "testing" / "data")


def _fresh(out: Path) -> Path:
    """The output folder, emptied of an earlier demo; a folder that holds anything else is left alone."""
    if out.exists():
        strange = sorted(path.name for path in out.iterdir() if path.name not in _OURS) if out.is_dir() else [out.name]
        if strange:
            raise FileError(f"{out} holds other things ({strange[0]}); name an empty folder with --out", path=str(out))
        if not _is_of_a_demo(out):
            raise FileError(f"{out} holds a store that no demo made; name an empty folder with --out", path=str(out))
        for path in out.iterdir():  # and not the folder itself, which may be the one that the command stands in
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    out.mkdir(parents=True, exist_ok=True)
    return out


def _is_of_a_demo(folder: Path) -> bool:
    """Whether what stands in a folder is an earlier demo's: its database knows the demo's tenant, and no keys stand there without one."""
    from ..storage.sql import SqlRepository

    database = folder / "cif.db"
    if not database.exists():
        return not (folder / "keys.json").exists() and not (folder / "cif-keys.db").exists()
    try:
        with closing(SqlRepository.open(f"sqlite:///{database}", _TENANT, create=False)) as store:
            return store.identity() is not None
    except BankCIFError:
        return False


def _quality(cif: CIF, loaded: Sequence[tuple[str, LoadedRow]], truth: Path, people: _People) -> dict[str, Evaluation]:
    """How good the links are, against the truth that stands beside the files."""
    if not truth.exists():
        return {}
    with truth.open(encoding="utf-8", newline="") as file:
        person = {(row["file"], int(row["line"])): row["person"] for row in csv.DictReader(file)}
    parties = [(row.cif_no, person[file_name, row.line]) for file_name, row in loaded]
    linked, true = [p for p, _ in parties], [t for _, t in parties]
    tasks = cif.matches.tasks(actor=people.steward, purpose=Purpose.OPERATIONS)
    joined = clusters_of(set(linked), [(task.cif_no, task.other) for task in tasks])
    return {
        "automatic links": evaluate(linked, true),
        "links plus possible matches": evaluate([joined[one] for one in linked], true),
    }


def _figures(one: Evaluation) -> dict[str, float | int]:
    return {"precision": one.precision, "recall": one.recall, "f1": one.f1, "true_pairs": one.true, "found": one.found}


def _example(loaded: Sequence[tuple[str, LoadedRow]]) -> str:
    """A customer whom most files know, the counter's among them."""
    known: dict[str, set[str]] = {}
    for file_name, row in loaded:
        known.setdefault(row.cif_no, set()).add(file_name)
    at_counter = sorted(cif_no for cif_no, names in known.items() if "counter.csv" in names)
    return max(at_counter, key=lambda cif_no: len(known[cif_no]))


def _views(cif: CIF, cif_no: str, people: _People) -> dict[str, CustomerView | None]:
    manager = people.manager_of(cif, cif_no)
    # Marketing rests on consent: of who said nothing it would see nothing.
    cif.consents.grant(
        cif_no, ConsentUse(purpose=Purpose.MARKETING.value), text="demo", reason="ticked at the counter", actor=people.steward,
        purpose=Purpose.OPERATIONS,
    )  # fmt: skip
    asking = {
        "teller at the customer's branch": (people.teller_at(manager.branch or ""), Purpose.SERVICE),
        "relationship manager": (manager, Purpose.RELATIONSHIP),
        "marketing, with consent": (people.marketing, Purpose.MARKETING),
        "somebody without a grant": (people.stranger, Purpose.SERVICE),
    }
    found: dict[str, CustomerView | None] = {}
    for who, (actor, purpose) in asking.items():
        try:
            found[who] = cif.customers.get(cif_no, actor=actor, purpose=purpose)
        except NotFoundOrNotAllowedError:
            found[who] = None
    return found


def _print_totals(reports: Sequence[LoadReport], summary: Summary, seconds: float) -> None:
    rows = sum(report.rows for report in reports)
    outcomes: Counter[str] = Counter()
    for report in reports:
        outcomes.update({outcome.value: count for outcome, count in report.outcomes.items()})
    click.echo(f"\n{rows} rows read in {seconds:.1f} s ({rows / seconds:,.0f} rows a second)")
    click.echo(f"  held back           {sum(len(report.held) for report in reports)}")
    for name in ("linked", "new", "possible_match", "updated", "unchanged"):
        if outcomes[name]:
            click.echo(f"  {label(name):<19} {outcomes[name]}")
    kinds = ", ".join(f"{count} {kind.value}s" for kind, count in summary.parties.items())
    click.echo(f"customers: {kinds}")
    click.echo(f"waiting for a person: {summary.open_tasks} possible matches, {summary.proposals} changed values")


def _write_held(path: Path, reports: Sequence[LoadReport]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "line", "path", "rule"))
        for report in reports:
            writer.writerows(
                (report.file, row.line, fault.path, fault.rule) for row in report.held for fault in row.faults
            )


def _print_held(reports: Sequence[LoadReport]) -> None:
    reasons: Counter[tuple[str, str]] = Counter()
    for report in reports:
        for row in report.held:
            reasons.update({(report.channel, fault.rule) for fault in row.faults})
    rows = [(channel, rule, rule_text(rule), count) for (channel, rule), count in sorted(reasons.items())]
    click.echo()
    table("Held back, by reason", ("channel", "rule", "meaning", "rows"), rows)


def _print_quality(quality: Mapping[str, Evaluation]) -> None:
    rows = [
        (name, f"{one.precision:.4f}", f"{one.recall:.4f}", f"{one.f1:.4f}", one.both, one.found, one.true)
        for name, one in quality.items()
    ]
    click.echo()
    table("Against the truth, by pairs of rows", ("", "precision", "recall", "F1", "right", "found", "true"), rows)


def _print_views(cif_no: str, views: Mapping[str, CustomerView | None]) -> None:
    names = [n for n in CATALOGUE[PartyKind.INDIVIDUAL] if any(v is not None and n in v.values for v in views.values())]
    rows: list[Sequence[Any]] = []
    for name in names:
        cells = []
        for view in views.values():
            if view is None:
                cells.append("")
            elif name in view.values:
                cells.append(shown(view.values[name]))
            else:
                cells.append("(withheld)" if name in view.withheld else "")
        rows.append((name, *cells))
    click.echo()
    heads = [f"{who}" + (": refused" if view is None else "") for who, view in views.items()]
    table(f"One customer, four views: {cif_no}", ("field", *heads), rows)


def _sections(reports: Sequence[LoadReport], summary: Summary, lang: Language) -> list[Section]:
    def words(*names: str) -> tuple[str, ...]:
        return tuple(label(name, lang) for name in names)

    by_channel: list[tuple[str, str, int]] = []
    held: Counter[str] = Counter()
    for report in reports:
        by_channel += [(report.channel, label(o.value, lang), count) for o, count in sorted(report.outcomes.items())]
        by_channel.append((report.channel, label("held", lang), len(report.held)))
        for row in report.held:
            held.update({fault.rule for fault in row.faults})
    sections = [
        Section(title=label("rows_by_channel", lang), columns=words("channel", "outcome", "rows"), rows=by_channel,
                chart=Chart.STACKED),
        Section(
            title=label("held_back", lang), columns=words("meaning", "rows", "rule"),
            rows=[(rule_text(rule, lang), count, rule) for rule, count in held.most_common()],
        ),
    ]  # fmt: skip
    for kind, counts in summary.completeness.items():
        rows = [
            (CATALOGUE[kind][c.field].label(lang), c.filled / c.applicable, c.filled, c.applicable)
            for c in counts
            if c.applicable and c.filled
        ]
        if rows:
            sections.append(
                Section(title=f"{label('completeness', lang)}: {label(kind.value, lang)}",
                        columns=words("field", "rate", "filled", "applicable"), rows=rows, percent=True)
            )  # fmt: skip
    sections.append(
        Section(title=label("channels_per_customer", lang), columns=words("channels", "customers"),
                rows=[(str(count), number) for count, number in summary.sources_per_party.items()])
    )  # fmt: skip
    return sections
