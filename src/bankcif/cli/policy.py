"""`bankcif policy`: what is wrong with an access policy, which one is in force, and changing it by two persons."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import click

from ..access import MaskProfiles, Policy, check_policy, default_policy, default_profiles
from ._shared import DEFAULT_OPERATORS, Session, customer_command, emit, read_operators

__all__ = ["policy"]


@click.group()
def policy() -> None:
    """Access policies."""


@policy.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--masks", type=click.Path(path_type=Path), help="Mask profiles (TOML); the library's by default.")
@click.option(
    "--operators", type=click.Path(path_type=Path), help="Operators file, to look at each person's roles together."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(file: Path | None, masks: Path | None, operators: Path | None, as_json: bool) -> int:
    """
    Check the policy FILE, or the library's example: grants that never decide, fields nobody may read, profiles that are not
    there, persons who may define policies and see customers. Status 1 if anything is found.
    """
    read = default_policy() if file is None else Policy.read(file)
    known = default_profiles() if masks is None else MaskProfiles.read(masks)
    default = Path(DEFAULT_OPERATORS)
    people = operators or (default if default.exists() else None)
    findings = check_policy(read, known, read_operators(people).values() if people else ())

    def text() -> None:
        for one in findings:
            click.echo(f"{one.rule} {one.about}: {one.en} / {one.zh}")
        click.echo(f"policy {read.version}: {len(read.grants)} grants, {len(findings)} finding(s)")

    emit(as_json, [attrs.asdict(one) for one in findings], text)
    return 1 if findings else 0


@policy.command("propose")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Why; stands in the proposal.")
@customer_command
def propose(session: Session, file: Path, reason: str) -> int:
    """
    Propose the policy FILE in place of the one in force. A second person approves (approval approve); processes that open
    the store from then on work by it.
    """
    with session.open() as cif:
        proposal = cif.policies.propose(
            Policy.read(file), reason=reason, actor=session.actor(cif), purpose=session.purpose
        )  # fmt: skip
    emit(
        session.as_json, {"id": proposal.id}, lambda: click.echo(f"proposed {proposal.id}; a second person approves it")
    )
    return 0


@policy.command("show")
@customer_command
def show(session: Session) -> int:
    """Print the policy in force as JSON, every name written out."""
    with session.open() as cif:
        document = cif.policies.in_force.document()
    click.echo(json.dumps(document, ensure_ascii=False, indent=None if session.as_json else 2))
    return 0
