"""One unit of work on an SQL database: its small stores, over one connection within one transaction."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import exc
from sqlalchemy.engine import Connection

from ._database import Database
from ._failures import translated
from ._sql_credentials import Credentials, Usage
from ._sql_log import Audit, Trail
from ._sql_models import Models
from ._sql_outbox import Feeds, Outbox
from ._sql_parties import Claims, Copies, Crosswalk, Indexes, Parties, Sources
from ._sql_portraits import Catalogues, Portraits
from ._sql_quality import Figures, Findings, Sheets
from ._sql_reasons import Reasons
from ._sql_search import Search
from ._sql_session import Session
from ._sql_work import Erasure, Keys, Policies, Reviews, Staging, Work

__all__ = ["Unit"]


class Unit:
    def __init__(self, connection: Connection, tenant: str, committed: Callable[[], None], database: Database) -> None:
        session = Session(connection, tenant, database)
        self._session = session
        self._committed = committed
        self.parties = Parties(session)
        self.copies = Copies(session)
        self.sources = Sources(session)
        self.crosswalk = Crosswalk(session)
        self.claims = Claims(session)
        self.indexes = Indexes(session)
        self.work = Work(session)
        self.reviews = Reviews(session)
        self.staging = Staging(session)
        self.outbox = Outbox(session)
        self.feeds = Feeds(session)
        self.audit = Audit(session, self.outbox)
        self.trail = Trail(session)
        self.keys = Keys(session)
        self.erasure = Erasure(session)
        self.policies = Policies(session)
        self.portraits = Portraits(session)
        self.catalogues = Catalogues(session)
        self.models = Models(session)
        self.sheets = Sheets(session)
        self.findings = Findings(session)
        self.figures = Figures(session)
        self.credentials = Credentials(session)
        self.search = Search(session)
        self.usage = Usage(session)
        self.reasons = Reasons(session)

    def commit(self) -> None:
        self.outbox.pending.need_none()
        self._session.flush()
        try:
            self._session.connection.commit()
            self._committed()
            return
        except exc.SQLAlchemyError as error:
            problem = translated(error)
        raise problem

    def close(self) -> None:
        """Lets go of what is still being read."""
        self._session.close()
