"""
The statements of the SQL store, each built once, and the rows they read and write.

A statement speaks of one table by its distribution key; binds that begin with ``b_`` say which row, the others what
it becomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, func, insert, literal_column, select, true, union_all, update

from ..audit import AuditRow, CheckpointRow
from ..party import FACT_COLUMNS, DataGroup
from . import _tables as t
from ._clauses import among, mine, page_of
from ._mapped import CursorRow, HeadRow, Mapped, MappedFacts, RetiredRow, SubjectRow, UsageRow
from ._model_statements import MODEL_QUERIES
from ._outbox_statements import OUTBOX_QUERIES
from ._portrait_statements import PORTRAIT_QUERIES
from ._quality_statements import QUALITY_QUERIES
from .portrait_rows import PORTRAIT
from .rows import (
    ChallengeRow,
    ClaimRow,
    CredentialRow,
    GoldenRow,
    IndexRow,
    LinkRow,
    NotAMatchRow,
    PartyRow,
    PolicyRow,
    ReasonRow,
    ReviewRow,
    RotationRow,
    SourceRow,
    StagedRow,
    StoreRow,
    TaskRow,
)

PARTY = Mapped(t.PARTY, PartyRow)
SOURCE = Mapped(t.SOURCE_RECORD, SourceRow)
LINK = Mapped(t.CROSSWALK, LinkRow)
NOT_A_MATCH = Mapped(t.NOT_A_MATCH, NotAMatchRow)
GOLDEN = Mapped(t.GOLDEN_GROUP, GoldenRow)
FACT = MappedFacts()
RETIRED = Mapped(t.RETIRED_KEY, RetiredRow)
SUBJECT = Mapped(t.AUDIT_SUBJECT, SubjectRow)
CLAIM = Mapped(t.CLAIM, ClaimRow)
INDEX = Mapped(t.BLIND_INDEX, IndexRow)
TASK = Mapped(t.TASK, TaskRow)
REVIEW = Mapped(t.REVIEW, ReviewRow)
STAGED = Mapped(t.STAGED_ROW, StagedRow)
AUDIT = Mapped(t.AUDIT_ENTRY, AuditRow)
HEAD = Mapped(t.AUDIT_HEAD, HeadRow)
CHECKPOINT = Mapped(t.AUDIT_CHECKPOINT, CheckpointRow)
CURSOR = Mapped(t.AUDIT_CURSOR, CursorRow)
STORE = Mapped(t.STORE, StoreRow)
POLICY = Mapped(t.POLICY, PolicyRow)
CREDENTIAL = Mapped(t.CREDENTIAL, CredentialRow)
REASON = Mapped(t.REASON, ReasonRow)
USAGE = Mapped(t.USAGE, UsageRow)
CHALLENGE = Mapped(t.CHALLENGE, ChallengeRow)
ROTATION = Mapped(t.ROTATION, RotationRow)


_TAG_KEY = ("tag", "source", "source_key", "record_no", "index_name", "index_version")
MEETING_POINTS = 1 << 14
"""
Where writers meet on MySQL and MariaDB: whoever looks somebody up to register them locks the points of their tags. So many that two of some dozen writers seldom meet by chance, so few that a batch locks thousands at most.
"""


def _meeting_laid_out() -> Any:
    """Makes the points of a tenant, in one statement that every database understands."""
    low, high = (
        union_all(*(select(literal_column(str(n)).label("n")) for n in range(1 << 7))).subquery(name)
        for name in ("low", "high")
    )
    bucket = low.c.n + (1 << 7) * high.c.n
    made = select(bindparam("tenant", type_=t.MEETING.c.tenant.type), bucket).select_from(low.join(high, true()))
    return insert(t.MEETING).from_select(["tenant", "bucket"], made)


MEETING_LAID_OUT = _meeting_laid_out()
GROUPS_ASKED = tuple(f"group_{n}" for n, _ in enumerate(DataGroup))
"""The parameters for the groups that are asked for; those that are left over are empty texts."""
_GOLDEN = (
    select(*GOLDEN.columns)
    .where(mine(t.GOLDEN_GROUP), among(t.GOLDEN_GROUP.c.cif_no), t.GOLDEN_GROUP.c.superseded_at.is_(None))
    .order_by(t.GOLDEN_GROUP.c.cif_no, t.GOLDEN_GROUP.c.data_group)
)
QUERIES: Mapping[str, Any] = {
    "parties": select(*PARTY.columns).where(mine(t.PARTY), among(t.PARTY.c.cif_no)),
    "parties_locked": select(*PARTY.columns).where(mine(t.PARTY), among(t.PARTY.c.cif_no)).order_by(t.PARTY.c.cif_no)
    .with_for_update(),
    "party_update": update(t.PARTY)
    .where(t.PARTY.c.tenant == bindparam("b_tenant"), t.PARTY.c.cif_no == bindparam("b_cif_no"),
           t.PARTY.c.version == bindparam("b_version"))
    .values({name: bindparam(name) for name in PARTY.names}),
    "golden_end_all": update(t.GOLDEN_GROUP)
    .where(t.GOLDEN_GROUP.c.tenant == bindparam("b_tenant"), t.GOLDEN_GROUP.c.cif_no == bindparam("b_cif_no"),
           t.GOLDEN_GROUP.c.superseded_at.is_(None))
    .values(superseded_at=bindparam("at")),
    "golden_end": update(t.GOLDEN_GROUP)
    .where(t.GOLDEN_GROUP.c.tenant == bindparam("b_tenant"), t.GOLDEN_GROUP.c.cif_no == bindparam("b_cif_no"),
           t.GOLDEN_GROUP.c.data_group == bindparam("b_group"), t.GOLDEN_GROUP.c.superseded_at.is_(None))
    .values(superseded_at=bindparam("at")),
    "parties_page": select(*PARTY.columns).where(mine(t.PARTY), t.PARTY.c.cif_no > bindparam("after"))
    .order_by(t.PARTY.c.cif_no).limit(bindparam("most")),
    "golden_history": select(*GOLDEN.columns)
    .where(mine(t.GOLDEN_GROUP), among(t.GOLDEN_GROUP.c.cif_no))
    .order_by(t.GOLDEN_GROUP.c.cif_no, t.GOLDEN_GROUP.c.data_group, t.GOLDEN_GROUP.c.version),
    "golden_reseal": update(t.GOLDEN_GROUP)
    .where(t.GOLDEN_GROUP.c.tenant == bindparam("b_tenant"), t.GOLDEN_GROUP.c.cif_no == bindparam("b_cif_no"),
           t.GOLDEN_GROUP.c.data_group == bindparam("b_group"), t.GOLDEN_GROUP.c.version == bindparam("b_version"))
    .values(key_id=bindparam("key_id"), sealed=bindparam("sealed")),
    "record_reseal": update(t.SOURCE_RECORD)
    .where(t.SOURCE_RECORD.c.tenant == bindparam("b_tenant"), t.SOURCE_RECORD.c.source == bindparam("b_source"),
           t.SOURCE_RECORD.c.source_key == bindparam("b_source_key"),
           t.SOURCE_RECORD.c.record_no == bindparam("b_record_no"), t.SOURCE_RECORD.c.key_id == bindparam("b_key_id"))
    .values(key_id=bindparam("key_id"), sealed=bindparam("sealed")),
    "record_erase": t.SOURCE_RECORD.delete().where(
        t.SOURCE_RECORD.c.tenant == bindparam("b_tenant"), t.SOURCE_RECORD.c.source == bindparam("b_source"),
        t.SOURCE_RECORD.c.source_key == bindparam("b_source_key"),
        t.SOURCE_RECORD.c.record_no == bindparam("b_record_no")),
    "links_erase": t.CROSSWALK.delete().where(
        t.CROSSWALK.c.tenant == bindparam("b_tenant"), t.CROSSWALK.c.source == bindparam("b_source"),
        t.CROSSWALK.c.source_key == bindparam("b_source_key")),
    "golden_erase": t.GOLDEN_GROUP.delete().where(
        t.GOLDEN_GROUP.c.tenant == bindparam("b_tenant"), t.GOLDEN_GROUP.c.cif_no == bindparam("b_cif_no")),
    "golden_superseded_erase": t.GOLDEN_GROUP.delete().where(
        t.GOLDEN_GROUP.c.tenant == bindparam("b_tenant"), t.GOLDEN_GROUP.c.cif_no == bindparam("b_cif_no"),
        t.GOLDEN_GROUP.c.superseded_at.is_not(None)),
    "tasks_erase": t.TASK.delete().where(
        t.TASK.c.tenant == bindparam("b_tenant"),
        (t.TASK.c.cif_no == bindparam("b_cif_no")) | (t.TASK.c.other == bindparam("b_cif_no"))),
    "not_low_erase": t.NOT_A_MATCH.delete().where(
        t.NOT_A_MATCH.c.tenant == bindparam("b_tenant"), t.NOT_A_MATCH.c.low == bindparam("b_cif_no")),
    "not_high_erase": t.NOT_A_MATCH.delete().where(
        t.NOT_A_MATCH.c.tenant == bindparam("b_tenant"), t.NOT_A_MATCH.c.high == bindparam("b_cif_no")),
    "policy_active": select(*POLICY.columns).where(
        mine(t.POLICY), t.POLICY.c.since.is_not(None), t.POLICY.c.until.is_(None)),
    "policy_at": select(*POLICY.columns).where(mine(t.POLICY), t.POLICY.c.digest == bindparam("digest")),
    "policy_drop": t.POLICY.delete().where(
        t.POLICY.c.tenant == bindparam("b_tenant"), t.POLICY.c.digest == bindparam("b_digest")),
    "rotations": select(*ROTATION.columns).where(mine(t.ROTATION))
    .order_by(t.ROTATION.c.started_at, t.ROTATION.c.id),
    "rotation_drop": t.ROTATION.delete().where(
        t.ROTATION.c.tenant == bindparam("b_tenant"), t.ROTATION.c.id == bindparam("b_id")),
    "retired": select(t.RETIRED_KEY.c.key_id, t.RETIRED_KEY.c.mark).where(mine(t.RETIRED_KEY)),
    "retired_forget": t.RETIRED_KEY.delete().where(
        t.RETIRED_KEY.c.tenant == bindparam("b_tenant"), t.RETIRED_KEY.c.key_id == bindparam("b_key_id"),
        t.RETIRED_KEY.c.mark == bindparam("b_mark")),
    "store_restate": update(t.STORE).where(t.STORE.c.tenant == bindparam("b_tenant"))
    .values({name: bindparam(name) for name in STORE.names}),
    "golden": _GOLDEN.where(t.GOLDEN_GROUP.c.data_group != PORTRAIT),
    "golden_some": _GOLDEN.where(t.GOLDEN_GROUP.c.data_group.in_([bindparam(name) for name in GROUPS_ASKED])),
    "facts_drop": t.FACT.delete().where(
        t.FACT.c.tenant == bindparam("b_tenant"), t.FACT.c.cif_no == bindparam("b_cif_no")),
    "facts": select(t.FACT.c.cif_no, *(t.FACT.c[name] for name in FACT_COLUMNS)).where(
        mine(t.FACT), among(t.FACT.c.cif_no)),
    "marks": select(t.SOURCE_RECORD.c.source_key, t.SOURCE_RECORD.c.record_no, t.SOURCE_RECORD.c.content_tag,
                    t.SOURCE_RECORD.c.delivery_tag)
    .where(mine(t.SOURCE_RECORD), t.SOURCE_RECORD.c.source == bindparam("source"), among(t.SOURCE_RECORD.c.source_key))
    .order_by(t.SOURCE_RECORD.c.source_key, t.SOURCE_RECORD.c.record_no),
    "records": select(t.CROSSWALK.c.cif_no, *SOURCE.columns)
    .where(mine(t.CROSSWALK), among(t.CROSSWALK.c.cif_no), t.CROSSWALK.c.until.is_(None),
           t.SOURCE_RECORD.c.tenant == t.CROSSWALK.c.tenant, t.SOURCE_RECORD.c.source == t.CROSSWALK.c.source,
           t.SOURCE_RECORD.c.source_key == t.CROSSWALK.c.source_key),
    "record_places": select(t.CROSSWALK.c.cif_no, t.SOURCE_RECORD.c.source, t.SOURCE_RECORD.c.source_key,
                            t.SOURCE_RECORD.c.record_no)
    .where(mine(t.CROSSWALK), among(t.CROSSWALK.c.cif_no), t.CROSSWALK.c.until.is_(None),
           t.SOURCE_RECORD.c.tenant == t.CROSSWALK.c.tenant, t.SOURCE_RECORD.c.source == t.CROSSWALK.c.source,
           t.SOURCE_RECORD.c.source_key == t.CROSSWALK.c.source_key),
    "records_at": select(*SOURCE.columns).where(
        mine(t.SOURCE_RECORD), t.SOURCE_RECORD.c.source == bindparam("source"), among(t.SOURCE_RECORD.c.source_key),
        t.SOURCE_RECORD.c.record_no == bindparam("record_no")),
    "count": select(func.count()).select_from(t.SOURCE_RECORD).where(mine(t.SOURCE_RECORD)),
    "records_page": page_of(t.SOURCE_RECORD, ("source", "source_key", "record_no"), SOURCE.columns),
    "link_end": update(t.CROSSWALK)
    .where(t.CROSSWALK.c.tenant == bindparam("b_tenant"), t.CROSSWALK.c.source == bindparam("b_source"),
           t.CROSSWALK.c.source_key == bindparam("b_source_key"), t.CROSSWALK.c.number == bindparam("b_number"),
           t.CROSSWALK.c.until.is_(None))
    .values(until=bindparam("at")),
    "links": select(*LINK.columns).where(
        mine(t.CROSSWALK), t.CROSSWALK.c.source == bindparam("source"), among(t.CROSSWALK.c.source_key),
        t.CROSSWALK.c.until.is_(None)),
    "links_of": select(*LINK.columns)
    .where(mine(t.CROSSWALK), among(t.CROSSWALK.c.cif_no), t.CROSSWALK.c.until.is_(None))
    .order_by(t.CROSSWALK.c.source, t.CROSSWALK.c.source_key),
    "link_history": select(*LINK.columns)
    .where(mine(t.CROSSWALK), t.CROSSWALK.c.source == bindparam("source"),
           t.CROSSWALK.c.source_key == bindparam("source_key"))
    .order_by(t.CROSSWALK.c.number),
    "links_all": select(*LINK.columns)
    .where(mine(t.CROSSWALK), t.CROSSWALK.c.until.is_(None))
    .order_by(t.CROSSWALK.c.source, t.CROSSWALK.c.source_key),
    "not_low": select(*NOT_A_MATCH.columns).where(mine(t.NOT_A_MATCH), among(t.NOT_A_MATCH.c.low)),
    "not_high": select(*NOT_A_MATCH.columns).where(mine(t.NOT_A_MATCH), among(t.NOT_A_MATCH.c.high)),
    "claims_of_version": select(t.CLAIM.c.index_name, t.CLAIM.c.tag).where(
        mine(t.CLAIM), t.CLAIM.c.index_version == bindparam("version")).limit(bindparam("most")),
    "claim_forget": t.CLAIM.delete().where(
        t.CLAIM.c.tenant == bindparam("b_tenant"), t.CLAIM.c.index_name == bindparam("b_index"),
        t.CLAIM.c.tag == bindparam("b_tag")),
    "tag_behind": select(t.BLIND_INDEX.c.tag).where(mine(t.BLIND_INDEX), t.BLIND_INDEX.c.tag > bindparam("after"))
    .order_by(t.BLIND_INDEX.c.tag).limit(1).offset(bindparam("skipped")),
    "tags_drop": t.BLIND_INDEX.delete().where(
        t.BLIND_INDEX.c.tenant == bindparam("b_tenant"), t.BLIND_INDEX.c.tag > bindparam("b_after"),
        t.BLIND_INDEX.c.tag <= bindparam("b_last"), t.BLIND_INDEX.c.index_version == bindparam("b_version")),
    "tags_drop_rest": t.BLIND_INDEX.delete().where(
        t.BLIND_INDEX.c.tenant == bindparam("b_tenant"), t.BLIND_INDEX.c.tag > bindparam("b_after"),
        t.BLIND_INDEX.c.index_version == bindparam("b_version")),
    "tag_drop": t.BLIND_INDEX.delete().where(
        t.BLIND_INDEX.c.tenant == bindparam("b_tenant"), t.BLIND_INDEX.c.tag == bindparam("b_tag"),
        t.BLIND_INDEX.c.source == bindparam("b_source"), t.BLIND_INDEX.c.source_key == bindparam("b_source_key"),
        t.BLIND_INDEX.c.record_no == bindparam("b_record_no"), t.BLIND_INDEX.c.index_name == bindparam("b_index"),
        t.BLIND_INDEX.c.index_version == bindparam("b_version")),
    "claims": select(t.CLAIM.c.index_name, t.CLAIM.c.tag, t.CLAIM.c.cif_no).where(
        mine(t.CLAIM), t.CLAIM.c.index_name == bindparam("index_name"), among(t.CLAIM.c.tag)),
    "claim_drop": t.CLAIM.delete().where(
        t.CLAIM.c.tenant == bindparam("b_tenant"), t.CLAIM.c.index_name == bindparam("b_index"),
        t.CLAIM.c.tag == bindparam("b_tag"), t.CLAIM.c.cif_no == bindparam("b_cif_no")),
    "index": select(*INDEX.columns).where(mine(t.BLIND_INDEX), among(t.BLIND_INDEX.c.tag)),
    "index_some": select(*INDEX.columns).where(mine(t.BLIND_INDEX), among(t.BLIND_INDEX.c.tag))
    .order_by(t.BLIND_INDEX.c.tag).limit(bindparam("most")),
    "index_of": select(*INDEX.columns)
    .where(mine(t.BLIND_INDEX), among(t.BLIND_INDEX.c.tag), t.BLIND_INDEX.c.index_name == bindparam("index_name"))
    .order_by(t.BLIND_INDEX.c.tag).limit(bindparam("most")),
    "tag_at": select(*INDEX.columns).where(
        mine(t.BLIND_INDEX), *(t.BLIND_INDEX.c[name] == bindparam(name) for name in _TAG_KEY)),
    "tags_page": page_of(t.BLIND_INDEX, _TAG_KEY, INDEX.columns),
    "tags_count": select(func.count()).select_from(t.BLIND_INDEX).where(
        mine(t.BLIND_INDEX), t.BLIND_INDEX.c.index_version == bindparam("version")),
    "index_move": update(t.BLIND_INDEX)
    .where(t.BLIND_INDEX.c.tenant == bindparam("b_tenant"), t.BLIND_INDEX.c.tag == bindparam("b_tag"),
           t.BLIND_INDEX.c.source == bindparam("b_source"), t.BLIND_INDEX.c.source_key == bindparam("b_source_key"),
           t.BLIND_INDEX.c.record_no == bindparam("b_record_no"), t.BLIND_INDEX.c.index_name == bindparam("b_index"),
           t.BLIND_INDEX.c.index_version == bindparam("b_version"))
    .values(cif_no=bindparam("to_cif")),
    "tasks": select(*TASK.columns).where(mine(t.TASK)).order_by(t.TASK.c.weight_millibits.desc(), t.TASK.c.id),
    "tasks_in": select(*TASK.columns).where(mine(t.TASK), t.TASK.c.state == bindparam("state"))
    .order_by(t.TASK.c.weight_millibits.desc(), t.TASK.c.id).limit(bindparam("most")),
    "tasks_of": select(*TASK.columns).where(mine(t.TASK), among(t.TASK.c.cif_no)),
    "tasks_with": select(*TASK.columns).where(mine(t.TASK), among(t.TASK.c.other)),
    "tasks_at": select(*TASK.columns).where(mine(t.TASK), among(t.TASK.c.id)),
    "task_change": update(t.TASK)
    .where(t.TASK.c.tenant == bindparam("b_tenant"), t.TASK.c.id == bindparam("b_id"),
           t.TASK.c.version == bindparam("b_version"))
    .values({name: bindparam(name) for name in TASK.names}),
    "reviews": select(*REVIEW.columns).where(mine(t.REVIEW), among(t.REVIEW.c.task_id))
    .order_by(t.REVIEW.c.task_id, t.REVIEW.c.number),
    "reviews_page": page_of(t.REVIEW, ("task_id", "number"), REVIEW.columns),
    "reviews_erase": t.REVIEW.delete().where(
        t.REVIEW.c.tenant == bindparam("b_tenant"), t.REVIEW.c.task_id == bindparam("b_task_id")),
    "not_low_end": update(t.NOT_A_MATCH)
    .where(t.NOT_A_MATCH.c.tenant == bindparam("b_tenant"), t.NOT_A_MATCH.c.low == bindparam("b_cif_no"),
           t.NOT_A_MATCH.c.until.is_(None)).values(until=bindparam("at")),
    "not_high_end": update(t.NOT_A_MATCH)
    .where(t.NOT_A_MATCH.c.tenant == bindparam("b_tenant"), t.NOT_A_MATCH.c.high == bindparam("b_cif_no"),
           t.NOT_A_MATCH.c.until.is_(None)).values(until=bindparam("at")),
    "not_a_match_renew": update(t.NOT_A_MATCH)
    .where(t.NOT_A_MATCH.c.tenant == bindparam("b_tenant"), t.NOT_A_MATCH.c.low == bindparam("b_low"),
           t.NOT_A_MATCH.c.high == bindparam("b_high"), t.NOT_A_MATCH.c.until.is_not(None))
    .values({name: bindparam(name) for name in NOT_A_MATCH.names}),
    "staged_at": select(*STAGED.columns).where(
        mine(t.STAGED_ROW), t.STAGED_ROW.c.batch == bindparam("batch"), t.STAGED_ROW.c.line == bindparam("line")),
    "staged_lines": select(t.STAGED_ROW.c.line).where(
        mine(t.STAGED_ROW), t.STAGED_ROW.c.batch == bindparam("batch"), among(t.STAGED_ROW.c.line)),
    "staged_page": page_of(t.STAGED_ROW, ("batch", "line"), STAGED.columns),
    "staged_change": update(t.STAGED_ROW)
    .where(t.STAGED_ROW.c.tenant == bindparam("b_tenant"), t.STAGED_ROW.c.batch == bindparam("b_batch"),
           t.STAGED_ROW.c.line == bindparam("b_line"), t.STAGED_ROW.c.state == "held")
    .values(state=bindparam("state"), key_id=bindparam("key_id"), sealed=bindparam("sealed")),
    "staged_drop": t.STAGED_ROW.delete().where(
        t.STAGED_ROW.c.tenant == bindparam("b_tenant"), t.STAGED_ROW.c.batch == bindparam("b_batch"),
        t.STAGED_ROW.c.line == bindparam("b_line")),
    "approvals": select(t.APPROVAL).where(mine(t.APPROVAL)),
    "approvals_in": select(t.APPROVAL).where(mine(t.APPROVAL), t.APPROVAL.c.state == bindparam("state")),
    "approvals_by": select(t.APPROVAL).where(
        mine(t.APPROVAL), t.APPROVAL.c.maker == bindparam("maker"), t.APPROVAL.c.operation == bindparam("operation")),
    "approvals_of": select(t.APPROVAL).where(
        mine(t.APPROVAL),
        (t.APPROVAL.c.subject == bindparam("cif_no")) | (t.APPROVAL.c.other == bindparam("cif_no"))),
    "approvals_at": select(t.APPROVAL).where(mine(t.APPROVAL), among(t.APPROVAL.c.id)),
    "approvals_page": select(t.APPROVAL).where(mine(t.APPROVAL), t.APPROVAL.c.id > bindparam("after"))
    .order_by(t.APPROVAL.c.id).limit(bindparam("most")),
    "approval_add": insert(t.APPROVAL),
    "approval_update": update(t.APPROVAL)
    .where(t.APPROVAL.c.tenant == bindparam("b_tenant"), t.APPROVAL.c.id == bindparam("b_id"),
           t.APPROVAL.c.state == bindparam("b_state"), t.APPROVAL.c.checks == bindparam("b_checks"))
    .values(state=bindparam("state"), checks=bindparam("checks"), mark=bindparam("mark")),
    "usage": select(t.USAGE.c.count).where(
        mine(t.USAGE), t.USAGE.c.actor == bindparam("actor"), t.USAGE.c.action == bindparam("action"),
        t.USAGE.c.window == bindparam("window")),
    "usage_add": update(t.USAGE)
    .where(t.USAGE.c.tenant == bindparam("b_tenant"), t.USAGE.c.actor == bindparam("b_actor"),
           t.USAGE.c.action == bindparam("b_action"), t.USAGE.c.window == bindparam("b_window"))
    .values(count=t.USAGE.c.count + bindparam("more")),
    "usage_forget": t.USAGE.delete().where(
        t.USAGE.c.tenant == bindparam("b_tenant"), t.USAGE.c.actor == bindparam("b_actor"),
        t.USAGE.c.action == bindparam("b_action"), t.USAGE.c.window < bindparam("b_window")),
    "credentials": select(*CREDENTIAL.columns)
    .where(mine(t.CREDENTIAL), t.CREDENTIAL.c.operator == bindparam("operator"))
    .order_by(t.CREDENTIAL.c.kind, t.CREDENTIAL.c.id),
    "credentials_page": page_of(t.CREDENTIAL, ("operator", "kind", "id"), CREDENTIAL.columns),
    "credential_at": select(*CREDENTIAL.columns).where(mine(t.CREDENTIAL), t.CREDENTIAL.c.id == bindparam("id")),
    "credential_change": update(t.CREDENTIAL)
    .where(t.CREDENTIAL.c.tenant == bindparam("b_tenant"), t.CREDENTIAL.c.operator == bindparam("b_operator"),
           t.CREDENTIAL.c.kind == bindparam("b_kind"), t.CREDENTIAL.c.id == bindparam("b_id"),
           t.CREDENTIAL.c.version == bindparam("b_version"))
    .values({name: bindparam(name) for name in CREDENTIAL.names}),
    "credential_drop": t.CREDENTIAL.delete().where(
        t.CREDENTIAL.c.tenant == bindparam("b_tenant"), t.CREDENTIAL.c.operator == bindparam("b_operator"),
        t.CREDENTIAL.c.kind == bindparam("b_kind"), t.CREDENTIAL.c.id == bindparam("b_id")),
    "reasons": select(*REASON.columns).where(mine(t.REASON), among(t.REASON.c.about)),
    "reasons_of": select(*REASON.columns).where(mine(t.REASON), among(t.REASON.c.cif_no)),
    "reasons_page": select(*REASON.columns).where(mine(t.REASON), t.REASON.c.about > bindparam("after"))
    .order_by(t.REASON.c.about).limit(bindparam("most")),
    "reason_drop": t.REASON.delete().where(
        t.REASON.c.tenant == bindparam("b_tenant"), t.REASON.c.about == bindparam("b_about")),
    "approval_erase": t.APPROVAL.delete().where(
        t.APPROVAL.c.tenant == bindparam("b_tenant"), t.APPROVAL.c.id == bindparam("b_id")),
    "challenge": select(*CHALLENGE.columns).where(mine(t.CHALLENGE), t.CHALLENGE.c.id == bindparam("id")),
    "challenge_drop": t.CHALLENGE.delete().where(
        t.CHALLENGE.c.tenant == bindparam("b_tenant"), t.CHALLENGE.c.id == bindparam("b_id")),
    "challenges_over": t.CHALLENGE.delete().where(
        t.CHALLENGE.c.tenant == bindparam("b_tenant"), t.CHALLENGE.c.expires_at < bindparam("b_now")),
    "staged": select(*STAGED.columns).where(mine(t.STAGED_ROW)).order_by(t.STAGED_ROW.c.batch, t.STAGED_ROW.c.line),
    "lease_mine": select(t.AUDIT_HEAD.c.stream, t.AUDIT_HEAD.c.number, t.AUDIT_HEAD.c.hash).where(
        mine(t.AUDIT_HEAD), t.AUDIT_HEAD.c.holder == bindparam("holder")),
    "lease_locked": select(t.AUDIT_HEAD.c.stream, t.AUDIT_HEAD.c.number, t.AUDIT_HEAD.c.hash, t.AUDIT_HEAD.c.holder)
    .where(mine(t.AUDIT_HEAD), t.AUDIT_HEAD.c.stream == bindparam("stream")).with_for_update(),
    "lease_free": select(t.AUDIT_HEAD.c.stream, t.AUDIT_HEAD.c.number, t.AUDIT_HEAD.c.hash)
    .where(mine(t.AUDIT_HEAD), t.AUDIT_HEAD.c.until < bindparam("now")).order_by(t.AUDIT_HEAD.c.stream).limit(1)
    .with_for_update(skip_locked=True),
    "lease_count": select(func.count()).select_from(t.AUDIT_HEAD).where(mine(t.AUDIT_HEAD)),
    "lease_take": update(t.AUDIT_HEAD)
    .where(t.AUDIT_HEAD.c.tenant == bindparam("b_tenant"), t.AUDIT_HEAD.c.stream == bindparam("b_stream"),
           t.AUDIT_HEAD.c.until < bindparam("b_now"))
    .values(holder=bindparam("holder"), until=bindparam("until")),
    "lease_end": update(t.AUDIT_HEAD)
    .where(t.AUDIT_HEAD.c.tenant == bindparam("b_tenant"), t.AUDIT_HEAD.c.holder == bindparam("b_holder"))
    .values(holder=None, until=0),
    "head_move": update(t.AUDIT_HEAD)
    .where(t.AUDIT_HEAD.c.tenant == bindparam("b_tenant"), t.AUDIT_HEAD.c.stream == bindparam("b_stream"),
           t.AUDIT_HEAD.c.number == bindparam("b_number"))
    .values(number=bindparam("number"), hash=bindparam("hash"), until=bindparam("until")),
    "heads": select(t.AUDIT_HEAD.c.stream, t.AUDIT_HEAD.c.number, t.AUDIT_HEAD.c.hash).where(mine(t.AUDIT_HEAD)),
    "stream_ends": select(t.AUDIT_ENTRY.c.stream, func.max(t.AUDIT_ENTRY.c.number)).where(mine(t.AUDIT_ENTRY))
    .group_by(t.AUDIT_ENTRY.c.stream),
    "entries": select(*AUDIT.columns)
    .where(mine(t.AUDIT_ENTRY), t.AUDIT_ENTRY.c.stream == bindparam("stream"),
           t.AUDIT_ENTRY.c.number > bindparam("after"), t.AUDIT_ENTRY.c.number <= bindparam("upto"))
    .order_by(t.AUDIT_ENTRY.c.number).limit(bindparam("most")),
    "entries_between": select(*AUDIT.columns)
    .where(mine(t.AUDIT_ENTRY), t.AUDIT_ENTRY.c.at >= bindparam("since"), t.AUDIT_ENTRY.c.at < bindparam("until"))
    .order_by(t.AUDIT_ENTRY.c.at, t.AUDIT_ENTRY.c.stream, t.AUDIT_ENTRY.c.number),
    "entries_by": select(*AUDIT.columns)
    .where(mine(t.AUDIT_ENTRY), t.AUDIT_ENTRY.c.actor == bindparam("actor"),
           t.AUDIT_ENTRY.c.at >= bindparam("since"), t.AUDIT_ENTRY.c.at < bindparam("until"))
    .order_by(t.AUDIT_ENTRY.c.at, t.AUDIT_ENTRY.c.stream, t.AUDIT_ENTRY.c.number),
    "audit_of": select(*AUDIT.columns)
    .where(mine(t.AUDIT_SUBJECT), t.AUDIT_SUBJECT.c.cif_no == bindparam("cif_no"),
           t.AUDIT_ENTRY.c.tenant == t.AUDIT_SUBJECT.c.tenant, t.AUDIT_ENTRY.c.stream == t.AUDIT_SUBJECT.c.stream,
           t.AUDIT_ENTRY.c.number == t.AUDIT_SUBJECT.c.number)
    .order_by(t.AUDIT_ENTRY.c.at, t.AUDIT_ENTRY.c.stream, t.AUDIT_ENTRY.c.number),
    "subjects": page_of(t.AUDIT_SUBJECT, ("cif_no", "stream", "number"), SUBJECT.columns),
    "checkpoint_last": select(*CHECKPOINT.columns).where(mine(t.AUDIT_CHECKPOINT))
    .order_by(t.AUDIT_CHECKPOINT.c.size.desc()).limit(1),
    "checkpoint_size": select(func.max(t.AUDIT_CHECKPOINT.c.size)).where(mine(t.AUDIT_CHECKPOINT)),
    "checkpoints": select(*CHECKPOINT.columns)
    .where(mine(t.AUDIT_CHECKPOINT), t.AUDIT_CHECKPOINT.c.size > bindparam("after"))
    .order_by(t.AUDIT_CHECKPOINT.c.size).limit(bindparam("most")),
    "cursors": select(t.AUDIT_CURSOR.c.stream, t.AUDIT_CURSOR.c.number).where(
        mine(t.AUDIT_CURSOR), t.AUDIT_CURSOR.c.consumer == bindparam("consumer")),
    "cursor_drop": t.AUDIT_CURSOR.delete().where(
        t.AUDIT_CURSOR.c.tenant == bindparam("b_tenant"), t.AUDIT_CURSOR.c.consumer == bindparam("b_consumer"),
        t.AUDIT_CURSOR.c.stream == bindparam("b_stream")),
    "store": select(*STORE.columns).where(mine(t.STORE)),
    "store_locked": select(t.STORE.c.store_id).where(mine(t.STORE)).with_for_update(),
    "meet": select(t.MEETING.c.bucket).where(mine(t.MEETING), among(t.MEETING.c.bucket)).order_by(t.MEETING.c.bucket)
    .with_for_update(),
    **PORTRAIT_QUERIES,
    **MODEL_QUERIES,
    **OUTBOX_QUERIES,
    **QUALITY_QUERIES,
}  # fmt: skip
