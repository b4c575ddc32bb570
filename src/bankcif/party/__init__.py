"""What a customer is: fields, values, models, code lists."""

from .codes import (
    CodeList,
    CodeLists,
    Division,
    Divisions,
    code_lists,
    countries_by_alpha3,
    countries_by_numeric,
    divisions,
)
from .documents import DocumentType, DocumentTypes, document_types
from .exchange import Fault, party_from, party_to, plain_values
from .facts import AGE_BOUNDS, FACT_COLUMNS, facts_from
from .fields import Catalogue, DataGroup, Field, FieldType, Rest, Sensitivity
from .models import (
    CATALOGUE,
    FIELD_NAMES,
    NOT_STORABLE,
    TWO_PERSONS,
    Holding,
    Identifier,
    Individual,
    Interaction,
    Organization,
    Party,
    PartyKind,
    TransactionSummary,
    kind_of,
)
from .states import LifeCycle, ReviewState
from .tables import ReferenceTables, SmallTables
from .values import CifNo, Money, Sensitive, SourceKey, new_cif_no, valid_cif_no

__all__ = [
    "AGE_BOUNDS",
    "CATALOGUE",
    "FACT_COLUMNS",
    "FIELD_NAMES",
    "NOT_STORABLE",
    "TWO_PERSONS",
    "Catalogue",
    "CifNo",
    "CodeList",
    "CodeLists",
    "DataGroup",
    "Division",
    "Divisions",
    "DocumentType",
    "DocumentTypes",
    "Fault",
    "Field",
    "FieldType",
    "Holding",
    "Identifier",
    "Individual",
    "Interaction",
    "LifeCycle",
    "Money",
    "Organization",
    "Party",
    "PartyKind",
    "ReferenceTables",
    "Rest",
    "ReviewState",
    "Sensitive",
    "Sensitivity",
    "SmallTables",
    "SourceKey",
    "TransactionSummary",
    "code_lists",
    "countries_by_alpha3",
    "countries_by_numeric",
    "divisions",
    "document_types",
    "facts_from",
    "kind_of",
    "new_cif_no",
    "party_from",
    "party_to",
    "plain_values",
    "valid_cif_no",
]
