"""
The tables. Each is distributed by the first key it is looked up by, always behind ``tenant``.

Keys that are bytes are fixed-length on every database; text is compared binary.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    event,
    func,
)
from sqlalchemy.sql.ddl import ExecutableDDLElement
from sqlalchemy.types import TypeEngine

from ..party import FACT_COLUMNS
from ._types import LONG_TEXT, SEALED, fixed_bytes, text

__all__ = ["DISTRIBUTED_BY", "GROWS", "METADATA", "OWN"]

METADATA = MetaData()
OWN = "bankcif_own"
"""Execution option of the library's own statements; see `bankcif.storage.sql`."""

Micros = BigInteger


def _table(name: str, *columns: Column[Any] | Index, rowid: bool = False) -> Table:
    tenant = Column("tenant", text(32), primary_key=True)
    fixed = [
        CheckConstraint(func.octet_length(column) == column.type.length, name=f"{name}_{column.name}_bytes").ddl_if(
            dialect="postgresql"  # which has no binary type of a fixed length
        )
        for column in columns
        if isinstance(column, Column) and isinstance(column.type, LargeBinary) and column.type.length
    ]
    return Table(name, METADATA, tenant, *columns, *fixed, sqlite_with_rowid=rowid)


def _key(name: str, type_: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, type_, primary_key=True, nullable=False)


def _need(name: str, type_: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, type_, nullable=False)


def _may(name: str, type_: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, type_, nullable=True)


_CIF = text(17)
_SOURCE = text(64)
_SOURCE_KEY = text(128)
_ACTOR = text(64)

