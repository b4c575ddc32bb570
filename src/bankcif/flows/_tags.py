"""The tag catalogue in force, as it rests with the store under a keyed mark, and as a running process keeps to it."""

from __future__ import annotations

import hmac
import threading

import attrs

from .._canonical import dumps, encode, loads, sha256
from .._clock import Clock, to_micros
from ..errors import PolicyError
from ..protection import Tagger
from ..storage import Repository, UnitOfWork
from ..storage.portrait_rows import CatalogueRow
from ..tagging import Catalogue, Evaluator

__all__ = ["TagWatch", "TagsInForce", "catalogue_ground", "catalogue_marked", "catalogue_row", "opened_catalogue"]


@attrs.frozen(repr=False)
class TagsInForce:
    """A catalogue that came into force: by which proposal, its digest, and its rules."""

    proposal: str
    digest: bytes
    evaluator: Evaluator


class TagWatch:
    """
    Lets a running process know when another catalogue comes into force.

    Whoever works by one that was replaced a moment ago writes portraits that say so, and renewing makes them anew; so this looks seldom.

    Args:
        repository: The store.
        digester: Makes the marks of catalogues.
        clock: Time.
        seconds: How long at most a process goes on by a catalogue that another one replaced.
    """

    def __init__(self, repository: Repository, digester: Tagger, clock: Clock, seconds: float) -> None:
        self._repository, self._digester, self._clock = repository, digester, clock
        self._micros = int(seconds * 1_000_000)
        self._looks = threading.Lock()
        self._looked: int | None = None
        self._found: TagsInForce | None = None
        self._since = 0

    def in_force(self) -> TagsInForce | None:
        """
        The catalogue in force, None if there is none; looked for when the time for that has come.

        Raises:
            PolicyError: It was changed behind the library's back; so at every call until that is mended.
        """
        now = to_micros(self._clock.now())
        if self._looked is not None and 0 <= now - self._looked < self._micros:
            return self._found
        with self._looks:
            self._looked = None
            with self._repository.unit_of_work() as unit:
                active = unit.catalogues.active()
            if (0 if active is None else active.since or 0) < self._since:
                raise PolicyError(
                    "the tag catalogue in force was taken out or an older one put back in the database, not by two persons",
                    rule="catalogue_mark",
                )
            if active is None:
                self._found = None
            elif self._found is None or self._found.proposal != active.id:
                self._found = TagsInForce(active.id, active.digest, Evaluator(opened_catalogue(active, self._digester)))
            self._looked, self._since = now, 0 if active is None else active.since or 0
            return self._found

    def again(self) -> None:
        """Looks at the next call, however long ago it last looked."""
        self._looked = None


def catalogue_row(catalogue: Catalogue, proposal: str) -> CatalogueRow:
    """*catalogue* as it rests, without a mark."""
    document = dumps(catalogue.document())
    return CatalogueRow(
        id=proposal, digest=sha256("bankcif/v1/catalogue", document), version=catalogue.version, document=document
    )


def catalogue_marked(digester: Tagger, row: CatalogueRow) -> CatalogueRow:
    """*row* with the mark over all of it."""
    content = encode(row.id, row.digest, row.version, row.document, row.since, row.until)
    return attrs.evolve(row, mark=digester.digest("catalogue", content))


def catalogue_ground(unit: UnitOfWork) -> dict[str, str]:
    """The catalogue in force, as the ground of a proposal."""
    active = unit.catalogues.active()
    return {"catalogue": active.id if active else ""}


def opened_catalogue(row: CatalogueRow, digester: Tagger) -> Catalogue:
    """
    The catalogue in a row.

    Raises:
        PolicyError: It was changed behind the library's back.
    """
    good = hmac.compare_digest(row.mark, catalogue_marked(digester, row).mark)
    if not good or sha256("bankcif/v1/catalogue", row.document) != row.digest:
        raise PolicyError("the tag catalogue was changed in the database, not by two persons", rule="catalogue_mark")
    return Catalogue.from_document(loads(row.document))
