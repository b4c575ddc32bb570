"""Rows of operators: what they are recognized by, and what a passkey was asked. Instants are microseconds since 1970, UTC."""

from __future__ import annotations

import attrs

__all__ = ["ChallengeRow", "CredentialRow"]


@attrs.frozen
class CredentialRow:
    """
    A factor by which an operator is recognized.

    Attributes:
        operator, kind, id: Whose it is, ``password``, ``totp``, ``hotp`` or ``passkey``, and which of them, in hexadecimal.
        key_id, sealed: What it is, sealed under a data key of its own.
        step: The last step of a code or count of a passkey that was used; -1 if none was.
        failures: How many attempts failed in a row.
        locked_until: Until when it takes none; microseconds since 1970, UTC.
        added_by, added_at, used_at: Who enrolled it, when, and when it was last accepted.
        confirmed_by: The second person who approved that it was given; the operator of a passkey that they enrolled for themself.
            Without one, only a password is taken.
        version: Counts its changes, so that two attempts never use one step.
        nonce: Random, eight bytes, others with every change.
        mark: Keyed digest of all of these, so that nobody without the keys gives a used step back or takes a lock away.
    """

    operator: str
    kind: str
    id: str
    key_id: bytes
    sealed: bytes = attrs.field(repr=False)
    added_by: str
    added_at: int
    step: int = -1
    failures: int = 0
    locked_until: int = 0
    used_at: int | None = None
    confirmed_by: str = ""
    version: int = 1
    nonce: bytes = attrs.field(default=b"", repr=False)
    mark: bytes = attrs.field(default=b"", repr=False)

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it stands among all factors: operator, kind, id."""
        return self.operator, self.kind, self.id


@attrs.frozen
class ChallengeRow:
    """
    What a passkey was asked to sign; answered once.

    Attributes:
        id: Random, sixteen bytes.
        what: ``enrol``, ``log_in`` or ``step_up``.
        operator: Whom it was given to; empty where nobody has said who they are.
        nonce: Random, thirty-two bytes.
        operation: Digest (hexadecimal) of the operation it is for, if any.
        expires_at: Microseconds since 1970, UTC.
    """

    id: bytes
    what: str
    operator: str
    nonce: bytes
    operation: str
    expires_at: int
