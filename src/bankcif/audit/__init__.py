"""The audit log: entries without values, chained, under one signed tree, remembered by witnesses, verifiable."""

from .checkpoint import Checkpoint, CheckpointRow, origin_of
from .entry import GENESIS, AuditEntry, AuditRow, Outcome
from .http_witness import HttpWitness
from .log import Head, Lease, chain, intervals
from .note import NoteKey, NoteSigner, opened
from .proof import EntryProof
from .sink import AuditSink, JsonLinesSink, ecs_line
from .verify import CHECKPOINTS, AuditReport, Damage, WitnessView, said_by, verify
from .witness import FileWitness, Witness, accept, text_of

__all__ = [
    "CHECKPOINTS",
    "GENESIS",
    "AuditEntry",
    "AuditReport",
    "AuditRow",
    "AuditSink",
    "Checkpoint",
    "CheckpointRow",
    "Damage",
    "EntryProof",
    "FileWitness",
    "Head",
    "HttpWitness",
    "JsonLinesSink",
    "Lease",
    "NoteKey",
    "NoteSigner",
    "Outcome",
    "Witness",
    "WitnessView",
    "accept",
    "chain",
    "ecs_line",
    "intervals",
    "opened",
    "origin_of",
    "said_by",
    "text_of",
    "verify",
]