STORE = _table(
    "store",
    _need("store_id", text(32)), _need("format", Integer), _need("suite", Integer),
    _need("expected_customers", BigInteger), _need("index_version", Integer),
    _need("index_next", Integer), _need("digest_version", Integer), _need("index_bits", SEALED), _need("kek_id", text(128)),
    _need("key_check", SEALED), _need("index_check", fixed_bytes(16)), _need("created_at", Micros),
)  # fmt: skip
PARTY = _table(
    "party",
    _key("cif_no", _CIF), _need("kind", text(16)), _need("life_cycle", text(16)),
    _need("review_state", text(16)), _need("roles", text(128)), _may("branch", LONG_TEXT),
    _may("manager", LONG_TEXT), _may("merged_into", _CIF), _need("anchor_source", _SOURCE),
    _need("anchor_source_key", _SOURCE_KEY), _need("anchor_record_no", Integer), _need("anchor_key_id", fixed_bytes(16)),
    _need("version", Integer), _need("digest", fixed_bytes(32)), _need("created_at", Micros), _need("updated_at", Micros),
)  # fmt: skip
SOURCE_RECORD = _table(
    "source_record",
    _key("source", _SOURCE), _key("source_key", _SOURCE_KEY), _key("record_no", Integer),
    _need("channel", _SOURCE), _need("received_at", Micros), _may("business_time", Micros),
    _need("actor", _ACTOR), _need("person", _ACTOR), _need("key_id", fixed_bytes(16)), _need("sealed", SEALED), _need("content_tag", fixed_bytes(16)),
    _may("delivery_tag", fixed_bytes(16)), _may("restricted_at", Micros), _may("restricted_reason", text(64)),
    rowid=True,
)  # fmt: skip
CROSSWALK = _table(
    "crosswalk",
    _key("source", _SOURCE), _key("source_key", _SOURCE_KEY), _key("number", Integer), _need("home", _CIF),
    _need("cif_no", _CIF), _need("reason", text(32)), _may("weight_millibits", Integer), _need("actor", _ACTOR),
    _need("since", Micros), _may("until", Micros),
)  # fmt: skip
Index("crosswalk_party", CROSSWALK.c.tenant, CROSSWALK.c.cif_no)
NOT_A_MATCH = _table(
    "not_a_match",
    _key("low", _CIF), _key("high", _CIF), _need("actor", _ACTOR), _need("at", Micros), _may("until", Micros),
)  # fmt: skip
Index("not_a_match_high", NOT_A_MATCH.c.tenant, NOT_A_MATCH.c.high)
GOLDEN_GROUP = _table(
    "golden_group",
    _key("cif_no", _CIF), _key("data_group", text(16)), _key("version", Integer), _need("recorded_at", Micros),
    _may("superseded_at", Micros), _need("key_id", fixed_bytes(16)), _need("sealed", SEALED),
    rowid=True,
)  # fmt: skip
FACT = _table(
    "fact",
    _key("cif_no", _CIF),
    *(_may(name, BigInteger if type_ is int else LONG_TEXT) for name, type_ in FACT_COLUMNS.items()),
)
CLAIM = _table(
    "claim",
    _key("index_name", text(32)), _key("tag", fixed_bytes(16)), _need("index_version", SmallInteger), _need("cif_no", _CIF),
)  # fmt: skip
Index("claim_version", CLAIM.c.tenant, CLAIM.c.index_version)
BLIND_INDEX = _table(
    "blind_index",
    _key("tag", fixed_bytes(16)), _key("source", _SOURCE), _key("source_key", _SOURCE_KEY), _key("record_no", Integer),
    _key("index_name", text(32)), _key("index_version", SmallInteger), _need("cif_no", _CIF), _need("check", fixed_bytes(4)),
)  # fmt: skip
TASK = _table(
    "task",
    _key("id", text(32)), _need("task", text(32)), _need("cif_no", _CIF), _need("other", _CIF),
    _need("weight_millibits", Integer), _need("detail", SEALED), _need("state", text(16)),
    _need("opened_at", Micros), _may("closed_at", Micros), _may("actor", _ACTOR), _may("reason", LONG_TEXT),
    _need("version", Integer), _may("assignee", _ACTOR), _may("assigned_at", Micros), _need("reviews", Integer),
)  # fmt: skip
REVIEW = _table(
    "match_review",
    _key("task_id", text(32)), _key("number", Integer), _need("actor", _ACTOR), _need("person", _ACTOR),
    _need("verdict", text(16)), _need("at", Micros),
)  # fmt: skip
Index("task_party", TASK.c.tenant, TASK.c.cif_no)
Index("task_state", TASK.c.tenant, TASK.c.state, TASK.c.weight_millibits)
Index("task_other", TASK.c.tenant, TASK.c.other)
APPROVAL = _table(
    "approval",
    _key("id", text(32)), _need("operation", text(16)), _may("subject", _CIF), _may("other", _CIF),
    _need("detail", SEALED), _need("base", SEALED), _need("maker", _ACTOR), _need("maker_person", _ACTOR),
    _need("maker_behalf", _ACTOR), _need("expires_at", Micros), _need("digest", fixed_bytes(32)), _need("state", text(16)),
    _need("checks", SEALED), _need("mark", SEALED),
)  # fmt: skip
Index("approval_subject", APPROVAL.c.tenant, APPROVAL.c.subject)
Index("approval_state", APPROVAL.c.tenant, APPROVAL.c.state)
Index("approval_other", APPROVAL.c.tenant, APPROVAL.c.other)
Index("approval_maker", APPROVAL.c.tenant, APPROVAL.c.maker, APPROVAL.c.operation)
STAGED_ROW = _table(
    "staged_row",
    _key("batch", fixed_bytes(16)), _key("line", Integer), _need("channel", _SOURCE), _need("key_id", fixed_bytes(16)),
    _need("sealed", SEALED), _need("faults", SEALED), _need("actor", _ACTOR), _need("staged_at", Micros),
    _need("expires_at", Micros), _need("state", text(16)),
    rowid=True,
)  # fmt: skip
AUDIT_ENTRY = _table(
    "audit_entry",
    _key("stream", text(32)), _key("number", BigInteger), _need("at", Micros), _need("actor", _ACTOR),
    _need("body", SEALED), _may("sealed", SEALED), _need("hash", fixed_bytes(32)),
    rowid=True,
)  # fmt: skip
Index("audit_entry_at", AUDIT_ENTRY.c.tenant, AUDIT_ENTRY.c.at)
Index("audit_entry_actor", AUDIT_ENTRY.c.tenant, AUDIT_ENTRY.c.actor, AUDIT_ENTRY.c.at)
AUDIT_SUBJECT = _table("audit_subject", _key("cif_no", _CIF), _key("stream", text(32)), _key("number", BigInteger))
AUDIT_HEAD = _table(
    "audit_head",
    _key("stream", text(32)), _need("number", BigInteger), _need("hash", fixed_bytes(32)), _may("holder", fixed_bytes(16)),
    _need("until", Micros),
)  # fmt: skip
AUDIT_CHECKPOINT = _table(
    "audit_checkpoint",
    _key("size", BigInteger), _need("at", Micros), _need("pieces", SEALED), _need("note", LONG_TEXT),
)  # fmt: skip
AUDIT_CURSOR = _table("audit_cursor", _key("consumer", text(64)), _key("stream", text(32)), _need("number", BigInteger))
ROTATION = _table(
    "rotation",
    _key("id", text(32)), _need("what", text(16)), _need("started_at", Micros), _need("cursor", text(160)),
    _need("done", BigInteger), _need("in_pass", BigInteger), _need("passes", Integer), _may("finished_at", Micros),
)  # fmt: skip
REASON = _table(
    "reason",
    _key("about", text(128)), _need("cif_no", _CIF), _need("key_id", fixed_bytes(16)), _need("sealed", SEALED),
    rowid=True,
)  # fmt: skip
Index("reason_party", REASON.c.tenant, REASON.c.cif_no)
POLICY = _table(
    "policy",
    _key("digest", fixed_bytes(32)), _need("version", text(128)), _need("document", SEALED), _need("mark", fixed_bytes(16)),
    _may("since", Micros), _may("until", Micros),
    rowid=True,
)  # fmt: skip
TAG_CATALOGUE = _table(
    "tag_catalogue",
    _key("id", text(32)), _need("digest", fixed_bytes(32)), _need("version", text(128)), _need("document", SEALED),
    _need("mark", fixed_bytes(16)), _may("since", Micros), _may("until", Micros),
    rowid=True,
)  # fmt: skip
SCORE_MODEL = _table(
    "score_model",
    _key("id", text(32)), _need("name", text(64)), _need("version", text(128)), _need("digest", fixed_bytes(32)), _need("document", SEALED),
    _need("mark", fixed_bytes(16)), _may("since", Micros), _may("until", Micros),
    rowid=True,
)  # fmt: skip
PORTRAIT = _table(
    "portrait",
    _key("cif_no", _CIF), _need("version", Integer), _need("catalogue", fixed_bytes(32)), _need("party_version", Integer),
    _may("due", fixed_bytes(8)),
)  # fmt: skip
Index("portrait_due", PORTRAIT.c.tenant, PORTRAIT.c.due)
QUALITY_SHEET = _table(
    "quality_sheet",
    _key("cif_no", _CIF), _need("book", fixed_bytes(32)), _need("party_version", Integer), _may("due", fixed_bytes(8)),
    _need("detail", SEALED),
)  # fmt: skip
Index("quality_sheet_due", QUALITY_SHEET.c.tenant, QUALITY_SHEET.c.due)
FINDING = _table(
    "finding",
    _key("cif_no", _CIF), _key("rule", text(64)), _key("number", Integer), _need("state", text(16)), _need("opened_at", Micros),
    _need("ground", fixed_bytes(16)), _may("closed_at", Micros), _may("until", Integer), _may("branch", LONG_TEXT),
    _may("manager", LONG_TEXT), _may("channel", _SOURCE), _may("staff", _ACTOR), _may("assignee", _ACTOR), _need("actor", _ACTOR), _need("said", Integer),
    _need("appeal", text(16)), _need("appealed_by", _ACTOR), _need("version", Integer),
)  # fmt: skip
Index("finding_rule", FINDING.c.tenant, FINDING.c.rule, FINDING.c.cif_no)
Index("finding_assignee", FINDING.c.tenant, FINDING.c.assignee, FINDING.c.cif_no)
QUALITY_FIGURE = _table(
    "quality_figure",
    _key("day", Integer), _key("scope", text(16)), _key("unit", text(128)), _key("rule", text(64)),
    *(_need(name, BigInteger) for name in ("passed", "failed", "not_applicable", "not_checked")), _need("book", fixed_bytes(32)),
)  # fmt: skip
CREDENTIAL = _table(
    "credential",
    _key("operator", _ACTOR), _key("kind", text(16)), _key("id", text(64)), _need("key_id", fixed_bytes(16)),
    _need("sealed", SEALED), _need("step", BigInteger), _need("failures", Integer), _need("locked_until", Micros),
    _need("added_by", _ACTOR), _need("added_at", Micros), _may("used_at", Micros), _need("confirmed_by", _ACTOR), _need("version", Integer), _need("nonce", fixed_bytes(8)),
    _need("mark", fixed_bytes(16)),
    rowid=True,
)  # fmt: skip
Index("credential_id", CREDENTIAL.c.tenant, CREDENTIAL.c.id)
CHALLENGE = _table(
    "challenge",
    _key("id", fixed_bytes(16)), _need("what", text(16)), _need("operator", _ACTOR), _need("nonce", fixed_bytes(32)),
    _need("operation", text(64)), _need("expires_at", Micros),
)  # fmt: skip
USAGE = _table(
    "usage", _key("actor", _ACTOR), _key("action", text(32)), _key("window", BigInteger), _need("count", BigInteger)
)
RETIRED_KEY = _table("retired_key", _key("key_id", fixed_bytes(16)), _key("mark", fixed_bytes(16)))
SCHEMA_VERSION = Table("schema_version", METADATA, Column("version_num", text(32), primary_key=True))
MEETING = _table("meeting", _key("bucket", Integer))
OUTBOX = _table(
    "outbox",
    _key("stream", text(32)), _key("number", BigInteger), _key("cif_no", _CIF), _need("version", Integer),
    _need("fields", LONG_TEXT), _need("at", Micros),
)  # fmt: skip
FEED_DAY = _table("feed_day", _key("feed", text(64)), _key("day", fixed_bytes(16)), _key("cif_no", _CIF))
FEED = _table(
    "feed",
    _key("name", text(64)),
    _need("turn", BigInteger),
    _need("place", LONG_TEXT),
    _need("moved_at", Micros),
    _need("part", LONG_TEXT),
    _need("went", BigInteger),
    _need("holder", SEALED),
    _need("until", Micros),
)

