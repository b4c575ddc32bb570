"""`bankcif policy`: what is wrong with an access policy."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from ..access import MaskProfiles, Policy, check_policy, default_policy, default_profiles
from ._shared import DEFAULT_OPERATORS, emit, read_operators

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
