"""The commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import click

from ..errors import ConfigurationError, FileError
from ..flows.load import LoadReport
from ..intake import read_channel
from ..matching import SEARCH_PARTS
from ..parallel import load_in_processes
from ..protection import SUITES, Aes256Gcm, LocalKeyProvider, suite_of
from ._load import held_file, load_document, print_load, with_progress_bar
from ._shared import (
    Session,
    StoreOptions,
    customer_command,
    emit,
    fingerprint,
    instant,
    is_key_service,
    key_provider,
    shown,
    store_command,
    table,
    told,
)
from ._view import print_view, view_document
from .access import access, export, extract
from .audit import audit
from .changes import change
from .check import check
from .consents import consent
from .convert import convert
from .daily import daily
from .database import db
from .decisions import approval, match
from .demo import demo
from .erase import erase
from .feed import feed
from .flags import flag
from .held import faults, held
from .index import index, read_frequencies
from .keys import keys
from .operator import operator as operator_group
from .policy import policy
from .portraits import STORED, print_whole, whole_document
from .privacy import request, retention
from .quality import quality
from .relations import relation
from .reminders import reminder
from .report import report
from .reviews import review
from .searching import find, search
from .standard import standard
from .step import step
from .tags import tags
from .verify import verify

__all__ = ["commands"]

_OPERATORS = """\
# Who may work with this store from the command line, and as what. Roles are those of the access policy:
# teller, relationship_manager, marketing, steward, loader, compliance, auditor, key_custodian, privacy_officer, policy_officer,
# operator_admin, tag_officer.
# An operator who has a password (bankcif operator add-password) is asked for it. A service of the bank makes its own actors from
# its single sign-on and does not read this file.

