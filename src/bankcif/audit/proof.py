"""The proof that one entry stands in the log, which anybody can check who has the log's key."""

from __future__ import annotations

import base64
import json
from typing import Any

import attrs

from ..errors import AuditError, InputError
from .checkpoint import Checkpoint
from .entry import chained
from .note import NoteKey, opened
from .tree import is_included, leaf_hash

__all__ = ["EntryProof"]


@attrs.frozen(kw_only=True)
class EntryProof:
    """
    That one entry stands in the log, to be checked by anybody who has the log's key, without the log.

    Attributes:
        tenant, stream, number, previous, body, sealed: The entry, and the hash of the one before it in its stream.
        index: Which leaf of the tree it is, from 0.
        path: The hashes from the leaf to the root.
        note: The signed checkpoint.
    """

    tenant: str
    stream: str
    number: int
    previous: bytes
    body: bytes
    sealed: bytes | None
    index: int
    path: tuple[bytes, ...]
    note: str

    def check(self, key: NoteKey) -> Checkpoint:
        """
        The checkpoint under which the entry stands.

        Raises:
            AuditError: The checkpoint is not signed by *key*, or the entry does not stand under it.
        """
        said = Checkpoint.read(opened(self.note, [key]))
        leaf = leaf_hash(chained(self.tenant, self.stream, self.number, self.previous, self.body, self.sealed))
        if not is_included(leaf, self.index, said.size, self.path, said.root):
            raise AuditError("the entry does not stand under this checkpoint", rule="inclusion")
        return said

    def to_json(self) -> str:
        """The proof as a document; bytes in base64."""
        plain = {
            name: _coded(value) for name, value in attrs.asdict(self, recurse=False).items() if name != "path"
        }  # fmt: skip
        return json.dumps({"format": 1, **plain, "path": [_coded(one) for one in self.path]}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> EntryProof:
        """
        The reverse of `to_json`.

        Raises:
            InputError: The document is none.
        """
        try:
            said = json.loads(text)
            proof = cls(
                tenant=str(said["tenant"]), stream=str(said["stream"]), number=int(said["number"]),
                previous=base64.b64decode(said["previous"]), body=base64.b64decode(said["body"]),
                sealed=None if said["sealed"] is None else base64.b64decode(said["sealed"]), index=int(said["index"]),
                path=tuple(base64.b64decode(one) for one in said["path"]), note=str(said["note"]),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            proof = None
        if proof is None or not isinstance(said, dict) or said.get("format") != 1:
            raise InputError("this is no proof of an entry, as  bankcif audit prove  writes it", rule="proof")
        return proof


def _coded(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
