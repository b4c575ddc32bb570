"""`bankcif keys`: what is done with the keys themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .._files import write_new
from ..errors import ConfigurationError, KeyFileError
from ..flows.rotate import ROTATIONS
from ..matching import SEARCH_PARTS
from ..protection import LocalKeyProvider
from ..storage.rows import RotationRow
from ._shared import Session, customer_command, emit, fingerprint, instant, key_provider, table, told
from .index import read_frequencies

__all__ = ["keys"]

_NOTHING = "nothing"


@click.group()
def keys() -> None:
    """Keys: check, rotate, put into escrow."""


@keys.command("check")
@customer_command
def check(session: Session) -> int:
    """Check that keys, key store and database belong together and that every data key opens."""
    provider = key_provider(session.keys)
    with session.open(provider=provider) as cif:
        count = cif.keys.check(actor=session.actor(cif), purpose=session.purpose)
    document = {"fingerprint": fingerprint(provider), "data_keys": count}
    emit(session.as_json, document, lambda: click.echo(
        f"{session.keys} ({told(provider)}) fits; all {count} data keys open"
    ))  # fmt: skip
    return 0


@keys.command("rotate")
@click.argument("what", type=click.Choice(ROTATIONS))
@click.option("--reason", required=True, help="Why; stands in the proposal.")
@click.option(
    "--name-search",
    multiple=True,
    type=click.Choice([*SEARCH_PARTS, _NOTHING]),
    help=f"Of index: beside what people, and whether organizations, are searched by names that are spelled otherwise from then on; may be given again. {_NOTHING} ends it; as now, if not given.",
)
@click.option("--frequencies", type=click.Path(path_type=Path), help="The bank's own frequencies (TOML), for that.")
@customer_command
def rotate(
    session: Session, what: str, reason: str, name_search: tuple[str, ...], frequencies: Path | None
) -> int:  # fmt: skip
    """
    Propose to replace WHAT: wrapping (wrap every data key under the present key-encryption key), data (a data key anew for
    every record) or index (every tag under the next index root). A second person approves it (approval approve), then
    `keys run` does it.
    """
    if _NOTHING in name_search and len(name_search) > 1:
        raise click.UsageError(f"{_NOTHING} goes with nothing else")
    chosen = next(one for one in ROTATIONS if one == what)
    beside = [one for one in name_search if one != _NOTHING] if name_search else None
    with session.open() as cif:
        proposal = cif.keys.propose_rotation(
            chosen, reason=reason, name_search=beside, frequencies=read_frequencies(frequencies) if frequencies else None,
            actor=session.actor(cif), purpose=session.purpose,
        )  # fmt: skip
    emit(session.as_json, {"id": proposal.id, "what": what}, lambda: click.echo(
        f"proposed {proposal.id}; a second person approves it, then  bankcif keys run"
    ))  # fmt: skip
    return 0


@keys.command("run")
@customer_command
def run(session: Session) -> int:
    """Carry on with every approved rotation until it is done; may be stopped, and goes on where it stood."""

    def progress(row: RotationRow) -> None:
        if sys.stderr.isatty() and not session.as_json:
            click.echo(f"\r{row.what}: {row.done:,}", nl=False, err=True)

    with session.open() as cif:
        done = cif.keys.rotate(actor=session.actor(cif), purpose=session.purpose, progress=progress)
    document = [{"id": row.id, "what": row.what, "keys": row.done} for row in done]
    emit(session.as_json, document, lambda: click.echo(
        "\n".join(f"{row.what}: done, {row.done:,} {'tags' if row.what == 'index' else 'keys'} replaced" for row in done) or "no rotation is on its way"
    ))  # fmt: skip
    return 0


@keys.command("status")
@customer_command
def status(session: Session) -> int:
    """All rotations, oldest first."""
    with session.open() as cif:
        found = cif.keys.rotations(actor=session.actor(cif), purpose=session.purpose)
    rows = [
        (
            row.id,
            row.what,
            instant(row.started_at),
            row.done,
            instant(row.finished_at) if row.finished_at else "on its way",
        )
        for row in found
    ]
    names = ("id", "what", "begun", "replaced", "ended")
    document = [dict(zip(names, row, strict=True)) for row in rows]
    emit(session.as_json, document, lambda: table("Rotations", names, rows))
    return 0


@keys.command("renew")
@click.option("--keys", envvar="BANKCIF_KEYS", default="keys.json", show_default=True, help="Key file to begin with.")
@click.option("--to", "new", required=True, help="Key file to write; never overwritten.")
def renew(keys: str, new: str) -> int:
    """
    Write a key file with a new key-encryption key and a new index root beside the old ones: the first step of a rotation
    of wrapping or index.
    """
    provider = LocalKeyProvider.from_file(keys).renewed()
    provider.write(new)
    click.echo(f"{new} ({told(provider)}) wraps under {provider.kek_id}; use it in place of {keys} everywhere, then")
    click.echo(f"  bankcif keys rotate wrapping --keys {new} …")
    return 0


@keys.command("reduce")
@click.option("--to", "new", required=True, help="Key file to write; never overwritten.")
@customer_command
def reduce(session: Session, new: str) -> int:
    """Write a key file without the keys that wrap nothing any more, once every data key opens without them."""
    provider = LocalKeyProvider.from_file(session.keys).reduced()
    with session.open(provider=provider) as cif:
        count = cif.keys.check(actor=session.actor(cif), purpose=session.purpose)
    provider.write(new)
    document = {"keys": new, "fingerprint": provider.fingerprint, "data_keys": count}
    emit(session.as_json, document, lambda: click.echo(f"{new} ({told(provider)}) opens all {count} data keys"))
    return 0


_CUSTODIANS = click.option(
    "--custodian", "custodians", multiple=True, required=True, metavar="NAME", help="Who; given once for each."
)


@keys.command("escrow")
@click.option("--keys", envvar="BANKCIF_KEYS", default="keys.json", show_default=True, help="Key file.")
@click.option("--to", "new", required=True, type=click.Path(path_type=Path), help="Escrow file; never overwritten.")
@_CUSTODIANS
@click.option("--needed", type=int, required=True, help="How many custodians open it together.")
def escrow(keys: str, new: Path, custodians: tuple[str, ...], needed: int) -> int:
    """
    Seal the key file for custodians, so that --needed of them together can give it back.

    Each types a passphrase twice; without a terminal, a line each on standard input.
    """
    provider = LocalKeyProvider.from_file(keys)
    sealed = provider.escrow(_passphrases(custodians, twice=True), needed=needed)
    problem = ""
    try:
        write_new(new, sealed)
    except FileExistsError:
        problem = "exists already and is not overwritten"
    except OSError:
        problem = "cannot be written; check the folder"
    if problem:
        raise KeyFileError(f"the escrow file {new} {problem}", path=str(new), rule="escrow")
    click.echo(f"{new} holds {keys} ({told(provider)}); {needed} of {len(custodians)} custodians open it together")
    return 0


@keys.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "new", required=True, help="Key file to write; never overwritten.")
@_CUSTODIANS
def restore(file: Path, new: str, custodians: tuple[str, ...]) -> int:
    """Write the key file that the escrow FILE holds, by its custodians' passphrases."""
    problem, content = "", b""
    try:
        content = file.read_bytes()
    except OSError:
        problem = "cannot be read; check its name and permissions"
    if problem:
        raise KeyFileError(f"the escrow file {file} {problem}", path=str(file), rule="escrow")
    provider = LocalKeyProvider.from_escrow(content, _passphrases(custodians, twice=False))
    provider.write(new)
    click.echo(f"{new} ({told(provider)}) written")
    return 0


def _passphrases(custodians: tuple[str, ...], *, twice: bool) -> dict[str, str]:
    if len(set(custodians)) < len(custodians):
        raise ConfigurationError("a custodian is named twice", rule="escrow")
    if not sys.stdin.isatty():
        return {name: sys.stdin.readline().rstrip("\r\n") for name in custodians}
    return {
        name: click.prompt(f"passphrase of {name}", hide_input=True, confirmation_prompt=twice, err=True)
        for name in custodians
    }
