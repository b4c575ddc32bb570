"""`bankcif erase`: restricting customers, and erasing them by two persons."""

from __future__ import annotations

import attrs
import click

from ._shared import Session, customer_command, emit, instant

__all__ = ["erase"]

_REASON = click.option("--reason", required=True, help="Why; stands in the proposal and the certificate.")


@click.group()
def erase() -> None:
    """Restrict customers, and erase them by two persons."""


@erase.command("restrict")
@click.argument("cif_no")
@_REASON
@customer_command
def restrict(session: Session, cif_no: str, reason: str) -> int:
    """Stop all processing of a customer but storage and protection: the step before erasing."""
    with session.open() as cif:
        cif.erasures.restrict(cif_no, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"cif_no": cif_no, "state": "restricted"}, lambda: click.echo(f"{cif_no} is restricted"))
    return 0


@erase.command("lift")
@click.argument("cif_no")
@_REASON
@customer_command
def lift(session: Session, cif_no: str, reason: str) -> int:
    """Take a restriction back."""
    with session.open() as cif:
        cif.erasures.lift(cif_no, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"cif_no": cif_no, "state": "active"}, lambda: click.echo(f"{cif_no} is active"))
    return 0


@erase.command("propose")
@click.argument("cif_no")
@_REASON
@customer_command
def propose(session: Session, cif_no: str, reason: str) -> int:
    """Propose to erase a restricted customer; a second person approves (approval approve), which erases them."""
    with session.open() as cif:
        proposal = cif.erasures.propose(cif_no, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"id": proposal.id}, lambda: click.echo(
        f"proposed {proposal.id}; a second person approves it, then  bankcif erase certificate {proposal.id}"
    ))  # fmt: skip
    return 0


@erase.command("certificate")
@click.argument("approval_id")
@customer_command
def certificate(session: Session, approval_id: str) -> int:
    """Print the certificate of an approved erasure, in Chinese and English."""
    with session.open() as cif:
        said = cif.erasures.certificate(approval_id, actor=session.actor(cif), purpose=session.purpose)
    lines = [
        ("删除证明", "Certificate of erasure"),
        ("客户号", "Customer", said.cif_no),
        ("全部客户号", "All numbers", ", ".join(said.numbers)),
        ("销毁记录数", "Records destroyed", said.records),
        ("密钥摘要", "Digest of the keys", said.keys_digest),
        ("理由", "Reason", said.reason),
        ("提出人", "Proposed by", said.proposed_by),
        ("批准人", "Approved by", said.approved_by),
        ("时间 (UTC)", "Time (UTC)", instant(said.erased_at)),
        ("日志条目", "Entry of the log", f"{said.stream} {said.number} {said.entry_hash}"),
        ("检查点证明", "Proof under a checkpoint (save it, then  bankcif audit check-proof)", said.proof),
    ]
    emit(session.as_json, attrs.asdict(said), lambda: click.echo(
        "\n".join(f"{zh} / {en}" + (f": {rest[0]}" if rest else "") for zh, en, *rest in lines)
    ))  # fmt: skip
    return 0
