"""`bankcif verify`: is the whole store in order, as after a restore."""

from __future__ import annotations

import attrs
import click

from ..flows.verify_store import StoreReport
from ._shared import Session, customer_command, emit, table
from .audit import print_report, report_document

__all__ = ["verify"]

_SAID = {
    "record_sealed": "source records do not open: restore the key store that belongs to this copy",
    "record_without_link": "source records belong to no customer",
    "link_without_record": "source keys have no record",
    "link_to_merged": "source keys belong to a customer who was merged",
    "tag_missing": "tags of the blind index are missing: those customers are not found by what was lost",
    "tag_wrong": "tags of the blind index name another customer or value",
    "tag_stray": "tags of the blind index belong to no record",
}


@click.command()
@click.option(
    "--rebuild-index",
    "rebuild",
    is_flag=True,
    help="Make missing and wrong tags anew and delete strays, for who keeps the keys; the log is then not verified. Not for a store whose "
    "service has a link policy of its own: its tags are made anew by cif.keys.rebuild_index there.",
)
@customer_command
def verify(session: Session, rebuild: bool) -> int:
    """
    Verify a store as after a restore: log, customers, every record, every link, and the blind index. Status 1 if anything is wrong
    and was not mended, or a witness did not answer.
    """
    with session.open(greet=False) as cif:
        work = cif.keys.rebuild_index if rebuild else cif.verify
        report = work(actor=session.actor(cif), purpose=session.purpose)
    document = {
        "intact": report.intact, "customers": report.customers, "records": report.records, "tags": report.tags,
        "keys": report.keys, "counts": dict(report.counts), "findings": [attrs.asdict(one) for one in report.findings],
        "mended": report.mended, "log": report_document(report.log) if report.log else None,
    }  # fmt: skip
    emit(session.as_json, document, lambda: _print(report))
    silent = report.log is not None and any(one.problem for one in report.log.witnesses)
    return 0 if report.intact and not silent else 1


def _print(report: StoreReport) -> None:
    if report.log is not None:
        print_report(report.log)
    click.echo(f"store {'in order' if report.intact else 'NOT IN ORDER'}: {report.customers:,} customer(s)")
    click.echo(f"  {report.records:,} source record(s), {report.tags:,} tag(s), {report.keys:,} data key(s)")
    for rule, number in report.counts.items():
        click.echo(f"  {number:,} {_SAID[rule]}")
    if report.mended:
        click.echo(f"  {report.mended:,} of them mended")
    if report.findings and not report.intact:
        rows = [(one.cif_no or "-", one.rule) for one in report.findings[:20]]
        table("What is wrong", ("customer", "what"), rows)
        left = sum(report.counts.values()) - len(rows)
        if left:
            click.echo(f"and {left:,} more; --json tells the first thousand")
        if not report.mended and any(rule.startswith("tag_") for rule in report.counts):
            click.echo("bankcif verify --rebuild-index  makes the blind index anew from the records")
