"""`bankcif keys`: what is done with the keys themselves."""

from __future__ import annotations

import click

from ..cif import CIF
from ._shared import emit, fingerprint, key_provider, store_options, told

__all__ = ["keys"]


@click.group()
def keys() -> None:
    """Keys."""


@keys.command("check")
@store_options
def check(
    db: str, keys: str, key_store: str | None, operators: str, policy: str | None, tables: str | None, tenant: str,
    as_json: bool,
) -> int:  # fmt: skip
    """Check that keys, key store and database belong together and that every data key opens."""
    provider = key_provider(keys)
    with CIF.open(db, tenant=tenant, keys=provider, key_store=key_store, create=False) as cif:
        count = cif.check_keys()
    document = {"fingerprint": fingerprint(provider), "data_keys": count}
    emit(as_json, document, lambda: click.echo(f"{keys} ({told(provider)}) fits; all {count} data keys open"))
    return 0
