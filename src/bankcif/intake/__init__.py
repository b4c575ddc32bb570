"""Write 1 to 3: channels and readers, mapping, standardizing, capture standards."""

from .channel import Agreement, Channel, Column, read_channel
from .columnar import TARGETS, Batch, Columns, FileMap, known_headers, open_columns, read_file_map
from .drafts import Draft, draft
from .forms import form_description, json_schema
from .mapping import MappedRow, child_target, map_row
from .readers import RawRow, bounded_lines, file_digest, given_row, read_batches, read_rows
from .standardize import Standard, Standardizer
from .validate import CaptureStandard, CaptureStandards, Condition, capture_standards
from .verifiers import Answer, Doubt, GuardedVerifier, Verifier, VerifierAnswer

__all__ = [
    "TARGETS",
    "Agreement",
    "Answer",
    "Batch",
    "CaptureStandard",
    "CaptureStandards",
    "Channel",
    "Column",
    "Columns",
    "Condition",
    "Doubt",
    "Draft",
    "FileMap",
    "GuardedVerifier",
    "MappedRow",
    "RawRow",
    "Standard",
    "Standardizer",
    "Verifier",
    "VerifierAnswer",
    "bounded_lines",
    "capture_standards",
    "child_target",
    "draft",
    "file_digest",
    "form_description",
    "given_row",
    "json_schema",
    "known_headers",
    "map_row",
    "open_columns",
    "read_batches",
    "read_channel",
    "read_file_map",
    "read_rows",
]
