"""`bankcif match` and `bankcif approval`: what persons decide."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import attrs
import click

from .._clock import SystemClock
from .._text import Language, label
from ..approval import Approval
from ..flows.queue import Verdict
from ._output import emit, save
from ._shared import Session, customer_command, table

__all__ = ["approval", "match"]


@click.group()
def match() -> None:
    """Possible matches: merge, unmerge, keep apart."""


@match.command("list")
@click.option("--why", is_flag=True, help="Say of each why it weighs what it weighs.")
@customer_command
def match_list(session: Session, why: bool) -> int:
    """The possible matches that wait for a person, heaviest first."""
    with session.open() as cif:
        tasks = cif.matches.tasks(actor=session.actor(cif), purpose=session.purpose)
    document = [
        {"task_id": one.id, "cif_no": one.cif_no, "other": one.other, "weight_bits": one.weight_millibits / 1000,
         "explanation": json.loads(one.detail)}
        for one in tasks
    ]  # fmt: skip

    def text() -> None:
        rows = [(one["cif_no"], one["other"], one["weight_bits"]) for one in document]
        table("Possible matches", ("customer", "may be", "bits"), rows)
        for one in document if why else ():
            click.echo(f"{one['cif_no']} may be {one['other']}:")
            for comparison, level, millibits in one["explanation"]["terms"]:
                click.echo(f"  {millibits / 1000:+8.3f}  {comparison}: {level}")
            click.echo(f"  {one['weight_bits']:+8.3f}  weight in bits")

    emit(session.as_json, document, text)
    return 0


def _proposed(session: Session, done: Approval) -> int:
    emit(
        session.as_json, {"proposal": done.id}, lambda: click.echo(f"proposed: {done.id}; a second person approves it")
    )
    return 0


@match.command("preview")
@click.argument("survivor")
@click.argument("retired")
@customer_command
def match_preview(session: Session, survivor: str, retired: str) -> int:
    """Two customers side by side, and what a merge of RETIRED into SURVIVOR would come to."""
    with session.open() as cif:
        found = cif.matches.preview_merge(survivor, retired, actor=session.actor(cif), purpose=session.purpose)
    document = attrs.asdict(found)

    def text() -> None:
        rows = [
            (
                one.name, _plain(one.survivor), _plain(one.retired), _plain(one.merged), one.side,
                f"{one.rule}{', a change waits' if one.proposed else ''}",
            )
            for one in found.fields
        ]  # fmt: skip
        table("Merge", ("field", found.survivor, found.retired, "merged", "from", "by"), rows)
        if found.withheld:
            click.echo(f"not shown to you: {', '.join(found.withheld)}")
        if found.refused:
            click.echo(f"can not be merged: {found.refused}")
        elif found.concerns:
            click.echo(f"look into first, then  --accept : {', '.join(found.concerns)}")

    emit(session.as_json, document, text)
    return 0


def _plain(value: object) -> str:
    """A masked value in a line of text; of a document or holding its values."""
    if isinstance(value, list | tuple):
        return "; ".join(" ".join(map(str, one.values())) if isinstance(one, dict) else str(one) for one in value)
    return "" if value is None else str(value)


@match.command("why")
@click.argument("task")
@click.option(
    "--chart",
    type=click.Path(path_type=Path),
    help="Where a waterfall of the weight goes (HTML); it shows levels, never values.",
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True, help="Language of the chart.")
@customer_command
def match_why(session: Session, task: str, chart: Path | None, lang: Language) -> int:
    """Why the match TASK weighs what it weighs, with what both customers have, masked."""
    with session.open() as cif:
        found = cif.matches.explain(task, actor=session.actor(cif), purpose=session.purpose)
    if chart is not None:
        from ..render import explanation_section, page

        section = explanation_section(f"{found.cif_no} – {found.other}", found, lang)
        save(chart, page(label("match_report", lang), [section], language=lang, made_at=SystemClock().now()))

    def text() -> None:
        rows = [
            (f"{one.millibits / 1000:+.3f}", one.comparison, one.level, _plain(one.one), _plain(one.other))
            for one in found.terms
        ]
        total = (f"{found.weight_millibits / 1000:+.3f}", "weight in bits", f"chance {found.probability:.4f}", "", "")
        table("Why", ("bits", "comparison", "level", found.cif_no, found.other), [*rows, total])

    emit(session.as_json, attrs.asdict(found), text)
    return 0


@match.command("queue")
@click.option("--most", default=20, show_default=True, type=click.IntRange(1, 2000))
@click.option(
    "--take", type=click.IntRange(1, 100), help="Take so many to work on; nobody else is given them for eight hours."
)
@customer_command
def match_queue(session: Session, most: int, take: int | None) -> int:
    """The possible matches by priority: weight, value at stake and age together."""
    with session.open() as cif:
        actor = session.actor(cif)
        if take is None:
            found = cif.matches.queue(most=most, actor=actor, purpose=session.purpose)
        else:
            found = cif.matches.take(take, actor=actor, purpose=session.purpose)
    rows = [
        (one.rank, one.task_id, one.cif_no, one.other, one.weight_millibits / 1000, one.assignee, one.reviews)
        for one in found
    ]
    emit(session.as_json, [attrs.asdict(one) for one in found], lambda: table(
        "Possible matches by priority", ("rank", "task", "customer", "may be", "bits", "with", "reviews"), rows
    ))  # fmt: skip
    return 0


@match.command("review")
@click.argument("task")
@click.argument("verdict", type=click.Choice([one.value for one in Verdict]))
@click.option("--survivor", help="Whose number stays, if they are the same; the older one's by default.")
@click.option("--reason", required=True)
@click.option("--accept", multiple=True, help="A concern that you have looked into, as  match preview  tells it.")
@customer_command
def match_review(
    session: Session, task: str, verdict: str, survivor: str | None, reason: str, accept: tuple[str, ...]
) -> int:
    """Say whether the two customers of TASK are one: same, different or unsure."""
    with session.open() as cif:
        done = cif.matches.review(
            task, verdict, survivor=survivor, accept=accept, reason=reason, actor=session.actor(cif),
            purpose=session.purpose,
        )  # fmt: skip
    document = {
        "closed": done.closed, "proposal": done.proposal.id if done.proposal else None,
        "waits_for_another": done.waits_for_another,
    }  # fmt: skip

    def text() -> None:
        if done.proposal is not None:
            click.echo(f"proposed: {done.proposal.id}; a second person approves it")
        else:
            click.echo("kept apart" if done.closed else "another person looks at it next")

    emit(session.as_json, document, text)
    return 0


@match.command("assign")
@click.argument("to")
@click.argument("tasks", nargs=-1, required=True)
@customer_command
def match_assign(session: Session, to: str, tasks: tuple[str, ...]) -> int:
    """Give TASKS to the operator TO, or to nobody: write "" for them."""
    with session.open() as cif:
        count = cif.matches.assign(tasks, to, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"assigned": count}, lambda: click.echo(f"assigned: {count}"))
    return 0


@match.command("agreement")
@customer_command
def match_agreement(session: Session) -> int:
    """How far reviewers agree, over the matches that two have said something of."""
    with session.open() as cif:
        found = cif.matches.agreement(actor=session.actor(cif), purpose=session.purpose)

    def text() -> None:
        kappa = "not defined" if found.kappa is None else f"{found.kappa:.2f}"
        click.echo(f"{found.agreed} of {found.matches} agreed; kappa {kappa}")
        table(
            "Reviewers",
            ("reviewer", "reviewed", "agreed"),
            [(one.actor, one.reviewed, one.agreed) for one in found.reviewers],
        )

    emit(session.as_json, attrs.asdict(found), text)
    return 0


@match.command("labels")
@click.argument("source")
@customer_command
def match_labels(session: Session, source: str) -> int:
    """What persons decided of pairs, by the keys of SOURCE, as  bankcif dedupe --labels  reads it."""
    with session.open() as cif:
        found = cif.matches.labels(source=source, actor=session.actor(cif), purpose=session.purpose)
    rows = [
        {"left_key": one.left.key, "right_key": one.right.key, "same": "yes" if one.same else "no"} for one in found
    ]

    def text() -> None:
        out = io.StringIO()
        writer = csv.DictWriter(out, ["left_key", "right_key", "same"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        click.echo(out.getvalue(), nl=False)

    emit(session.as_json, rows, text)
    return 0


@match.command("merge")
@click.argument("survivor")
@click.argument("retired")
@click.option("--reason", required=True)
@click.option("--accept", multiple=True, help="A concern that you have looked into, as  match preview  tells it.")
@customer_command
def match_merge(session: Session, survivor: str, retired: str, reason: str, accept: tuple[str, ...]) -> int:
    """Propose to merge RETIRED into SURVIVOR; a second person approves."""
    with session.open() as cif:
        done = cif.matches.propose_merge(survivor, retired, accept=accept, actor=session.actor(cif), reason=reason)
    return _proposed(session, done)


@match.command("unmerge")
@click.argument("retired")
@click.option("--reason", required=True)
@customer_command
def match_unmerge(session: Session, retired: str, reason: str) -> int:
    """Propose to undo the merge of RETIRED; a second person approves."""
    with session.open() as cif:
        done = cif.matches.propose_unmerge(retired, actor=session.actor(cif), reason=reason)
    return _proposed(session, done)


@match.command("apart")
@click.argument("one")
@click.argument("other")
@click.option("--reason", required=True)
@customer_command
def match_apart(session: Session, one: str, other: str, reason: str) -> int:
    """Declare that ONE and OTHER are two customers."""
    with session.open() as cif:
        cif.matches.not_a_match(one, other, actor=session.actor(cif), reason=reason)
    emit(session.as_json, {"apart": [one, other]}, lambda: click.echo("kept apart"))
    return 0


@click.group()
def approval() -> None:
    """What a second person decides."""


@approval.command("list")
@customer_command
def approval_list(session: Session) -> int:
    """The proposals that wait, oldest first."""
    with session.open() as cif:
        return _told(session, cif.approvals.waiting(actor=session.actor(cif), purpose=session.purpose))


@approval.command("mine")
@customer_command
def approval_mine(session: Session) -> int:
    """Your own proposals that have not ended; an approved export among them is there to be taken."""
    with session.open() as cif:
        return _told(session, cif.approvals.mine(actor=session.actor(cif), purpose=session.purpose))


def _told(session: Session, proposals: Sequence[Approval]) -> int:
    document = [
        {"id": one.id, "operation": one.operation.value, "state": one.state.value, "subjects": list(one.subjects),
         "maker": one.maker, "field": one.detail.get("field", one.detail.get("what", "")), "reason": one.reason,
         "detail": dict(one.detail)}
        for one in proposals
    ]  # fmt: skip
    rows = [
        (
            one["id"],
            one["operation"],
            one["state"],
            " ".join(one["subjects"]),
            f"{one['field']} {changes}".strip(),
            one["maker"],
            one["reason"],
        )
        for one, changes in zip(document, [one.detail.get("changes", "") for one in proposals], strict=True)
    ]
    emit(session.as_json, document, lambda: table(
        "Proposals", ("id", "operation", "state", "customers", "what", "maker", "reason"), rows
    ))  # fmt: skip
    return 0


def _decide(session: Session, approval_ids: Sequence[str], *, approve: bool) -> int:
    with session.open() as cif:
        actor = session.actor(cif)
        decide = cif.approvals.approve if approve else cif.approvals.reject
        done = [decide(one, actor=actor) for one in approval_ids]
    document = [{"id": one.id, "state": one.state.value} for one in done]
    emit(session.as_json, document, lambda: click.echo("\n".join(f"{one.id}: {one.state.value}" for one in done)))
    return 0


@approval.command("approve")
@click.argument("approval_ids", metavar="ID...", nargs=-1, required=True)
@customer_command
def approval_approve(session: Session, approval_ids: Sequence[str]) -> int:
    """Approve proposals and carry them out."""
    return _decide(session, approval_ids, approve=True)


@approval.command("reject")
@click.argument("approval_ids", metavar="ID...", nargs=-1, required=True)
@customer_command
def approval_reject(session: Session, approval_ids: Sequence[str]) -> int:
    """Reject proposals."""
    return _decide(session, approval_ids, approve=False)


@approval.command("withdraw")
@click.argument("approval_id", metavar="ID")
@customer_command
def approval_withdraw(session: Session, approval_id: str) -> int:
    """Take back a proposal of your own."""
    with session.open() as cif:
        done = cif.approvals.withdraw(approval_id, actor=session.actor(cif))
    emit(session.as_json, {"id": done.id, "state": done.state.value}, lambda: click.echo(done.state.value))
    return 0


@approval.command("expire")
@customer_command
def approval_expire(session: Session) -> int:
    """End every open proposal whose term is over; for a scheduler."""
    with session.open() as cif:
        count = cif.approvals.expire(actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"expired": count}, lambda: click.echo(f"{count} proposal(s) expired"))
    return 0