DISTRIBUTED_BY = {
    "party": "cif_no", "golden_group": "cif_no", "fact": "cif_no", "portrait": "cif_no", "quality_sheet": "cif_no", "finding": "cif_no",
    "audit_subject": "cif_no", "feed_day": "cif_no",
    "source_record": "source_key", "crosswalk": "source_key", "claim": "tag", "blind_index": "tag", "not_a_match": "low",
    "task": "id", "match_review": "task_id", "approval": "id", "reason": "about", "staged_row": "batch",
    "audit_entry": "stream", "audit_head": "stream", "outbox": "stream", "usage": "actor", "credential": "operator", "challenge": "id",
    "meeting": "bucket", "quality_figure": "day",
}  # fmt: skip
"""
By which column the rows of a table belong together, of every table that grows with customers or writers; the others have a few rows
a tenant. What is read or changed to take in a customer names it, so that each statement goes to one part or one machine.
"""


def _ddl(statement: str) -> ExecutableDDLElement:
    made: ExecutableDDLElement = DDL(statement)  # type: ignore[no-untyped-call]
    return made


GROWS = frozenset({"audit_entry", "audit_subject", "audit_checkpoint"})
"""Tables of which rows are added, and none is changed or deleted."""

# What only grows also refuses whoever comes without the library; a service's role has no right to do either anyway.
for _grows in (AUDIT_ENTRY, AUDIT_SUBJECT, AUDIT_CHECKPOINT):
    for _deed in ("UPDATE", "DELETE"):
        _name = f"CREATE TRIGGER {_grows.name}_no_{_deed.lower()} BEFORE {_deed} ON {_grows.name} "
        _said = "the audit log only grows"
        for _dialect, _how in {
            "sqlite": f"BEGIN SELECT RAISE(ABORT, '{_said}'); END",
            "mysql": f"FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_said}'",
            "mariadb": f"FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_said}'",
            "postgresql": "FOR EACH STATEMENT EXECUTE FUNCTION bankcif_only_grows()",
        }.items():
            event.listen(_grows, "after_create", _ddl(_name + _how).execute_if(dialect=_dialect))
    event.listen(
        _grows, "after_create",
        _ddl(
            f"CREATE TRIGGER {_grows.name}_no_truncate BEFORE TRUNCATE ON {_grows.name} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION bankcif_only_grows()"
        ).execute_if(dialect="postgresql"),
    )  # fmt: skip
event.listen(
    METADATA, "before_create",
    _ddl(
        "CREATE OR REPLACE FUNCTION bankcif_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$"
    ).execute_if(dialect="postgresql"),
)  # fmt: skip
