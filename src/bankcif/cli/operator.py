"""`bankcif operator`: what operators are recognized by."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import attrs
import click

from .._files import write_new
from ..errors import FileError
from ._shared import Session, customer_command, emit, instant, read_secret, table

__all__ = ["operator"]


@click.group()
def operator() -> None:
    """What operators are recognized by: passwords and one-time codes. From then on each command asks for them."""


@operator.command("add-password")
@click.argument("whom", metavar="OPERATOR")
@customer_command
def add_password(session: Session, whom: str) -> int:
    """Give OPERATOR a password, in place of the one they had; it is asked for, or read from BANKCIF_NEW_PASSWORD."""
    with session.open() as cif:
        actor = session.actor(cif)
        password = read_secret("BANKCIF_NEW_PASSWORD", f"new password of {whom}", twice=True)
        cif.operators.set_password(whom, password, actor=actor, purpose=session.purpose)
    emit(session.as_json, {"operator": whom}, lambda: click.echo(f"{whom} has a new password"))
    return 0


@operator.command("add-code")
@click.argument("whom", metavar="OPERATOR")
@click.option(
    "--kind", type=click.Choice(["totp", "hotp"]), default="totp", show_default=True, help="By time, or by counter."
)
@click.option("--qr", type=click.Path(path_type=Path), help="Write a QR code for the app (SVG); never overwritten.")
@customer_command
def add_code(session: Session, whom: str, kind: Literal["totp", "hotp"], qr: Path | None) -> int:
    """Give OPERATOR a token of one-time codes. What is printed goes into their app, is shown once, and is to be kept by nobody."""
    if qr is not None and qr.exists():
        raise FileError(f"{qr} exists; name a new file", path=str(qr))
    if qr is not None and not os.access(
        qr.parent, os.W_OK | os.X_OK
    ):  # before anybody is given a token that nobody has seen
        raise FileError(f"{qr} cannot be written; no token was given", path=str(qr), rule="unwritable")
    with session.open() as cif:
        made = cif.operators.add_code(whom, kind, actor=session.actor(cif), purpose=session.purpose)
    if qr is not None:
        write_new(qr, made.qr_svg().encode())

    def text() -> None:
        click.echo(f"secret  {made.secret}")
        click.echo(f"uri     {made.uri}")
        click.echo(f"it counts once a second keeper runs  bankcif approval approve {made.proposal}")

    emit(
        session.as_json,
        {"operator": whom, "kind": kind, "secret": made.secret, "uri": made.uri, "proposal": made.proposal},
        text,
    )
    return 0


@operator.command("factors")
@click.argument("whom", metavar="OPERATOR")
@customer_command
def factors(session: Session, whom: str) -> int:
    """What OPERATOR is recognized by, without its secrets. Status 1 if by nothing."""
    with session.open() as cif:
        found = cif.operators.factors(whom, actor=session.actor(cif), purpose=session.purpose)
    rows = [
        (
            one.kind, one.id[:16], one.added_by, instant(one.added_at), instant(one.used_at) if one.used_at else "",
            instant(one.locked_until) if one.locked_until else "",
        )
        for one in found
    ]  # fmt: skip
    heads = ("kind", "id", "added by", "added (UTC)", "last used (UTC)", "locked until (UTC)")
    emit(session.as_json, [attrs.asdict(one) for one in found], lambda: table(f"Factors of {whom}", heads, rows))
    return 0 if found else 1


@operator.command("remove")
@click.argument("whom", metavar="OPERATOR")
@click.argument("kind", type=click.Choice(["password", "totp", "hotp", "passkey"]))
@click.argument("factor_id", metavar="ID", default="0")
@customer_command
def remove(session: Session, whom: str, kind: str, factor_id: str) -> int:
    """Take a factor away from OPERATOR; ID is needed for a passkey."""
    with session.open() as cif:
        cif.operators.remove(whom, kind, factor_id, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"operator": whom, "removed": kind}, lambda: click.echo(f"{whom} has no {kind} any more"))
    return 0


@operator.command("unlock")
@click.argument("whom", metavar="OPERATOR")
@customer_command
def unlock(session: Session, whom: str) -> int:
    """Let OPERATOR try again before a lock is over."""
    with session.open() as cif:
        cif.operators.unlock(whom, actor=session.actor(cif), purpose=session.purpose)
    emit(session.as_json, {"operator": whom}, lambda: click.echo(f"{whom} may try again"))
    return 0