["{operator}"]
roles = ["loader", "steward", "auditor"]
"""


@click.group()
def commands() -> None:
    """Everything that works with a store; `root` shows it beside what does not."""


commands.add_command(access)
commands.add_command(export)
commands.add_command(extract)
commands.add_command(feed)
commands.add_command(find)
commands.add_command(search)
commands.add_command(audit)
commands.add_command(match)
commands.add_command(approval)
commands.add_command(check)
commands.add_command(db)
commands.add_command(standard)
commands.add_command(demo)
commands.add_command(held)
commands.add_command(faults)
commands.add_command(keys)
commands.add_command(index)
commands.add_command(erase)
commands.add_command(policy)
commands.add_command(tags)
for _stored in STORED:
    tags.add_command(_stored)
commands.add_command(change)
commands.add_command(daily)
commands.add_command(consent)
commands.add_command(relation)
commands.add_command(flag)
commands.add_command(convert)
commands.add_command(quality)
commands.add_command(report)
commands.add_command(request)
commands.add_command(retention)
commands.add_command(review)
commands.add_command(step)
commands.add_command(reminder)
commands.add_command(operator_group)
commands.add_command(verify)


@commands.command()
@store_command
@click.option("--as", "operator", envvar="BANKCIF_AS", default="admin", show_default=True, help="First operator.")
@click.option("--expected-customers", type=int, default=1_000_000, show_default=True, help="Plans the search tags.")
@click.option(
    "--frequencies", type=click.Path(path_type=Path), help="The bank's own frequencies (TOML), for that plan."
)
@click.option(
    "--suite",
    type=click.Choice(list(SUITES), case_sensitive=False),
    default=Aes256Gcm.name,
    show_default=True,
    help="Cipher suite of the store; SM4-GCM is the Chinese commercial one.",
)
@click.option(
    "--name-search",
    multiple=True,
    type=click.Choice(list(SEARCH_PARTS)),
    help="Let people be searched by names that are spelled otherwise, beside this, or organizations; may be given again.",
)
def init(
    store: StoreOptions, operator: str, expected_customers: int, frequencies: Path | None, suite: str,
    name_search: tuple[str, ...],
) -> int:  # fmt: skip
    """Make an empty store, its key file, its key store and an operators file."""
    from ..storage.sql import shown

    if not operator.strip():
        raise ConfigurationError("the first operator has a name; say it by --as", rule="operator")
    if not Path(store.operators).exists() and not os.access(Path(store.operators).parent, os.W_OK | os.X_OK):
        raise FileError(
            f"the operators file {store.operators} cannot be written; nothing was made",
            path=store.operators,
            rule="unwritable",
        )
    if not is_key_service(store.keys) and not Path(store.keys).exists():
        LocalKeyProvider.generate(suite=suite_of(suite)).write(store.keys)
    provider = key_provider(store.keys)
    with store.open(
        create=True, provider=provider, expected_customers=expected_customers, suite=suite,
        frequencies=read_frequencies(frequencies), name_search=name_search,
    ) as cif:  # fmt: skip
        log_key = str(cif.audit.key)
    if not Path(store.operators).exists():
        Path(store.operators).write_text(_OPERATORS.format(operator=operator), encoding="utf-8")
    place = shown(store.db)
    document = {
        "db": place, "suite": suite, "keys": store.keys, "fingerprint": fingerprint(provider),
        "operators": store.operators, "log_key": log_key,
    }  # fmt: skip

    def text() -> None:
        click.echo(f"store      {place} ({suite})")
        click.echo(f"keys       {store.keys} ({told(provider)})")
        click.echo(f"operators  {store.operators}")
        click.echo(f"log key    {log_key}")
        click.echo("Back up the keys and the key store, apart from the data: losing them loses every customer.")

    emit(store.as_json, document, text)
    return 0


@commands.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--channel", "mapping", required=True, type=click.Path(path_type=Path), help="Channel mapping (TOML).")
@click.option(
    "--held",
    "held_out",
    type=click.Path(path_type=Path),
    help="Write what is held back to a new file: a JSON object a line.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many load at once, on a server.",
)
@customer_command
def load(session: Session, file: Path, mapping: Path, held_out: Path | None, processes: int) -> int:
    """Load FILE as its channel mapping declares it. Status 1 if rows were held back."""
    channel = read_channel(mapping)
    with session.open() as cif, held_file(held_out) as tell:
        asked: dict[str, Any] = {"actor": session.actor(cif), "purpose": session.purpose, "each_held": tell}

        def work(progress: Callable[[int], None]) -> LoadReport:
            if processes == 1:
                return cif.load(file, channel, progress=progress, **asked)
            # What a sink gets, it gets from this process.
            opener = attrs.evolve(session, sink=None).open
            return load_in_processes(opener, file, channel, processes=processes, progress=progress, **asked)

        report = with_progress_bar(file.name, not session.as_json, work)
    emit(session.as_json, load_document(report), lambda: print_load(report))
    return 1 if report.held else 0


@commands.command()
@click.argument("cif_no")
@click.option(
    "--whole", is_flag=True, help="Their tags, relations, contacts, what is to be done and open questions too."
)
@click.option("--valid", type=click.DateTime(["%Y-%m-%d"]), help="As they were, or will be, at the end of this day.")
@click.option(
    "--known",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]),
    help="As they were known at this instant, such as 2026-11-27T12:00+0800.",
)
@customer_command
def show(session: Session, cif_no: str, whole: bool, valid: datetime | None, known: datetime | None) -> int:
    """Show a customer, masked as the policy says; or as they were of a day, as far as that was known at an instant."""
    if whole and (valid or known):
        raise click.UsageError("--whole is of today; leave it out, or --valid and --known")
    with session.open() as cif:
        ask: dict[str, Any] = {"actor": session.actor(cif), "purpose": session.purpose}
        if valid or known:
            found = cif.customers.as_of(cif_no, valid=None if valid is None else valid.date(), known=known, **ask)
            document = view_document(found)
        elif whole:
            all_ = cif.customers.customer360(cif_no, **ask)
            found = all_.view
            document = whole_document(all_, view_document(found))
        else:
            found = cif.customers.get(cif_no, **ask)
            document = view_document(found)

    def text() -> None:
        print_view(found)
        if whole:
            print_whole(all_)

    emit(session.as_json, document, text)
    return 0


@commands.command()
@click.argument("cif_no")
@click.argument("fields", nargs=-1, required=True)
@customer_command
def reveal(session: Session, cif_no: str, fields: tuple[str, ...]) -> int:
    """Reveal FIELDS of a customer in clear; audited."""
    with session.open() as cif:
        found = cif.customers.reveal(cif_no, fields, actor=session.actor(cif), purpose=session.purpose)

    def text() -> None:
        for name, value in found.items():
            click.echo(f"{name}: {'' if value is None else shown(value)}")

    emit(session.as_json, found, text)
    return 0


@commands.command()
@click.option(
    "--order", default="cif_no", show_default=True, help="cif_no, or a plain fact that everybody on the page shows."
)
@click.option("--descending", is_flag=True, help="Largest first.")
@click.option("--limit", type=int, default=50, show_default=True, help="At most 100.")
@click.option("--after", help="Where the page before ended.")
@customer_command
def browse(session: Session, order: str, descending: bool, limit: int, after: str | None) -> int:
    """Page through the customers whom the operator may see, masked. Status 1 if there are none."""
    with session.open() as cif:
        page = cif.customers.browse(
            order=order, descending=descending, limit=limit, after=after, total=True, actor=session.actor(cif),
            purpose=session.purpose,
        )  # fmt: skip
    document = {"total": page.total, "after": page.after, "customers": [view_document(one) for one in page.views]}

    def text() -> None:
        for one in page.views:
            print_view(one)
        click.echo(
            f"{len(page.views)} of {page.total:,}" + (f"; go on with  --after {page.after}" if page.after else "")
        )

    emit(session.as_json, document, text)
    return 0 if page.views else 1


@commands.command("count")
@click.option("--by", help="A plain fact that everybody who is counted shows.")
@customer_command
def count(session: Session, by: str | None) -> int:
    """How many customers the operator may see, by value of a plain fact."""
    with session.open() as cif:
        found = cif.customers.count(by=by, actor=session.actor(cif), purpose=session.purpose)
    rows = sorted(((str(value) if value is not None else "", number) for value, number in found.items()))
    document = [{"value": value or None, "customers": number} for value, number in rows]
    emit(session.as_json, document, lambda: table("Customers", (by or "all", "customers"), rows))
    return 0


@commands.command("break-glass")
@click.argument("cif_no")
@click.option("--reason", required=True, help="Why; a second person reads it.")
@customer_command
def break_glass(session: Session, cif_no: str, reason: str) -> int:
    """See a customer whom the policy would not show, for thirty minutes; a second person reviews it afterwards."""
    with session.open() as cif:
        done = cif.customers.break_glass(cif_no, reason=reason, actor=session.actor(cif), purpose=session.purpose)
    document = {**attrs.asdict(done), "until": instant(done.until)}
    emit(session.as_json, document, lambda: click.echo(
        f"{done.cif_no} may be seen until {instant(done.until)} UTC; {done.id} is to be reviewed before you do this again"
    ))  # fmt: skip
    return 0
