"""One unit of work on a store in memory: its small stores over shared tables."""

from __future__ import annotations

from ._memory_credentials import Credentials, Usage
from ._memory_log import Audit, Trail
from ._memory_models import Models
from ._memory_outbox import Feeds, Outbox
from ._memory_parties import Claims, Copies, Crosswalk, Indexes, Parties, Sources
from ._memory_portraits import Catalogues, Portraits
from ._memory_quality import Figures, Findings, Sheets
from ._memory_reasons import Reasons
from ._memory_search import Search
from ._memory_tables import Data
from ._memory_work import Erasure, Keys, Policies, Reviews, Staging, Work

__all__ = ["Unit"]


class Unit:
    def __init__(self, data: Data) -> None:
        self.parties = Parties(data)
        self.copies = Copies(data)
        self.sources = Sources(data)
        self.crosswalk = Crosswalk(data)
        self.claims = Claims(data)
        self.indexes = Indexes(data)
        self.work = Work(data)
        self.reviews = Reviews(data)
        self.staging = Staging(data)
        self.outbox = Outbox(data)
        self.feeds = Feeds(data)
        self.audit = Audit(data, self.outbox)
        self.trail = Trail(data)
        self.keys = Keys(data)
        self.erasure = Erasure(data)
        self.policies = Policies(data)
        self.portraits = Portraits(data)
        self.catalogues = Catalogues(data)
        self.models = Models(data)
        self.sheets = Sheets(data)
        self.findings = Findings(data)
        self.figures = Figures(data)
        self.credentials = Credentials(data)
        self.search = Search(data)
        self.usage = Usage(data)
        self.reasons = Reasons(data)
        self._undo = data.undo

    def commit(self) -> None:
        self.outbox.pending.need_none()
        self._undo.clear()
